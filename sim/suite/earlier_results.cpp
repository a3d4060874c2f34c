// The files are read as run_case() would find them.
#include "sim/suite/earlier_results.h"

#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "sim/casefile/data_digest.h"
#include "sim/casefile/source.h"
#include "sim/tensor/safetensors.h"

namespace mxcheck::suite {

std::optional<FileDigests> file_digests(const casefile::Case& c) {
  std::optional<std::string> data = casefile::data_digest(c);
  if (!data) return std::nullopt;
  FileDigests out{"", std::move(*data)};
  if (c.expect.golden.empty()) return out;
  const casefile::FoundFile golden = casefile::find_file(c.file, c.root, c.expect.golden);
  if (!std::holds_alternative<std::filesystem::path>(golden)) return std::nullopt;
  const base::Result<std::string> bytes =
      base::read_file(std::get<std::filesystem::path>(golden), tensor::kMaxSafetensorsBytes);
  if (!bytes) return std::nullopt;
  out.golden = base::sha256_hex(bytes.value());
  return out;
}

}  // namespace mxcheck::suite

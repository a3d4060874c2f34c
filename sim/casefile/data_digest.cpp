// Names in order, each with the digest of what it names.
#include "sim/casefile/data_digest.h"

#include <set>

#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "sim/casefile/source.h"

namespace mxcheck::casefile {
namespace {

void add_files(const TensorSource& source, std::set<std::string>& files) {
  if (source.kind == TensorSource::Kind::kFile) files.insert(source.file);
  for (const TensorSource& step : source.steps) add_files(step, files);
}

std::set<std::string> files_of(const Case& c) {
  std::set<std::string> files;
  for (const TensorSource& source : c.inputs) add_files(source, files);
  for (const TensorSource& source : c.params) add_files(source, files);
  for (const auto& [name, source] : c.quant_stats) add_files(source, files);
  for (const auto& [value, source] : c.cotangents) add_files(source, files);
  for (const auto& [name, source] : c.expect.values) add_files(source, files);
  return files;
}

}  // namespace

std::optional<std::string> data_digest(const Case& c) {
  std::string text;
  for (const std::string& file : files_of(c)) {
    const FoundFile found = find_file(c.file, c.root, file);
    if (!std::holds_alternative<std::filesystem::path>(found)) return std::nullopt;
    const base::Result<std::string> bytes =
        base::read_file(std::get<std::filesystem::path>(found), kMostSourceBytes);
    if (!bytes) return std::nullopt;
    text += base::sha256_hex(bytes.value()) + "  " + file + "\n";
  }
  return text.empty() ? "" : base::sha256_hex(text);
}

}  // namespace mxcheck::casefile

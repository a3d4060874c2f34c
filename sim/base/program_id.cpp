// Build ids lie in memory (PT_NOTE of every loaded object), so that no file need be read. The
// kernel's vdso is not counted: it computes nothing here.
#include "sim/base/program_id.h"

#include <elf.h>
#include <link.h>

#include <cstring>
#include <string_view>

#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "sim/base/text.h"

namespace mxcheck::base {
namespace {

constexpr std::size_t aligned(std::size_t size, std::size_t to) {
  return (size + to - 1) / to * to;
}

// The build id among the notes of one segment, in hex; "" if there is none.
std::string build_id(const unsigned char* notes, std::size_t size, std::size_t alignment) {
  while (size > sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) header;
    std::memcpy(&header, notes, sizeof header);
    const std::size_t name = sizeof header;
    const std::size_t content = name + aligned(header.n_namesz, alignment);
    const std::size_t end = content + aligned(header.n_descsz, alignment);
    if (end > size) return "";
    const bool gnu = header.n_namesz == 4 && std::memcmp(notes + name, "GNU", 4) == 0;
    if (gnu && header.n_type == NT_GNU_BUILD_ID) return to_hex(notes + content, header.n_descsz);
    notes += end;
    size -= end;
  }
  return "";
}

struct Ids {
  std::string text;
  bool complete = true;
  bool first = true;
};

int add_object(dl_phdr_info* info, std::size_t, void* data) {
  Ids& ids = *static_cast<Ids*>(data);
  const std::string_view name = info->dlpi_name;
  const bool program = ids.first;
  ids.first = false;
  if (name.find("linux-vdso") != std::string_view::npos) return 0;
  std::string id;
  for (int i = 0; i < info->dlpi_phnum && id.empty(); ++i) {
    const ElfW(Phdr)& part = info->dlpi_phdr[i];
    if (part.p_type != PT_NOTE) continue;
    const std::size_t alignment = part.p_align == 8 ? 8 : 4;
    // The loader gives addresses as numbers: NOLINTNEXTLINE(performance-no-int-to-ptr)
    const auto* notes = reinterpret_cast<const unsigned char*>(info->dlpi_addr + part.p_vaddr);
    id = build_id(notes, part.p_memsz, alignment);
  }
  if (id.empty()) {
    constexpr std::uint64_t kLargestObject = std::uint64_t{1} << 32;
    const Result<std::string> bytes =
        read_file(program ? std::string("/proc/self/exe") : std::string(name), kLargestObject);
    ids.complete = ids.complete && bytes.ok();
    if (bytes) id = sha256_hex(bytes.value());
  }
  ids.text += id + "\n";
  return 0;
}

}  // namespace

std::string program_id() {
  Ids ids;
  ::dl_iterate_phdr(add_object, &ids);
  return ids.complete ? sha256_hex(ids.text) : "";
}

}  // namespace mxcheck::base

// One reader a section; what each tier needs is demanded, what belongs to another tier is refused.
#include "sim/device/device_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/file.h"
#include "sim/base/json_reader.h"
#include "sim/base/text.h"
#include "sim/device/device_claims.h"

namespace mxcheck::device {
namespace {

using base::JsonKind;
using base::JsonMember;
using base::JsonReader;
using base::JsonValue;

constexpr base::JsonLimits kLimits{std::size_t{1} << 20, 20'000, 12};
constexpr std::size_t kMostText = 256;   // bytes of a name
constexpr std::size_t kMostWord = 4096;  // bytes of a word of a command
constexpr std::size_t kMostWords = 256;
constexpr std::int64_t kMostMib = std::int64_t{1} << 30;

const std::vector<std::string>& tiers() {
  static const std::vector<std::string> words{"process", "files", "library", "verilog"};
  return words;
}

class Reader {
 public:
  Reader(const std::filesystem::path& file, base::Diagnostics& diagnostics)
      : reader_(file.string(), {"DEV-KEY", "DEV-VALUE"}, diagnostics) {
    out_.file = file;
    out_.folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  }

  std::optional<DeviceFile> read(const JsonValue& root) {
    if (!reader_.check_object(root,
                              {"mxcheck_device", "name", "version", "description", "tier",
                               "process", "files", "library", "verilog", "limits", "capabilities"},
                              "a device file") ||
        !read_version(root)) {
      return std::nullopt;
    }
    out_.name = required_text(root, "name");
    out_.version = required_text(root, "version");
    if (const auto note = root.find("description")) {
      out_.description = reader_.string(*note).value_or("");
    }
    read_tier(root);
    if (const auto limits = root.find("limits")) read_limits(*limits);
    if (const auto claims = reader_.require(root, "capabilities", "the file")) {
      out_.capabilities = internal::read_capabilities(*claims, out_.tier, reader_);
    }
    return reader_.has_errors() ? std::nullopt : std::optional(std::move(out_));
  }

 private:
  bool read_version(const JsonValue& root) {
    const auto version = reader_.require(root, "mxcheck_device", "the file");
    const auto number =
        version ? reader_.integer(*version, 0, std::int64_t{1} << 31) : std::nullopt;
    if (!number || *number == kDeviceFileVersion) return number.has_value();
    reader_.error(*version, "DEV-VERSION", fmt::format("format version {}", *number),
                  fmt::format("version {}, the only one this program reads", kDeviceFileVersion));
    return false;
  }

  std::string required_text(const JsonValue& object, const char* key) {
    const auto value = reader_.require(object, key, "the file");
    const auto text = value ? reader_.string(*value) : std::nullopt;
    if (!text) return "";
    if (text->find_first_not_of(" \t\r\n") == std::string::npos || text->size() > kMostText) {
      reader_.refuse_value(*value, fmt::format("{} bytes", text->size()),
                           fmt::format("1 to {} bytes, not blank", kMostText));
    }
    return *text;
  }

  void read_tier(const JsonValue& root) {
    const auto value = reader_.require(root, "tier", "the file");
    const auto tier = value ? reader_.choice(*value, tiers()) : std::nullopt;
    if (!tier) return;
    out_.tier = static_cast<Tier>(*tier);
    for (const std::string& other : tiers()) {
      const auto section = root.find(other);
      if (other == tiers()[*tier] || !section) continue;
      reader_.error(*section, "DEV-KEY",
                    fmt::format("\"{}\" in a device of tier {}", other, tiers()[*tier]),
                    fmt::format("only \"{}\"", tiers()[*tier]));
    }
    const auto section = reader_.require(root, tiers()[*tier], "a device of this tier");
    if (!section) return;
    switch (out_.tier) {
      case Tier::kProcess:
      case Tier::kFiles:
        read_program(*section);
        break;
      case Tier::kLibrary:
        read_library(*section);
        break;
      case Tier::kVerilog:
        read_verilog(*section);
        break;
    }
  }

  // Words without NUL, which no system call could pass on.
  std::string word(const JsonValue& value) {
    const auto text = reader_.string(value);
    if (!text) return "";
    if (text->size() > kMostWord || text->find('\0') != std::string::npos) {
      reader_.refuse_value(value, fmt::format("a word of {} bytes", text->size()),
                           fmt::format("at most {} bytes, none of them NUL", kMostWord));
    }
    return *text;
  }

  std::vector<std::string> words(const JsonValue& value) {
    std::vector<std::string> out;
    if (!reader_.expect_kind(value, JsonKind::kArray)) return out;
    if (value.size() == 0 || value.size() > kMostWords) {
      reader_.refuse_value(value, fmt::format("{} words", value.size()),
                           fmt::format("1 to {} words", kMostWords));
      return out;
    }
    for (const JsonValue& item : value.items()) out.push_back(word(item));
    if (!out.empty() && out.front().empty()) {
      reader_.refuse_value(value, "an empty program", "the name or path of a program");
    }
    return out;
  }

  void read_program(const JsonValue& section) {
    if (!reader_.check_object(section, {"command", "environment"}, "the tier's section")) return;
    const bool needed = out_.tier == Tier::kProcess;
    const auto command = needed ? reader_.require(section, "command", "the tier's section")
                                : section.find("command");
    if (command) out_.command = words(*command);
    read_environment(section);
  }

  void read_environment(const JsonValue& section) {
    const auto environment = section.find("environment");
    if (!environment || !reader_.expect_kind(*environment, JsonKind::kObject)) return;
    for (const JsonMember& member : environment->members()) {
      const std::string key(member.key.text());
      if (key.empty() || key.find_first_of(std::string_view("=\0", 2)) != std::string::npos) {
        reader_.error(member.key, "DEV-KEY", "a variable that no environment can hold",
                      "a name without =");
      }
      out_.environment.emplace_back(key, word(member.value));
    }
  }

  void read_library(const JsonValue& section) {
    if (!reader_.check_object(section, {"file", "environment"}, "the tier's section")) return;
    if (const auto file = reader_.require(section, "file", "the tier's section")) {
      out_.library = word(*file);
      if (out_.library.empty()) {
        reader_.refuse_value(*file, "an empty path", "the path of a shared library");
      }
    }
    read_environment(section);
  }

  void read_verilog(const JsonValue& section) {
    if (!reader_.check_object(section, {"sources", "simulator", "parameters", "environment"},
                              "the tier's section")) {
      return;
    }
    const auto sources = section.find("sources");
    const auto simulator = section.find("simulator");
    if (sources.has_value() == simulator.has_value()) {
      reader_.error(section, "DEV-KEY", sources ? "both \"sources\" and \"simulator\"" : "neither",
                    "\"sources\" for Verilator, or \"simulator\", a program already built");
    }
    if (sources) out_.verilog.sources = words(*sources);
    if (simulator) out_.verilog.simulator = word(*simulator);
    const auto parameters = section.find("parameters");
    if (parameters && reader_.expect_kind(*parameters, JsonKind::kObject)) {
      for (const JsonMember& member : parameters->members()) {
        const std::string key(member.key.text());
        const bool good = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
          return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                 (c >= 'a' && c <= 'z');
        });
        if (!good)
          reader_.error(member.key, "DEV-KEY", "no name of a parameter", "letters, digits, _");
        const auto number = reader_.integer(member.value, 1, std::int64_t{1} << 31);
        if (number) out_.verilog.parameters.emplace_back(key, *number);
      }
    }
    read_environment(section);
  }

  void seconds(const JsonValue& limits, const char* key, double& to) {
    const auto value = limits.find(key);
    if (!value) return;
    const auto number =
        reader_.expect_kind(*value, JsonKind::kNumber) ? reader_.number(*value) : std::nullopt;
    constexpr double kLongest = 86400;
    if (number && *number > 0 && *number <= kLongest) {
      to = *number;
    } else if (number) {
      reader_.refuse_value(*value, fmt::format("{} seconds", *number), "more than 0, up to 86400");
    }
  }

  void read_limits(const JsonValue& limits) {
    if (!reader_.check_object(
            limits, {"request_seconds", "hello_seconds", "memory_mib", "output_mib", "restarts"},
            "\"limits\"")) {
      return;
    }
    seconds(limits, "request_seconds", out_.limits.request_seconds);
    seconds(limits, "hello_seconds", out_.limits.hello_seconds);
    const auto mib = [&](const char* key, std::int64_t low, std::uint64_t& to) {
      const auto value = limits.find(key);
      const auto number = value ? reader_.integer(*value, low, kMostMib) : std::nullopt;
      if (number) to = static_cast<std::uint64_t>(*number) << 20;
    };
    mib("memory_mib", 0, out_.limits.memory_bytes);
    mib("output_mib", 1, out_.limits.output_bytes);
    if (const auto value = limits.find("restarts")) {
      if (const auto number = reader_.integer(*value, 0, 1000)) {
        out_.limits.restarts = static_cast<int>(*number);
      }
    }
  }

  JsonReader reader_;
  DeviceFile out_;
};

}  // namespace

const char* name(Tier tier) { return tiers()[static_cast<std::size_t>(tier)].c_str(); }

std::optional<DeviceFile> read_device_file(const std::filesystem::path& file,
                                           base::Diagnostics& diagnostics) {
  base::Result<std::string> text = base::read_file(file, kLimits.bytes);
  if (text) return parse_device_file(text.value(), file, diagnostics);
  base::Diagnostic d;
  d.file = file.string();
  d.label = "DEV-FILE";
  d.fact = text.error();
  d.expectation = fmt::format("a readable file of at most {} bytes", kLimits.bytes);
  diagnostics.push_back(d);
  return std::nullopt;
}

std::optional<DeviceFile> parse_device_file(const std::string& text,
                                            const std::filesystem::path& file,
                                            base::Diagnostics& diagnostics) {
  base::Diagnostics parsing;
  const std::optional<base::JsonDocument> document = base::parse_json(text, parsing, kLimits);
  for (base::Diagnostic& d : parsing) d.file = file.string();
  diagnostics.insert(diagnostics.end(), parsing.begin(), parsing.end());
  if (!document) return std::nullopt;
  std::optional<DeviceFile> out = Reader(file, diagnostics).read(document->root());
  if (!out || !parsing.empty()) return std::nullopt;
  out->text = text;
  return out;
}

}  // namespace mxcheck::device

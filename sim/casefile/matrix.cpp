// Expansion of `matrix` with bounded output: the values and characters all expansions have together
// are counted before they are made (CASE-MATRIX).
#include "sim/casefile/matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

namespace mxcheck::casefile {
namespace {

constexpr std::size_t kMostNames = 16;
constexpr std::size_t kMostText = std::size_t{16}
                                  << 20;  // bytes of replaced strings, per expansion

bool is_name_byte(char c, bool first) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         (!first && c >= '0' && c <= '9');
}

bool is_name(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_name_byte(text[i], i == 0)) return false;
  }
  return !text.empty() && text.size() <= kMaxNameBytes;
}

std::string text_of(const JsonValue& value) {
  return value.is(JsonKind::kString) ? std::string(value.text()) : base::to_json(value, " ");
}

// The next "${NAME}" at or after `from`: begin, end (behind the brace); npos if there is none.
std::pair<std::size_t, std::size_t> next_mention(std::string_view text, std::size_t from) {
  while (true) {
    const std::size_t begin = text.find("${", from);
    if (begin == std::string_view::npos) return {begin, begin};
    const std::size_t end = text.find('}', begin);
    if (end == std::string_view::npos) return {end, end};
    if (is_name(text.substr(begin + 2, end - begin - 2))) return {begin, end + 1};
    from = begin + 2;
  }
}

bool check_list(Context& context, const JsonMember& member) {
  if (!is_name(member.key.text())) {
    context.error(member.key, "CASE-MATRIX",
                  fmt::format("the name \"{}\"", shortened(member.key.text())),
                  "letters, digits and _, not beginning with a digit");
    return false;
  }
  if (!context.expect_kind(member.value, JsonKind::kArray)) return false;
  if (member.value.size() == 0) {
    context.error(member.value, "CASE-MATRIX", "an empty list", "at least one value");
    return false;
  }
  std::set<std::string> seen;
  for (const JsonValue& item : member.value.items()) {
    const std::string text = text_of(item);
    if (!context.check_name(item, text)) return false;
    if (!seen.insert(text).second) {
      context.error(item, "CASE-MATRIX", fmt::format("{} stands twice", shortened(text)),
                    "each value once: cases are told apart by it");
      return false;
    }
    if (seen.size() > kMaxExpansions) break;
  }
  return true;
}

class Substitution {
 public:
  Substitution(Context& context, const base::JsonDocument& from, const Binding& binding,
               std::size_t& budget)
      : context_(context), binding_(binding), budget_(budget), out_(from.emptied()) {}

  std::optional<base::JsonDocument> run(const JsonValue& root) {
    if (!copy(root, 0, root.node().place, true)) return std::nullopt;
    return std::move(out_);
  }

 private:
  const JsonValue* bound(std::string_view name) const {
    for (const auto& [key, value] : binding_) {
      if (key == name) return &value;
    }
    return nullptr;
  }

  const JsonValue* look_up(const JsonValue& at, std::string_view name) {
    if (const JsonValue* value = bound(name)) return value;
    std::vector<std::string> names;
    for (const auto& [key, unused] : binding_) names.push_back(key);
    context_.error(at, "CASE-MATRIX", fmt::format("the matrix has no name \"{}\"", name),
                   "a name of the matrix", did_you_mean(name, names));
    return nullptr;
  }

  bool spend(const JsonValue& at) {
    if (budget_ > 0 && out_.nodes().size() < base::JsonLimits{}.values) {
      --budget_;
      return true;
    }
    context_.error(at, "CASE-MATRIX", "the expansions have too many values together",
                   "a smaller matrix, or large tensors in a file");
    return false;
  }

  // Recursion is bounded by the depth of a document, twice.
  bool copy(const JsonValue& value, std::uint32_t parent, std::uint32_t place, bool replace) {
    if (replace && value.is(JsonKind::kString) && mentions_matrix(value.text())) {
      return copy_string(value, parent);
    }
    if (!spend(value)) return false;
    base::JsonNode node = value.node();
    node.parent = parent;
    node.place = place;
    const bool container = value.is(JsonKind::kArray) || value.is(JsonKind::kObject);
    if (container) node.length = 0;
    const std::uint32_t index = out_.append(node);
    for (const JsonValue& item : value.items()) {
      if (!copy(item, index, item.node().place, replace)) return false;
      ++out_.at(index).length;
    }
    for (const JsonMember& member : value.members()) {
      if (replace && index == 0 && member.key.text() == "matrix") continue;
      if (!copy(member.key, index, member.key.node().place, replace) ||
          !copy(member.value, index, member.value.node().place, replace)) {
        return false;
      }
      ++out_.at(index).length;
    }
    out_.at(index).end = static_cast<std::uint32_t>(out_.nodes().size());
    return !replace || keys_stay_distinct(value, index);
  }

  // Replaced keys may have become equal.
  bool keys_stay_distinct(const JsonValue& object, std::uint32_t index) {
    bool replaced = false;
    for (const JsonMember& member : object.members()) {
      replaced = replaced || mentions_matrix(member.key.text());
    }
    if (!replaced) return true;
    std::set<std::string_view> seen;
    for (const JsonMember& member : JsonValue(out_, index).members()) {
      if (seen.insert(member.key.text()).second) continue;
      context_.error(object, "CASE-MATRIX",
                     fmt::format("the key \"{}\" stands twice once names are replaced",
                                 shortened(member.key.text())),
                     "keys that stay distinct");
      return false;
    }
    return true;
  }

  bool copy_string(const JsonValue& value, std::uint32_t parent) {
    const std::string_view text = value.text();
    const std::uint32_t place = value.node().place;
    const auto [begin, end] = next_mention(text, 0);
    if (begin == 0 && end == text.size() && !value.node().key) {
      const JsonValue* bound_value = look_up(value, text.substr(2, end - 3));
      return bound_value != nullptr && copy(*bound_value, parent, place, false);
    }
    std::string out;
    std::size_t at = 0;
    for (auto [b, e] = next_mention(text, 0); b != std::string_view::npos;
         std::tie(b, e) = next_mention(text, at)) {
      const JsonValue* bound_value = look_up(value, text.substr(b + 2, e - b - 3));
      if (bound_value == nullptr) return false;
      out += text.substr(at, b - at);
      out += text_of(*bound_value);
      at = e;
      if (text_bytes_ + out.size() > kMostText) {
        context_.error(value, "CASE-MATRIX", "the replaced strings are too long",
                       fmt::format("at most {} bytes", kMostText));
        return false;
      }
    }
    out += text.substr(at);
    text_bytes_ += out.size();
    if (!spend(value)) return false;
    out_.at(out_.append_text(place, parent, std::move(out))).key = value.node().key;
    return true;
  }

  Context& context_;
  const Binding& binding_;
  std::size_t& budget_;
  base::JsonDocument out_;
  std::size_t text_bytes_ = 0;
};

}  // namespace

bool mentions_matrix(std::string_view text) {
  return next_mention(text, 0).first != std::string_view::npos;
}

std::vector<Binding> expand_matrix(Context& context, const JsonValue& root) {
  const auto matrix = root.find("matrix");
  if (!matrix) return {{}};
  if (!context.expect_kind(*matrix, JsonKind::kObject)) return {};
  if (matrix->size() > kMostNames) {
    context.error(*matrix, "CASE-MATRIX", fmt::format("{} names", matrix->size()),
                  fmt::format("at most {}", kMostNames));
    return {};
  }
  double count = 1;  // exact as far as it matters
  bool good = true;
  std::string product;
  for (const JsonMember& member : matrix->members()) {
    good = check_list(context, member) && good;
    count *= static_cast<double>(member.value.size());
    product += fmt::format("{}{}", product.empty() ? "" : " * ", member.value.size());
  }
  if (!good) return {};
  if (count > static_cast<double>(kMaxExpansions)) {
    context.error(*matrix, "CASE-MATRIX", fmt::format("{} = {:.10g} expansions", product, count),
                  fmt::format("at most {} cases from one file", kMaxExpansions),
                  "shorter lists, or several files");
    return {};
  }
  std::vector<Binding> out{{}};
  for (const JsonMember& member : matrix->members()) {
    std::vector<Binding> longer;
    for (const Binding& binding : out) {
      for (const JsonValue& item : member.value.items()) {
        longer.push_back(binding);
        longer.back().emplace_back(member.key.text(), item);
      }
    }
    out = std::move(longer);
  }
  return out;
}

void warn_unused_names(Context& context, const base::JsonDocument& document) {
  const auto matrix = document.root().find("matrix");
  if (!matrix) return;
  std::set<std::string_view> mentioned;
  const std::vector<base::JsonNode>& nodes = document.nodes();
  for (std::uint32_t i = 0; i < nodes.size(); ++i) {
    const bool inside = i >= matrix->index() && i < matrix->node().end;
    if (nodes[i].kind != JsonKind::kString || inside) continue;
    const std::string_view text = document.text(nodes[i]);
    for (auto [b, e] = next_mention(text, 0); b != std::string_view::npos;
         std::tie(b, e) = next_mention(text, e)) {
      mentioned.insert(text.substr(b + 2, e - b - 3));
    }
  }
  for (const JsonMember& member : matrix->members()) {
    if (mentioned.count(member.key.text()) != 0) continue;
    context.warn(member.key, "REF-UNUSED",
                 fmt::format("nothing mentions ${{{}}}: its expansions are the same case",
                             shortened(member.key.text())),
                 "names of the matrix that take part");
  }
}

std::string id_suffix(const Binding& binding) {
  std::string out;
  for (const auto& [name, value] : binding) out += fmt::format("/{}={}", name, text_of(value));
  return out;
}

std::optional<base::JsonDocument> substitute(Context& context, const base::JsonDocument& document,
                                             const Binding& binding, std::size_t& budget) {
  return Substitution(context, document, binding, budget).run(document.root());
}

}  // namespace mxcheck::casefile

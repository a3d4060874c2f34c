// Width counts the value and its indentation, not its key.
#include "sim/base/json_layout.h"

#include <algorithm>

namespace mxcheck::base {
namespace {

constexpr std::size_t kWidth = 97;
constexpr std::size_t kStep = 2;

bool is_container(const JsonValue& v) { return v.is(JsonKind::kArray) || v.is(JsonKind::kObject); }

// Appends the value on one line; false, with some of it, once it is longer than `room`.
bool one_line(const JsonValue& v, std::size_t room, std::string& out) {
  const std::size_t start = out.size();
  bool first = true;
  const auto separate = [&] {
    if (!first) out += ", ";
    first = false;
  };
  if (v.is(JsonKind::kArray)) {
    out += "[";
    for (const JsonValue& item : v.items()) {
      separate();
      if (out.size() - start > room || !one_line(item, room - (out.size() - start), out)) {
        return false;
      }
    }
    out += "]";
  } else if (v.is(JsonKind::kObject)) {
    out += "{";
    for (const JsonMember& member : v.members()) {
      separate();
      out += quote_json(member.key.text()) + ": ";
      if (out.size() - start > room || !one_line(member.value, room - (out.size() - start), out)) {
        return false;
      }
    }
    out += "}";
  } else {
    out += to_json(v);
  }
  return out.size() - start <= room;
}

void lay(const JsonValue& v, std::size_t indent, std::string& out);

// Plain values, as many a line as fit.
void fill(const JsonValue& list, std::size_t indent, std::string& out) {
  std::size_t column = kWidth + 1;
  bool first = true;
  for (const JsonValue& item : list.items()) {
    const std::string text = to_json(item);
    if (column + 2 + text.size() > kWidth) {
      out += first ? "\n" : ",\n";
      out.append(indent, ' ');
      column = indent;
    } else {
      out += ", ";
      column += 2;
    }
    out += text;
    column += text.size();
    first = false;
  }
}

void spread(const JsonValue& v, std::size_t indent, std::string& out) {
  const bool list = v.is(JsonKind::kArray);
  out += list ? "[" : "{";
  const std::size_t inner = indent + kStep;
  bool plain = list;
  for (const JsonValue& item : v.items()) plain = plain && !is_container(item);
  if (plain) {
    fill(v, inner, out);
  } else {
    bool first = true;
    const auto begin = [&] {
      out += first ? "\n" : ",\n";
      out.append(inner, ' ');
      first = false;
    };
    for (const JsonValue& item : v.items()) {
      begin();
      lay(item, inner, out);
    }
    for (const JsonMember& member : v.members()) {
      begin();
      out += quote_json(member.key.text()) + ": ";
      lay(member.value, inner, out);
    }
  }
  out += "\n";
  out.append(indent, ' ');
  out += list ? "]" : "}";
}

void lay(const JsonValue& v, std::size_t indent, std::string& out) {
  const std::size_t room = kWidth - std::min(kWidth, indent);
  const std::size_t before = out.size();
  if (one_line(v, room, out)) return;
  out.resize(before);
  if (is_container(v) && v.size() > 0) {
    spread(v, indent, out);
  } else {
    out += to_json(v);
  }
}

}  // namespace

std::string layout_json(const JsonValue& root) {
  std::string out;
  if (is_container(root) && root.size() > 0) {
    spread(root, 0, out);
  } else {
    lay(root, 0, out);
  }
  return out + "\n";
}

}  // namespace mxcheck::base

// The label table and look-ups in it.
#include "sim/base/labels.h"

namespace mxcheck::base {

const char* name(LabelKind kind) {
  constexpr const char* kNames[] = {"rule", "refusal", "quirk", "advice"};
  return kNames[static_cast<std::size_t>(kind)];
}

const std::vector<Label>& labels() {
  static const std::vector<Label> table{
#define MXCHECK_LABEL(id, kind, meaning, file) Label{id, LabelKind::kind, meaning, file},
#include "sim/base/labels.def"
#undef MXCHECK_LABEL
  };
  return table;
}

const Label* find_label(std::string_view id) {
  for (const Label& label : labels()) {
    if (id == label.id) return &label;
  }
  return nullptr;
}

std::vector<std::string> label_ids() {
  std::vector<std::string> out;
  for (const Label& label : labels()) out.emplace_back(label.id);
  return out;
}

std::vector<std::string> label_ids(LabelKind kind) {
  std::vector<std::string> out;
  for (const Label& label : labels()) {
    if (label.kind == kind) out.emplace_back(label.id);
  }
  return out;
}

}  // namespace mxcheck::base

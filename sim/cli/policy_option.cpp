// The message names what there is.
#include "sim/cli/policy_option.h"

#include "sim/cli/options.h"
#include "sim/suite/option_text.h"

namespace mxcheck::cli {

numerics::Policy parse_policy(const std::string& text) {
  base::Result<numerics::Policy> policy = suite::policy_from_text(text);
  if (!policy) throw UsageError("--policy: " + policy.error());
  return std::move(policy).value();
}

}  // namespace mxcheck::cli

// Every rank but 0: computes what rank 0 sends, in a process of its own, until it is told to leave
// or rank 0 is silent.
#pragma once

#include <memory>

#include "sim/cluster/case_server.h"
#include "sim/cluster/introduction.h"
#include "sim/cluster/post.h"

namespace mxcheck::cluster {

// `server` may be null; `introduction` says why. True if rank 0 ended the run.
[[nodiscard]] bool work(std::unique_ptr<Post> post, std::unique_ptr<CaseServer> server,
                        const Introduction& introduction);

}  // namespace mxcheck::cluster

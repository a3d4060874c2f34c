// What a process of a cluster does with the id of a case: computes it, gives its run as bytes.
#pragma once

#include "sim/cluster/case_server.h"
#include "sim/suite/run_suite.h"

namespace mxcheck::cluster {

// For CaseServer::start. Both must outlive the server's processes, which have them by fork.
[[nodiscard]] CaseServer::Compute computing(const suite::Collection& collection,
                                            const suite::SuiteOptions& options);

}  // namespace mxcheck::cluster

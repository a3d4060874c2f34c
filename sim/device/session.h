// A device behind the line protocol: started when it is first needed, asked case by case, started
// again after a failure. Whatever it does costs at most the case it does it in.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "sim/device/child.h"
#include "sim/device/device_file.h"
#include "sim/device/protocol.h"
#include "sim/device/request.h"

namespace mxcheck::device {

class Session : public Device {
 public:
  Session(Program program, const Limits& limits);
  ~Session() override;

  // Requests are sent some ahead; answers may come in any order. May be called from several
  // threads, one at a time gets through.
  [[nodiscard]] Answers ask(const std::vector<Request>& requests) override;
  // What the device said of itself when it was last started.
  [[nodiscard]] const Hello& hello() const { return hello_; }
  [[nodiscard]] int starts() const { return starts_; }

 private:
  class Exchange;
  [[nodiscard]] std::string start();
  void drop();

  Program program_;
  Limits limits_;
  std::mutex mutex_;
  std::unique_ptr<Child> child_;
  std::string pending_;  // what came after the last whole line
  std::string log_;      // the end of the device's stderr
  Hello hello_;
  std::int64_t next_id_ = 1;
  int starts_ = 0;
  int failures_ = 0;  // one after another
};

// The end of a log, made printable, at most a few lines.
[[nodiscard]] std::string log_excerpt(const std::string& log);

}  // namespace mxcheck::device

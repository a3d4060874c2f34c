// A program under a warden: started without a shell, with limits, in a process group of its own,
// and gone with everything it started when this object goes.
//
// The warden is a fork of this process that does nothing but wait: it adopts whatever the program
// leaves behind (PR_SET_CHILD_SUBREAPER), kills it when the program ends, when it is told to, or
// when this process dies in whatever way. For that it asks for a signal (PR_SET_PDEATHSIG), which
// the kernel also sends when only the thread that forked ends: who its parent is decides.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/result.h"

namespace mxcheck::device {

struct Program {
  std::vector<std::string> words;  // the first is looked up in PATH, or a path from `folder`
  std::filesystem::path folder;    // where it runs
  std::vector<std::pair<std::string, std::string>> environment;  // beside what this process has
  std::uint64_t memory_bytes = 0;  // address space of each process; 0: any
};

class Child {
 public:
  // An error only if this process has no more pipes or processes; a program that cannot be started
  // is one that ended at once (`ending`).
  [[nodiscard]] static base::Result<std::unique_ptr<Child>> start(const Program& program);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Descriptors of this side, non-blocking; -1 once closed.
  [[nodiscard]] int input() const { return input_; }    // the program's stdin
  [[nodiscard]] int output() const { return output_; }  // its stdout
  [[nodiscard]] int log() const { return log_; }        // its stderr
  [[nodiscard]] int status() const { return status_; }  // readable when it ended
  void close_input();

  // Has the program itself ended?
  [[nodiscard]] bool ended();
  // "exited with code 3", "was killed by signal 11 (Segmentation fault)", "cannot be started: ...";
  // waits a moment for the news; "was stopped" if it is still running.
  [[nodiscard]] std::string ending();
  [[nodiscard]] int exit_code() const { return exit_code_; }  // -1: not by exit

  // Ends the program and everything it left behind.
  void stop();

 private:
  Child() = default;
  void read_status();
  int input_ = -1, output_ = -1, log_ = -1, status_ = -1;
  pid_t warden_ = -1;
  bool ended_ = false;
  int exit_code_ = -1;
  std::string ending_;
};

}  // namespace mxcheck::device

// Only calls that are safe after a fork of a process with threads: no allocation, no locks.
#include "sim/device/warden.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

namespace mxcheck::device {
namespace {

constexpr int kNoStart = 127;
constexpr long kRoundNanoseconds = 1'000'000;

void tell(int status, WardenNews::Kind kind, int value) {
  const WardenNews news{kind, value};
  static_cast<void>(!::write(status, &news, sizeof(news)));
}

void close_from(unsigned first) {
  if (::syscall(SYS_close_range, first, ~0U, 0U) == 0) return;
  constexpr int kMostDescriptors = 4096;
  for (int fd = static_cast<int>(first); fd < kMostDescriptors; ++fd) ::close(fd);
}

void limit(int resource, rlim_t value) {
  const rlimit both{value, value};
  static_cast<void>(::setrlimit(static_cast<__rlimit_resource_t>(resource), &both));
}

[[noreturn]] void run_program(const WardenPlan& plan, pid_t warden) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != warden) ::_exit(kNoStart);
  limit(RLIMIT_CORE, 0);
  if (plan.memory_bytes != 0) limit(RLIMIT_AS, plan.memory_bytes);
  for (int signal = 1; signal < NSIG; ++signal) static_cast<void>(::signal(signal, SIG_DFL));
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  // The three streams may sit on 0, 1, 2 already, in any order: copy them above first.
  const int input = ::fcntl(plan.input, F_DUPFD, 10);
  const int output = ::fcntl(plan.output, F_DUPFD, 10);
  const int log = ::fcntl(plan.log, F_DUPFD, 10);
  const int status = ::fcntl(plan.status, F_DUPFD_CLOEXEC, 10);
  const bool ready = ::dup2(input, 0) == 0 && ::dup2(output, 1) == 1 && ::dup2(log, 2) == 2 &&
                     ::chdir(plan.folder) == 0;
  if (ready) {
    ::dup2(status, 3);
    ::fcntl(3, F_SETFD, FD_CLOEXEC);
    close_from(4);
    ::execvpe(plan.argv[0], plan.argv, plan.envp);
    tell(3, WardenNews::Kind::kNotStarted, errno);
    ::_exit(kNoStart);
  }
  tell(status, WardenNews::Kind::kNotStarted, errno);
  ::_exit(kNoStart);
}

// The number in a name of /proc, or -1.
pid_t number(const char* name) {
  pid_t out = 0;
  for (; *name != '\0'; ++name) {
    if (*name < '0' || *name > '9') return -1;
    out = out * 10 + (*name - '0');
  }
  return out;
}

// The parent of a process, from the field after the last ')' of its stat line; -1 if it is gone.
pid_t parent_of(const char* pid) {
  char path[64] = "/proc/";
  std::strncat(path, pid, 20);
  std::strncat(path, "/stat", sizeof(path) - std::strlen(path) - 1);
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  char text[512];
  const ssize_t size = ::read(fd, text, sizeof(text) - 1);
  ::close(fd);
  if (size <= 0) return -1;
  text[size] = '\0';
  const char* at = std::strrchr(text, ')');
  if (at == nullptr || std::strlen(at) < 4) return -1;
  pid_t out = 0;
  for (at += 4; *at >= '0' && *at <= '9'; ++at) out = out * 10 + (*at - '0');
  return out;
}

struct DirectoryEntry {
  std::uint64_t inode;
  std::int64_t offset;
  unsigned short length;
  unsigned char type;
  char name[1];
};

// SIGKILL to every direct child; orphans of the killed become direct children in turn.
void kill_children(pid_t self) {
  const int proc = ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (proc < 0) return;
  alignas(DirectoryEntry) char buffer[8192];
  while (true) {
    const long size = ::syscall(SYS_getdents64, proc, buffer, sizeof(buffer));
    if (size <= 0) break;
    for (long at = 0; at < size;) {
      const auto* entry = reinterpret_cast<const DirectoryEntry*>(buffer + at);
      const char* name = buffer + at + offsetof(DirectoryEntry, name);
      const pid_t pid = number(name);
      if (pid > 1 && parent_of(name) == self) ::kill(pid, SIGKILL);
      at += entry->length;
    }
  }
  ::close(proc);
}

void kill_all(pid_t program) {
  const pid_t self = ::getpid();
  ::kill(-program, SIGKILL);
  while (true) {
    kill_children(self);
    pid_t reaped = 0;
    do {
      reaped = ::waitpid(-1, nullptr, WNOHANG);
    } while (reaped > 0);
    if (reaped < 0 && errno == ECHILD) return;
    const timespec round{0, kRoundNanoseconds};
    ::nanosleep(&round, nullptr);
  }
}

// Reaps what ended; true once the program itself did, and its end is told.
bool reap(const WardenPlan& plan, pid_t program) {
  bool over = false;
  int how = 0;
  for (pid_t pid = ::waitpid(-1, &how, WNOHANG); pid > 0; pid = ::waitpid(-1, &how, WNOHANG)) {
    if (pid != program) continue;
    over = true;
    if (WIFSIGNALED(how)) {
      tell(plan.status, WardenNews::Kind::kSignalled, WTERMSIG(how));
    } else {
      tell(plan.status, WardenNews::Kind::kExited, WEXITSTATUS(how));
    }
  }
  return over;
}

}  // namespace

void run_warden(const WardenPlan& plan) {
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, SIGHUP);  // also sent when only the thread that forked has ended
  if (::getppid() != plan.parent) ::_exit(0);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const pid_t self = ::getpid();
  const pid_t program = ::fork();
  if (program == 0) run_program(plan, self);
  if (program < 0) {
    tell(plan.status, WardenNews::Kind::kNotStarted, errno);
    ::_exit(0);
  }
  ::setpgid(program, program);
  // Nothing of mxcheck's may stay open here: its pipes to other devices would never end.
  const int status = ::dup2(plan.status, 3);
  for (int fd = 0; fd < 3; ++fd) ::close(fd);
  WardenPlan mine = plan;
  mine.status = status;
  close_from(4);
  sigset_t awaited;
  ::sigemptyset(&awaited);
  ::sigaddset(&awaited, SIGCHLD);
  ::sigaddset(&awaited, SIGTERM);
  ::sigaddset(&awaited, SIGHUP);
  while (true) {
    const timespec once_a_second{1, 0};
    const int signal = ::sigtimedwait(&awaited, nullptr, &once_a_second);
    const bool alone = ::getppid() != plan.parent;
    if (reap(mine, program) || signal == SIGTERM || alone) break;
  }
  kill_all(program);
  ::_exit(0);
}

}  // namespace mxcheck::device

// SPDX-License-Identifier: Apache-2.0
#include "cli/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>

#include "cli/cli.h"

namespace otaru::cli {
namespace {

constexpr int kNotFoundExit = 127;  // as shells have it

std::atomic<int> g_signal{0};

void note_signal(int number) {
  g_signal = number;
}

// Keys and passwords are far shorter; a wrong file at standard input ends here.
constexpr size_t kSecretBytesMax = 4096;

// Puts the terminal back however reading ends.
class SilentTerminal {
 public:
  SilentTerminal() : terminal_(::isatty(STDIN_FILENO) == 1) {
    if (!terminal_) return;
    ::tcgetattr(STDIN_FILENO, &before_);
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &silent);
  }
  ~SilentTerminal() {
    if (terminal_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;
  bool terminal() const { return terminal_; }

 private:
  bool terminal_;
  termios before_{};
};

// The child between fork and exec: only calls that are safe there.
[[noreturn]] void become(const Program& program, char* const* argv, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(number, SIG_DFL);
  const int log = ::open(program.log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  const bool folder_good = program.folder.empty() || ::chdir(program.folder.c_str()) == 0;
  // The parent may have died before the line above that ties us to it.
  if (log < 0 || !folder_good || ::getppid() != parent) ::_exit(kNotFoundExit);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::execvp(argv[0], argv);
  ::_exit(kNotFoundExit);
}

}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = note_signal;
  // No SA_RESTART: waits end. Only once: the second signal does what it always does.
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(number, &action, nullptr);
}

bool interrupted() {
  return g_signal != 0;
}

int interrupt_exit_code() {
  return g_signal == 0 ? kExitOk : 128 + g_signal;
}

std::string read_secret(const std::string& prompt) {
  catch_interrupts();
  const SilentTerminal silent;
  if (silent.terminal()) std::fputs(prompt.c_str(), stderr);
  std::string secret;
  char byte = 0;
  while (secret.size() < kSecretBytesMax && ::read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n') {
    secret.push_back(byte);
  }
  if (silent.terminal()) std::fputs("\n", stderr);
  if (secret.ends_with('\r')) secret.pop_back();  // a file with the line ends of Windows
  return interrupted() ? "" : secret;
}

void wait_ms(int64_t milliseconds) {
  const timespec time{milliseconds / 1000, (milliseconds % 1000) * 1'000'000};
  if (!interrupted()) ::nanosleep(&time, nullptr);
}

pid_t start_program(const Program& program) {
  std::vector<std::string> words = program.words;
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) become(program, argv.data(), parent);
  return child < 0 ? 0 : child;
}

bool run_program(const Program& program) {
  const pid_t child = start_program(program);
  if (child == 0) return false;
  int state = 0;
  while (::waitpid(child, &state, 0) != child) {
    if (errno != EINTR) return false;
    if (interrupted()) ::kill(child, SIGTERM);
  }
  return WIFEXITED(state) && WEXITSTATUS(state) == 0;
}

}  // namespace otaru::cli

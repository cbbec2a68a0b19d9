// SPDX-License-Identifier: Apache-2.0
// What a command needs of the system around it: being interrupted in an orderly way, waiting,
// asking for a secret, and running other programs that never outlive it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace otaru::cli {

// From here on SIGINT, SIGTERM and SIGHUP only set a flag: whoever loops or waits looks at it, ends
// and cleans up. A second one ends the process at once.
void catch_interrupts();
bool interrupted();
// What a shell expects of a program that ended because of the signal; kExitOk without one.
int interrupt_exit_code();

// One line of standard input: typed without echo after the prompt, or piped in. Empty when
// interrupted.
std::string read_secret(const std::string& prompt);

// Returns early when interrupted.
void wait_ms(int64_t milliseconds);

struct Program {
  std::vector<std::string> words;  // found through PATH unless it holds a '/'
  std::string folder;              // to run in; empty: this one
  std::string log;                 // file its output is appended to
};
// The process id, 0 when it could not be started (a program that is not there ends with 127). It
// gets SIGTERM when this process dies, however it dies.
pid_t start_program(const Program& program);
// Runs to its end; true when that was 0. An interrupt ends it too.
bool run_program(const Program& program);

}  // namespace otaru::cli

// SPDX-License-Identifier: Apache-2.0
// Threads of net take no signals: those belong to the thread that waits for them in server/.
// SIGPIPE is among them, so that a peer that went away is an error code (sendfile and OpenSSL would
// raise it).
#pragma once

#include <csignal>

namespace otaru::net {

inline void block_all_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace otaru::net

// SPDX-License-Identifier: Apache-2.0
// TLS of one listener: the context made from files, and its exchange while connections run.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"
#include "net/server.h"

struct ssl_ctx_st;
struct ssl_st;

namespace otaru::net {

struct SslDeleter {
  void operator()(ssl_st* ssl) const;
};
using SslPtr = std::unique_ptr<ssl_st, SslDeleter>;

class TlsContext {
 public:
  explicit TlsContext(TlsFiles files) : files_(std::move(files)) {}

  // Reads the files. On an error the context in use stays. Any thread.
  base::Status load();
  // load(), if a file is not what it was at the last load() or attempt. Nothing changed: true.
  base::Status load_if_changed();
  // A session for an accepted socket; keeps the context it was made from. Any thread.
  SslPtr open_session(int fd);

 private:
  using Context = std::shared_ptr<ssl_ctx_st>;
  base::Result<Context> read_files() const;
  uint64_t fingerprint() const;  // of size, inode and time of change of the files

  const TlsFiles files_;
  std::mutex mutex_;  // guards what follows
  Context context_;
  uint64_t seen_ = 0;
};

// The subject's common name of the verified peer certificate; empty without one.
std::string verified_common_name(ssl_st* ssl);

}  // namespace otaru::net

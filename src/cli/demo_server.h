// SPDX-License-Identifier: Apache-2.0
// A server of the demonstration's own: this very binary as a child process in a scratch folder.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"
#include "cli/connection.h"

namespace otaru::cli {

class DemoServer {
 public:
  DemoServer() = default;
  ~DemoServer();  // stops the child, removes the folder unless kept
  DemoServer(const DemoServer&) = delete;
  DemoServer& operator=(const DemoServer&) = delete;

  base::Status make_folder();
  // Starts `serve` on a free port and waits until it is ready.
  base::Result<Connection> start();
  const std::string& folder() const { return folder_; }
  void keep() { keep_ = true; }

 private:
  std::string folder_;
  pid_t child_ = 0;
  bool keep_ = false;
};

}  // namespace otaru::cli

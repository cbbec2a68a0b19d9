// SPDX-License-Identifier: Apache-2.0
// How other threads reach an I/O thread: connections whose answer is ready, and tasks. Kept alive
// by the connections too, so that a Responder used after the server has stopped finds it closed
// instead of gone.
#pragma once

#include <functional>
#include <mutex>
#include <vector>

namespace otaru::net {

class Connection;

class Mailbox {
 public:
  using Task = std::function<void()>;
  struct Letters {
    std::vector<Connection*> answered;
    std::vector<Task> tasks;
  };

  Mailbox();
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  int wake_fd() const { return wake_fd_; }  // readable when there are letters; -1: no descriptor
  void adopt_thread();                      // the calling thread is the one that reads
  bool on_own_thread() const;               // whether the caller is that thread
  // False when closed: the connection belongs to the caller then, who deletes it.
  bool push(Connection* answered);
  bool push(Task task);
  Letters take();
  Letters close();  // what came last

 private:
  void wake() const;

  const int wake_fd_;
  std::mutex mutex_;
  bool closed_ = false;
  Letters letters_;
};

}  // namespace otaru::net

// SPDX-License-Identifier: Apache-2.0
// What net needs from the rest of the server, and nothing more: a route decision when the head of a
// request is complete, and an answer when the body is. net/ calls it; server/ implements it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace otaru::http {

// Receives a streamed request body. Called from one worker thread at a time, never from an I/O
// thread; may block. finish() makes the answer: after the last byte, or right after a write() that
// failed (the sink knows why). Destroyed without finish() when the client goes away.
class BodySink {
 public:
  virtual ~BodySink();
  virtual base::Status write(std::string_view bytes) = 0;
  virtual Response finish() = 0;
};

enum class BodyMode {
  buffer,   // collected into Request::body up to body_bytes_max, then handle()
  stream,   // handed to open_sink()'s sink piece by piece
  discard,  // answered at once from the head; a body is drained briefly, then the connection closes
};

// The decision about one request, made when its head is complete.
struct RoutePlan {
  BodyMode mode = BodyMode::buffer;
  size_t body_bytes_max = 0;  // larger: refuse(413) is sent and the connection closes
  bool host_required = true;  // RFC 9112 3.2; false where devices omit Host
  void* route = nullptr;      // the service's own note, given back with the request
  // A head that is answered before its body is read (wrong path, wrong method): set, and it is
  // sent.
  std::unique_ptr<Response> early;
};

// One answer under way. respond() exactly once, from any thread; a Responder that is destroyed
// without answering sends a 500 and closes.
class Responder {
 public:
  using Send = std::function<void(Response&&)>;
  Responder() = default;
  explicit Responder(Send send) : send_(std::move(send)) {}
  Responder(Responder&& other) noexcept : send_(std::move(other.send_)) { other.send_ = nullptr; }
  Responder& operator=(Responder&& other) noexcept;
  ~Responder();
  void respond(Response&& response) {
    Send send = std::move(send_);
    send_ = nullptr;
    send(std::move(response));
  }

 private:
  void give_up();
  Send send_;
};

class Service {
 public:
  virtual ~Service();
  // On an I/O thread, must not block: the head is complete, the body not yet read.
  virtual RoutePlan plan(const Request& head) = 0;
  // On an I/O thread, must not block. `request` stays valid until the responder has been used.
  virtual void handle(const Request& request, const RoutePlan& plan, Responder responder) = 0;
  // On a worker thread: opens the sink for a streamed body, or answers with an error.
  virtual tl::expected<std::unique_ptr<BodySink>, Response> open_sink(const Request& head,
                                                                      const RoutePlan& plan) = 0;
  // The HTTP-level refusals, in the words of the route (400 malformed, 408, 413, 414, 417, 431,
  // 501, 503, 505). `plan` is null while no route is known.
  virtual Response refuse(int status, std::string_view why, const RoutePlan* plan) = 0;
};

}  // namespace otaru::http

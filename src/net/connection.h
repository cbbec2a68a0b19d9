// SPDX-License-Identifier: Apache-2.0
// One connection: a state machine that reads requests one after the other and writes their answers
// in order. Lives on one I/O thread; only answer() may be called from elsewhere. While it waits for
// a request it holds neither buffer nor request, so that idle connections are cheap.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/body.h"
#include "http/parser.h"
#include "http/service.h"
#include "http/source.h"
#include "net/io_thread.h"
#include "net/transport.h"

namespace otaru::net {

// A streamed body on its way to the sink. The I/O thread fills `incoming`; the fields under "job"
// belong to the worker while a job runs, and to the I/O thread otherwise.
struct BodyStream {
  std::string incoming;
  bool complete = false;  // the last byte is in `incoming` or beyond
  bool job_running = false;
  int refusal = 0;  // to be answered when no job runs
  std::string_view refusal_why;
  // Of the time over which the sender's rate is taken: its beginning, and what has come since.
  int64_t pace_since_ms = 0;
  int64_t pace_bytes = 0;
  // job
  std::unique_ptr<http::BodySink> sink;
  std::string chunk;
  bool last = false;
  std::unique_ptr<http::Response> response;  // the job has the answer
};

// What a body that is still coming in takes of its thread's share of memory.
class BodyCharge {
 public:
  BodyCharge() = default;
  BodyCharge(const BodyCharge&) = delete;
  BodyCharge& operator=(const BodyCharge&) = delete;
  ~BodyCharge() { release(); }
  void set(size_t& total, size_t bytes) {
    release();
    total_ = &total;
    bytes_ = bytes;
    total += bytes;
  }
  void release() {
    if (total_ != nullptr) *total_ -= bytes_;
    total_ = nullptr;
  }

 private:
  size_t* total_ = nullptr;
  size_t bytes_ = 0;
};

class Connection;

// The way back to a connection for the source of its answer, which may call from anywhere and at
// any time. `connection` is only looked at on the I/O thread.
struct SourceWaker {
  Connection* connection = nullptr;  // null: the answer has ended
  std::atomic<bool> called{false};   // a letter is on its way
};

// One request and its answer. Recycled, so that its strings keep their memory.
struct Exchange {
  http::HeadParser parser;
  http::Request request;
  http::RoutePlan plan;
  http::BodyDecoder body;
  std::unique_ptr<BodyStream> stream;
  http::Response response;
  BodyCharge charge;
  std::string surplus;  // read behind a chunked body: begins the next request
  bool keep_alive = true;
  bool linger = false;  // unread bytes may come: do not reset the client
  bool send_body = false;
  bool chunked = false;
  bool to_body = false;  // an interim answer is being written; the body follows
  // Writing: `out` first, then `text`, then `file_left` bytes of the file of `piece - 1`.
  std::string out;
  size_t out_sent = 0;
  std::string_view text;
  int64_t file_offset = 0;
  int64_t file_left = 0;
  size_t piece = 0;
  bool chunk_end_due = false;
  bool last_chunk_sent = false;
  std::shared_ptr<SourceWaker> waker;  // while the answer has a source
  std::string source_piece;
  bool source_waiting = false;  // everything has left, and the source has nothing now
  bool source_failed = false;

  void reset();  // for the next request of the same connection
};

class Connection final : public EventHandler, public TimerNode {
 public:
  Connection(IoThread& io, const Listener& listener, int fd, SslPtr ssl, const void* peer_address,
             const AddressKey& address);
  ~Connection();

  void start();
  void on_events(uint32_t events) override;
  void on_timeout();
  void on_answered();  // the mailbox says: response or stream job ready
  void on_source_ready();
  void on_drain();
  void cut();  // hard end, whatever runs
  void pump();
  int fd() const { return transport_.fd(); }
  const AddressKey& address() const { return address_; }

  size_t index = 0;  // in IoThread's list
  bool queued_again = false;

 private:
  enum class State : uint8_t {
    handshake,
    head,
    body,
    streaming,
    handling,
    writing,
    linger,
    closed
  };
  enum class Progress { moved, blocked, yield };

  // connection.cc: life, handshake, lingering
  Progress do_handshake();
  void watch_writes();
  Progress do_linger();
  enum class Linger { until_empty, until_peer_ends };
  void begin_linger(Linger how);
  void close();
  void release_when_idle();
  IoResult note_read(IoResult result, size_t wanted);
  // connection_read.cc: heads and bodies
  IoResult fill();  // reads into the buffer
  void grow_buffer(size_t capacity);
  Progress do_head();
  Progress do_body();
  bool has_room_for_body();
  Progress do_streaming();
  void begin_request();
  void fill_request();
  bool check_request(const http::HeadFacts& facts);
  void begin_body(const http::HeadFacts& facts);
  bool read_body(std::string& to, Progress& progress);
  void refuse(int status, std::string_view why, const http::RoutePlan* plan);
  void refuse_stream(int status, std::string_view why);
  void check_pace(size_t bytes);
  void end_stream();
  void handle();
  void submit_stream_job();
  void run_stream_job();  // on a worker
  void abandon_stream();
  // connection_write.cc: answers
  void answer(http::Response&& response);  // any thread
  void begin_answer();
  void begin_interim();
  bool will_keep_alive() const;
  void report_answered();  // any thread
  void gather();
  void begin_source();
  void gather_source();
  void append_source_piece();
  void end_source();
  Progress wait_for_source();
  void on_source_idle();
  Progress do_write();
  Progress write_text();
  Progress write_file(size_t& slice);
  Progress note_unwritten(IoResult::State state);
  void note_written(size_t bytes);
  Progress end_write();
  void end_answer();

  std::string_view buffered() const { return {buffer_.get() + begin_, end_ - begin_}; }

  IoThread& io_;
  const Listener& listener_;
  http::Service& service_;  // for workers, who must not touch io_
  std::shared_ptr<Mailbox> mailbox_;
  Transport transport_;
  std::unique_ptr<Exchange> x_;
  std::unique_ptr<char[]> buffer_;
  uint32_t begin_ = 0;  // of the unread bytes in the buffer
  uint32_t end_ = 0;
  uint32_t capacity_ = 0;
  uint32_t requests_ = 0;
  uint32_t lingered_ = 0;
  State state_ = State::head;
  bool readable_ = false;
  bool writable_ = true;
  bool writes_watched_ = false;
  bool peer_done_ = false;    // EPOLLRDHUP: a short read does not mean "nothing more"
  bool outstanding_ = false;  // a Responder or a stream job refers to this connection
  bool in_handle_ = false;
  bool await_peer_end_ = false;  // while lingering
  bool answered_ = false;        // on this thread, inside or after handle()
  bool head_timer_ = false;      // the timeout that runs is that of the head
  bool sent_since_armed_ = false;
  AddressKey address_;
  std::string peer_;
  std::string local_address_;  // only when the listener listens on every address
  std::string client_name_;    // of a verified client certificate
};

}  // namespace otaru::net

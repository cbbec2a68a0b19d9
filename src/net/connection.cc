// SPDX-License-Identifier: Apache-2.0
// The life of a connection: events, timeouts, TLS handshake, end. Reading and writing stand in
// connection_read.cc and connection_write.cc.
#include "net/connection.h"

#include <sys/epoll.h>

#include <utility>

namespace otaru::net {
namespace {

// Requests, body pieces and the like that one connection gets before the others have their turn.
constexpr size_t kTurnsMax = base::limits::kPipelineMax;

}  // namespace

void Exchange::reset() {
  parser.reset();
  request.method = http::Method::other;
  request.version_minor = 1;
  request.headers.clear();
  if (request.body.capacity() > base::limits::kSpareBodyBytesMax) request.body = {};
  request.body.clear();
  plan = {};
  body = {};
  stream.reset();
  charge.release();
  response = {};
  surplus.clear();
  keep_alive = true;
  linger = send_body = chunked = chunk_end_due = last_chunk_sent = to_body = false;
  if (out.capacity() > base::limits::kSpareBodyBytesMax) out = {};
  out.clear();
  out_sent = 0;
  text = {};
  file_offset = file_left = 0;
  piece = 0;
  waker.reset();
  source_piece = {};
  source_waiting = source_failed = false;
}

Connection::Connection(IoThread& io, const Listener& listener, int fd, SslPtr ssl,
                       const void* peer_address, const AddressKey& address)
    : io_(io),
      listener_(listener),
      service_(io.shared().service),
      mailbox_(io.mailbox()),
      transport_(fd, std::move(ssl)),
      address_(address),
      peer_(address_text(peer_address).ip) {}

Connection::~Connection() = default;

void Connection::start() {
  if (transport_.tls()) state_ = State::handshake;
  io_.arm(*this, Timeout::head);
}

void Connection::on_events(uint32_t events) {
  if (state_ == State::closed) return;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
    // The next read or write says what happened.
    readable_ = writable_ = peer_done_ = true;
  }
  if ((events & EPOLLRDHUP) != 0) peer_done_ = readable_ = true;
  if ((events & EPOLLIN) != 0) readable_ = true;
  if ((events & EPOLLOUT) != 0) writable_ = true;
  // TLS may need to write in order to read, and the other way round.
  if (transport_.tls()) readable_ = writable_ = true;
  pump();
}

void Connection::pump() {
  for (size_t turn = 0; turn < kTurnsMax; ++turn) {
    Progress progress = Progress::blocked;
    switch (state_) {
      case State::handshake:
        progress = do_handshake();
        break;
      case State::head:
        progress = do_head();
        break;
      case State::body:
        progress = do_body();
        break;
      case State::streaming:
        progress = do_streaming();
        break;
      case State::handling:
        if (!answered_) return;
        outstanding_ = false;
        begin_answer();
        progress = Progress::moved;
        break;
      case State::writing:
        progress = do_write();
        break;
      case State::linger:
        progress = do_linger();
        break;
      case State::closed:
        // Answered on this thread after the client had gone.
        if (outstanding_ && answered_) on_answered();
        return;
    }
    if (progress == Progress::blocked) return;
    if (progress == Progress::yield) break;
  }
  io_.again(*this);
}

Connection::Progress Connection::do_handshake() {
  if (!readable_ && !writable_) return Progress::blocked;
  switch (transport_.handshake().state) {
    case IoResult::State::again:
      readable_ = writable_ = false;
      if (transport_.wants_write()) watch_writes();
      return Progress::blocked;
    case IoResult::State::ok:
      break;
    case IoResult::State::end:
    case IoResult::State::failed:
      io_.counters_mut().tls_failures.add();
      close();
      return Progress::blocked;
  }
  io_.counters_mut().tls_handshakes.add();
  client_name_ = transport_.client_name();
  state_ = State::head;
  return Progress::moved;
}

void Connection::watch_writes() {
  if (!writes_watched_) io_.watch_writes(*this);
  writes_watched_ = true;
}

IoResult Connection::note_read(IoResult result, size_t wanted) {
  if (result.state == IoResult::State::again) {
    readable_ = false;
    if (transport_.wants_write()) watch_writes();
  }
  // The socket is empty now: the next bytes are a new event, and asking again would be one system
  // call for nothing.
  if (result.state == IoResult::State::ok && result.bytes < wanted && !transport_.tls() &&
      !peer_done_) {
    readable_ = false;
  }
  return result;
}

void Connection::release_when_idle() {
  if (buffer_) {
    // A grown buffer is not kept: spare ones are all of one size.
    if (capacity_ == base::limits::kReadBufferBytes) io_.spare(std::move(buffer_));
    buffer_.reset();
  }
  begin_ = end_ = capacity_ = 0;
}

void Connection::begin_linger(Linger how) {
  abandon_stream();
  if (x_) io_.spare(std::move(x_));
  release_when_idle();
  state_ = State::linger;
  await_peer_end_ = how == Linger::until_peer_ends;
  lingered_ = 0;
  transport_.shutdown_write();
  io_.arm(*this, Timeout::linger);
}

// Reads and forgets: what has come, or all until the client has seen our end and sends its own.
Connection::Progress Connection::do_linger() {
  if (!readable_) return Progress::blocked;
  const size_t wanted = base::limits::kReadScratchBytes;
  const IoResult result = note_read(transport_.read(io_.scratch(), wanted), wanted);
  if (result.state == IoResult::State::again && await_peer_end_) return Progress::blocked;
  lingered_ += static_cast<uint32_t>(result.bytes);
  if (result.state != IoResult::State::ok || lingered_ > base::limits::kLingerBytesMax) {
    close();
    return Progress::blocked;
  }
  return Progress::moved;
}

void Connection::close() {
  if (state_ == State::closed) return;
  disarm();
  abandon_stream();
  if (x_) end_source();
  state_ = State::closed;
  transport_.close();
  io_.leave(*this);
  if (x_) x_->charge.release();  // what follows may outlive the thread
  if (outstanding_) return;      // on_answered() comes, here or in answer()
  if (x_) io_.spare(std::move(x_));
  release_when_idle();
  io_.discard(*this);
}

void Connection::cut() {
  close();
}

void Connection::on_timeout() {
  switch (state_) {
    case State::head:
      if (!x_) {
        close();  // idle for long enough: nothing was asked, nothing is answered
        return;
      }
      io_.counters_mut().timeouts.add();
      refuse(408, "request head took too long", nullptr);
      pump();
      return;
    case State::body:
      io_.counters_mut().timeouts.add();
      refuse(408, "request body took too long", &x_->plan);
      pump();
      return;
    case State::streaming:
      io_.counters_mut().timeouts.add();
      refuse_stream(408, "request body took too long");
      pump();
      return;
    case State::handshake:
    case State::writing:
      if (x_ && x_->source_waiting) {
        on_source_idle();
        return;
      }
      io_.counters_mut().timeouts.add();
      [[fallthrough]];
    case State::linger:
      close();
      return;
    case State::handling:
    case State::closed:
      return;
  }
}

// From the mailbox: the answer is in the exchange, or the stream's job has ended.
void Connection::on_answered() {
  outstanding_ = false;
  if (state_ == State::closed) {
    if (x_ && x_->stream) x_->stream->job_running = false;
    abandon_stream();
    io_.discard(*this);
    return;
  }
  if (state_ == State::streaming) {
    x_->stream->job_running = false;
  } else {
    begin_answer();
  }
  pump();
}

void Connection::on_drain() {
  if (state_ == State::writing && x_->waker) {
    x_->response.source->drain();
    if (x_->source_waiting) pump();
    return;
  }
  if (state_ != State::head || x_) return;  // closes after its answer
  if (requests_ == 0) {
    io_.arm(*this, Timeout::drain_grace);
  } else {
    begin_linger(Linger::until_peer_ends);
  }
}

}  // namespace otaru::net

// SPDX-License-Identifier: Apache-2.0
// Connection: from responses to bytes.
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/encoding.h"
#include "net/connection.h"

namespace otaru::net {
namespace {

namespace limits = base::limits;

void append_chunk_size(std::string& out, uint64_t size) {
  char digits[20];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, size, 16);
  out.append(digits, end);
  out += "\r\n";
}

// A slice this small costs less to copy than sendfile costs to set up, and leaves with its head.
constexpr size_t kCopiedSliceBytes = 4 * 1024;

// False: the file is shorter than promised, and `out` as before; sending it will show that.
bool append_slice(std::string& out, const http::FileSlice& slice) {
  const size_t before = out.size();
  const auto wanted = static_cast<size_t>(slice.length);
  out.resize(before + wanted);
  const ssize_t got = ::pread(slice.file->fd(), out.data() + before, wanted, slice.offset);
  if (got == slice.length) return true;
  out.resize(before);
  return false;
}

bool bodiless(int status) {
  return status == 204 || status == 304 || status < 200;
}

}  // namespace

// The only member that other threads call. Once per request, by way of the Responder.
void Connection::answer(http::Response&& response) {
  x_->response = std::move(response);
  if (mailbox_->on_own_thread()) {
    answered_ = true;
    if (!in_handle_) io_.again(*this);
    return;
  }
  report_answered();
}

void Connection::report_answered() {
  // The I/O thread may delete this connection before push() has returned.
  const std::shared_ptr<Mailbox> mailbox = mailbox_;
  if (!mailbox->push(this)) const std::unique_ptr<Connection> gone(this);
}

// Decides what the connection does after this answer; only then can the head be written.
bool Connection::will_keep_alive() const {
  const Exchange& x = *x_;
  const http::Response& r = x.response;
  if (!x.keep_alive || r.close) return false;
  if (requests_ >= io_.shared().config.requests_per_connection_max) return false;
  if (io_.shared().draining.load(std::memory_order_relaxed)) return false;
  bool says_length = false;
  bool says_connection = false;
  for (const auto& h : r.headers) {
    says_length |= h.slot == http::Slot::content_length ||
                   (h.slot == http::Slot::literal && h.name.size() == 14 &&
                    base::iequals(h.name, "content-length"));
    says_connection |= h.slot == http::Slot::connection;
  }
  // An HTTP/1.0 client that is not told "keep-alive" waits for the end of the connection.
  if (x.request.version_minor == 0 && !says_connection) return false;
  if (x.request.method == http::Method::head || bodiless(r.status)) return true;
  switch (r.framing) {
    case http::Framing::content_length:
      return says_length;
    case http::Framing::chunked:
      return x.request.version_minor >= 1;
    case http::Framing::close_delimited:
      return false;
    case http::Framing::none:
      return true;
  }
  return false;
}

void Connection::begin_answer() {
  Exchange& x = *x_;
  http::Response& r = x.response;
  disarm();
  state_ = State::writing;
  answered_ = false;
  x.to_body = false;
  // No length is known of what is made over time.
  if (r.source && r.framing == http::Framing::content_length) r.framing = http::Framing::chunked;
  x.keep_alive = will_keep_alive();
  x.send_body = x.request.method != http::Method::head && r.framing != http::Framing::none &&
                !bodiless(r.status);
  x.chunked = r.framing == http::Framing::chunked && x.request.version_minor >= 1;
  http::append_head(x.out, r, {x.keep_alive, x.request.version_minor, io_.http_date()});
  if (r.source) begin_source();
  gather();
}

void Connection::begin_interim() {
  x_->to_body = true;
  x_->out = "HTTP/1.1 100 Continue\r\n\r\n";
  state_ = State::writing;
}

// Appends to `out` what fits into one write; stops at a long text or a file.
void Connection::gather() {
  Exchange& x = *x_;
  if (!x.send_body || x.to_body) return;
  const auto end_chunk = [&x] {
    if (x.chunk_end_due) x.out += "\r\n";
    x.chunk_end_due = false;
  };
  while (x.piece < x.response.body.size()) {
    end_chunk();
    const http::Piece& piece = x.response.body[x.piece++];
    const auto* text = std::get_if<std::string>(&piece);
    const auto* slice = std::get_if<http::FileSlice>(&piece);
    const uint64_t size = text != nullptr ? text->size() : static_cast<uint64_t>(slice->length);
    if (size == 0) continue;  // an empty chunk would end the body
    if (x.chunked) append_chunk_size(x.out, size);
    x.chunk_end_due = x.chunked;
    const bool fits = x.out.size() + size <= limits::kCoalesceBytes;
    if (text == nullptr) {
      if (fits && size <= kCopiedSliceBytes && append_slice(x.out, *slice)) continue;
      x.file_offset = slice->offset;
      x.file_left = slice->length;
      return;
    }
    if (!fits) {
      x.text = *text;
      return;
    }
    x.out += *text;
  }
  end_chunk();
  if (x.waker) gather_source();
  if (x.chunked && !x.last_chunk_sent && !x.waker && !x.source_failed) {
    x.out += "0\r\n\r\n";
    x.last_chunk_sent = true;
  }
}

void Connection::begin_source() {
  Exchange& x = *x_;
  if (!x.send_body) {
    x.response.source.reset();
    return;
  }
  x.waker = std::make_shared<SourceWaker>();
  x.waker->connection = this;
  io_.counters_mut().streams_begun.add();
  x.response.source->on_ready([waker = x.waker, mailbox = mailbox_] {
    if (waker->called.exchange(true)) return;
    mailbox->push(Mailbox::Task([waker] {
      waker->called = false;
      if (waker->connection != nullptr) waker->connection->on_source_ready();
    }));
  });
  if (io_.shared().draining.load(std::memory_order_relaxed)) x.response.source->drain();
}

void Connection::end_source() {
  Exchange& x = *x_;
  if (!x.waker) return;
  io_.counters_mut().streams_ended.add();
  x.waker->connection = nullptr;
  x.waker.reset();
  x.response.source.reset();
  x.source_waiting = false;
}

void Connection::append_source_piece() {
  Exchange& x = *x_;
  if (x.source_piece.empty()) return;  // an empty chunk would end the body
  if (x.chunked) append_chunk_size(x.out, x.source_piece.size());
  x.out += x.source_piece;
  if (x.chunked) x.out += "\r\n";
  x.source_piece.clear();
}

// Appends the next piece, if there is one now.
void Connection::gather_source() {
  Exchange& x = *x_;
  if (x.source_waiting) disarm();
  x.source_waiting = false;
  // Who does not listen any more is not told more.
  if (peer_done_ && x.out.empty()) return;
  const auto more = x.response.source->more(x.source_piece, limits::kSourcePieceBytes);
  append_source_piece();
  switch (more) {
    case http::BodySource::More::ready:
    case http::BodySource::More::later:
      x.source_waiting = x.out.empty();
      return;
    case http::BodySource::More::end:
      end_source();
      return;
    case http::BodySource::More::error:
      x.source_failed = true;
      end_source();
      return;
  }
}

// Everything that there was has left. A client that ends its side has gone: nothing else would
// tell, as long as there is nothing to send.
Connection::Progress Connection::wait_for_source() {
  if (peer_done_) {
    close();
    return Progress::blocked;
  }
  io_.arm(*this, Timeout::stream_idle);
  return Progress::blocked;
}

void Connection::on_source_ready() {
  if (x_->source_waiting) pump();  // else it is asked when what is under way has left
}

void Connection::on_source_idle() {
  Exchange& x = *x_;
  x.response.source->idle(x.source_piece);
  append_source_piece();
  x.source_waiting = x.out.empty();
  pump();
}

Connection::Progress Connection::do_write() {
  Exchange& x = *x_;
  size_t slice = limits::kSendSliceBytes;
  for (;;) {
    if (x.out_sent < x.out.size() || !x.text.empty()) {
      if (write_text() == Progress::blocked) return Progress::blocked;
    } else if (x.file_left > 0) {
      if (slice == 0) return Progress::yield;
      if (write_file(slice) == Progress::blocked) return Progress::blocked;
    } else {
      if (x.waker && slice < limits::kSourcePieceBytes) return Progress::yield;
      x.out.clear();
      x.out_sent = 0;
      gather();
      if (x.waker) slice -= std::min(slice, x.out.size());
      if (x.out.empty() && x.text.empty() && x.file_left == 0) {
        return x.waker ? wait_for_source() : end_write();
      }
    }
  }
}

// What a write that did not go through means.
Connection::Progress Connection::note_unwritten(IoResult::State state) {
  if (state == IoResult::State::again) {
    writable_ = false;
    watch_writes();
    // Only bytes that the client takes put its timeout off.
    if (!armed() || sent_since_armed_) io_.arm(*this, Timeout::write);
    sent_since_armed_ = false;
  } else {
    close();
  }
  return Progress::blocked;
}

void Connection::note_written(size_t bytes) {
  io_.counters_mut().bytes_out.add(bytes);
  sent_since_armed_ = true;
}

Connection::Progress Connection::write_text() {
  Exchange& x = *x_;
  if (!writable_) return note_unwritten(IoResult::State::again);
  const std::string_view out = std::string_view(x.out).substr(x.out_sent);
  const IoResult result = transport_.write(out, x.text, x.file_left > 0);
  if (result.state != IoResult::State::ok) return note_unwritten(result.state);
  note_written(result.bytes);
  const size_t of_out = std::min(result.bytes, out.size());
  x.out_sent += of_out;
  x.text.remove_prefix(result.bytes - of_out);
  return Progress::moved;
}

// Moves up to `slice` bytes of the file, and takes them off `slice`.
Connection::Progress Connection::write_file(size_t& slice) {
  Exchange& x = *x_;
  if (!writable_) return note_unwritten(IoResult::State::again);
  const auto& piece = std::get<http::FileSlice>(x.response.body[x.piece - 1]);
  size_t size = std::min(slice, static_cast<size_t>(x.file_left));
  if (transport_.tls()) {
    // Through memory, one record at a time: write_text() sends it.
    size = std::min(size, limits::kCoalesceBytes);
    x.out.resize(size);
    const ssize_t got = ::pread(piece.file->fd(), x.out.data(), size, x.file_offset);
    x.out_sent = 0;
    if (got <= 0) {
      x.out.clear();
      close();  // the file is shorter than promised: only a broken connection says so
      return Progress::blocked;
    }
    x.out.resize(static_cast<size_t>(got));
    x.file_offset += got;
    x.file_left -= got;
    slice -= static_cast<size_t>(got);
    return Progress::moved;
  }
  const int64_t from = x.file_offset;
  const IoResult result = transport_.send_file(piece.file->fd(), x.file_offset, size);
  const int64_t sent = x.file_offset - from;
  x.file_left -= sent;
  slice -= static_cast<size_t>(sent);
  if (result.state != IoResult::State::ok) return note_unwritten(result.state);
  note_written(static_cast<size_t>(sent));
  return Progress::moved;
}

Connection::Progress Connection::end_write() {
  disarm();
  if (x_->source_failed) {
    close();  // without the last chunk: the client sees that it did not get all
    return Progress::blocked;
  }
  if (x_->to_body) {
    x_->to_body = false;
    state_ = x_->stream ? State::streaming : State::body;
    io_.arm(*this, Timeout::body);
    return Progress::moved;
  }
  end_answer();
  return Progress::moved;
}

void Connection::end_answer() {
  Exchange& x = *x_;
  // A long answer may have begun before the server began to stop.
  if (io_.shared().draining.load(std::memory_order_relaxed)) x.keep_alive = false;
  if (!x.keep_alive) {
    // Closing with unread bytes would send a reset that may overtake the answer.
    if (x.linger || begin_ < end_) {
      begin_linger(Linger::until_peer_ends);
    } else if (readable_ && !transport_.tls()) {
      begin_linger(Linger::until_empty);
    } else {
      transport_.say_goodbye();
      close();
    }
    return;
  }
  if (!x.surplus.empty()) {
    // The buffer is empty: bodies are read past it only then.
    begin_ = end_ = 0;
    if (capacity_ < x.surplus.size()) grow_buffer(x.surplus.size());
    end_ = static_cast<uint32_t>(x.surplus.copy(buffer_.get(), x.surplus.size()));
  }
  state_ = State::head;
  head_timer_ = false;
  if (begin_ < end_) {
    x.reset();
  } else {
    io_.spare(std::move(x_));
  }
  io_.arm(*this, Timeout::keep_alive);
}

}  // namespace otaru::net

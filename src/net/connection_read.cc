// SPDX-License-Identifier: Apache-2.0
// Connection: from bytes to requests, and what the service says about them.
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <utility>

#include "base/log.h"
#include "net/connection.h"

namespace otaru::net {
namespace {

namespace limits = base::limits;

// Chunked bodies may be read past their end; what is read too much is kept, so keep that small.
constexpr size_t kChunkedReadBytes = 16 * 1024;

void log_exception(std::string_view where) {
  try {
    throw;
  } catch (const std::exception& e) {
    base::log::error("net.exception", {{"where", where}, {"what", e.what()}});
  } catch (...) {
    base::log::error("net.exception", {{"where", where}, {"what", "unknown"}});
  }
}

http::Response internal_error() {
  http::Response response(500);
  response.slot(http::Slot::content_length).slot(http::Slot::connection);
  response.close = true;
  return response;
}

}  // namespace

IoResult Connection::fill() {
  if (!buffer_) {
    buffer_ = io_.take_buffer();
    capacity_ = limits::kReadBufferBytes;
  }
  if (begin_ != 0 && (begin_ == end_ || end_ == capacity_)) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == capacity_) grow_buffer(capacity_ * 2);
  const size_t room = capacity_ - end_;
  const IoResult result = note_read(transport_.read(buffer_.get() + end_, room), room);
  if (result.state == IoResult::State::ok) end_ += static_cast<uint32_t>(result.bytes);
  return result;
}

void Connection::grow_buffer(size_t capacity) {
  auto larger = std::make_unique_for_overwrite<char[]>(capacity);
  if (buffer_) std::memcpy(larger.get(), buffer_.get(), end_);
  buffer_ = std::move(larger);
  capacity_ = static_cast<uint32_t>(capacity);
}

Connection::Progress Connection::do_head() {
  if (!x_) {
    if (begin_ == end_) {
      if (!readable_) {
        release_when_idle();
        return Progress::blocked;
      }
      const IoResult result = fill();
      if (result.state == IoResult::State::again) return Progress::moved;  // releases
      if (result.state != IoResult::State::ok) {
        close();
        return Progress::blocked;
      }
    }
    x_ = io_.take_exchange();
    head_timer_ = requests_ == 0;  // armed by start()
  }
  switch (x_->parser.parse(buffered(), x_->request)) {
    case http::HeadParser::State::complete:
      begin_request();
      return Progress::moved;
    case http::HeadParser::State::refused:
      refuse(x_->parser.refusal_status(), x_->parser.refusal_why(), nullptr);
      return Progress::moved;
    case http::HeadParser::State::incomplete:
      break;
  }
  if (!head_timer_) {
    io_.arm(*this, Timeout::head);  // for the whole head, however often bytes trickle in
    head_timer_ = true;
  }
  if (!readable_) return Progress::blocked;
  const IoResult result = fill();
  if (result.state == IoResult::State::again) return Progress::blocked;
  if (result.state != IoResult::State::ok) {
    close();
    return Progress::blocked;
  }
  return Progress::moved;
}

void Connection::fill_request() {
  http::Request& request = x_->request;
  request.peer = peer_;
  request.tls = transport_.tls();
  request.client_certificate = client_name_;
  if (!listener_.local_address.empty()) {
    request.local_address = listener_.local_address;
    return;
  }
  if (local_address_.empty()) {
    sockaddr_storage local{};
    socklen_t length = sizeof local;
    ::getsockname(transport_.fd(), reinterpret_cast<sockaddr*>(&local), &length);
    const AddressText text = address_text(&local);
    const bool v6 = text.ip.find(':') != std::string::npos;
    local_address_ = (v6 ? "[" + text.ip + "]" : text.ip) + ":" + std::to_string(text.port);
  }
  request.local_address = local_address_;
}

void Connection::begin_request() {
  Exchange& x = *x_;
  disarm();
  begin_ += static_cast<uint32_t>(x.parser.head_bytes());
  ++requests_;
  io_.counters_mut().requests.add();
  fill_request();
  const http::HeadFacts& facts = x.parser.facts();
  x.keep_alive = facts.keep_alive;
  try {
    x.plan = io_.shared().service.plan(x.request);
  } catch (...) {
    log_exception("plan");
    x.response = internal_error();
    x.linger = facts.has_body();
    begin_answer();
    return;
  }
  if (check_request(facts)) begin_body(facts);
}

// False: the request is being answered already.
bool Connection::check_request(const http::HeadFacts& facts) {
  Exchange& x = *x_;
  if (!facts.host_given && x.request.version_minor >= 1 && x.plan.host_required) {
    refuse(400, "no Host header", &x.plan);
    return false;
  }
  if (facts.expect_unknown) {
    refuse(417, "only 100-continue can be expected", &x.plan);
    return false;
  }
  if (x.plan.early) {
    x.response = std::move(*x.plan.early);
    if (facts.has_body()) {
      x.keep_alive = false;
      x.linger = true;
    }
    begin_answer();
    return false;
  }
  return true;
}

void Connection::begin_body(const http::HeadFacts& facts) {
  Exchange& x = *x_;
  const bool streamed = x.plan.mode == http::BodyMode::stream;
  if (!facts.has_body() && !streamed) {
    handle();
    return;
  }
  if (x.plan.mode == http::BodyMode::discard) {
    x.keep_alive = false;
    x.linger = true;
    handle();
    return;
  }
  x.body = http::BodyDecoder(facts, x.plan.body_bytes_max);
  if (x.body.state() == http::BodyDecoder::State::too_large) {
    refuse(413, "request body too large", &x.plan);
    return;
  }
  if (streamed) {
    x.stream = std::make_unique<BodyStream>();
    x.stream->pace_since_ms = io_.now_ms();
  }
  state_ = streamed ? State::streaming : State::body;
  io_.arm(*this, Timeout::body);
  // Only when the client does wait: one that has sent its body already needs no invitation.
  if (facts.expect_continue && begin_ == end_) begin_interim();
}

// Reads once and decodes. False: there was nothing to read, and `progress` says what to do.
bool Connection::read_body(std::string& to, Progress& progress) {
  Exchange& x = *x_;
  progress = Progress::blocked;
  if (begin_ < end_) {
    begin_ += static_cast<uint32_t>(x.body.feed(buffered(), to));
    return true;
  }
  if (!readable_) return false;
  const uint64_t rest = x.body.readable();
  const auto wanted = static_cast<size_t>(
      rest == 0 ? kChunkedReadBytes : std::min<uint64_t>(rest, limits::kReadScratchBytes));
  const IoResult result = note_read(transport_.read(io_.scratch(), wanted), wanted);
  if (result.state == IoResult::State::again) return false;
  if (result.state != IoResult::State::ok) {
    close();
    return false;
  }
  io_.arm(*this, Timeout::body);
  const std::string_view bytes(io_.scratch(), result.bytes);
  const size_t eaten = x.body.feed(bytes, to);
  if (x.body.state() == http::BodyDecoder::State::done) x.surplus = bytes.substr(eaten);
  return true;
}

Connection::Progress Connection::do_body() {
  Exchange& x = *x_;
  Progress progress = Progress::moved;
  if (x.body.state() == http::BodyDecoder::State::more && !read_body(x.request.body, progress)) {
    return progress;
  }
  switch (x.body.state()) {
    case http::BodyDecoder::State::more:
      if (!has_room_for_body()) refuse(503, "no room for the request body", &x.plan);
      break;
    case http::BodyDecoder::State::done:
      handle();
      break;
    case http::BodyDecoder::State::too_large:
      refuse(413, "request body too large", &x.plan);
      break;
    case http::BodyDecoder::State::malformed:
      refuse(400, x.body.why(), &x.plan);
      break;
  }
  return Progress::moved;
}

// Bodies that arrive slowly must not take all memory together, however many there are.
bool Connection::has_room_for_body() {
  const ServerConfig& config = io_.shared().config;
  x_->charge.set(io_.unfinished_body_bytes(), x_->request.body.capacity());
  return io_.unfinished_body_bytes() <= config.unfinished_body_bytes_max / config.io_threads;
}

// Reads while there is room, and keeps one job going while there is something for it.
Connection::Progress Connection::do_streaming() {
  BodyStream& s = *x_->stream;
  Progress progress = Progress::blocked;
  const auto state = [this] { return x_->body.state(); };
  const bool room = s.incoming.size() < limits::kStreamBufferBytes;
  bool read = false;
  // While a job runs, its half of the stream is not looked at.
  const bool has_answer = !s.job_running && s.response;
  if (s.refusal == 0 && !has_answer && room && state() == http::BodyDecoder::State::more) {
    const size_t held = s.incoming.size();
    read = read_body(s.incoming, progress);
    if (state_ == State::closed) return progress;
    if (read) check_pace(s.incoming.size() - held);
  }
  if (state() == http::BodyDecoder::State::too_large) {
    refuse_stream(413, "request body too large");
  }
  if (state() == http::BodyDecoder::State::malformed) refuse_stream(400, x_->body.why());
  s.complete = state() == http::BodyDecoder::State::done;
  if (s.complete || s.refusal != 0 || s.incoming.size() >= limits::kStreamBufferBytes) {
    disarm();
    // While we are what it waits for, the sender's rate is not looked at.
    s.pace_since_ms = io_.now_ms();
    s.pace_bytes = 0;
  }
  if (s.job_running) return read ? Progress::moved : Progress::blocked;
  if (has_answer || s.refusal != 0) {
    end_stream();
    return Progress::moved;
  }
  if (s.complete || !s.incoming.empty()) {
    submit_stream_job();
    if (!s.complete) io_.arm(*this, Timeout::body);
    return Progress::moved;
  }
  return read ? Progress::moved : Progress::blocked;
}

// The timeout ends a body that stands still; this one ends a body that barely moves.
void Connection::check_pace(size_t bytes) {
  BodyStream& s = *x_->stream;
  const ServerConfig& config = io_.shared().config;
  s.pace_bytes += static_cast<int64_t>(bytes);
  const int64_t taken_ms = io_.now_ms() - s.pace_since_ms;
  const bool more = x_->body.state() == http::BodyDecoder::State::more;
  if (taken_ms < config.stream_pace_ms || !more) return;
  if (s.pace_bytes < config.stream_bytes_per_second_min * taken_ms / 1000) {
    io_.counters_mut().timeouts.add();
    refuse_stream(408, "the request body comes too slowly");
  }
  s.pace_since_ms = io_.now_ms();
  s.pace_bytes = 0;
}

void Connection::refuse_stream(int status, std::string_view why) {
  BodyStream& s = *x_->stream;
  if (s.refusal != 0) return;
  s.refusal = status;
  s.refusal_why = why;
}

// The job is at rest and there is an answer: the sink's, or a refusal.
void Connection::end_stream() {
  Exchange& x = *x_;
  BodyStream& s = *x.stream;
  if (s.response) {
    x.response = std::move(*s.response);
    if (!s.complete) {
      x.keep_alive = false;
      x.linger = true;
    }
    begin_answer();
  } else {
    abandon_stream();
    refuse(s.refusal, s.refusal_why, &x.plan);
  }
}

void Connection::submit_stream_job() {
  BodyStream& s = *x_->stream;
  s.chunk.swap(s.incoming);
  s.incoming.clear();
  s.last = s.complete;
  s.job_running = true;
  outstanding_ = true;
  io_.shared().workers.submit([this] { run_stream_job(); });
}

void Connection::run_stream_job() {
  BodyStream& s = *x_->stream;
  const auto done = [&s](http::Response&& response) {
    s.response = std::make_unique<http::Response>(std::move(response));
  };
  try {
    if (!s.sink) {
      auto opened = service_.open_sink(x_->request, x_->plan);
      if (opened) {
        s.sink = std::move(*opened);
      } else {
        done(std::move(opened.error()));
      }
    }
    if (s.sink) {
      const bool failed = !s.chunk.empty() && !s.sink->write(s.chunk);
      if (failed || s.last) done(s.sink->finish());
    }
  } catch (...) {
    log_exception("body sink");
    done(internal_error());
  }
  if (s.response) s.sink.reset();
  s.chunk.clear();
  report_answered();
}

// The client went away or is being refused: the sink is thrown away where it may block.
void Connection::abandon_stream() {
  if (!x_ || !x_->stream || x_->stream->job_running || !x_->stream->sink) return;
  std::shared_ptr<http::BodySink> sink = std::move(x_->stream->sink);
  io_.shared().workers.submit([last = std::move(sink)]() mutable { last.reset(); });
}

void Connection::refuse(int status, std::string_view why, const http::RoutePlan* plan) {
  Exchange& x = *x_;
  Counters& counters = io_.counters_mut();
  switch (status) {
    case 408:
      break;  // counted as a timeout
    case 413:
    case 414:
    case 431:
      counters.refused_too_large.add();
      break;
    case 503:
      counters.refused_no_room.add();
      break;
    default:
      counters.refused_malformed.add();
      break;
  }
  try {
    x.response = io_.shared().service.refuse(status, why, plan);
  } catch (...) {
    log_exception("refuse");
    x.response = internal_error();
  }
  x.keep_alive = false;
  x.linger = true;
  begin_answer();
}

void Connection::handle() {
  Exchange& x = *x_;
  disarm();
  state_ = State::handling;
  outstanding_ = true;
  answered_ = false;
  in_handle_ = true;
  http::Responder responder([this](http::Response&& response) { answer(std::move(response)); });
  try {
    io_.shared().service.handle(x.request, x.plan, std::move(responder));
  } catch (...) {
    log_exception("handle");  // the responder has answered while it was unwound
  }
  in_handle_ = false;
  if (!answered_) return;
  outstanding_ = false;
  begin_answer();
}

}  // namespace otaru::net

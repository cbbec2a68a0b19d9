// SPDX-License-Identifier: Apache-2.0
#include "http/message.h"

#include <charconv>

#include "base/encoding.h"
#include "http/characters.h"
#include "http/service.h"
#include "http/source.h"

namespace otaru::http {
namespace {

// A value made from somebody's input must not end its line and begin another one.
void blank_controls(std::string& out, size_t from) {
  for (size_t i = from; i < out.size(); ++i) {
    if (has_control(std::string_view(&out[i], 1))) out[i] = ' ';
  }
}

}  // namespace

BodySink::~BodySink() = default;
Service::~Service() = default;

Responder::~Responder() {
  give_up();
}

Responder& Responder::operator=(Responder&& other) noexcept {
  if (this != &other) {
    give_up();
    send_ = std::move(other.send_);
    other.send_ = nullptr;
  }
  return *this;
}

void Responder::give_up() {
  if (!send_) return;
  Response response(500);
  response.slot(Slot::content_length).slot(Slot::connection);
  response.close = true;
  respond(std::move(response));
}

std::string_view method_name(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::head:
      return "HEAD";
    case Method::post:
      return "POST";
    case Method::put:
      return "PUT";
    case Method::patch:
      return "PATCH";
    case Method::del:
      return "DELETE";
    case Method::options:
      return "OPTIONS";
    case Method::other:
      return "";
  }
  return "";
}

std::optional<std::string_view> Request::header(std::string_view name) const {
  for (const auto& h : headers) {
    if (h.name.size() == name.size() && base::iequals(h.name, name)) return h.value;
  }
  return std::nullopt;
}

Response& Response::header(std::string_view name, std::string_view value) {
  headers.push_back({std::string(name), std::string(value), Slot::literal});
  return *this;
}

Response& Response::slot(Slot which) {
  switch (which) {
    case Slot::date:
      headers.push_back({"Date", {}, which});
      break;
    case Slot::content_length:
      headers.push_back({"Content-Length", {}, which});
      break;
    case Slot::connection:
    case Slot::connection_if_close:
      headers.push_back({"Connection", {}, which});
      break;
    case Slot::literal:
      break;
  }
  return *this;
}

Response& Response::text(std::string body_text) {
  body.emplace_back(std::move(body_text));
  return *this;
}

Response& Response::file(FileSlice slice) {
  body.emplace_back(std::move(slice));
  return *this;
}

Response& Response::stream(std::shared_ptr<BodySource> body_source) {
  framing = Framing::chunked;
  source = std::move(body_source);
  return *this;
}

int64_t Response::body_length() const {
  if (declared_length) return *declared_length;
  int64_t total = 0;
  for (const auto& piece : body) {
    if (const auto* text_piece = std::get_if<std::string>(&piece)) {
      total += static_cast<int64_t>(text_piece->size());
    } else {
      total += std::get<FileSlice>(piece).length;
    }
  }
  return total;
}

const Response::Header* Response::find(std::string_view name) const {
  for (const auto& h : headers) {
    if (base::iequals(h.name, name)) return &h;
  }
  return nullptr;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 423:
      return "Locked";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 460:  // tus, extension Checksum
      return "Checksum Mismatch";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    default:
      return "";
  }
}

std::string serialize_head(const Response& response, const WireContext& context) {
  std::string out;
  out.reserve(512);
  append_head(out, response, context);
  return out;
}

void append_head(std::string& out, const Response& response, const WireContext& context) {
  out += "HTTP/1.1 ";
  char digits[24];
  const auto number = [&](int64_t value) {
    const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
    out.append(digits, end);
  };
  number(response.status);
  out += ' ';
  out +=
      response.reason.empty() ? reason_phrase(response.status) : std::string_view(response.reason);
  out += "\r\n";
  const auto line = [&](std::string_view name, std::string_view value) {
    out += name;
    out += ": ";
    const size_t from = out.size();
    out += value;
    if (has_control(value)) blank_controls(out, from);
    out += "\r\n";
  };
  for (const auto& h : response.headers) {
    switch (h.slot) {
      case Slot::literal:
        line(h.name, h.value);
        break;
      case Slot::date:
        line(h.name, context.http_date);
        break;
      case Slot::content_length:
        if (response.framing == Framing::content_length) {
          out += h.name;
          out += ": ";
          number(response.body_length());
          out += "\r\n";
        }
        break;
      case Slot::connection:
        line(h.name, context.keep_alive ? "keep-alive" : "close");
        break;
      case Slot::connection_if_close:
        if (!context.keep_alive) line(h.name, "close");
        break;
    }
  }
  if (response.framing == Framing::chunked && context.version_minor >= 1) {
    line("Transfer-Encoding", "chunked");
  }
  out += "\r\n";
}

}  // namespace otaru::http

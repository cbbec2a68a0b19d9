// SPDX-License-Identifier: Apache-2.0
// Request and Response as values: ordered raw headers both ways, no sockets, no threads.
//
// Requests are views into a buffer that the connection owns; they are valid until the exchange has
// been answered. A Response is built by whoever answers, byte for byte: the HTTP layer adds nothing
// that was not asked for. Where a value is only known when the bytes leave (Date, Connection,
// Content-Length), the response holds a slot for it, at the place in the order that it shall have.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/file.h"

namespace otaru::http {

enum class Method { get, head, post, put, patch, del, options, other };
std::string_view method_name(Method method);  // "GET" ...; "" for other

// A header as it came: name in the device's own case, value with surrounding blanks removed.
struct HeaderView {
  std::string_view name;
  std::string_view value;
};

struct Request {
  Method method = Method::other;
  std::string_view method_text;
  std::string_view target;  // as sent, e.g. "http://host/path?x=1"
  std::string_view path;    // undecoded path of the target, "/..." (absolute-form already reduced)
  std::string_view query;   // undecoded, without '?'
  int version_minor = 1;    // HTTP/1.0 or 1.1
  std::vector<HeaderView> headers;
  std::string body;       // whole, dechunked; empty for streamed bodies
  std::string_view peer;  // textual address of the peer, without port
  std::string_view host;  // Host header, or the authority of an absolute-form target; may be empty
  std::string_view client_certificate;  // subject CN of a verified client certificate, or empty
  bool tls = false;
  std::string_view local_address;  // "ip:port" the request came in on

  // First header of that name, case-insensitive; nothing if absent.
  std::optional<std::string_view> header(std::string_view name) const;
};

// One file of the blob store, open for reading. Shared by all responses that send from it.
using FileHandle = base::File;

// A piece of a body: text, or a slice of a file that the kernel copies.
struct FileSlice {
  std::shared_ptr<const FileHandle> file;
  int64_t offset = 0;
  int64_t length = 0;
};
using Piece = std::variant<std::string, FileSlice>;

enum class Framing {
  content_length,   // the default
  chunked,          // one chunk per piece; to HTTP/1.0 clients close_delimited instead
  close_delimited,  // no length: the end of the connection is the end of the body
  none,             // no body at all (304, 204); the content_length slot is left out
};

// What a header's value is when the bytes leave.
enum class Slot {
  literal,
  date,                 // RFC 9110 6.6.1
  content_length,       // left out unless framing is content_length
  connection,           // "keep-alive" or "close", as it will be
  connection_if_close,  // only sent, as "close", when the connection will be closed
};

class BodySource;  // http/source.h

struct Response {
  struct Header {
    std::string name;
    std::string value;
    Slot slot = Slot::literal;
  };

  int status = 200;
  std::string reason;  // empty: the standard phrase
  std::vector<Header> headers;
  Framing framing = Framing::content_length;
  std::vector<Piece> body;                 // usually zero or one piece
  std::shared_ptr<BodySource> source;      // what follows the pieces, made over time
  std::optional<int64_t> declared_length;  // for HEAD: the length GET would have
  bool close = false;                      // close after this response, whatever the client asked

  Response() = default;
  explicit Response(int code) : status(code) { headers.reserve(8); }
  // Chaining builder: r.header("Content-Type", "...").date().content_length().text(body).
  Response& header(std::string_view name, std::string_view value);
  Response& slot(Slot slot);  // Date, Content-Length, Connection under their usual names
  Response& text(std::string body_text);
  Response& file(FileSlice slice);
  Response& stream(std::shared_ptr<BodySource> body_source);  // chunked
  int64_t body_length() const;  // sum of the pieces, or declared_length
  const Header* find(std::string_view name) const;
};

// The bytes of status line and headers, blank line included, as they go on the wire.
struct WireContext {
  bool keep_alive = true;      // what the connection will do after this response
  int version_minor = 1;       // of the request
  std::string_view http_date;  // pre-rendered Date value
};
std::string serialize_head(const Response& response, const WireContext& context);
// The same, appended to `out`: for the connection, which keeps its buffer.
void append_head(std::string& out, const Response& response, const WireContext& context);
std::string_view reason_phrase(int status);

}  // namespace otaru::http

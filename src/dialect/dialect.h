// SPDX-License-Identifier: Apache-2.0
// One device protocol family: routes, and a plain function from request to response. A dialect owns
// every byte it sends. Dialects never include one another; src/server/product.cc lists them.
//
// Adding one: a folder with README.md, codec, handler, errors, policy, sim_device, tests, a fuzz
// target with corpus and testdata/*.http; and one line in server/product.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/device_gateway.h"
#include "app/secrets.h"
#include "base/limits.h"
#include "domain/door.h"
#include "http/message.h"
#include "http/service.h"

namespace otaru::dialect {

// Bit set of methods.
enum MethodSet : uint32_t {
  kGet = 1,
  kHead = 2,
  kPost = 4,
  kPut = 8,
  kDelete = 16,
  kPatch = 32,
  kOptions = 64,
  kAnyMethod = 0xffff,
};

struct Route {
  int tag = 0;                // the dialect's own number for this route
  std::string pattern;        // "/ota/south/download/{token}/check"
  uint32_t methods = kGet;    // others are answered by refuse(405)
  size_t body_bytes_max = base::limits::kDeviceBodyBytesMax;
  bool host_required = true;  // false where real devices send no Host header
};

// What the server knows about a request that its bytes do not say.
struct RequestFacts {
  // "http://host:port" under which devices reach this server, no slash at the end.
  std::string base_url;
  domain::TenantId tenant = domain::kDefaultTenant;  // for protocols that name none
  std::span<const std::string_view> params;  // of the route's {placeholders}, in order, undecoded
};

class Dialect {
 public:
  virtual ~Dialect();
  virtual std::string_view name() const = 0;  // "oomi"
  virtual std::span<const Route> routes() const = 0;
  // What all its checks have in common; they are built from it (CheckDefaults::check_in), so that
  // `explain` and the dry run ask as its devices do.
  virtual domain::CheckDefaults check_defaults() const = 0;
  // How the body of a request with this head is to be read. Default: collected. `discard` answers
  // from the head at once (for clients that announce a body and never send it).
  virtual http::BodyMode body_mode(const Route& route, const http::Request& head) const;
  // Runs on an I/O thread: must not block. May be run again for the same request (see
  // app/device_gateway.h): no effect except through the gateway.
  virtual http::Response handle(const Route& route, const http::Request& request,
                                const RequestFacts& facts, app::DeviceGateway& gateway) = 0;
  // The committed outcome failed (disk full, too many waiting): the same request in this dialect's
  // words for `error`. Also used for code internal with an incident id as message.
  virtual http::Response failure(const Route& route, const http::Request& request,
                                 const base::Error& error) = 0;
  // HTTP-level refusals (400 malformed, 405, 408, 411, 413, 417 ...) in this dialect's words.
  virtual http::Response refuse(const Route& route, int status, std::string_view why) = 0;
};

}  // namespace otaru::dialect

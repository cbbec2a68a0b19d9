// SPDX-License-Identifier: Apache-2.0
#include "server/api_routes.h"

namespace otaru::server {
namespace {

uint32_t mask_of(http::Method method) {
  switch (method) {
    case http::Method::get:
      return dialect::kGet;
    case http::Method::head:
      return dialect::kHead;
    case http::Method::post:
      return dialect::kPost;
    case http::Method::put:
      return dialect::kPut;
    case http::Method::patch:
      return dialect::kPatch;
    case http::Method::del:
      return dialect::kDelete;
    case http::Method::options:
      return dialect::kOptions;
    case http::Method::other:
      break;
  }
  return 0;
}

}  // namespace

std::vector<WorkerRoutes::Route> ApiRoutes::routes() const {
  std::vector<Route> out;
  for (const auto& route : api_.routes()) {
    out.push_back({route.tag, std::string(route.pattern), mask_of(route.method), route.body,
                   route.body_bytes_max});
  }
  return out;
}

bool ApiRoutes::owns(std::string_view path) const {
  return path.starts_with("/api/") || path.starts_with("/problems/");
}

http::BodyMode ApiRoutes::body_mode(int tag, const http::Request& head) const {
  return api_.body_mode(tag, head);
}

std::optional<http::Response> ApiRoutes::early(int tag, const http::Request& head) {
  return api_.early(tag, head);
}

http::Response ApiRoutes::handle(int tag, const http::Request& request,
                                 std::span<const std::string_view> params) {
  return api_.handle(tag, request, params);
}

tl::expected<std::unique_ptr<http::BodySink>, http::Response> ApiRoutes::open_sink(
    int tag, const http::Request& head, std::span<const std::string_view> params) {
  return api_.open_sink(tag, head, params);
}

http::Response ApiRoutes::refuse(int status, std::string_view why, std::optional<int> tag) {
  return api_.refuse(status, why, tag);
}

}  // namespace otaru::server

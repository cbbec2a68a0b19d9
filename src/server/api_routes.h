// SPDX-License-Identifier: Apache-2.0
// The operators' API as the dispatcher wants it.
#pragma once

#include "api/api.h"
#include "server/dispatcher.h"

namespace otaru::server {

class ApiRoutes final : public WorkerRoutes {
 public:
  explicit ApiRoutes(const api::Api& api) : api_(api) {}
  std::vector<Route> routes() const override;
  bool owns(std::string_view path) const override;
  http::BodyMode body_mode(int tag, const http::Request& head) const override;
  std::optional<http::Response> early(int tag, const http::Request& head) override;
  http::Response handle(int tag, const http::Request& request,
                        std::span<const std::string_view> params) override;
  tl::expected<std::unique_ptr<http::BodySink>, http::Response> open_sink(
      int tag, const http::Request& head, std::span<const std::string_view> params) override;
  http::Response refuse(int status, std::string_view why, std::optional<int> tag) override;

 private:
  const api::Api& api_;
};

}  // namespace otaru::server

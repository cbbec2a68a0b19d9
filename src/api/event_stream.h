// SPDX-License-Identifier: Apache-2.0
// Internal to api: the log of events as a stream of server-sent events (WHATWG HTML 9.2). Purely by
// cursor: what is replayed and what is live is one sequence, without gap or duplicate.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "app/engine.h"
#include "http/source.h"

namespace otaru::api {

// Which events somebody wants, and may see.
struct EventFilter {
  std::optional<domain::TenantId> tenant;  // nothing: every tenant, and the server's own
  std::vector<std::string> types;
  std::optional<domain::DeviceId> device;
  std::optional<domain::DeploymentId> deployment;
  bool matches(const app::Event& event) const;
};

// How many streams there are, in all and of one key or person.
class StreamSlots : public std::enable_shared_from_this<StreamSlots> {
 public:
  // Given back when the last copy goes. Code::exhausted.
  base::Result<std::shared_ptr<void>> take(const std::string& owner);

 private:
  void give_back(const std::string& owner);
  std::mutex mutex_;
  std::map<std::string, size_t> of_owner_;
  size_t all_ = 0;
};

struct EventStreamSpec {
  app::Engine* engine = nullptr;
  http::Post post;  // where the store may be read
  EventFilter filter;
  int64_t after = 0;              // the last event that was seen
  std::function<bool()> allowed;  // asked again and again: keys end, streams with them
  std::shared_ptr<void> slot;
};
std::shared_ptr<http::BodySource> make_event_stream(EventStreamSpec spec);

}  // namespace otaru::api

// SPDX-License-Identifier: Apache-2.0
// A whole server in one process and one thread, without sockets: memory store, memory blobs,
// engine, dispatcher and chosen dialects under a manual clock and seeded randomness. Bytes in,
// bytes out, through the same parser and serialiser as the real one.
//
//   World world;
//   world.load(rows);                       // a catalogue with ids as given
//   world.add(make_onenet(config, world.secrets()));
//   std::string answer = world.exchange("GET /ota/south/check?... HTTP/1.1\r\n\r\n");
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/engine.h"
#include "app/secrets.h"
#include "dialect/dialect.h"
#include "dialect/sim_device.h"
#include "domain/catalogue.h"
#include "server/dispatcher.h"
#include "store/memory/memory_store.h"
#include "tests/support/memory_blobs.h"

namespace otaru::tests {

// 2026-05-01 12:00:00 UTC
inline constexpr base::Time kWorldStart{1'777'636'800'000};

class World {
 public:
  explicit World(server::DispatcherOptions options = {});
  ~World();

  // Stores the rows as they are and makes them the current catalogue.
  void load(const domain::CatalogueRows& rows);
  // Stores a device as it is (operator's doing): credentials, blocked ...
  void put_device(const domain::Device& device);
  app::BlobInfo put_blob(std::string_view bytes);
  void add(std::unique_ptr<dialect::Dialect> dialect);

  // One request (bytes of head and body) and the answer's bytes. Several pipelined requests give
  // their answers one after the other. Parser refusals are answered as the server does.
  std::string exchange(std::string_view request_bytes);
  // The same as a simulated device sees it.
  dialect::Transport transport();
  void advance(int64_t milliseconds) { clock_.advance(milliseconds); }
  base::Time now() const { return clock_.now(); }

  const app::Secrets& secrets() const { return secrets_; }
  app::Engine& engine() { return *engine_; }
  store::MemoryStore& store() { return store_; }
  server::Dispatcher& dispatcher() { return *dispatcher_; }
  base::Random& random() { return random_; }
  // The device as stored (not as cached); nothing if unknown.
  std::optional<domain::Device> device(std::string_view key,
                                       domain::TenantId tenant = domain::kDefaultTenant);
  // From the next restart on, the engine sees this store instead: one that wraps store().
  void set_engine_store(app::Store* store) { engine_store_ = store; }
  // Throws the process away and starts it again on the same store and blobs. What was committed is
  // there, nothing else.
  void restart();

 private:
  http::Response answer(const http::Request& request, const http::RoutePlan& plan);

  base::ManualClock clock_{kWorldStart};
  base::SeededRandom random_{1};
  app::Secrets secrets_;
  store::MemoryStore store_;
  app::Store* engine_store_ = &store_;
  MemoryBlobs blobs_;
  app::InlineExecutor executor_;
  server::DispatcherOptions options_;
  std::vector<std::unique_ptr<dialect::Dialect>> dialects_;
  std::unique_ptr<app::Engine> engine_;
  std::unique_ptr<server::Dispatcher> dispatcher_;
};

// A wire answer taken apart; Code::invalid when it is not one.
base::Result<dialect::WireReply> parse_reply(std::string_view bytes);

}  // namespace otaru::tests

// SPDX-License-Identifier: Apache-2.0
// What joins the transaction of a change without the service that makes the change knowing of it.
//
//   const Rider rider([&](WriteBatch& batch) { batch.ops.emplace_back(row); });
//   service.create(...);   // every batch that this thread submits meanwhile is handed to `board`
//
// So a creation with an Idempotency-Key is remembered in the transaction of what it made, by every
// service there is and will be. Batches of other threads are not concerned: devices' own requests
// never have a rider.
#pragma once

#include <functional>

#include "app/ports/store.h"

namespace otaru::app {

class Rider {
 public:
  using Board = std::function<void(WriteBatch&)>;
  explicit Rider(Board board);
  ~Rider();
  Rider(const Rider&) = delete;
  Rider& operator=(const Rider&) = delete;

  // For whoever submits a batch on the thread that made the change.
  static void board(WriteBatch& batch);

 private:
  Board board_;
  const Rider* before_;
};

}  // namespace otaru::app

// SPDX-License-Identifier: Apache-2.0
#include "app/rider.h"

namespace otaru::app {
namespace {

thread_local const Rider* current_rider = nullptr;

}  // namespace

Rider::Rider(Board board) : board_(std::move(board)), before_(current_rider) {
  current_rider = this;
}

Rider::~Rider() {
  current_rider = before_;
}

void Rider::board(WriteBatch& batch) {
  if (current_rider != nullptr) current_rider->board_(batch);
}

}  // namespace otaru::app

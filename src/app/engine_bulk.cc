// SPDX-License-Identifier: Apache-2.0
// Many devices in one transaction. A device that is in memory is changed by compare and swap, as
// always. One that is not is read from the store, and it counts as unchanged when it is still not
// in memory and nothing of its shard was forgotten meanwhile: every change leads through memory.
#include <algorithm>

#include "app/engine.h"
#include "app/latch.h"
#include "base/limits.h"

namespace otaru::app {
namespace {

using base::Code;

constexpr int kBulkAttemptsMax = 200;

struct BulkSlot {
  DeviceState expected;
  std::shared_ptr<domain::Device> next;  // null: nothing to write
  domain::DeviceId born;  // the id it got, if it is new
  uint64_t mark = 0;
  bool resident = false;
  bool stale = true;
};

}  // namespace

base::Status Engine::write_devices(domain::TenantId tenant, std::span<const std::string> keys,
                                   const BulkWork& work,
                                   const std::function<void(WriteBatch& batch)>& finish) {
  OTARU_ASSERT(keys.size() <= base::limits::kBulkDevicesMax);
  std::vector<BulkSlot> slots(keys.size());
  const auto look_up = [&]() -> base::Status {
    std::vector<std::string_view> missing;
    std::vector<size_t> whose;
    for (size_t i = 0; i < slots.size(); ++i) {
      BulkSlot& slot = slots[i];
      if (!slot.stale) continue;
      slot.mark = devices_.eviction_mark(domain::bucket_for(tenant, keys[i]));
      const auto found = devices_.peek(tenant, keys[i]);
      slot.resident = found.resident;
      slot.expected = found.device;
      if (found.resident) continue;
      missing.emplace_back(keys[i]);
      whose.push_back(i);
    }
    OTARU_TRY(read, parts_.store->find_devices(tenant, missing));
    for (size_t i = 0; i < read.size(); ++i) {
      if (!read[i]) continue;
      slots[whose[i]].expected = std::make_shared<const domain::Device>(std::move(*read[i]));
    }
    return {};
  };
  const auto compute = [&](size_t i) {
    BulkSlot& slot = slots[i];
    slot.stale = false;
    slot.next = nullptr;
    domain::Device next;
    if (slot.expected) {
      next = *slot.expected;
    } else {
      next.tenant = tenant;
      next.key = keys[i];
      next.door = std::string(kOperatorDoor);
      next.created_at = clock().now();
    }
    if (!work(i, slot.expected.get(), next)) return;
    if (!slot.expected) {
      if (!slot.born) slot.born = next_device_id(domain::bucket_for(tenant, keys[i]));
      next.id = slot.born;
    }
    slot.next = std::make_shared<domain::Device>(std::move(next));
  };

  for (int attempt = 0; attempt < kBulkAttemptsMax; ++attempt) {
    OTARU_CHECK(look_up());
    for (size_t i = 0; i < slots.size(); ++i) {
      if (slots[i].stale) compute(i);
    }
    std::vector<DeviceTable::BulkChange> changes;
    std::vector<size_t> whose;
    WriteBatch batch;
    std::vector<std::string> held;
    std::vector<DeviceDifference> differences;
    for (size_t i = 0; i < slots.size(); ++i) {
      const BulkSlot& slot = slots[i];
      if (!slot.next) continue;
      changes.push_back(
          {tenant, keys[i], slot.resident, slot.mark, slot.expected, slot.next, false});
      whose.push_back(i);
      held.push_back(keys[i]);
      batch.ops.emplace_back(PutDevice::of(*slot.next));
      differences.push_back(difference_of(tenant, slot.expected.get(), slot.next.get()));
    }
    finish(batch);
    const auto latch = std::make_shared<Latch>();
    const auto swapped = devices_.bulk_swap(changes, [&] {
      return committer_
          .submit(std::move(batch),
                  [this, tenant, held = std::move(held), latch](const base::Status& status) {
                    for (const auto& key : held) devices_.bulk_done(tenant, key);
                    latch->set(status);
                  })
          .has_value();
    });
    if (swapped.conflict) {
      stats_.conflicts += 1;
      for (size_t i = 0; i < changes.size(); ++i) slots[whose[i]].stale = changes[i].conflict;
      continue;
    }
    if (!swapped.swapped) {
      return base::fail(Code::exhausted, "too many changes are waiting to be stored");
    }
    if (parts_.commit_mode == Committer::Mode::manual) {
      while (committer_.pump()) {
      }
    }
    OTARU_CHECK(latch->wait());
    // What operators bring is not held to the limit of those that bring themselves.
    count_devices(differences, PendingLimit::ignored);
    return {};
  }
  return base::fail(Code::unavailable, "the devices kept changing; try again");
}

}  // namespace otaru::app

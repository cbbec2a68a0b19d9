// SPDX-License-Identifier: Apache-2.0
// Rows for tests: one of each kind with every field set to something of its own, so that a column
// that is forgotten or swapped shows.
#pragma once

#include <string>

#include "app/ports/store.h"
#include "base/random.h"

namespace otaru::store::contract {

// The n-th id of a bucket.
domain::DeviceId device_id(domain::TenantId tenant, std::string_view key, int64_t n);
domain::TaskId task_id(domain::DeviceId device, int64_t n);

domain::Device sample_device(std::string key, int64_t n = 1, int64_t tenant = 1);
domain::Task sample_task(const domain::Device& device, int64_t n = 1, int64_t deployment = 1);
domain::TaskHistory sample_history(const domain::Task& task, int64_t sequence);
domain::Tenant sample_tenant(int64_t id);
domain::Product sample_product(int64_t id);
domain::Release sample_release(int64_t id);
domain::Package sample_package(int64_t id);
domain::Kit sample_kit(int64_t id);
domain::Deployment sample_deployment(int64_t id);
domain::Credential sample_credential(int64_t id);
domain::Group sample_group(int64_t id);
app::ImportRow sample_import(int64_t id);
app::ImportErrorRow sample_import_error(int64_t import, int64_t n);
app::SessionRow sample_session(std::string key);
app::UploadRow sample_upload(std::string id);
app::JournalEntry sample_entry(int64_t sequence);
domain::User sample_user(int64_t id);
app::LoginRow sample_login(std::string id);

app::Event sample_event(int64_t id);
app::Webhook sample_webhook(int64_t id);
app::DeadLetter sample_dead_letter(int64_t webhook, int64_t event);
app::KeptAnswer sample_answer(std::string key);
app::VersionSample sample_versions(int64_t product, int64_t step_ms, int64_t at);

base::Status apply_one(app::Store& store, std::vector<app::WriteOp> ops);

// A world of few devices, tasks and catalogue rows, so that random operations meet each other.
// Never asks for what every store refuses.
class RandomWorld {
 public:
  explicit RandomWorld(uint64_t seed) : random_(seed) {}
  app::WriteBatch batch();
  base::Random& rng() { return random_; }

 private:
  domain::Device device();
  domain::DeviceId some_device_id();
  std::string text();
  domain::TextMap map();
  std::vector<int64_t> numbers();
  app::WriteOp op();
  app::WriteOp catalogue_op();
  app::WriteOp erase_op();
  app::WriteOp webhook_op();

  int64_t events_ = 0;  // given out so far
  base::SeededRandom random_;
  int64_t entries_ = 0;  // of the journal
};

}  // namespace otaru::store::contract

// SPDX-License-Identifier: Apache-2.0
// What the store costs over bare SQLite. Each iteration commits 100 new devices with a component, a
// task and a history entry three times: through apply(), as plain inserts into the same tables, and
// as plain inserts into plain tables (row ids, one index on the key). All three in the same run,
// one after the other, so that a slow disk is slow for all of them.
#include <benchmark/benchmark.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "app/ports/store.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/migrate.h"
#include "store/sqlite/sqlite_store.h"

namespace {

using otaru::app::WriteBatch;
namespace app = otaru::app;
namespace domain = otaru::domain;
namespace base = otaru::base;
namespace store = otaru::store;

constexpr int64_t kDevicesPerCommit = 100;

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

struct Folder {
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "otaru-bench-XXXXXX").string();
    OTARU_ASSERT(mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string path;
};

// Keys as fleets have them: digits that say nothing about the order of registering.
std::string key_of(int64_t n) {
  return "86123" + std::to_string(1'000'000'000 + (n * 2'654'435'761ll) % 1'000'000'007);
}

struct Rows {
  domain::Device device;
  domain::Task task;
  domain::TaskHistory history;
};

// Ids as the server gives them out: counted per bucket, so they rise together, but not in step.
Rows rows_of(int64_t n) {
  static std::vector<int64_t> counters(base::kBucketCount, 0);
  static std::map<int64_t, int64_t> known;
  Rows rows;
  auto& device = rows.device;
  device.tenant = domain::kDefaultTenant;
  device.key = key_of(n);
  const int64_t bucket = domain::bucket_for(device.tenant, device.key);
  int64_t& count = known[n];
  if (count == 0) count = ++counters[static_cast<size_t>(bucket)];
  device.id = domain::DeviceId(count * base::kBucketCount + bucket);
  device.door = "onenet";
  device.attributes = {{"imei", device.key}, {"area", "north"}};
  device.components = {{"firmware", domain::ProductId(7), "1.0.2", base::Time{1'700'000'000'000}}};
  device.created_at = base::Time{1'700'000'000'000};
  auto& task = rows.task;
  task.id = domain::TaskId(device.id.value);
  task.device = device.id;
  task.deployment = domain::DeploymentId(1);
  task.product = domain::ProductId(7);
  task.target = domain::ReleaseId(9);
  task.slot = "firmware";
  task.from_version = "1.0.2";
  task.target_version = "1.1.0";
  task.chain = {domain::PackageId(3)};
  task.history_count = 1;
  task.created_at = task.updated_at = base::Time{1'700'000'000'000};
  auto& history = rows.history;
  history.task = task.id;
  history.device = device.id;
  history.sequence = 1;
  history.at = base::Time{1'700'000'000'000};
  history.event = "created";
  history.detail = "onenet";
  return rows;
}

std::vector<WriteBatch> batches_from(int64_t first) {
  std::vector<WriteBatch> batches;
  for (int64_t n = first; n < first + kDevicesPerCommit; ++n) {
    auto rows = rows_of(n);
    batches.push_back({{app::PutDevice{rows.device}, rows.task, rows.history}});
  }
  return batches;
}

void apply_all(app::Store& target, const std::vector<WriteBatch>& batches) {
  std::vector<const WriteBatch*> pointers;
  for (const auto& batch : batches) pointers.push_back(&batch);
  const auto done = target.apply(pointers);
  OTARU_ASSERT(done.has_value());
}

// --- The references -----------------------------------------------------------------------------

class Bare {
 public:
  enum class Tables { same, plain };
  Bare(const std::string& path, Tables tables) : tables_(tables) {
    OTARU_ASSERT(sqlite3_open(path.c_str(), &database_) == SQLITE_OK);
    run("pragma journal_mode = wal; pragma synchronous = full; pragma cache_size = -65536;"
        "pragma wal_autocheckpoint = 8192");
    if (tables == Tables::same) {
      run(std::string(store::migrations()[0].text));
    } else {
      run("create table device (id integer primary key, tenant integer, key text, door text,"
          " blocked integer, secret_sealed text, attributes text, created_at integer);"
          "create unique index device_key on device (tenant, key);"
          "create table component (device integer, slot text, product integer, version text,"
          " reported_at integer);"
          "create table task (id integer primary key, device integer, deployment integer,"
          " product integer, target integer, slot text, from_version text, target_version text,"
          " chain text, steps_done integer, state text, attempt integer, progress_percent integer,"
          " failure text, result text, history_count integer, token_generation integer,"
          " token_expires_at integer, created_at integer, updated_at integer);"
          "create table task_history (task integer, device integer, sequence integer, at integer,"
          " from_state text, to_state text, event text, detail text);");
    }
    device_ = prepare("device", 9,
                      "b, id, tenant, key, door, blocked, secret_sealed, attributes,"
                      " created_at");
    component_ = prepare("component", 6, "b, device, slot, product, version, reported_at");
    task_ = prepare("task", 21,
                    "b, id, device, deployment, product, target, slot, from_version,"
                    " target_version, chain, steps_done, state, attempt, progress_percent,"
                    " failure, result, history_count, token_generation, token_expires_at,"
                    " created_at, updated_at");
    history_ = prepare("task_history", 9,
                       "b, task, device, sequence, at, from_state, to_state, event, detail");
  }
  ~Bare() {
    for (auto* statement : {device_, component_, task_, history_}) sqlite3_finalize(statement);
    sqlite3_close(database_);
  }
  Bare(const Bare&) = delete;
  Bare& operator=(const Bare&) = delete;

  void insert(const std::vector<WriteBatch>& batches) {
    run("begin immediate");
    for (const auto& batch : batches) {
      const auto& device = std::get<app::PutDevice>(batch.ops[0]).device;
      const auto& component = device.components[0];
      step(device_, base::bucket_of(device.id), device);
      store::Binder binder(component_);
      if (tables_ == Tables::same) binder("", base::bucket_of(device.id));
      binder("", device.id);
      store::fields(binder, component);
      finish(component_);
      const auto& task = std::get<domain::Task>(batch.ops[1]);
      step(task_, base::bucket_of(task.id), task);
      const auto& history = std::get<domain::TaskHistory>(batch.ops[2]);
      step(history_, base::bucket_of(history.task), history);
    }
    run("commit");
  }

 private:
  void run(const std::string& sql) {
    OTARU_ASSERT(sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  }
  sqlite3_stmt* prepare(const std::string& table, int count, std::string columns) {
    if (tables_ == Tables::plain) {
      columns = columns.substr(3);
      --count;
    }
    std::string values = "?";
    for (int i = 1; i < count; ++i) values += ", ?";
    const std::string sql = "insert into " + table + " (" + columns + ") values (" + values + ")";
    sqlite3_stmt* statement = nullptr;
    OTARU_ASSERT(sqlite3_prepare_v2(database_, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK);
    return statement;
  }
  template <class Row>
  void step(sqlite3_stmt* statement, int64_t bucket, const Row& row) {
    store::Binder binder(statement);
    if (tables_ == Tables::same) binder("", bucket);
    store::fields(binder, row);
    finish(statement);
  }
  void finish(sqlite3_stmt* statement) {
    OTARU_ASSERT(sqlite3_step(statement) == SQLITE_DONE);
    sqlite3_reset(statement);
  }

  Tables tables_;
  sqlite3* database_ = nullptr;
  sqlite3_stmt* device_ = nullptr;
  sqlite3_stmt* component_ = nullptr;
  sqlite3_stmt* task_ = nullptr;
  sqlite3_stmt* history_ = nullptr;
};

std::unique_ptr<app::Store> open_store(const std::string& path) {
  store::SqliteOptions options;
  options.path = path;
  auto opened = store::make_sqlite_store(options);
  OTARU_ASSERT(opened.has_value());
  return std::move(*opened);
}

// Argument: thousands of devices that are there already.
void new_tasks(benchmark::State& state) {
  Folder folder;
  auto ours = open_store(folder.path + "/ours.db");
  Bare same(folder.path + "/same.db", Bare::Tables::same);
  Bare plain(folder.path + "/plain.db", Bare::Tables::plain);
  int64_t n = 1;
  double ours_s = 0;
  double same_s = 0;
  double plain_s = 0;
  const auto round = [&] {
    const auto batches = batches_from(n);
    n += kDevicesPerCommit;
    ours_s += seconds_of([&] { apply_all(*ours, batches); });
    same_s += seconds_of([&] { same.insert(batches); });
    plain_s += seconds_of([&] { plain.insert(batches); });
  };
  while (n < state.range(0) * 1000) round();
  ours_s = same_s = plain_s = 0;
  const int64_t first = n;
  for (auto _ : state) round();
  const auto count = static_cast<double>(n - first);
  state.counters["tasks_per_s"] = count / ours_s;
  state.counters["bare_same_per_s"] = count / same_s;
  state.counters["bare_plain_per_s"] = count / plain_s;
  state.counters["ratio_same"] = same_s / ours_s;
  state.counters["ratio_plain"] = plain_s / ours_s;
}
BENCHMARK(new_tasks)->Arg(0)->Arg(200)->Iterations(200)->Unit(benchmark::kMillisecond);

// A device reports: its component and its task change, one entry of history.
void changed_tasks(benchmark::State& state) {
  Folder folder;
  auto ours = open_store(folder.path + "/ours.db");
  constexpr int64_t kDevices = 20'000;
  for (int64_t n = 1; n < kDevices; n += kDevicesPerCommit) apply_all(*ours, batches_from(n));
  int64_t round = 0;
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<WriteBatch> batches;
    for (int64_t i = 0; i < kDevicesPerCommit; ++i) {
      auto rows = rows_of(1 + (round * kDevicesPerCommit + i * 7919) % (kDevices - 1));
      rows.task.state = domain::TaskState::downloading;
      rows.history.sequence = 2 + round;
      batches.push_back({{app::PutDevice{rows.device}, rows.task, rows.history}});
    }
    ++round;
    state.ResumeTiming();
    apply_all(*ours, batches);
  }
  state.SetItemsProcessed(state.iterations() * kDevicesPerCommit);
}
BENCHMARK(changed_tasks)->Iterations(100)->Unit(benchmark::kMillisecond)->UseRealTime();

// "Last seen" of 10 000 devices in one batch.
void seen(benchmark::State& state) {
  Folder folder;
  auto ours = open_store(folder.path + "/ours.db");
  constexpr int64_t kDevices = 1'000'000;
  constexpr int64_t kPerCommit = 10'000;
  int64_t n = 0;
  const auto batch_of_seen = [&] {
    WriteBatch batch;
    for (int64_t i = 0; i < kPerCommit; ++i) {
      n = (n + 7919) % kDevices;
      batch.ops.push_back(app::Seen{domain::DeviceId(256 + n), base::Time{n}});
    }
    return std::vector<WriteBatch>{std::move(batch)};
  };
  for (int64_t i = 0; i < kDevices; i += kPerCommit) apply_all(*ours, batch_of_seen());
  for (auto _ : state) {
    state.PauseTiming();
    const auto batches = batch_of_seen();
    state.ResumeTiming();
    apply_all(*ours, batches);
  }
  state.SetItemsProcessed(state.iterations() * kPerCommit);
}
BENCHMARK(seen)->Iterations(30)->Unit(benchmark::kMillisecond)->UseRealTime();

void load_device(benchmark::State& state) {
  Folder folder;
  auto ours = open_store(folder.path + "/ours.db");
  constexpr int64_t kDevices = 20'000;
  for (int64_t n = 1; n < kDevices; n += kDevicesPerCommit) apply_all(*ours, batches_from(n));
  int64_t n = 1;
  for (auto _ : state) {
    n = 1 + (n + 7919) % (kDevices - 1);
    auto device = ours->find_device(domain::kDefaultTenant, key_of(n));
    OTARU_ASSERT(device && *device);
    benchmark::DoNotOptimize(device);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(load_device)->UseRealTime();

}  // namespace

// SPDX-License-Identifier: Apache-2.0
// Imports: files of devices that are read in the background, batch by batch. Position and counts
// are written in the transaction of each batch, so that after a crash an import goes on with the
// first line that has had no effect; no line has its effect twice.
//
// One import runs at a time, the oldest first; the others wait. An import uses its upload up, and
// keeps the file until it is over.
//
// Threads: any; the work is done on a thread of its own (or by step(), in tests). Blocks.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "app/actor.h"
#include "app/engine.h"
#include "app/secrets.h"
#include "app/upload_service.h"

namespace otaru::app {

struct ImportSpec {
  domain::TenantId tenant;
  std::string upload;                  // a completed one
  std::optional<ImportFormat> format;  // nothing: by the end of the file's name
  ImportMode mode = ImportMode::upsert;
  bool dry_run = false;
};

struct ImportStatus {
  ImportRow row;
  double lines_per_second = 0;  // since this process took it up; 0 while it does not run
};

class ImportService {
 public:
  enum class Mode { thread, manual };
  // All outlive the service.
  ImportService(Engine& engine, UploadService& uploads, const Secrets& secrets, Mode mode);
  ~ImportService();  // ends behind the batch that is under way
  ImportService(const ImportService&) = delete;
  ImportService& operator=(const ImportService&) = delete;

  // After Engine::start(): takes up what was not over.
  base::Status start();

  base::Result<ImportRow> create(const Actor& actor, const ImportSpec& spec);
  std::vector<ImportStatus> list() const;               // newest first
  base::Result<ImportStatus> status(int64_t id) const;  // not_found
  // Ends it behind the batch under way; what it has done stays. Nothing when it is over already.
  base::Result<ImportRow> cancel(const Actor& actor, int64_t id);

  // The next batch of the oldest import that is not over; false when there is none, or it has to
  // wait (the store is full or busy).
  bool step();

 private:
  struct Batch;
  struct Job;
  std::optional<ImportRow> oldest() const;
  base::Result<std::unique_ptr<Job>> open(const ImportRow& row) const;
  base::Status run_batch(Job& job);
  base::Status end(const ImportRow& before, ImportState state, std::string message,
                   const std::optional<Actor>& by);
  void put(const ImportRow& row);
  bool keeps(std::string_view sha256) const;
  void run();  // the thread

  Engine& engine_;
  UploadService& uploads_;
  const Secrets& secrets_;
  const Mode mode_;
  mutable std::mutex rows_mutex_;
  std::map<int64_t, ImportRow> rows_;  // guarded by rows_mutex_
  int64_t highest_ = 0;                // guarded by rows_mutex_
  std::mutex step_mutex_;              // held while a batch runs
  std::unique_ptr<Job> job_;           // guarded by step_mutex_
  std::atomic<int64_t> running_id_{0};
  std::atomic<double> rate_{0};
  std::mutex wake_mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  // guarded by wake_mutex_
  bool pending_ = true;    // guarded by wake_mutex_: there may be something to do
  std::thread thread_;
};

}  // namespace otaru::app

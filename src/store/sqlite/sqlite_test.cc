// SPDX-License-Identifier: Apache-2.0
// What only SQLite can get wrong: statements and their plans, migrations, odd files, full disks,
// readers beside the writer.
#include "store/sqlite/sqlite_store.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "store/contract/engines.h"
#include "store/contract/samples.h"
#include "store/sqlite/migrate.h"

namespace otaru::store {
namespace {

using base::Code;
using base::Time;
using contract::apply_one;
using contract::sample_device;
using contract::sample_task;

class Sqlite : public testing::Test {
 protected:
  std::string path() const { return folder_.path() + "/otaru.db"; }
  SqliteOptions options() const {
    SqliteOptions out;
    out.path = path();
    return out;
  }
  std::unique_ptr<app::Store> open(SqliteOptions how) {
    auto store = make_sqlite_store(std::move(how));
    if (!store) ADD_FAILURE() << store.error().message << " / " << store.error().detail;
    OTARU_ASSERT(store.has_value());
    return std::move(*store);
  }
  std::unique_ptr<app::Store> open() { return open(options()); }
  base::Error refused() {
    auto store = make_sqlite_store(options());
    EXPECT_FALSE(store);
    return store ? base::Error{} : store.error();
  }
  std::unique_ptr<Connection> raw() {
    auto connection = Connection::open(path(), Connection::Role::writer);
    OTARU_ASSERT(connection.has_value());
    return std::move(*connection);
  }

 private:
  contract::TempFolder folder_;
};

// --- Statements ---------------------------------------------------------------------------------

std::map<std::string, std::string> named_queries(std::string_view only_with = "") {
  std::map<std::string, std::string> out;
  for (const auto file : query_files()) {
    if (file.find(only_with) == std::string_view::npos) continue;
    constexpr std::string_view kMark = "-- name: ";
    for (size_t at = file.find(kMark); at != std::string_view::npos;) {
      const size_t end = file.find('\n', at);
      const size_t next = file.find(kMark, end);
      const size_t name = at + kMark.size();
      out[std::string(file.substr(name, end - name))] = file.substr(end, next - end);
      at = next;
    }
  }
  return out;
}

TEST_F(Sqlite, every_statement_of_a_devices_way_names_its_bucket) {
  const auto hot = named_queries("The way of a device");
  EXPECT_GT(hot.size(), 20u);
  for (const auto& [name, sql] : hot) {
    const bool inserts = sql.find("values (?1") != std::string::npos;
    EXPECT_TRUE(inserts || sql.find("b = ?1") != std::string::npos) << name << sql;
  }
}

// Entries of the journal are added and read, nothing else.
TEST_F(Sqlite, no_statement_changes_or_erases_an_entry_of_the_journal) {
  size_t naming = 0;
  for (const auto& [name, sql] : named_queries()) {
    if (sql.find("journal") == std::string::npos) continue;
    ++naming;
    EXPECT_EQ(sql.find("update"), std::string::npos) << name << sql;
    EXPECT_EQ(sql.find("delete"), std::string::npos) << name << sql;
    EXPECT_EQ(sql.find("replace"), std::string::npos) << name << sql;
    EXPECT_EQ(sql.find("conflict"), std::string::npos) << name << sql;
  }
  EXPECT_EQ(naming, 6u);
}

// A statement that reads a whole table, or sorts what it found, must be known here with its reason.
TEST_F(Sqlite, statements_find_their_rows_by_index) {
  open();
  const auto connection = raw();
  const auto may_scan = [](const std::string& name) {
    return name.starts_with("load_") ||  // small tables, read whole at start
           name.starts_with("dump_") || name == "id_floors" || name == "count_devices" ||
           name == "count_pending_devices" ||  // an index of nothing else
           name == "newest_task_ids";          // stops early
  };
  const auto may_sort = [](const std::string& name) {
    return name == "tasks_of_device" ||  // the tasks of one device: open ones first
           name == "count_tasks" || name == "failure_reasons" ||  // of one deployment
           name == "version_counts" ||  // the versions of one product
           name == "load_task_counts" ||  // all counters, at the start
           name.starts_with("dump_");
  };
  for (const auto& [name, sql] : named_queries()) {
    if (sql.find("begin") == 1 || sql.find("commit") == 1 || sql.find("rollback") == 1) continue;
    sqlite3_stmt* plan = nullptr;
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(path().c_str(), &database), SQLITE_OK);
    const std::string explain = "explain query plan" + sql;
    ASSERT_EQ(sqlite3_prepare_v2(database, explain.c_str(), -1, &plan, nullptr), SQLITE_OK)
        << name << ": " << sqlite3_errmsg(database);
    while (sqlite3_step(plan) == SQLITE_ROW) {
      const std::string step = reinterpret_cast<const char*>(sqlite3_column_text(plan, 3));
      if (step.starts_with("SCAN") && step != "SCAN CONSTANT ROW") {
        EXPECT_TRUE(may_scan(name)) << name << ": " << step;
      }
      if (step.starts_with("USE TEMP B-TREE")) {
        EXPECT_TRUE(may_sort(name)) << name << ": " << step;
      }
      // The primary key begins with the bucket too, but only the index ends the search.
      if (name == "task_by_id") {
        EXPECT_NE(step.find("INDEX task_id (id=? AND b=?)"), std::string::npos) << step;
      }
      // Tasks that ended are the many.
      if (name == "open_tasks" || name == "next_deployment_with_open_tasks") {
        EXPECT_NE(step.find("INDEX task_open (deployment"), std::string::npos) << step;
      }
      if (name == "due_tasks") {
        EXPECT_NE(step.find("INDEX task_due (due_at"), std::string::npos) << step;
      }
    }
    sqlite3_finalize(plan);
    sqlite3_close(database);
  }
}

TEST_F(Sqlite, a_device_is_loaded_with_three_reads_and_changed_with_one_transaction) {
  auto how = options();
  how.probe = std::make_shared<SqliteProbe>();
  const auto store = open(how);
  auto device = sample_device("dev-1");
  auto task = sample_task(device);
  ASSERT_TRUE(apply_one(*store, {app::PutDevice{device}, task}));
  const auto reset = [&] {
    how.probe->reads = how.probe->read_transactions = how.probe->write_transactions = 0;
  };

  reset();
  EXPECT_TRUE(*store->find_device(domain::TenantId(1), "dev-1"));
  EXPECT_EQ(how.probe->reads, 3);
  EXPECT_EQ(how.probe->read_transactions, 1);
  EXPECT_EQ(how.probe->write_transactions, 0);

  reset();
  EXPECT_FALSE(*store->find_device(domain::TenantId(1), "nobody"));
  EXPECT_EQ(how.probe->reads, 1);

  // A check that brings a new version and ends the task, together with a hundred others.
  reset();
  device.components[0].version = "2.0";
  task.state = domain::TaskState::succeeded;
  const app::WriteBatch batch{{app::PutDevice{device}, task, contract::sample_history(task, 1)}};
  std::vector<const app::WriteBatch*> group(100, &batch);
  EXPECT_TRUE(store->apply(group));
  EXPECT_EQ(how.probe->write_transactions, 1);
  EXPECT_EQ(how.probe->reads, 0);
}

// --- Files that are not what they should be -----------------------------------------------------

TEST_F(Sqlite, the_file_is_for_the_owner_only) {
  const auto store = open();
  ASSERT_TRUE(apply_one(*store, {app::PutSetting{"a", "1"}}));
  for (const char* ending : {"", "-wal", "-shm"}) {
    struct stat info {};
    ASSERT_EQ(::stat((path() + ending).c_str(), &info), 0) << ending;
    EXPECT_EQ(info.st_mode & 0777, 0600u) << ending;
  }
}

TEST_F(Sqlite, a_file_that_is_no_database_is_refused) {
  std::ofstream(path()) << std::string(5000, 'x');
  const auto error = refused();
  EXPECT_EQ(error.code, Code::invalid);
  EXPECT_NE(error.message.find("not a database"), std::string::npos) << error.message;
  EXPECT_EQ(std::filesystem::file_size(path()), 5000u);
}

TEST_F(Sqlite, a_database_of_another_program_is_refused_and_left_alone) {
  ASSERT_TRUE(raw()->execute("create table theirs (a)"));
  const auto error = refused();
  EXPECT_EQ(error.code, Code::invalid);
  EXPECT_NE(error.message.find("another program"), std::string::npos) << error.message;
  EXPECT_EQ(*raw()->ask("select count(*) from sqlite_master"), "1");
}

TEST_F(Sqlite, a_database_of_a_newer_otaru_is_refused) {
  open();
  ASSERT_TRUE(raw()->execute("insert into schema_version values (4711, '4711_future.sql')"));
  const auto error = refused();
  EXPECT_EQ(error.code, Code::precondition);
  EXPECT_NE(error.message.find("newer Otaru"), std::string::npos) << error.message;
  EXPECT_NE(error.message.find("4711"), std::string::npos) << error.message;
}

TEST_F(Sqlite, a_folder_that_is_not_there_is_named) {
  auto how = options();
  how.path = path() + "/not/there.db";
  const auto store = make_sqlite_store(how);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, Code::unavailable);
  EXPECT_NE(store.error().message.find("there.db"), std::string::npos) << store.error().message;
}

TEST_F(Sqlite, damage_is_said_and_not_served) {
  {
    const auto store = open();
    std::vector<app::WriteOp> ops;
    for (int64_t n = 1; n <= 2000; ++n) {
      ops.push_back(app::PutDevice{sample_device("dev-" + std::to_string(n), n)});
    }
    ASSERT_TRUE(apply_one(*store, std::move(ops)));
  }
  {
    // Everything behind the first pages, which hold the schema.
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    const auto size = static_cast<int64_t>(std::filesystem::file_size(path()));
    file.seekp(40 * 4096);
    const std::string rubbish(static_cast<size_t>(size - 40 * 4096), '\x5A');
    file.write(rubbish.data(), static_cast<std::streamsize>(rubbish.size()));
  }
  const auto store = make_sqlite_store(options());
  const auto error = store ? (*store)->dump().error() : store.error();
  EXPECT_EQ(error.code, Code::internal);
  EXPECT_NE(error.message.find("damaged"), std::string::npos) << error.message;
}

TEST_F(Sqlite, a_row_with_an_unknown_word_is_damage_too) {
  open();
  ASSERT_TRUE(raw()->execute("insert into credential values (1,1,'?','n','s','[]','[]',0,0,null)"));
  const auto rows = open()->load_catalogue();
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, Code::internal);
  EXPECT_NE(rows.error().detail.find("kind"), std::string::npos) << rows.error().detail;
}

TEST_F(Sqlite, the_file_says_what_it_is) {
  open();
  EXPECT_EQ(*raw()->ask("pragma journal_mode"), "wal");
  EXPECT_EQ(*raw()->ask("pragma application_id"), "1330921810");
}

// --- Migrations ---------------------------------------------------------------------------------

// testdata/schema_NNNN.sql is a database as the release with that schema left it, and .dump what
// was in it. Neither changes any more once its release is out. Later schemas, of no release yet,
// need no such file.
constexpr size_t kSchemasKept = 2;

TEST_F(Sqlite, every_released_schema_opens_with_all_its_rows) {
  const std::string testdata = OTARU_SOURCE_DIR "/src/store/contract/testdata/";
  const auto read = [](const std::string& file) {
    std::ifstream in(file);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  };
  for (size_t version = 1; version <= kSchemasKept; ++version) {
    char name[32];
    std::snprintf(name, sizeof name, "schema_%04zu", version);
    const auto sql = read(testdata + name + ".sql");
    ASSERT_FALSE(sql.empty()) << name << ".sql is missing";
    std::filesystem::remove(path());
    const auto filled = raw()->execute(sql);
    ASSERT_TRUE(filled) << filled.error().detail;
    const auto store = open();
    std::string dump;
    const auto lines = store->dump();
    ASSERT_TRUE(lines) << lines.error().detail;
    for (const auto& line : *lines) dump += line + "\n";
    EXPECT_EQ(dump, read(testdata + name + ".dump")) << name;
  }
}

TEST_F(Sqlite, migrations_go_on_from_where_they_stopped) {
  ASSERT_TRUE(migrate_to(*raw(), 0));  // killed before the first one
  EXPECT_EQ(*raw()->ask("select count(*) from schema_version"), "0");
  open();
  EXPECT_EQ(*raw()->ask("select count(*) from schema_version"),
            std::to_string(migrations().size()));
  open();
  EXPECT_EQ(*raw()->ask("select count(*) from schema_version"),
            std::to_string(migrations().size()));
}

// --- Disks that are full ------------------------------------------------------------------------

app::WriteBatch large_batch(int64_t first) {
  app::WriteBatch batch;
  for (int64_t n = first; n < first + 200; ++n) {
    auto device = sample_device("dev-" + std::to_string(n), n);
    device.door = std::string(1000, 'x');
    batch.ops.push_back(app::PutDevice{device});
  }
  return batch;
}

TEST_F(Sqlite, a_full_database_applies_nothing_and_works_on) {
  auto how = options();
  how.pages_max = 200;
  std::vector<std::string> before;
  {
    const auto store = open(how);
    base::Status done;
    int64_t n = 1;
    for (; done && n < 100'000; n += 200) {
      before = *store->dump();
      const auto batch = large_batch(n);
      const app::WriteBatch* const batches[] = {&batch};
      done = store->apply(batches);
    }
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Code::unavailable);
    EXPECT_NE(done.error().message.find("full"), std::string::npos) << done.error().message;
    EXPECT_EQ(*store->dump(), before);
    // What needs no room still works.
    EXPECT_TRUE(apply_one(*store, {app::Erase<domain::DeviceId>{sample_device("dev-1", 1).id}}));
    before = *store->dump();
  }
  const auto store = open();  // a larger disk
  EXPECT_EQ(*store->dump(), before);
  const auto batch = large_batch(100'001);
  const app::WriteBatch* const batches[] = {&batch};
  EXPECT_TRUE(store->apply(batches));
}

// The limit on the size of files makes the kernel refuse a write in the middle of a commit.
TEST_F(Sqlite, a_disk_that_refuses_writes_applies_nothing_and_works_on) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const auto limit_files = [](rlim_t bytes) {
      const struct rlimit limit { bytes, RLIM_INFINITY };
      return ::setrlimit(RLIMIT_FSIZE, &limit) == 0;
    };
    const auto store = open();
    const auto first = large_batch(1);
    const app::WriteBatch* const one[] = {&first};
    if (!store->apply(one)) ::_exit(1);
    const auto before = *store->dump();
    const auto size = std::filesystem::file_size(path() + "-wal");
    if (!limit_files(size + 20'000)) ::_exit(2);
    const auto second = large_batch(201);
    const app::WriteBatch* const two[] = {&second};
    const auto refused_write = store->apply(two);
    if (refused_write || refused_write.error().code != Code::unavailable) ::_exit(3);
    if (*store->dump() != before) ::_exit(4);
    if (!limit_files(RLIM_INFINITY)) ::_exit(5);
    if (!store->apply(two)) ::_exit(6);
    if (store->dump()->size() <= before.size()) ::_exit(7);
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  const auto store = open();
  EXPECT_EQ(store->high_water()->device_count, 400);
}

// --- Readers beside the writer ------------------------------------------------------------------

TEST_F(Sqlite, readers_see_whole_commits_while_the_writer_goes_on) {
  auto how = options();
  how.readers = 2;
  const auto store = open(how);
  constexpr int kDevices = 8;
  const auto write_round = [&](int round) {
    std::vector<app::WriteOp> ops;
    for (int64_t n = 1; n <= kDevices; ++n) {
      auto device = sample_device("dev-" + std::to_string(n), n);
      auto task = sample_task(device, n);
      device.door = device.components[0].version = task.result = std::to_string(round);
      ops.push_back(app::PutDevice{device});
      ops.push_back(task);
      ops.push_back(app::PutSetting{"round", device.door});
    }
    return apply_one(*store, std::move(ops));
  };
  ASSERT_TRUE(write_round(0));
  std::atomic<bool> stop = false;
  std::atomic<int64_t> loads = 0;
  std::vector<std::thread> readers;
  for (int64_t t = 0; t < 4; ++t) {  // more threads than connections
    readers.emplace_back([&, t] {
      for (int64_t i = t; !stop; ++i) {
        const auto device =
            store->find_device(domain::TenantId(1), "dev-" + std::to_string(1 + i % kDevices));
        ASSERT_TRUE(device && *device);
        EXPECT_EQ((*device)->door, (*device)->components[0].version);
        EXPECT_EQ((*device)->door, (*device)->tasks[0].result);
        ++loads;
      }
    });
  }
  int round = 1;
  for (; round <= 200 || loads < 100; ++round) ASSERT_TRUE(write_round(round));
  stop = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ((*store->find_device(domain::TenantId(1), "dev-1"))->door, std::to_string(round - 1));
}

TEST_F(Sqlite, a_statement_that_is_done_is_free_for_the_next) {
  auto how = options();
  how.readers = 1;
  const auto store = open(how);
  const auto device = sample_device("dev-1");
  ASSERT_TRUE(
      apply_one(*store, {app::PutDevice{device}, sample_task(device, 1), sample_task(device, 2)}));
  for (int i = 0; i < 10; ++i) {
    app::TaskFilter one;
    one.limit = 1;  // stops before the last row
    EXPECT_EQ(store->list_tasks(one)->size(), 1u);
    EXPECT_EQ((*store->find_device(device.id))->tasks.size(), 2u);
    EXPECT_EQ(store->high_water()->device_count, 1);
    EXPECT_EQ(store->list_devices({})->size(), 1u);
  }
}

}  // namespace
}  // namespace otaru::store

// SPDX-License-Identifier: Apache-2.0
#include "app/import_service.h"

#include <gtest/gtest.h>

#include <thread>

#include "app/device_line.h"
#include "base/limits.h"
#include "tests/support/service_world.h"

namespace otaru::app {
namespace {

class ImportTest : public ServiceTest {
 protected:
  ImportTest() {
    EXPECT_TRUE(catalogue->first_start().has_value());
    product("lamp");
    GroupChange lab;
    lab.name = "lab";
    EXPECT_TRUE(catalogue->create_group(kOperator, domain::kDefaultTenant, lab).has_value());
  }
  // A new process on the same store and files.
  void again() {
    imports.reset();
    restart();
    imports =
        std::make_unique<ImportService>(*engine, *uploads, secrets, ImportService::Mode::manual);
    EXPECT_TRUE(imports->start().has_value());
  }
  int64_t begin(std::string_view text, ImportMode mode = ImportMode::upsert, bool dry = false,
                std::string_view name = "fleet.csv") {
    ImportSpec spec;
    spec.tenant = domain::kDefaultTenant;
    spec.upload = upload(text, name);
    spec.mode = mode;
    spec.dry_run = dry;
    const auto made = imports->create(kOperator, spec);
    EXPECT_TRUE(made.has_value()) << refusal(made);
    return made ? made->id : 0;
  }
  ImportRow run(std::string_view text, ImportMode mode = ImportMode::upsert, bool dry = false,
                std::string_view name = "fleet.csv") {
    const int64_t id = begin(text, mode, dry, name);
    while (imports->step()) {
    }
    return imports->status(id)->row;
  }
  std::string told(const ImportRow& row) {
    std::string out(name_of(row.state));
    out += " +" + std::to_string(row.created) + " ~" + std::to_string(row.updated) + " =" +
           std::to_string(row.unchanged) + " !" + std::to_string(row.failed);
    const auto errors = store.import_errors(row.id, 0, 100);
    for (const auto& error : *errors) {
      out += "\n" + std::to_string(error.line) + " " + error.key + " " + error.field + ": " +
             error.reason;
    }
    return out + (row.message.empty() ? "" : "\n" + row.message);
  }
  domain::Device device(std::string_view key) {
    const auto found = store.find_device(domain::kDefaultTenant, key);
    EXPECT_TRUE(found.has_value() && found->has_value()) << key;
    return **found;
  }
  std::string exported(ImportFormat format) {
    const auto rows = store.list_devices({std::nullopt, "", "", 100'000});
    const auto snapshot = engine->snapshot();
    std::string out;
    DeviceCsvNames names;
    for (const auto& row : *rows) names.collect(row.device);
    if (format == ImportFormat::csv) out = device_csv_header(names);
    for (const auto& row : *rows) {
      if (format == ImportFormat::csv) {
        append_device_csv(*snapshot, names, row, out);
      } else {
        base::JsonWriter line;
        write_device_json(line, *snapshot, row);
        out += line.take() + "\n";
      }
    }
    return out;
  }
};

TEST_F(ImportTest, CsvLinesBecomeDevices) {
  const auto row =
      run("\xEF\xBB\xBFkey,attributes.site,tags,groups,blocked,components,secret\r\n"
          "a,\"har\"\"bour\",beta; lab,lab,true,\"[{\"\"slot\"\":\"\"fw\"\",\"\"product\"\":"
          "\"\"lamp\"\",\"\"version\"\":\"\"1.0\"\"}]\",MTIzNDU2Nzg=\r\n"
          "\r\n"
          "b,,,,,,\r\n");
  EXPECT_EQ(told(row), "finished +2 ~0 =0 !0");
  EXPECT_EQ(row.lines, 4);
  EXPECT_EQ(row.done_bytes, row.size_bytes);
  const auto a = device("a");
  EXPECT_EQ(a.attributes, (domain::TextMap{{"site", "har\"bour"}}));
  EXPECT_EQ(a.tags, (std::vector<std::string>{"beta", "lab"}));
  EXPECT_EQ(a.groups, std::vector{domain::GroupId{1}});
  EXPECT_TRUE(a.blocked);
  ASSERT_EQ(a.components.size(), 1u);
  EXPECT_EQ(a.components[0].product, domain::ProductId{1});
  EXPECT_EQ(*secrets.unseal_text(a.secret_sealed), "MTIzNDU2Nzg=");
  EXPECT_TRUE(device("b").attributes.empty());
}

TEST_F(ImportTest, WrongLinesAreToldAndTheRestGoesOn) {
  const auto row =
      run("key,blocked,groups,attributes.x\n"
          "good,,,1\n"
          "bad,maybe,,\n"
          "\"odd\"x,,,\n"
          "short,true\n"
          ",,,\n"
          "group,,nowhere,\n"
          "last,,,2\n");
  EXPECT_EQ(told(row),
            "finished +2 ~0 =0 !5\n"
            "3 bad blocked: it must be true or false\n"
            "4  : there is text behind a quoted field\n"
            "5 short : it has 2 fields, the header has 4\n"
            "6  key: a device key is empty\n"
            "7 group groups: there is no such group");
}

TEST_F(ImportTest, AFileThatIsNoneFailsAsAWhole) {
  EXPECT_EQ(told(run("key,colour\nx,red\n")),
            "failed +0 ~0 =0 !0\ncolour: there is no such column");
  EXPECT_EQ(told(run("name\nx\n")), "failed +0 ~0 =0 !0\nname: there is no such column");
  EXPECT_EQ(told(run("blocked\ntrue\n")), "failed +0 ~0 =0 !0\nkey: the column is missing");
  const std::string endless = "key\n\"" + std::string(2 * base::limits::kImportLineBytesMax, 'x');
  EXPECT_EQ(told(run(endless)).substr(0, 60),
            "failed +0 ~0 =0 !0\nline 2 is longer than 524288 bytes: a quo");
}

TEST_F(ImportTest, ModesSayWhatMayHappen) {
  EXPECT_EQ(told(run("key,attributes.x\na,1\n", ImportMode::create)), "finished +1 ~0 =0 !0");
  EXPECT_EQ(told(run("key,attributes.x\na,2\nb,2\n", ImportMode::create)),
            "finished +1 ~0 =0 !1\n2 a key: the device is known already");
  EXPECT_EQ(told(run("key,attributes.x\na,2\nb,2\nc,2\n", ImportMode::update)),
            "finished +0 ~1 =1 !1\n4 c key: there is no such device");
  const auto before = stored();
  const auto dry = run("key,attributes.x\na,3\nd,3\n", ImportMode::upsert, true);
  EXPECT_EQ(told(dry), "finished +1 ~1 =0 !0");
  EXPECT_EQ(device("a").attributes, (domain::TextMap{{"x", "2"}}));
  EXPECT_FALSE(*store.find_device(domain::kDefaultTenant, "d"));
}

TEST_F(ImportTest, AnEmptyCellRemovesAndAQuotedOneIsEmpty) {
  run("key,attributes.x,attributes.y\na,1,2\n");
  run("key,attributes.x,attributes.y\na,,\"\"\n");
  EXPECT_EQ(device("a").attributes, (domain::TextMap{{"y", ""}}));
  run("{\"key\":\"a\",\"attributes\":{\"z\":\"3\"},\"tags\":[\"t\"]}\n", ImportMode::upsert, false,
      "f.ndjson");
  EXPECT_EQ(device("a").attributes, (domain::TextMap{{"y", ""}, {"z", "3"}}));
  EXPECT_EQ(device("a").tags, std::vector<std::string>{"t"});
}

TEST_F(ImportTest, AKeyTwiceIsTwoLinesInOrder) {
  const auto row = run("key,attributes.x\na,1\na,2\nb,1\na,2\n");
  EXPECT_EQ(told(row), "finished +2 ~1 =1 !0");
  EXPECT_EQ(device("a").attributes, (domain::TextMap{{"x", "2"}}));
  EXPECT_EQ(engine->device_count(), 2);
}

std::string fleet_of(size_t count) {
  std::string out = "key,attributes.n\n";
  for (size_t i = 0; i < count; ++i) {
    out += "dev-" + std::to_string(i) + "," + std::to_string(i) + "\n";
  }
  return out;
}

TEST_F(ImportTest, ARestartGoesOnBehindTheLastBatch) {
  const int64_t id = begin(fleet_of(2500), ImportMode::create);
  EXPECT_TRUE(imports->step());
  EXPECT_EQ(imports->status(id)->row.created, 1000);
  restart();
  EXPECT_EQ(imports->status(id)->row.lines, 1001);
  fail_next_write();
  EXPECT_FALSE(imports->step());  // waits, and takes the same lines again
  while (imports->step()) {
  }
  EXPECT_EQ(told(imports->status(id)->row), "finished +2500 ~0 =0 !0");
  EXPECT_EQ(engine->device_count(), 2500);
  EXPECT_EQ(device("dev-2499").attributes, (domain::TextMap{{"n", "2499"}}));
}

TEST_F(ImportTest, CancelledStaysWhereItIs) {
  const int64_t id = begin(fleet_of(2500));
  imports->step();
  ASSERT_TRUE(imports->cancel(kOperator, id).has_value());
  EXPECT_FALSE(imports->step());
  EXPECT_EQ(told(imports->status(id)->row), "cancelled +1000 ~0 =0 !0\ncancelled by admin");
  EXPECT_EQ(imports->cancel(kOperator, id)->state, ImportState::cancelled);  // once is enough
  EXPECT_EQ(refusal(imports->cancel(kOperator, 99)), "not_found id");
}

TEST_F(ImportTest, TheFileStaysWhileItIsNeeded) {
  const int64_t id = begin(fleet_of(10));
  clock.advance(2 * base::kDayMs);
  ASSERT_TRUE(uploads->sweep().has_value());
  while (imports->step()) {
  }
  EXPECT_EQ(told(imports->status(id)->row), "finished +10 ~0 =0 !0");
  EXPECT_GT(*uploads->sweep(), 0);
}

TEST_F(ImportTest, AnExportImportedIsTheSameFleet) {
  run("key,attributes.site,tags,groups,blocked,pending,components,reported.chip,door,created_at,"
      "last_seen_at\n"
      "a,\"x\n,\"\"y\",t;u,lab,true,true,\"[{\"\"slot\"\":\"\"fw\"\",\"\"product\"\":\"\"lamp\"\","
      "\"\"version\"\":\"\"1\"\"}]\",esp32,onenet,2020-01-01T00:00:00Z,2021-01-01T00:00:00.5Z\n"
      "b,\"\",,,,,,,,,\n");
  for (const auto format : {ImportFormat::csv, ImportFormat::ndjson}) {
    const std::string first = exported(format);
    for (const auto* key : {"a", "b"}) {
      ASSERT_TRUE(fleet->erase_device(kOperator, domain::kDefaultTenant, key).has_value());
    }
    const auto row =
        run(first, ImportMode::create, false, format == ImportFormat::csv ? "f.csv" : "f.ndjson");
    EXPECT_EQ(told(row), "finished +2 ~0 =0 !0");
    EXPECT_EQ(exported(format), first);
    EXPECT_NE(first.find("2021-01-01T00:00:00.500Z"), std::string::npos);
  }
}

TEST_F(ImportTest, WhatWaitsForApprovalIsBlocked) {
  run("key,pending,blocked\na,true,\nb,true,true\nc,true,false\n");
  const auto device = [&](std::string_view key) {
    return **store.find_device(domain::kDefaultTenant, key);
  };
  EXPECT_TRUE(device("a").pending && device("a").blocked);
  EXPECT_TRUE(device("b").pending && device("b").blocked);
  EXPECT_FALSE(device("c").pending || device("c").blocked);
  EXPECT_EQ(engine->pending_count(domain::kDefaultTenant), 2);
  run("{\"key\":\"a\",\"blocked\":false}\n{\"key\":\"b\",\"pending\":false}\n",
      ImportMode::update, false, "f.ndjson");
  EXPECT_FALSE(device("a").pending || device("a").blocked);
  EXPECT_FALSE(device("b").pending);
  EXPECT_TRUE(device("b").blocked);
  EXPECT_EQ(engine->pending_count(domain::kDefaultTenant), 0);
  EXPECT_EQ(told(run("key,pending\na,yes\n")),
            "finished +0 ~0 =0 !1\n2 a pending: it must be true or false");
}

TEST_F(ImportTest, ImportedDevicesDoNotDriveOutThoseInUse) {
  ASSERT_TRUE(fleet->register_device(kOperator, {domain::kDefaultTenant, "mine", {}, {}}));
  const size_t before = engine->devices().count();
  run(fleet_of(3000));
  EXPECT_EQ(engine->devices().count(), before);
  // What is in memory is changed there.
  run("key,attributes.x\nmine,1\n");
  EXPECT_EQ(engine->devices().peek(domain::kDefaultTenant, "mine").device->attributes,
            (domain::TextMap{{"x", "1"}}));
}

// Devices that ask and change themselves while an import changes them: both changes survive.
TEST(ImportThreads, ImportsAndDevicesChangeTheSameDevices) {
  store::MemoryStore store;
  tests::MemoryBlobs blobs;
  ThreadPool readers(2);
  base::SystemClock clock;
  EngineParts parts;
  parts.store = &store;
  parts.blobs = &blobs;
  parts.readers = &readers;
  parts.clock = &clock;
  parts.resident_bytes_max = 256 * 1024;  // so that devices leave memory all the time
  Engine engine(parts);
  WriteBatch first;
  first.ops.emplace_back(domain::Tenant{domain::kDefaultTenant, "default", {}});
  ASSERT_TRUE(engine.write_and_wait(std::move(first)).has_value());
  ASSERT_TRUE(engine.start().has_value());
  constexpr size_t kDevices = 400;
  constexpr int kRounds = 20;
  std::vector<std::string> keys;
  for (size_t i = 0; i < kDevices; ++i) keys.push_back("dev-" + std::to_string(i));
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&, t] {
      for (int round = 1; round <= kRounds; ++round) {
        for (size_t i = static_cast<size_t>(t); i < kDevices; i += 2) {
          const std::string value = std::to_string(round);
          const auto done =
              engine.run_blocking("test", [&](DeviceGateway& gateway) -> base::Status {
                OTARU_TRY(device, gateway.identify(domain::kDefaultTenant, keys[i],
                                                   Identify::find_or_register));
                return gateway.attributes(device, {{}, {{"round", value}}});
              });
          if (!done) ++failures;
        }
      }
    });
  }
  for (int round = 1; round <= kRounds; ++round) {
    const auto done = engine.write_devices(
        domain::kDefaultTenant, keys,
        [&](size_t, const domain::Device*, domain::Device& next) {
          domain::set_text(next.attributes, "import", std::to_string(round));
          return true;
        },
        [](WriteBatch&) {});
    if (!done) ++failures;
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures.load(), 0);
  const std::string last = std::to_string(kRounds);
  for (const auto& key : keys) {
    const auto device = store.find_device(domain::kDefaultTenant, key);
    ASSERT_TRUE(device.has_value() && device->has_value());
    EXPECT_EQ((*device)->attributes, (domain::TextMap{{"import", last}}));
    EXPECT_EQ((*device)->reported, (domain::TextMap{{"round", last}}));
  }
  EXPECT_EQ(engine.device_count(), static_cast<int64_t>(kDevices));
}

}  // namespace
}  // namespace otaru::app

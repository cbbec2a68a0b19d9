// SPDX-License-Identifier: Apache-2.0
// For tests of app and api: the services over a memory store and memory blobs, restarted at will.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "app/access_service.h"
#include "app/catalogue_service.h"
#include "app/fleet_service.h"
#include "app/import_service.h"
#include "app/upload_service.h"
#include "store/memory/memory_store.h"
#include "tests/support/memory_blobs.h"

namespace otaru::app {

// Who changes things in tests where it does not matter who.
inline const Actor kOperator{ActorKind::key, 1, "admin", domain::kDefaultTenant, "192.0.2.1", ""};

class ServiceTest : public ::testing::Test {
 protected:
  ServiceTest() { restart(); }

  // A new process on the same store and files.
  void restart() {
    access.reset();
    imports.reset();
    fleet.reset();
    catalogue.reset();
    uploads.reset();
    engine.reset();
    EngineParts parts;
    parts.store = engine_store;
    parts.blobs = &blobs;
    parts.readers = &readers;
    parts.clock = &clock;
    parts.commit_mode = Committer::Mode::manual;
    engine = std::make_unique<Engine>(parts);
    uploads = std::make_unique<UploadService>(*engine, random);
    catalogue = std::make_unique<CatalogueService>(*engine, *uploads, secrets, random);
    fleet = std::make_unique<FleetService>(*engine, secrets, random);
    imports =
        std::make_unique<ImportService>(*engine, *uploads, secrets, ImportService::Mode::manual);
    ASSERT_TRUE(engine->start().has_value());
    ASSERT_TRUE(uploads->start().has_value());
    ASSERT_TRUE(catalogue->start().has_value());
    access =
        std::make_unique<AccessService>(*engine, *catalogue, secrets, random, PasswordOptions());
    ASSERT_TRUE(access->start().has_value());
    ASSERT_TRUE(imports->start().has_value());
  }

  void fail_next_write() {
    store.fail_next_applies(1, {base::Code::unavailable, "the disk is full", {}});
  }

  // Everything durable, and everything the checks see, as it is now.
  std::vector<std::string> stored() { return *store.dump(); }

  std::string upload(std::string_view bytes, std::string_view name = "app.bin") {
    const auto row = announced(static_cast<int64_t>(bytes.size()), name);
    EXPECT_TRUE(row.has_value());
    auto piece = uploads->append(kOperator, row->id, 0);
    EXPECT_TRUE(piece.has_value());
    EXPECT_TRUE((*piece)->write(bytes).has_value());
    EXPECT_TRUE((*piece)->finish().has_value());
    return row->id;
  }
  base::Result<UploadRow> announced(int64_t size, std::string_view name,
                                    domain::TenantId tenant = domain::kDefaultTenant) {
    UploadSpec spec;
    spec.tenant = tenant;
    spec.size_bytes = size;
    spec.file_name = std::string(name);
    OTARU_TRY(made, uploads->create(kOperator, spec));
    return made.row;
  }

  domain::ProductId product(std::string_view name) {
    ProductChange with;
    with.name = std::string(name);
    auto row = catalogue->create_product(kOperator, domain::kDefaultTenant, with);
    EXPECT_TRUE(row.has_value());
    return row->id;
  }

  domain::ReleaseId draft(domain::ProductId of, std::string_view version) {
    ReleaseChange with;
    with.version = std::string(version);
    auto row = catalogue->create_release(kOperator, of, with);
    EXPECT_TRUE(row.has_value());
    return row->id;
  }

  domain::PackageId package(domain::ReleaseId of, std::string_view bytes) {
    PackageSpec spec;
    spec.release = of;
    spec.upload = upload(bytes);
    auto row = catalogue->create_package(kOperator, spec);
    EXPECT_TRUE(row.has_value());
    return row->id;
  }

  domain::ReleaseId published(domain::ProductId of, std::string_view version) {
    const auto id = draft(of, version);
    package(id, "content of " + std::string(version));
    EXPECT_TRUE(catalogue->publish_release(kOperator, id).has_value());
    return id;
  }

  store::MemoryStore store;
  Store* engine_store = &store;  // or one that wraps it, from the next restart on
  tests::MemoryBlobs blobs;
  InlineExecutor readers;
  base::ManualClock clock{base::Time{1'777'636'800'000}};
  base::SeededRandom random{1};
  Secrets secrets{std::string(base::kSealKeyBytes, 'k')};
  std::unique_ptr<Engine> engine;
  std::unique_ptr<UploadService> uploads;
  std::unique_ptr<CatalogueService> catalogue;
  std::unique_ptr<FleetService> fleet;
  std::unique_ptr<AccessService> access;
  std::unique_ptr<ImportService> imports;
};

// The refusal as one text: "invalid name".
template <class T>
std::string refusal(const base::Result<T>& result) {
  if (result) return "ok";
  std::string out(base::code_name(result.error().code));
  if (!result.error().field.empty()) out += " " + result.error().field;
  EXPECT_FALSE(result.error().message.empty());
  return out;
}

}  // namespace otaru::app

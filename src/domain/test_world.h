// SPDX-License-Identifier: Apache-2.0
// Tests of domain only: a small catalogue and a device, made in few words. Ids count from 1.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/decide.h"

namespace otaru::domain {

struct TestWorld {
  CatalogueRows rows;
  std::shared_ptr<const Snapshot> snapshot;
  Device device;
  base::Time now{1'000'000};

  TestWorld();

  Product& product(std::string_view name, VersionScheme scheme = VersionScheme::dotted);
  Release& release(const Product& product, std::string_view version);  // published, "stable"
  Package& full(const Release& release, int64_t size_bytes = 1000);
  Package& delta(const Release& release, std::string_view base_version, int64_t size_bytes = 100);
  Deployment& newest(std::string_view channel = "stable");  // running, everyone, every product
  Deployment& deploy(const Release& release);
  Deployment& deploy(const Kit& kit);
  Kit& kit(std::string_view version, std::vector<ReleaseId> releases);
  Task& task(const Deployment& deployment, const Release& target, std::vector<PackageId> chain,
             TaskState state = TaskState::pending);

  // Builds from a copy of the rows, so that a test may change them and build again.
  const Snapshot& build();
  base::Status try_build() const;
  Decision check(const CheckIn& check_in, Trace* trace = nullptr);
  std::string why(const CheckIn& check_in) { return std::string(name_of(check(check_in).reason)); }
  std::string said(const CheckIn& check_in, std::string_view language = "en");

 private:
  Deployment& deployment();
};

// References into the rows move when rows are added; take ids early, or reserve (the constructor
// does, for kTestRowsMax rows of each kind).
inline constexpr size_t kTestRowsMax = 64;

CheckIn check_in_of(const Product& product, std::string_view version);

}  // namespace otaru::domain

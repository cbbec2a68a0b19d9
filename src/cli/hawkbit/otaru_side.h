// SPDX-License-Identifier: Apache-2.0
// What an import writes into Otaru, through the operators' API as every command does. Each verb
// looks first whether the thing is there, so that an import that was stopped anywhere, or is run
// again, makes nothing twice. One thread.
//
// Errors for which ends_import() is true are about the server or the key, and end the import; the
// others are about the one thing.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "cli/command.h"
#include "cli/hawkbit/mapping.h"

namespace otaru::cli::hawkbit {

bool ends_import(const base::Error& error);

enum class Done { written, there };

class OtaruSide {
 public:
  struct Options {
    std::string tenant;   // empty: the key's own
    std::string channel;  // of releases; empty: hawkbit
    std::string files;    // folder for uploads that are under way
    bool draft = false;   // releases and kits are not published
  };
  OtaruSide(Session& session, Options options) : session_(session), options_(std::move(options)) {}

  // Whether the server knows the key.
  base::Status probe();

  base::Result<std::optional<int64_t>> find_product(const Part& part);
  base::Result<int64_t> ensure_product(const Part& part, std::string_view scheme);

  struct Release {
    int64_t id = 0;
    std::string state;  // "draft", "published", "revoked"
  };
  base::Result<std::optional<Release>> find_release(int64_t product, const std::string& version);
  // The file with these hashes as the release's package, published unless that is not wanted.
  // `fetch` brings it when it is needed, and says where it is. Code::conflict, Code::precondition:
  // the release is another one here already.
  using Fetch = std::function<base::Result<std::string>()>;
  base::Result<Done> ensure_release(int64_t product, const Module& module, const Artifact& artifact,
                                    const Fetch& fetch);

  struct KitWish {
    std::string channel, version, notes;
    std::vector<int64_t> releases;
  };
  base::Result<Done> ensure_kit(const KitWish& wish);
  base::Result<Done> ensure_group(const std::string& name, const std::string& filter,
                                  const std::string& description);

  // Null, or when the server itself heard of the device last (0: never).
  base::Result<std::optional<int64_t>> last_seen_ms(const std::string& key);
  struct Imported {
    int64_t written = 0, there = 0, failed = 0;
  };
  // Lines of devices, as one import; waits for it. `wrong`: key and reason of those refused.
  using Wrong = std::function<void(std::string_view key, std::string_view reason)>;
  base::Result<Imported> import_devices(const std::string& lines, const Wrong& wrong);

 private:
  base::Result<ApiReply> send(const ApiRequest& request);
  base::Result<base::JsonDocument> call(const std::string& method, const std::string& path,
                                        const std::string& body = {});
  base::Result<base::JsonDocument> post(const std::string& path, const std::string& body);
  std::string list_path(const std::string& noun, const std::string& filter) const;
  void add_tenant(base::JsonWriter& body) const;
  base::Result<bool> has_package(int64_t release, const Artifact& artifact);
  base::Status add_package(int64_t release, const Artifact& artifact, const std::string& file);
  base::Result<Imported> wait_for_import(int64_t id, const Wrong& wrong);

  Session& session_;
  Options options_;
  std::map<std::pair<std::string, std::string>, int64_t> products_;  // by name and feature
};

}  // namespace otaru::cli::hawkbit

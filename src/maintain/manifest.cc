// SPDX-License-Identifier: Apache-2.0
#include "maintain/manifest.h"

#include "base/json.h"
#include "maintain/files.h"

namespace otaru::maintain {
namespace {

using base::Code;

constexpr int64_t kFormat = 1;
constexpr size_t kManifestBytesMax = 64 * 1024;

}  // namespace

std::string manifest_text(const Manifest& manifest) {
  base::JsonWriter out;
  out.begin_object();
  out.member("format", kFormat);
  out.member("made_at", base::iso8601(manifest.made_at));
  out.member("made_by", manifest.made_by);
  out.member("schema", manifest.schema);
  out.member("database", manifest.database);
  out.member("database_sha256", manifest.database_sha256);
  out.member("database_bytes", manifest.database_bytes);
  out.member("master_key_sha256", manifest.master_key_sha256);
  out.member("files", manifest.files);
  out.member("files_bytes", manifest.files_bytes);
  out.end_object();
  return out.take() + "\n";
}

base::Result<Manifest> read_manifest(const std::string& folder) {
  const std::string path = folder + "/" + std::string(kManifestName);
  auto text = read_small(path, kManifestBytesMax);
  if (!text) {
    auto error = std::move(text).error();
    if (error.code == Code::not_found) {
      error.message = folder + " holds no finished backup (" + error.message + ")";
    }
    return base::fail(std::move(error));
  }
  const auto document = base::JsonDocument::parse(*text);
  if (!document) return base::fail(Code::invalid, path + " is damaged: it is no JSON");
  const auto root = document->root();
  if (root.find("format").integer().value_or(0) != kFormat) {
    return base::fail(Code::invalid, path + " has a format that this otaru does not know");
  }
  Manifest out;
  const auto word = [&](std::string_view name) {
    return std::string(root.find(name).text().value_or(""));
  };
  const auto number = [&](std::string_view name) { return root.find(name).integer().value_or(-1); };
  out.made_by = word("made_by");
  out.schema = number("schema");
  out.database = word("database");
  out.database_sha256 = word("database_sha256");
  out.database_bytes = number("database_bytes");
  out.master_key_sha256 = word("master_key_sha256");
  out.files = number("files");
  out.files_bytes = number("files_bytes");
  const bool whole = base::parse_iso8601(word("made_at"), out.made_at) && out.schema > 0 &&
                     !out.database.empty() && out.database.find('/') == std::string::npos &&
                     !out.database_sha256.empty() && !out.master_key_sha256.empty() &&
                     out.files >= 0;
  if (!whole) return base::fail(Code::invalid, path + " is damaged: a member is missing");
  return out;
}

}  // namespace otaru::maintain

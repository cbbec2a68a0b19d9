// SPDX-License-Identifier: Apache-2.0
#include "app/ports/blob.h"
#include "app/ports/http_client.h"
#include "app/ports/inspector.h"
#include "app/ports/store.h"
#include "base/encoding.h"

#include "domain/names.h"

namespace otaru::app {
namespace {

constexpr ImportFormat kImportFormats[] = {ImportFormat::csv, ImportFormat::ndjson};
constexpr ImportMode kImportModes[] = {ImportMode::create, ImportMode::upsert, ImportMode::update};
constexpr ImportState kImportStates[] = {ImportState::queued, ImportState::running,
                                         ImportState::finished, ImportState::failed,
                                         ImportState::cancelled};

}  // namespace

std::string_view name_of(ImportFormat v) {
  switch (v) {
    case ImportFormat::csv:
      return "csv";
    case ImportFormat::ndjson:
      break;
  }
  return "ndjson";
}

std::string_view name_of(ImportMode v) {
  switch (v) {
    case ImportMode::create:
      return "create";
    case ImportMode::upsert:
      return "upsert";
    case ImportMode::update:
      break;
  }
  return "update";
}

std::string_view name_of(ImportState v) {
  switch (v) {
    case ImportState::queued:
      return "queued";
    case ImportState::running:
      return "running";
    case ImportState::finished:
      return "finished";
    case ImportState::failed:
      return "failed";
    case ImportState::cancelled:
      break;
  }
  return "cancelled";
}

base::Result<ImportFormat> parse_import_format(std::string_view text) {
  return domain::parse_word<ImportFormat>("format", text, kImportFormats, name_of);
}
base::Result<ImportMode> parse_import_mode(std::string_view text) {
  return domain::parse_word<ImportMode>("mode", text, kImportModes, name_of);
}
base::Result<ImportState> parse_import_state(std::string_view text) {
  return domain::parse_word<ImportState>("import state", text, kImportStates, name_of);
}

Store::~Store() = default;

base::Result<std::vector<std::optional<domain::Device>>> Store::find_devices(
    domain::TenantId tenant, std::span<const std::string_view> keys) {
  std::vector<std::optional<domain::Device>> out;
  out.reserve(keys.size());
  for (const auto key : keys) {
    OTARU_TRY(found, find_device(tenant, key));
    out.push_back(std::move(found));
  }
  return out;
}
BlobWriter::~BlobWriter() = default;
BlobStore::~BlobStore() = default;
HttpClient::~HttpClient() = default;
FileInspector::~FileInspector() = default;

std::optional<std::string_view> HttpReply::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (base::iequals(key, name)) return value;
  }
  return std::nullopt;
}
BlobStore::Hold::~Hold() = default;

PutDevice PutDevice::of(domain::Device& from) {
  std::vector<domain::Task> tasks = std::move(from.tasks);
  from.tasks.clear();
  PutDevice out{from};
  from.tasks = std::move(tasks);
  return out;
}

}  // namespace otaru::app

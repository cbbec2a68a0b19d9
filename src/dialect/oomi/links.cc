// SPDX-License-Identifier: Apache-2.0
#include "dialect/oomi/links.h"

#include <algorithm>

#include "base/encoding.h"
#include "domain/version.h"

namespace otaru::dialect::oomi {
namespace {

constexpr size_t kSealDigits = 16;
constexpr size_t kExtensionMax = 8;

bool is_extension(std::string_view text) {
  return !text.empty() && text.size() <= kExtensionMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
         });
}

// The vendor has .zip and .apk; we keep whatever the uploaded file was called.
std::string_view extension_of(std::string_view file_name) {
  const size_t dot = file_name.rfind('.');
  if (dot == std::string_view::npos) return "zip";
  const std::string_view tail = file_name.substr(dot + 1);
  return is_extension(tail) ? tail : "zip";
}

std::string dashed(std::string_view hw_version) {
  std::string out(hw_version);
  std::replace(out.begin(), out.end(), '.', '-');
  return out;
}

// A segment cannot be empty, and "." and ".." would be taken for steps in a path.
std::string segment(std::string_view text) {
  return text.empty() || text == "." || text == ".." ? "0" : std::string(text);
}

bool is_seal(std::string_view text) {
  return text.size() == kSealDigits && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace

LinkParts link_parts(const domain::Product& product, const domain::Release& release,
                     const domain::Package& package, const app::Secrets& secrets) {
  LinkParts parts{
      segment(product.name), segment(product.model), segment(dashed(product.hw_version)), {}};
  std::string& file = parts.file;
  file = product.name;
  file += '-';
  file += package.kind == domain::PackageKind::full ? domain::zero_version(product.version_format)
                                                    : package.base_version;
  file += '-';
  file += release.version;
  file += '-';
  file += std::to_string(package.id.value);
  if (!package.permissions.empty()) {
    file += '-';
    file += secrets.derive_hex("oomi link", std::to_string(package.id.value), kSealDigits / 2);
  }
  file += '.';
  file += extension_of(package.file_name);
  return parts;
}

std::string link_path(const LinkParts& parts) {
  std::string path = "/firmware/";
  path += base::percent_encode(parts.product);
  path += '/';
  path += base::percent_encode(parts.model);
  path += '/';
  path += base::percent_encode(parts.hw_version);
  path += '/';
  path += base::percent_encode(parts.file);
  return path;
}

std::optional<domain::PackageId> package_of_file(std::string_view file) {
  file = file.substr(0, file.rfind('.'));
  size_t dash = file.rfind('-');
  if (dash == std::string_view::npos) return std::nullopt;
  std::string_view tail = file.substr(dash + 1);
  if (is_seal(tail)) {
    file = file.substr(0, dash);
    dash = file.rfind('-');
    if (dash == std::string_view::npos) return std::nullopt;
    tail = file.substr(dash + 1);
  }
  const auto id = base::parse_uint(tail);
  if (!id || *id == 0 || *id > static_cast<uint64_t>(INT64_MAX)) return std::nullopt;
  return domain::PackageId{static_cast<int64_t>(*id)};
}

std::string_view media_type_of(std::string_view file) {
  const std::string_view extension = extension_of(file);
  if (extension == "zip") return "application/zip";
  if (extension == "apk") return "application/vnd.android.package-archive";
  return "application/octet-stream";
}

}  // namespace otaru::dialect::oomi

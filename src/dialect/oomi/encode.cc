// SPDX-License-Identifier: Apache-2.0
// The writing half of codec.h: key order, types and constants are the vendor's samples.
#include "base/encoding.h"
#include "base/time.h"
#include "dialect/oomi/codec.h"
#include "domain/version.h"

namespace otaru::dialect::oomi {
namespace {

using base::JsonWriter;

std::string upper_hex(std::string_view lower_hex) {
  std::string out(lower_hex);
  for (char& c : out) {
    if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

void note_member(JsonWriter& writer, std::string_view key, const domain::TextMap& notes,
                 std::string_view language) {
  if (const std::string* text = domain::find_text(notes, language)) {
    writer.member(key, *text);
  } else {
    writer.null_member(key);
  }
}

void feature_member(JsonWriter& writer, const domain::Product& product) {
  // protocols: "" in a request and null in an answer mean the same, the sample prints null.
  if (product.feature.empty()) {
    writer.null_member("feature");
  } else {
    writer.member("feature", product.feature);
  }
}

bool is_full(const Offered& offered) {
  return offered.package->kind == domain::PackageKind::full;
}

// Of a full package it says nothing: the zero version of the product's format is printed.
void old_version_member(JsonWriter& writer, const Offered& offered) {
  if (is_full(offered)) {
    writer.member("oldSwVersion", domain::zero_version(offered.product->version_format));
  } else {
    writer.member("oldSwVersion", offered.package->base_version);
  }
}

base::Time release_time(const domain::Release& release) {
  return release.published_at.ms != 0 ? release.published_at : release.created_at;
}

// "http" in every sample; a link that begins with https says so.
std::string_view protocol_of(std::string_view url) {
  return url.substr(0, 6) == "https:" ? "https" : "http";
}

}  // namespace

std::string plain_answer(Answer answer) {
  JsonWriter writer;
  writer.begin_object();
  writer.member("code", code_of(answer));
  writer.member("note", note_of(answer));
  writer.end_object();
  return writer.take();
}

void begin_success(JsonWriter& writer) {
  writer.begin_object();
  writer.member("code", code_of(Answer::success));
  writer.member("note", note_of(Answer::success));
  writer.key("data");
}

void write_check_entry(JsonWriter& writer, const Offered& offered, bool url) {
  const domain::Product& product = *offered.product;
  writer.begin_object();
  writer.member("model", product.model);
  old_version_member(writer, offered);
  writer.member("hwVersion", product.hw_version);
  writer.member("name", product.name);
  feature_member(writer, product);
  writer.member("needUpgrade", true);
  writer.member("size", offered.package->size_bytes);
  writer.member("isFullPackage", is_full(offered));
  writer.member("swVersion", offered.release->version);
  if (url) writer.member("firmwareUrl", offered.url);
  writer.end_object();
}

void write_retrieve(JsonWriter& writer, const Offered& offered, const Login& login) {
  const domain::Product& product = *offered.product;
  const domain::Release& release = *offered.release;
  writer.begin_object();
  writer.member("firmwareId", offered.package->id.value);
  writer.member("product", product.name);
  writer.member("model", product.model);
  writer.member("hwVersion", product.hw_version);
  old_version_member(writer, offered);
  writer.member("swVersion", release.version);
  writer.member("isFullPackage", is_full(offered));
  writer.member("firmwareUrl", offered.url);
  writer.null_member("firmwareName");
  writer.member("protocol", protocol_of(offered.url));
  writer.member("protocolVersion", "1.1");
  writer.member("username", login.user);
  writer.member("password", login.password);
  note_member(writer, "cnDescription", release.notes, "zh");
  note_member(writer, "enDescription", release.notes, "en");
  writer.member("size", std::to_string(offered.package->size_bytes));
  writer.member("md5Code", upper_hex(offered.package->digests.md5));
  writer.null_member("testMode");
  writer.member("releaseTime", base::local_stamp(release_time(release)));
  writer.member("compel", offered.forced);
  writer.member("versionRank", 0);
  feature_member(writer, product);
  writer.null_member("firmwareBinds");
  writer.member("fullPackage", is_full(offered));
  writer.end_object();
}

void write_detail(JsonWriter& writer, const Offered& offered, const Login& login) {
  const domain::Product& product = *offered.product;
  const domain::Release& release = *offered.release;
  writer.begin_object();
  writer.member("id", offered.package->id.value);
  writer.member("product", product.name);
  writer.member("model", product.model);
  writer.member("hwVersion", product.hw_version);
  feature_member(writer, product);
  old_version_member(writer, offered);
  writer.member("swVersion", release.version);
  writer.member("isFullPackage", is_full(offered));
  writer.member("fullPackage", is_full(offered));
  writer.member("firmwareUrl", offered.url);
  writer.member("protocol", protocol_of(offered.url));
  writer.member("protocolVersion", "1.1");
  writer.member("username", login.user);
  writer.member("password", login.password);
  note_member(writer, "cnDescription", release.notes, "zh");
  note_member(writer, "enDescription", release.notes, "en");
  writer.member("size", offered.package->size_bytes);
  writer.member("md5Code", upper_hex(offered.package->digests.md5));
  writer.member("releaseTime", release_time(release).ms);
  writer.end_object();
}

void write_migration(JsonWriter& writer, std::string_view prefix, const Offered& offered,
                     const Login& login) {
  const std::string start(prefix);
  writer.member(start + "User", login.user);
  writer.member(start + "PassWord", login.password);
  writer.member(start + "SwVersion", offered.release->version);
  writer.member(start + "Size", offered.package->size_bytes);
  writer.member(start + "Url", offered.url);
  writer.member(start + "Md5", upper_hex(offered.package->digests.md5));
  const std::string* text = domain::find_text(offered.release->notes, "en");
  writer.member(start + "Description", text != nullptr ? *text : std::string());
}

void write_kit(JsonWriter& writer, const domain::Snapshot& catalogue, const domain::Kit& kit,
               bool extras) {
  writer.begin_object();
  writer.member("id", kit.id.value);
  writer.member("version", kit.version);
  note_member(writer, "cnDescription", kit.notes, "zh");
  note_member(writer, "enDescription", kit.notes, "en");
  if (kit.released_at) {
    writer.member("releaseDatetime", kit.released_at->ms);
  } else {
    writer.null_member("releaseDatetime");
  }
  writer.key("firmwarePackage");
  writer.begin_array();
  for (const domain::KitItem& item : kit.items) {
    const domain::Release* release = catalogue.release(item.release);
    const domain::CompiledProduct* owner =
        release != nullptr ? catalogue.product(release->product) : nullptr;
    if (owner == nullptr) continue;
    const domain::Product& product = *owner->product;
    writer.begin_object();
    writer.member("id", item.id.value);
    writer.member("firmwarePackageKitId", kit.id.value);
    writer.member("productId", product.id.value);
    writer.member("productName", product.name);
    writer.member("productModel", product.model);
    writer.member("productHwVersion", product.hw_version);
    writer.member("productVersion", release->version);
    writer.member("createAt", item.created_at.ms);
    writer.member("updateAt", item.updated_at.ms);
    if (extras) {
      writer.member("version", release->version);
      note_member(writer, "cnDescription", release->notes, "zh");
      note_member(writer, "enDescription", release->notes, "en");
      const base::Time released = release_time(*release);
      if (released.ms != 0) {
        writer.member("releaseDatetime", released.ms);
      } else {
        writer.null_member("releaseDatetime");
      }
      writer.member("upgradeMethod", kit.upgrade_method);
    }
    writer.end_object();
  }
  writer.end_array();
  writer.end_object();
}

}  // namespace otaru::dialect::oomi

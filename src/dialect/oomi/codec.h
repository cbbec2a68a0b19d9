// SPDX-License-Identifier: Apache-2.0
// Bytes to values and back, for every endpoint; pure. Decoded texts are views into the document or
// form that the message keeps. A message that is wrong is an Answer (3 or 4), see errors.h.
//
// What counts as what, for every endpoint (docs/dialects/oomi.md, "Bad input"):
//   3  a required key is missing, null, empty where emptiness means nothing, or of another JSON
//      type; a version that is no version; an account id that is no number
//   4  a body that is not JSON (duplicate keys included), a text over its length, a number out of
//      range, a list over its limit, a broken percent escape
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "base/json.h"
#include "dialect/oomi/errors.h"
#include "domain/snapshot.h"
#include "http/form.h"
#include "http/message.h"

namespace otaru::dialect::oomi {

template <class T>
using Decoded = tl::expected<T, Answer>;

// --- Requests -----------------------------------------------------------------------------------

// One firmware as the device describes it.
struct FirmwareState {
  std::string_view name;
  std::string_view feature;  // empty if none
  std::string model;         // empty if not given; "1" and 1 are the same
  std::string_view version;
  std::string_view hw_version;  // empty if not known
};

struct IntegrationCheck {  // POST /ota/integration/check
  base::JsonDocument document;
  std::string_view guid;
  std::string_view product;  // empty if not given
  std::string model;
  std::vector<FirmwareState> firmwares;
};
Decoded<IntegrationCheck> decode_integration_check(std::string_view body);

struct KitCheck {  // POST /firmware-package-kit/check_update
  base::JsonDocument document;
  int64_t account = 0;
  std::string_view version;  // empty: older than everything
};
Decoded<KitCheck> decode_kit_check(std::string_view body);

struct Pegging {  // POST /firmware-package-kit/pegging
  base::JsonDocument document;
  std::vector<FirmwareState> parts;
};
Decoded<Pegging> decode_pegging(std::string_view body);

struct KitDetail {  // POST /firmware-package-kit/detail
  base::JsonDocument document;
  std::optional<int64_t> id;  // without it the body is a KitCheck, as in the vendor's sample
  std::optional<int64_t> account;
  std::string_view version;
};
Decoded<KitDetail> decode_kit_detail(std::string_view body);

// What the old GET endpoints and the elements of /firmwares/all ask.
struct Retrieve {
  std::string product;
  std::string model;
  std::string feature;
  std::string version;  // empty: older than everything
  std::optional<int64_t> account;
  bool hsl_touch = false;  // isHSLTouch is "true"
};
Decoded<Retrieve> decode_retrieve(std::string_view query);           // GET /retrieve
Decoded<Retrieve> decode_firmware_retrieve(std::string_view query);  // GET /firmwareRetrieve

struct PackageDetail {  // POST /firmwares/detail
  base::JsonDocument document;
  std::string_view product;
  std::string_view feature;
  std::string_view version;
  std::optional<int64_t> account;
};
Decoded<PackageDetail> decode_package_detail(std::string_view body);

struct BatchDetail {  // POST /firmwares/all
  std::vector<Retrieve> wanted;
};
Decoded<BatchDetail> decode_batch_detail(std::string_view body);

struct Migration {  // GET /firmwares/swVersion
  std::string cube_version;
  std::string prosyst_version;
};
Decoded<Migration> decode_migration(std::string_view query);

// The two cookies; the first of a name that is not empty. Views into the request.
struct Cookies {
  std::string_view guid;
  std::string_view aat;
};
Cookies read_cookies(const http::Request& request);
// At most 32 characters that ids are made of.
bool sane_guid(std::string_view guid);

// --- Answers ------------------------------------------------------------------------------------

std::string plain_answer(Answer answer);  // {"code":..,"note":..}
// Everything before the value of "data"; end with end_object().
void begin_success(base::JsonWriter& writer);

// One package as it is offered.
struct Offered {
  const domain::Product* product = nullptr;
  const domain::Release* release = nullptr;
  const domain::Package* package = nullptr;
  std::string url;
  bool forced = false;  // the deployment does not leave it to the owner
};
// The Basic pair printed beside a link; both empty when downloads need none.
struct Login {
  std::string user;
  std::string password;
};

// `url`: print firmwareUrl too.
void write_check_entry(base::JsonWriter& writer, const Offered& offered, bool url);
void write_retrieve(base::JsonWriter& writer, const Offered& offered, const Login& login);
void write_detail(base::JsonWriter& writer, const Offered& offered, const Login& login);
// Seven keys that begin with `prefix`, into an open object.
void write_migration(base::JsonWriter& writer, std::string_view prefix, const Offered& offered,
                     const Login& login);
// `extras`: the keys of a row that only the vendor's table has.
void write_kit(base::JsonWriter& writer, const domain::Snapshot& catalogue, const domain::Kit& kit,
               bool extras);

}  // namespace otaru::dialect::oomi

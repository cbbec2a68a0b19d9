// SPDX-License-Identifier: Apache-2.0
// The reading half of codec.h.
#include <algorithm>
#include <limits>

#include "base/encoding.h"
#include "base/limits.h"
#include "dialect/oomi/codec.h"

namespace otaru::dialect::oomi {
namespace {

// Lengths of the vendor's tables: String(n) is at most n characters.
constexpr size_t kGuidMax = 32;
constexpr size_t kTopModelMax = 11;
constexpr size_t kTextMax = 255;
// The table of pegging says 11, but its own sample sends "zwave_freq_01": 13.
constexpr size_t kFeatureMax = 50;
constexpr size_t kSerialMax = 64;
// One request names at most the components that a device may have.
constexpr size_t kFirmwaresMax = base::limits::kComponentsPerDeviceMax;

constexpr std::string_view kDefaultModel = "1";

size_t characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

bool too_long(std::string_view text, size_t max) {
  return text.size() > max && characters(text) > max;
}

// "Integer" is 32 bits with sign; some clients put it between quotes.
std::optional<int64_t> integer_text(std::string_view text) {
  return base::parse_int(text);
}

bool fits_integer(int64_t value) {
  return value >= std::numeric_limits<int32_t>::min() &&
         value <= std::numeric_limits<int32_t>::max();
}

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Reads the members of one JSON object; the first thing wrong with it is kept.
class ObjectReader {
 public:
  ObjectReader(base::JsonView object, Answer& fault) : object_(object), fault_(fault) {
    if (!object.is_object()) blame(Answer::missing);
  }

  enum class Empty { allowed, refused };

  std::string_view required(std::string_view key, size_t max, Empty empty) {
    const base::JsonView found = object_.find(key);
    const auto text = found.text();
    if (!text || (text->empty() && empty == Empty::refused)) return blame(Answer::missing);
    return within(*text, max);
  }

  // Absent and null mean empty.
  std::string_view optional(std::string_view key, size_t max) {
    const base::JsonView found = object_.find(key);
    if (!found.exists() || found.is_null()) return {};
    const auto text = found.text();
    if (!text) return blame(Answer::missing);
    return within(*text, max);
  }

  // "1" and 1 are the same model (the vendor's samples have both).
  std::string model(std::string_view key, size_t max) {
    const base::JsonView found = object_.find(key);
    if (!found.exists() || found.is_null()) return {};
    auto text = found.text_or_integer();
    if (!text) {
      blame(Answer::missing);
      return {};
    }
    return std::string(within(*text, max));
  }

  // A number, or its text. Absent, null and "" mean none.
  std::optional<int64_t> integer(std::string_view key) {
    const base::JsonView found = object_.find(key);
    if (!found.exists() || found.is_null()) return std::nullopt;
    auto value = found.integer();
    if (const auto text = found.text()) {
      if (text->empty()) return std::nullopt;
      value = integer_text(*text);
      if (!value && all_digits(*text)) blame(Answer::malformed);
    } else if (!value && found.is_number() && is_whole(*found.number())) {
      blame(Answer::malformed);  // a whole number beyond 64 bits: there, but out of range
    }
    if (!value) {
      blame(Answer::missing);
      return std::nullopt;
    }
    if (!fits_integer(*value)) blame(Answer::malformed);
    return value;
  }

  std::optional<int64_t> required_integer(std::string_view key) {
    const auto value = integer(key);
    if (!value) blame(Answer::missing);
    return value;
  }

 private:
  static bool is_whole(double value) { return value > 9e18 || value < -9e18; }

  std::string_view within(std::string_view text, size_t max) {
    return too_long(text, max) ? blame(Answer::malformed) : text;
  }

  std::string_view blame(Answer answer) {
    if (fault_ == Answer::success) fault_ = answer;
    return {};
  }

  base::JsonView object_;
  Answer& fault_;
};

Decoded<base::JsonDocument> read_document(std::string_view body) {
  if (base::trim(body).empty()) return tl::unexpected(Answer::missing);
  auto document = base::JsonDocument::parse(body);
  if (!document) return tl::unexpected(Answer::malformed);
  return std::move(*document);
}

// The array `list`, not longer than a device has components.
Answer check_list(base::JsonView list) {
  if (!list.is_array()) return Answer::missing;
  return list.size() > kFirmwaresMax ? Answer::malformed : Answer::success;
}

FirmwareState read_state(ObjectReader& reader, std::string_view name_key) {
  FirmwareState state;
  state.name = reader.required(name_key, kTextMax, ObjectReader::Empty::refused);
  state.version = reader.required("swVersion", kTextMax, ObjectReader::Empty::refused);
  state.feature = reader.optional("feature", kFeatureMax);
  state.model = reader.model("model", kTextMax);
  state.hw_version = reader.optional("hwVersion", kTextMax);  // never matched on
  return state;
}

// Fields of a query; the first thing wrong is kept.
class QueryReader {
 public:
  QueryReader(std::string_view query, Answer& fault) : fault_(fault) {
    auto form = http::Form::parse_lenient(query, base::Plus::space);
    if (form) {
      form_ = std::move(*form);
    } else {
      blame(Answer::malformed);
    }
  }

  enum class Need { required, filled, optional };  // filled: required and not empty

  std::string text(std::string_view name, size_t max, Need need) {
    const http::FormField* field = form_.find(name);
    if (field == nullptr || (field->value.empty() && need == Need::filled)) {
      if (need != Need::optional) blame(Answer::missing);
      return {};
    }
    if (field->broken || !base::valid_utf8(field->value) || too_long(field->value, max)) {
      blame(Answer::malformed);
      return {};
    }
    return field->value;
  }

  std::optional<int64_t> account(std::string_view name) {
    const std::string value = text(name, kTextMax, Need::optional);
    if (value.empty()) return std::nullopt;
    const auto number = integer_text(value);
    if (!number) {
      blame(all_digits(value) ? Answer::malformed : Answer::missing);
    } else if (!fits_integer(*number)) {
      blame(Answer::malformed);
    }
    return number;
  }

 private:
  void blame(Answer answer) {
    if (fault_ == Answer::success) fault_ = answer;
  }

  http::Form form_;
  Answer& fault_;
};

}  // namespace

Decoded<IntegrationCheck> decode_integration_check(std::string_view body) {
  auto document = read_document(body);
  if (!document) return tl::unexpected(document.error());
  const base::JsonView root = document->root();
  IntegrationCheck out{std::move(*document), {}, {}, {}, {}};
  Answer fault = Answer::success;
  ObjectReader reader(root, fault);
  out.guid = reader.optional("guid", kGuidMax);
  out.product = reader.optional("product", kTextMax);
  out.model = reader.model("model", kTopModelMax);
  if (fault == Answer::success && !sane_guid(out.guid)) fault = Answer::malformed;
  const base::JsonView list = root.find("firmwares");
  if (fault == Answer::success) fault = check_list(list);
  if (fault != Answer::success) return tl::unexpected(fault);
  out.firmwares.reserve(list.size());
  for (size_t i = 0; i < list.size(); ++i) {
    ObjectReader element(list.at(i), fault);
    out.firmwares.push_back(read_state(element, "name"));
    if (fault != Answer::success) return tl::unexpected(fault);
  }
  return out;
}

Decoded<KitCheck> decode_kit_check(std::string_view body) {
  auto document = read_document(body);
  if (!document) return tl::unexpected(document.error());
  const base::JsonView root = document->root();
  KitCheck out{std::move(*document), 0, {}};
  Answer fault = Answer::success;
  ObjectReader reader(root, fault);
  out.account = reader.required_integer("accountId").value_or(0);
  out.version = reader.required("version", kTextMax, ObjectReader::Empty::allowed);
  if (fault != Answer::success) return tl::unexpected(fault);
  return out;
}

Decoded<Pegging> decode_pegging(std::string_view body) {
  auto document = read_document(body);
  if (!document) return tl::unexpected(document.error());
  const base::JsonView root = document->root();
  Pegging out{std::move(*document), {}};
  Answer fault = check_list(root);
  if (fault != Answer::success) return tl::unexpected(fault);
  out.parts.reserve(root.size());
  for (size_t i = 0; i < root.size(); ++i) {
    ObjectReader element(root.at(i), fault);
    out.parts.push_back(read_state(element, "product"));
    element.model("sn", kSerialMax);  // not used: only its form is looked at
    if (fault != Answer::success) return tl::unexpected(fault);
  }
  return out;
}

Decoded<KitDetail> decode_kit_detail(std::string_view body) {
  auto document = read_document(body);
  if (!document) return tl::unexpected(document.error());
  const base::JsonView root = document->root();
  KitDetail out{std::move(*document), {}, {}, {}};
  Answer fault = Answer::success;
  ObjectReader reader(root, fault);
  out.id = reader.integer("id");
  out.account = reader.integer("accountId");
  if (out.id) {
    out.version = reader.optional("version", kTextMax);
  } else {
    // The vendor's own sample for this endpoint is the body of check_update.
    if (!out.account && fault == Answer::success) fault = Answer::missing;
    out.version = reader.required("version", kTextMax, ObjectReader::Empty::allowed);
  }
  if (fault != Answer::success) return tl::unexpected(fault);
  return out;
}

Decoded<Retrieve> decode_retrieve(std::string_view query) {
  Answer fault = Answer::success;
  QueryReader reader(query, fault);
  Retrieve out;
  out.product = reader.text("product", kTextMax, QueryReader::Need::filled);
  out.model = reader.text("model", kTextMax, QueryReader::Need::optional);
  if (out.model.empty()) out.model = kDefaultModel;
  out.feature = reader.text("feature", kTextMax, QueryReader::Need::optional);
  out.version = reader.text("currentSwVersion", kTextMax, QueryReader::Need::optional);
  out.account = reader.account("accountId");
  // isHSLTouch and the other old fields are accepted and ignored here.
  out.hsl_touch = true;
  if (fault != Answer::success) return tl::unexpected(fault);
  return out;
}

Decoded<Retrieve> decode_firmware_retrieve(std::string_view query) {
  Answer fault = Answer::success;
  QueryReader reader(query, fault);
  Retrieve out;
  out.product = reader.text("product", kTextMax, QueryReader::Need::filled);
  out.model = reader.text("model", kTextMax, QueryReader::Need::filled);
  out.feature = reader.text("feature", kTextMax, QueryReader::Need::optional);
  out.version = reader.text("currentSwVersion", kTextMax, QueryReader::Need::required);
  out.account = reader.account("accountId");
  out.hsl_touch = reader.text("isHSLTouch", kTextMax, QueryReader::Need::optional) == "true";
  if (fault != Answer::success) return tl::unexpected(fault);
  return out;
}

Decoded<PackageDetail> decode_package_detail(std::string_view body) {
  auto document = read_document(body);
  if (!document) return tl::unexpected(document.error());
  const base::JsonView root = document->root();
  PackageDetail out{std::move(*document), {}, {}, {}, {}};
  Answer fault = Answer::success;
  ObjectReader reader(root, fault);
  out.product = reader.required("product", kTextMax, ObjectReader::Empty::refused);
  out.feature = reader.optional("feature", kTextMax);
  // "Fixed: V0.0.0.0": it has to be there and says nothing.
  reader.required("oldSwVersion", kTextMax, ObjectReader::Empty::allowed);
  out.version = reader.required("currentSwVersion", kTextMax, ObjectReader::Empty::allowed);
  out.account = reader.integer("accountId");
  if (fault != Answer::success) return tl::unexpected(fault);
  return out;
}

Decoded<BatchDetail> decode_batch_detail(std::string_view body) {
  auto document = read_document(body);
  if (!document) return tl::unexpected(document.error());
  Answer fault = Answer::success;
  const ObjectReader root_reader(document->root(), fault);
  const base::JsonView list = document->root().find("firmwareCondForms");
  if (fault == Answer::success) fault = check_list(list);
  if (fault != Answer::success) return tl::unexpected(fault);
  BatchDetail out;
  out.wanted.reserve(list.size());
  for (size_t i = 0; i < list.size(); ++i) {
    ObjectReader element(list.at(i), fault);
    Retrieve wanted;
    wanted.product = element.required("product", kTextMax, ObjectReader::Empty::refused);
    wanted.model = element.model("model", kTextMax);
    if (wanted.model.empty() && fault == Answer::success) fault = Answer::missing;
    wanted.feature = element.optional("feature", kFeatureMax);
    wanted.version = element.required("currentSwVersion", kTextMax, ObjectReader::Empty::allowed);
    wanted.account = element.integer("accountId");
    const base::JsonView hsl = list.at(i).find("isHSLTouch");
    wanted.hsl_touch = hsl.text() == "true" || hsl.boolean() == true;
    if (fault != Answer::success) return tl::unexpected(fault);
    out.wanted.push_back(std::move(wanted));
  }
  return out;
}

Decoded<Migration> decode_migration(std::string_view query) {
  Answer fault = Answer::success;
  QueryReader reader(query, fault);
  Migration out;
  out.cube_version = reader.text("oomiCubeVersion", kTextMax, QueryReader::Need::filled);
  out.prosyst_version = reader.text("prosystVersion", kTextMax, QueryReader::Need::filled);
  if (fault != Answer::success) return tl::unexpected(fault);
  return out;
}

Cookies read_cookies(const http::Request& request) {
  Cookies out;
  for (const auto& header : request.headers) {
    if (!base::iequals(header.name, "Cookie")) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      const size_t end = std::min(rest.find(';'), rest.size());
      const std::string_view pair = base::trim(rest.substr(0, end));
      rest.remove_prefix(end == rest.size() ? end : end + 1);
      const size_t equals = pair.find('=');
      if (equals == std::string_view::npos) continue;
      const std::string_view name = base::trim(pair.substr(0, equals));
      std::string_view value = base::trim(pair.substr(equals + 1));
      if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
        value = value.substr(1, value.size() - 2);
      }
      if (name == "guid" && out.guid.empty()) out.guid = value;
      if (name == "aat" && out.aat.empty()) out.aat = value;
    }
  }
  return out;
}

bool sane_guid(std::string_view guid) {
  if (guid.size() > kGuidMax) return false;
  return std::all_of(guid.begin(), guid.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '_' || c == '.' || c == ':';
  });
}

}  // namespace otaru::dialect::oomi

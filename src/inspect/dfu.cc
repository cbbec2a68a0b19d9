// SPDX-License-Identifier: Apache-2.0
// Files with a DFU suffix: sixteen bytes at the end that name the USB device. Source: "Universal
// Serial Bus Device Class Specification for Device Firmware Upgrade", 1.1, appendix B.
#include <algorithm>

#include "inspect/checks.h"
#include "inspect/formats.h"

namespace otaru::inspect {
namespace {

constexpr size_t kDfuSuffixBytes = 16;
constexpr unsigned kDfuAny = 0xFFFF;

bool dfu_probes(const Head& head) {
  if (head.last.size() < kDfuSuffixBytes) return false;
  const std::string_view suffix = head.last.substr(head.last.size() - kDfuSuffixBytes);
  return suffix.substr(8, 3) == "UFD" && suffix[11] == 16;
}

std::string four_digits(unsigned value) {
  std::string out = hex_number(value).substr(2);
  return std::string(4 - std::min<size_t>(4, out.size()), '0') + out;
}

base::Status dfu_read(const Reader& reader, Findings& findings) {
  const uint64_t inside = reader.size() - kDfuSuffixBytes;
  OTARU_TRY(bytes, reader.bytes(inside, kDfuSuffixBytes));
  const Header h(std::move(bytes), Endian::little);
  const unsigned device = h.u16(0);
  const unsigned product = h.u16(2);
  const unsigned vendor = h.u16(4);
  if (vendor != kDfuAny) {
    findings.add(
        FactName::hardware,
        "usb:" + four_digits(vendor) + ":" + (product == kDfuAny ? "*" : four_digits(product)),
        {"idVendor, idProduct", inside + 2, 4, {}});
  }
  if (device != kDfuAny) {
    findings.add(FactName::version,
                 hex_number(device >> 8).substr(2) + "." + four_digits(device & 0xFF).substr(2),
                 {"bcdDevice", inside, 2, {}});
  }
  findings.add(
      FactName::format_version,
      "DFU " + hex_number(h.u16(6) >> 8).substr(2) + "." + four_digits(h.u16(6) & 0xFF).substr(2),
      {"bcdDFU", inside + 6, 2, {}});
  // Over everything but itself, without the final inversion of the usual CRC-32.
  OTARU_CHECK(check_crc32(reader, 0, inside + 12, ~h.u32(12), "The suffix's CRC-32",
                          {"dwCRC", inside + 12, 4, {}}, findings));
  const Reader content = reader.part(0, inside);
  Payload payload{"firmware", "raw", 0, inside, Compression::none, 0, {}};
  OTARU_TRY(kind, inspect_inside(content, findings, "firmware", 0));
  if (kind != "raw") {
    payload.type = kind;
    payload.compression = Compression::none;
  }
  OTARU_CHECK(sample(content, payload));
  add_payload(findings, std::move(payload), "firmware");
  return {};
}

}  // namespace

const Format kDfu = {"dfu", "Firmware with a DFU suffix", dfu_probes, dfu_read};

}  // namespace otaru::inspect

// SPDX-License-Identifier: Apache-2.0
// Firmware as lines of hexadecimal records. Sources: Intel "Hexadecimal Object File Format
// Specification", revision A; Motorola S-records as in srec_motorola(5) of SRecord.
#include <algorithm>
#include <map>

#include "base/encoding.h"
#include "inspect/checks.h"
#include "inspect/formats.h"

namespace otaru::inspect {
namespace {

// Both formats: at most 255 bytes of data, with type, count, address and checksum.
constexpr size_t kRecordCharactersMax = 530;
constexpr size_t kRangesMax = 64;  // shown; real files have a few

// The addresses that records fill, joined where they touch.
class AddressRanges {
 public:
  void add(uint64_t begin, uint64_t size) {
    if (size == 0) return;
    bytes_ += size;
    auto next = ends_.upper_bound(begin);
    if (next != ends_.begin() && std::prev(next)->second >= begin) {
      --next;
      next->second = std::max(next->second, begin + size);
    } else {
      if (ends_.size() >= kRangesMax) {
        more_ = true;
        return;
      }
      next = ends_.emplace(begin, begin + size).first;
    }
    for (auto after = std::next(next); after != ends_.end() && after->first <= next->second;) {
      next->second = std::max(next->second, after->second);
      after = ends_.erase(after);
    }
  }
  std::string text() const {
    std::string out;
    for (const auto& [begin, end] : ends_) {
      out += (out.empty() ? "" : ", ") + hex_number(begin) + "-" + hex_number(end - 1);
    }
    return more_ ? out + ", ..." : out;
  }
  uint64_t bytes() const { return bytes_; }

 private:
  std::map<uint64_t, uint64_t> ends_;  // begin -> one behind the end
  uint64_t bytes_ = 0;
  bool more_ = false;
};

struct Records {
  AddressRanges ranges;
  uint64_t lines = 0;       // records
  uint64_t data_lines = 0;  // of them with data
  uint64_t wrong = 0;       // no record, or with a wrong checksum
  Evidence first_wrong{};
  bool ended = false;  // an end record came
  uint64_t base = 0;   // Intel: from extended address records
  std::string header{};
  Evidence header_at{};
  std::optional<uint64_t> entry{};
  Evidence entry_at{};
  std::optional<uint64_t> count{};  // Motorola: as S5 or S6 says
};

uint64_t number_of(std::string_view bytes) {
  uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

unsigned sum_of(std::string_view bytes) {
  unsigned sum = 0;
  for (const char c : bytes) sum += static_cast<unsigned char>(c);
  return sum & 0xFF;
}

// ":LLAAAATT<data>CC"; false when it is none.
bool intel_record(std::string_view line, uint64_t at, Records& out) {
  if (line.size() < 11 || line[0] != ':') return false;
  const auto bytes = base::unhex(line.substr(1));
  if (!bytes || sum_of(*bytes) != 0) return false;
  const std::string_view record = *bytes;
  const size_t count = static_cast<unsigned char>(record[0]);
  if (record.size() != count + 5) return false;
  const uint64_t address = number_of(record.substr(1, 2));
  const std::string_view data = record.substr(4, count);
  switch (record[3]) {
    case 0:
      out.ranges.add(out.base + address, count);
      ++out.data_lines;
      return true;
    case 1:
      out.ended = true;
      return true;
    case 2:
      out.base = number_of(data) << 4;
      return count == 2;
    case 4:
      out.base = number_of(data) << 16;
      return count == 2;
    case 3:
    case 5:
      out.entry = number_of(data);
      out.entry_at = {
          record[3] == 5 ? "start linear address record" : "start segment address record",
          at,
          line.size(),
          {}};
      return count == 4;
    default:
      return false;
  }
}

// "S<type><count><address><data><checksum>"; false when it is none.
bool motorola_record(std::string_view line, uint64_t at, Records& out) {
  if (line.size() < 10 || line[0] != 'S' || line[1] < '0' || line[1] > '9') return false;
  const auto bytes = base::unhex(line.substr(2));
  if (!bytes || sum_of(*bytes) != 0xFF) return false;
  const std::string_view record = *bytes;
  const size_t count = static_cast<unsigned char>(record[0]);
  static constexpr size_t kAddressBytes[] = {2, 2, 3, 4, 0, 2, 3, 4, 3, 2};
  const int type = line[1] - '0';
  const size_t address_bytes = kAddressBytes[type];
  if (address_bytes == 0 || record.size() != count + 1 || count < address_bytes + 1) return false;
  const uint64_t address = number_of(record.substr(1, address_bytes));
  const std::string_view data = record.substr(1 + address_bytes, count - address_bytes - 1);
  if (type == 0) {
    out.header = data;
    out.header_at = {"S0", at, line.size(), {}};
  } else if (type <= 3) {
    out.ranges.add(address, data.size());
    ++out.data_lines;
  } else if (type <= 6) {
    out.count = address;
  } else {
    out.ended = true;
    out.entry = address;
    out.entry_at = {std::string("S") + line[1], at, line.size(), {}};
  }
  return true;
}

using RecordReader = bool (*)(std::string_view line, uint64_t at, Records& out);

// All lines, whatever ends them.
base::Result<Records> read_records(const Reader& reader, RecordReader record) {
  Records out;
  std::string line;
  uint64_t at = 0;
  const auto finish = [&] {
    const uint64_t begin = at - line.size();
    const std::string_view text = base::trim(line);
    if (!text.empty() && reader.step()) {
      ++out.lines;
      if (!record(text, begin, out) && ++out.wrong == 1) {
        out.first_wrong = {"record " + std::to_string(out.lines), begin, text.size(), {}};
      }
    }
    line.clear();
  };
  OTARU_TRY(whole, reader.stream(0, reader.size(), [&](std::string_view piece) {
    for (const char c : piece) {
      if (c == '\n' || c == '\r' || line.size() > kRecordCharactersMax) finish();
      if (c != '\n' && c != '\r') line += c;
      ++at;
    }
  }));
  if (whole) finish();
  return out;
}

void add_records(const Records& records, Findings& findings) {
  const Evidence all{"data records", 0, findings.size, {}};
  findings.add(FactName::address, records.ranges.text(), all);
  if (records.entry) {
    findings.add(FactName::entry_point, hex_number(*records.entry), records.entry_at);
  }
  if (records.wrong > 0) {
    findings.problem("checksum-wrong",
                     std::to_string(records.wrong) + " of " + std::to_string(records.lines) +
                         " records are damaged or none.",
                     "Build or upload it again.", records.first_wrong);
  } else if (!records.ended) {
    note_truncated(findings, "without its end record");
  } else {
    findings.info("checksum-right",
                  "The checksums of all " + std::to_string(records.lines) + " records are right: " +
                      std::to_string(records.ranges.bytes()) + " bytes of program.");
  }
  findings.info("unsigned", "The format cannot carry a signature.");
}

bool all_hex(std::string_view text) {
  return text.find_first_not_of("0123456789ABCDEFabcdef") == std::string_view::npos;
}

// The first line, when it ends within the head.
std::string_view first_line(const Head& head) {
  const std::string_view text = head.first.substr(0, kRecordCharactersMax + 2);
  const size_t end = text.find_first_of("\r\n");
  if (end == std::string_view::npos && head.size > text.size()) return {};
  return text.substr(0, end);
}

bool intel_probes(const Head& head) {
  const std::string_view line = first_line(head);
  return line.size() >= 11 && line[0] == ':' && all_hex(line.substr(1));
}

base::Status intel_read(const Reader& reader, Findings& findings) {
  OTARU_TRY(records, read_records(reader, intel_record));
  add_records(records, findings);
  return {};
}

bool motorola_probes(const Head& head) {
  const std::string_view line = first_line(head);
  return line.size() >= 10 && line[0] == 'S' && all_hex(line.substr(1)) && line[1] <= '9';
}

base::Status motorola_read(const Reader& reader, Findings& findings) {
  OTARU_TRY(records, read_records(reader, motorola_record));
  findings.add(FactName::description, records.header, records.header_at);
  findings.add(FactName::version, version_in(clean_text(records.header)), records.header_at);
  add_records(records, findings);
  // S5 and S6 hold 16 and 24 bits.
  if (records.count && records.wrong == 0 && *records.count != records.data_lines &&
      records.data_lines <= 0xFFFF) {
    findings.problem("records-missing",
                     "It has " + std::to_string(records.data_lines) + " data records and tells " +
                         std::to_string(*records.count) + ".",
                     "Build or upload it again.");
  }
  return {};
}

}  // namespace

const Format kIntelHex = {"intel-hex", "Intel HEX file", intel_probes, intel_read};
const Format kSRecord = {"s-record", "Motorola S-record file", motorola_probes, motorola_read};

}  // namespace otaru::inspect

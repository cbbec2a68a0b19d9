// SPDX-License-Identifier: Apache-2.0
#include "inspect/findings.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/json.h"
#include "base/limits.h"

namespace otaru::inspect {
namespace {

// Length of the UTF-8 character at the begin of `text`, 0 when there is none.
size_t character_length(std::string_view text) {
  for (size_t length = 1; length <= 4 && length <= text.size(); ++length) {
    if (base::valid_utf8(text.substr(0, length))) return length;
  }
  return 0;
}

// C0, DEL and C1 (U+0080 to U+009F).
bool is_control_character(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (first < 0x20 || first == 0x7F) return true;
  return first == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;
}

void write_evidence(base::JsonWriter& out, const Evidence& evidence) {
  out.key("evidence");
  out.begin_object();
  out.member("field", evidence.field);
  if (evidence.offset) {
    out.member("offset", static_cast<int64_t>(*evidence.offset));
  } else {
    out.null_member("offset");
  }
  out.member("size_bytes", static_cast<int64_t>(evidence.size));
  out.member("path", evidence.path);
  out.end_object();
}

void write_payload(base::JsonWriter& out, const Payload& payload) {
  out.begin_object();
  out.member("name", payload.name);
  out.member("type", payload.type);
  if (payload.offset) {
    out.member("offset", static_cast<int64_t>(*payload.offset));
  } else {
    out.null_member("offset");
  }
  out.member("size_bytes", static_cast<int64_t>(payload.size));
  out.member("compression", compression_name(payload.compression));
  out.member("entropy_bits_per_byte", payload.bits_per_byte);
  out.member("sha256_declared", payload.sha256_declared);
  out.end_object();
}

Evidence cleaned(Evidence evidence) {
  evidence.field = clean_text(evidence.field);
  evidence.path = clean_text(evidence.path);
  return evidence;
}

}  // namespace

std::string clean_text(std::string_view text) {
  std::string out;
  // What lies far behind the limit cannot be shown and need not be looked at.
  text = text.substr(0, base::limits::kInspectTextBytesMax * 2);
  while (!text.empty() && out.size() < base::limits::kInspectTextBytesMax) {
    const size_t length = character_length(text);
    if (length == 0) {
      out += '?';
    } else if (is_control_character(text.substr(0, length))) {
      out += ' ';
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  while (out.size() > base::limits::kInspectTextBytesMax || !base::valid_utf8(out)) out.pop_back();
  return std::string(base::trim(out));
}

void Findings::add(FactName name, std::string_view value, Evidence evidence) {
  std::string shown = clean_text(value);
  if (shown.empty() || facts.size() >= base::limits::kInspectFactsMax) return;
  const bool known = std::any_of(facts.begin(), facts.end(), [&](const Fact& fact) {
    return fact.name == name && fact.value == shown;
  });
  if (!known) facts.push_back({name, std::move(shown), cleaned(std::move(evidence))});
}

void Findings::note(Note note) {
  if (notes.size() >= base::limits::kInspectNotesMax) return;
  note.sentence = clean_text(note.sentence);
  note.remedy = clean_text(note.remedy);
  note.evidence = cleaned(std::move(note.evidence));
  notes.push_back(std::move(note));
}

void Findings::info(std::string_view code, std::string_view sentence, Evidence evidence) {
  note({Severity::info, std::string(code), std::string(sentence), {}, std::move(evidence)});
}

void Findings::warn(std::string_view code, std::string_view sentence, std::string_view remedy,
                    Evidence evidence) {
  note({Severity::warning, std::string(code), std::string(sentence), std::string(remedy),
        std::move(evidence)});
}

void Findings::problem(std::string_view code, std::string_view sentence, std::string_view remedy,
                       Evidence evidence) {
  note({Severity::problem, std::string(code), std::string(sentence), std::string(remedy),
        std::move(evidence)});
}

void Findings::add(Payload payload) {
  if (payloads.size() >= base::limits::kInspectPayloadsMax) return;
  payload.name = clean_text(payload.name);
  payload.type = clean_text(payload.type);
  payload.sha256_declared = clean_text(payload.sha256_declared);
  payloads.push_back(std::move(payload));
}

void Findings::merge(Findings inside, std::string_view path, std::optional<uint64_t> offset) {
  const auto moved = [offset](std::optional<uint64_t> at) -> std::optional<uint64_t> {
    if (!at || !offset) return std::nullopt;
    return *at + *offset;
  };
  const auto lead = [path](const std::string& inner) {
    if (path.empty() || inner.empty()) return std::string(path) + inner;
    return std::string(path) + "/" + inner;
  };
  for (auto& fact : inside.facts) {
    fact.evidence.offset = moved(fact.evidence.offset);
    fact.evidence.path = lead(fact.evidence.path);
    add(fact.name, fact.value, std::move(fact.evidence));
  }
  for (auto& payload : inside.payloads) {
    payload.offset = moved(payload.offset);
    payload.name = lead(payload.name);
    add(std::move(payload));
  }
  for (auto& n : inside.notes) {
    n.evidence.offset = moved(n.evidence.offset);
    n.evidence.path = lead(n.evidence.path);
    note(std::move(n));
  }
}

std::string_view Findings::get(FactName name) const {
  for (const auto& fact : facts) {
    if (fact.name == name) return fact.value;
  }
  return {};
}

bool Findings::has_note(std::string_view code) const {
  return std::any_of(notes.begin(), notes.end(), [&](const Note& n) { return n.code == code; });
}

bool Findings::sound() const {
  return std::none_of(notes.begin(), notes.end(),
                      [](const Note& n) { return n.severity == Severity::problem; });
}

std::string_view fact_name(FactName name) {
  switch (name) {
    case FactName::product:
      return "product";
    case FactName::version:
      return "version";
    case FactName::base_version:
      return "base_version";
    case FactName::hardware:
      return "hardware";
    case FactName::board:
      return "board";
    case FactName::vendor:
      return "vendor";
    case FactName::architecture:
      return "architecture";
    case FactName::os:
      return "os";
    case FactName::image_type:
      return "image_type";
    case FactName::description:
      return "description";
    case FactName::label:
      return "label";
    case FactName::uuid:
      return "uuid";
    case FactName::build_time:
      return "build_time";
    case FactName::build_id:
      return "build_id";
    case FactName::toolchain:
      return "toolchain";
    case FactName::format_version:
      return "format_version";
    case FactName::security_version:
      return "security_version";
    case FactName::security_patch:
      return "security_patch";
    case FactName::address:
      return "address";
    case FactName::entry_point:
      return "entry_point";
    case FactName::compression:
      return "compression";
    case FactName::requires_version:
      return "requires_version";
    case FactName::sha256_declared:
      return "sha256_declared";
    case FactName::checksum:
      return "checksum";
    case FactName::signature:
      return "signature";
    case FactName::signer:
      return "signer";
  }
  return "";
}

std::string_view severity_name(Severity severity) {
  switch (severity) {
    case Severity::info:
      return "info";
    case Severity::warning:
      return "warning";
    case Severity::problem:
      return "problem";
  }
  return "";
}

std::string_view compression_name(Compression compression) {
  switch (compression) {
    case Compression::none:
      return "none";
    case Compression::gzip:
      return "gzip";
    case Compression::xz:
      return "xz";
    case Compression::lzma:
      return "lzma";
    case Compression::zstd:
      return "zstd";
    case Compression::lz4:
      return "lz4";
    case Compression::bzip2:
      return "bzip2";
    case Compression::zlib:
      return "zlib";
    case Compression::lzo:
      return "lzo";
    case Compression::unknown:
      return "unknown";
  }
  return "";
}

std::string to_json(const Findings& findings) {
  base::JsonWriter out;
  out.begin_object();
  out.member("kind", findings.kind);
  out.member("title", findings.title);
  out.member("size_bytes", static_cast<int64_t>(findings.size));
  out.member("sound", findings.sound());
  out.key("facts");
  out.begin_array();
  for (const auto& fact : findings.facts) {
    out.begin_object();
    out.member("name", fact_name(fact.name));
    out.member("value", fact.value);
    write_evidence(out, fact.evidence);
    out.end_object();
  }
  out.end_array();
  out.key("payloads");
  out.begin_array();
  for (const auto& payload : findings.payloads) write_payload(out, payload);
  out.end_array();
  out.key("notes");
  out.begin_array();
  for (const auto& note : findings.notes) {
    out.begin_object();
    out.member("severity", severity_name(note.severity));
    out.member("code", note.code);
    out.member("sentence", note.sentence);
    out.member("remedy", note.remedy);
    write_evidence(out, note.evidence);
    out.end_object();
  }
  out.end_array();
  out.end_object();
  return out.take();
}

}  // namespace otaru::inspect

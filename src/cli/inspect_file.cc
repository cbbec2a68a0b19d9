// SPDX-License-Identifier: Apache-2.0
#include "cli/inspect_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "base/file.h"
#include "base/json.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "inspect/inspect.h"
#include "inspect/source.h"

namespace otaru::cli {
namespace {

base::Result<std::shared_ptr<const base::File>> open_to_inspect(const std::string& path) {
  // Non-blocking, so that a named pipe cannot hang the command; regular files do not care.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return base::fail(base::Code::not_found, path + ": " + std::strerror(errno));
  struct stat facts = {};
  const bool known = ::fstat(fd, &facts) == 0;
  auto file = std::make_shared<const base::File>(fd, known ? facts.st_size : 0);
  if (!known || !S_ISREG(facts.st_mode)) {
    return base::fail(base::Code::precondition, path + " is no regular file");
  }
  return std::shared_ptr<const base::File>(std::move(file));
}

std::string place(const std::optional<uint64_t>& offset, uint64_t size) {
  if (!offset) return "-";
  char text[64];
  std::snprintf(text, sizeof text, "0x%llx+%llu", static_cast<unsigned long long>(*offset),
                static_cast<unsigned long long>(size));
  return text;
}

std::string field_text(const inspect::Evidence& evidence) {
  std::string out = evidence.path;
  if (!evidence.field.empty() && !out.empty()) out += ": ";
  return printable(out + evidence.field);
}

std::string payload_rows(const std::vector<inspect::Payload>& payloads) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& payload : payloads) {
    char bits[32];
    std::snprintf(bits, sizeof bits, "%.2f", payload.bits_per_byte);
    rows.push_back({printable(payload.name), printable(payload.type),
                    human_bytes(static_cast<int64_t>(payload.size)),
                    std::string(inspect::compression_name(payload.compression)), bits,
                    place(payload.offset, payload.size)});
  }
  return format_table({{"CONTENT", ""},
                       {"TYPE", ""},
                       {"SIZE", ""},
                       {"COMPRESSION", ""},
                       {"BITS/BYTE", ""},
                       {"PLACE", ""}},
                      rows);
}

}  // namespace

std::string evidence_text(const inspect::Evidence& evidence) {
  const std::string field = field_text(evidence);
  return evidence.offset ? field + " at " + place(evidence.offset, evidence.size) : field;
}

base::Result<inspect::Findings> findings_of(const std::string& path) {
  OTARU_TRY(file, open_to_inspect(path));
  inspect::FileSource source(std::move(file));
  return inspect::inspect(source);
}

std::string findings_text(const std::string& name, const inspect::Findings& findings) {
  std::string out = printable(name) + ": " + printable(findings.title) + " (" + findings.kind +
                    "), " + human_bytes(static_cast<int64_t>(findings.size)) + "\n";
  if (!findings.facts.empty()) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& fact : findings.facts) {
      rows.push_back({std::string(inspect::fact_name(fact.name)), printable(fact.value),
                      field_text(fact.evidence),
                      place(fact.evidence.offset, fact.evidence.size)});
    }
    out +=
        "\n" + format_table({{"FACT", ""}, {"VALUE", ""}, {"EVIDENCE", ""}, {"PLACE", ""}}, rows);
  }
  if (!findings.payloads.empty()) out += "\n" + payload_rows(findings.payloads);
  if (!findings.notes.empty()) out += "\n";
  for (const auto& note : findings.notes) {
    out +=
        std::string(inspect::severity_name(note.severity)) + ": " + printable(note.sentence) + "\n";
    if (!note.remedy.empty()) out += "  " + printable(note.remedy) + "\n";
  }
  return out;
}

int inspect_file(const std::string& path, bool json) {
  const auto findings = findings_of(path);
  if (!findings) return print_error(findings.error());
  if (json) {
    const auto document = base::JsonDocument::parse(inspect::to_json(*findings));
    if (!document) return print_error(document.error());
    emit(json_line(document->root()) + "\n");
  } else {
    emit(findings_text(path, *findings));
  }
  return findings->sound() ? kExitOk : kExitRefused;
}

}  // namespace otaru::cli

// SPDX-License-Identifier: Apache-2.0
#include "cli/audit.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>

#include "base/limits.h"
#include "domain/journal_verify.h"

namespace otaru::cli {
namespace {

using base::Code;
using domain::ChainHead;
using domain::JournalFault;
using domain::JournalVerifier;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

base::Error file_error(const std::string& path) {
  return {Code::precondition, path + ": " + std::strerror(errno), {}};
}

std::string head_text(const ChainHead& head) {
  return std::to_string(head.sequence) + ":" + head.hash;
}

// Lines out of bytes as they come. A last line without its line feed was cut.
class Lines {
 public:
  explicit Lines(JournalVerifier& verifier) : verifier_(verifier) {}

  std::optional<JournalFault> add(std::string_view bytes) {
    while (!bytes.empty()) {
      const size_t feed = bytes.find('\n');
      rest_.append(bytes.substr(0, feed));
      // Longer than any entry: the verifier says so, and nothing more is gathered.
      if (rest_.size() > base::limits::kJournalLineBytesMax) return verifier_.add(rest_);
      if (feed == std::string_view::npos) return std::nullopt;
      if (auto fault = verifier_.add(rest_)) return fault;
      rest_.clear();
      bytes.remove_prefix(feed + 1);
    }
    return std::nullopt;
  }
  std::optional<JournalFault> finish() {
    if (rest_.empty()) return verifier_.finish();
    if (auto fault = verifier_.add(rest_)) return fault;
    JournalFault cut;
    cut.kind = JournalFault::Kind::cut;
    cut.line = verifier_.entries();
    cut.sequence = verifier_.last().sequence;
    cut.message = "the last line has no line feed: the file was cut or its end changed";
    return cut;
  }

 private:
  JournalVerifier& verifier_;
  std::string rest_;
};

int print_fault(const JournalFault& fault, bool json) {
  if (json) {
    base::JsonWriter out;
    out.begin_object();
    out.member("whole", false);
    out.member("line", fault.line);
    out.member("sequence", fault.sequence);
    out.member("message", fault.message);
    out.end_object();
    emit(out.take() + "\n");
  } else {
    emit("broken: " + fault.message + "\n");
  }
  return kExitRefused;
}

base::Result<std::string> next_stretch(Session& session, int64_t after) {
  ApiRequest request;
  request.path = "/api/v1/audit/export?after=" + std::to_string(after);
  OTARU_TRY(reply, session.client.send(request));
  if (!reply.good()) return base::fail(refusal_error(reply));
  return std::move(reply.body);
}

// Into `write`, until the server has no more.
base::Status fetch_chain(Session& session, JournalVerifier& verifier,
                         std::optional<JournalFault>& fault,
                         const std::function<base::Status(std::string_view)>& write) {
  Lines lines(verifier);
  while (true) {
    const int64_t reached = verifier.last().sequence;
    OTARU_TRY(stretch, next_stretch(session, reached));
    if (stretch.empty()) break;
    OTARU_CHECK(write(stretch));
    fault = lines.add(stretch);
    if (fault) return {};
    if (verifier.last().sequence == reached) {
      return base::fail(Code::internal, "the server sent no whole entry");
    }
  }
  fault = lines.finish();
  return {};
}

}  // namespace

int audit_export(const std::string& file, Session& session) {
  JournalVerifier verifier({});
  std::optional<JournalFault> fault;
  base::Status done;
  if (file.empty()) {
    done = fetch_chain(session, verifier, fault, [](std::string_view bytes) -> base::Status {
      if (emit(bytes)) return {};
      return base::fail(Code::precondition, "nobody reads the output");
    });
  } else {
    const std::string part = file + ".part";
    File out(std::fopen(part.c_str(), "wb"));
    if (!out) return print_error(file_error(part));
    done = fetch_chain(session, verifier, fault, [&](std::string_view bytes) -> base::Status {
      if (std::fwrite(bytes.data(), 1, bytes.size(), out.get()) == bytes.size()) return {};
      return base::fail(file_error(part));
    });
    const bool closed = std::fclose(out.release()) == 0;
    if (done && !closed) done = base::fail(file_error(part));
    // What is broken is kept too: it is the evidence.
    if (done && std::rename(part.c_str(), file.c_str()) != 0) done = base::fail(file_error(file));
    if (!done) std::remove(part.c_str());
  }
  if (!done) return print_error(done.error());
  if (fault) {
    std::fprintf(stderr, "otaru: the journal is broken: %s\n", fault->message.c_str());
    return kExitRefused;
  }
  std::fprintf(stderr, "otaru: %lld entries, head %s\n", static_cast<long long>(verifier.entries()),
               head_text(verifier.last()).c_str());
  return kExitOk;
}

int audit_verify(const AuditVerifyArgs& args, bool json) {
  JournalVerifier::Expect expect;
  if (!args.head.empty()) {
    const auto head = domain::parse_chain_head(args.head);
    if (!head) {
      print_error(head.error());
      return kExitUsage;
    }
    expect.head = *head;
  }
  if (!args.after.empty()) {
    const auto after = domain::parse_chain_head(args.after);
    if (!after) {
      print_error(after.error());
      return kExitUsage;
    }
    expect.after = *after;
  }
  File in(std::fopen(args.file.c_str(), "rb"));
  if (!in) return print_error(file_error(args.file));
  JournalVerifier verifier(std::move(expect));
  Lines lines(verifier);
  std::optional<JournalFault> fault;
  char buffer[64 * 1024];
  while (!fault) {
    const size_t got = std::fread(buffer, 1, sizeof buffer, in.get());
    if (got == 0) break;
    fault = lines.add(std::string_view(buffer, got));
  }
  if (std::ferror(in.get()) != 0) return print_error(file_error(args.file));
  if (!fault) fault = lines.finish();
  if (fault) return print_fault(*fault, json);
  const std::string head = head_text(verifier.last());
  if (json) {
    base::JsonWriter out;
    out.begin_object();
    out.member("whole", true);
    out.member("entries", verifier.entries());
    out.member("head", head);
    out.end_object();
    emit(out.take() + "\n");
  } else {
    emit("whole: " + std::to_string(verifier.entries()) + " entries, head " + head + "\n");
  }
  return kExitOk;
}

}  // namespace otaru::cli

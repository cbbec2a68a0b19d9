// SPDX-License-Identifier: Apache-2.0
#include "api/replay.h"

#include <algorithm>
#include <type_traits>

#include "app/rider.h"
#include "base/hash.h"
#include "base/limits.h"

namespace otaru::api {
namespace {

namespace limits = base::limits;
using app::KeptAnswer;
using base::Code;

constexpr std::string_view kHeader = "Idempotency-Key";
constexpr std::string_view kReplayed = "Idempotency-Replayed";

// What a batch makes, as its GET names it; empty when that is not one row.
struct SubjectOf {
  std::string operator()(const app::PutDevice& op) const { return op.device.key; }
  std::string operator()(const app::UploadRow& op) const { return op.id; }
  std::string operator()(const domain::Tenant& op) const { return of(op); }
  std::string operator()(const domain::Product& op) const { return of(op); }
  std::string operator()(const domain::Release& op) const { return of(op); }
  std::string operator()(const domain::Package& op) const { return of(op); }
  std::string operator()(const domain::Kit& op) const { return of(op); }
  std::string operator()(const domain::Deployment& op) const { return of(op); }
  template <class Other>
  std::string operator()(const Other&) const {
    return {};
  }

 private:
  template <class Row>
  static std::string of(const Row& row) {
    return std::to_string(row.id.value);
  }
};

std::string fingerprint_of(const http::Request& request) {
  std::string text(request.method_text);
  for (const auto part : {request.path, request.query, request.header("Content-Type").value_or(""),
                          request.header("If-Match").value_or("")}) {
    text += '\n';
    text += part;
  }
  text += '\n';
  text += request.body;
  return base::hex(base::digest(base::HashKind::sha256, text));
}

std::string packed(const http::Response& response) {
  const auto* location = response.find("Location");
  const auto* tag = response.find("ETag");
  return std::to_string(response.status) + '\n' + (location == nullptr ? "" : location->value) +
         '\n' + (tag == nullptr ? "" : tag->value) + '\n' + std::string(json_of(response));
}

std::string cut_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  std::string out(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return out;
}

http::Response unpacked(std::string_view text) {
  const auto status = base::parse_int(cut_line(text)).value_or(500);
  const std::string location = cut_line(text);
  const std::string tag = cut_line(text);
  auto out =
      text.empty() ? no_content() : json_response(static_cast<int>(status), std::string(text));
  if (!location.empty()) out.header("Location", location);
  if (!tag.empty()) out.header("ETag", tag);
  return out;
}

http::Response reused() {
  Problem what;
  what.status = 422;
  what.code = "key_reused";
  what.field = kHeader;
  what.rule = "same_request";
  what.detail = "this key came with another request within the last day";
  what.remedy = "make a new key for every new request; keep it only to repeat that same request";
  return problem(what);
}

http::Response answer_lost() {
  Problem what;
  what.status = 409;
  what.code = "conflict";
  what.field = kHeader;
  what.rule = "answer_known";
  what.detail = "this was carried out, but the server stopped before its answer was kept";
  what.remedy = "look at the list of what it makes; a secret that was shown is to be made again";
  return problem(what);
}

http::Response repeated(const Call& call, const KeptAnswer& row, const Replay& what) {
  std::optional<http::Response> out;
  if (!row.sealed.empty()) {
    if (const auto text = call.parts.secrets->unseal_text(row.sealed)) out = unpacked(*text);
  } else if (!row.subject.empty()) {
    out = what.read(row.subject);
  }
  if (!out) return answer_lost();
  out->header(kReplayed, "true");
  return std::move(*out);
}

}  // namespace

base::Result<std::optional<std::string>> replay_key(const Call& call) {
  const auto given = call.request.header(kHeader);
  if (!given) return std::optional<std::string>();
  const bool plain =
      std::all_of(given->begin(), given->end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (given->empty() || given->size() > limits::kIdempotencyKeyBytesMax || !plain) {
    auto error =
        base::fail_field(Code::invalid, std::string(kHeader),
                         "it must be 1 to " + std::to_string(limits::kIdempotencyKeyBytesMax) +
                             " visible ASCII characters",
                         "send a random one, such as a UUID")
            .value();
    error.rule = "pattern";
    return base::fail(std::move(error));
  }
  const auto by = call.by();
  return std::optional(app::KeptAnswers::key_of(name_of(by.kind), by.id, *given));
}

http::Response run_once(const Call& call, const Replay& what) {
  auto& engine = *call.parts.engine;
  auto& kept = engine.kept_answers();
  const auto now = engine.clock().now();
  KeptAnswer row;
  row.key = what.key;
  row.fingerprint = fingerprint_of(call.request);
  row.at = now;
  if (const auto known = kept.find(row.key, now)) {
    return known->fingerprint == row.fingerprint ? repeated(call, *known, what) : reused();
  }
  if (const auto room = kept.check_room(row.key); !room) return problem(room.error(), row.key);
  const auto expired = kept.drop_expired(now);
  std::vector<app::WriteOp> housekeeping;
  for (const auto& key : expired) {
    if (key == row.key) continue;
    housekeeping.emplace_back(app::EraseText{app::EraseText::Table::answer, key});
  }
  auto response = [&] {
    const app::Rider rider([&](app::WriteBatch& batch) {
      for (const auto& op : batch.ops) {
        if (row.subject.empty()) row.subject = std::visit(SubjectOf(), op);
      }
      batch.ops.insert(batch.ops.end(), housekeeping.begin(), housekeeping.end());
      housekeeping.clear();
      batch.ops.emplace_back(row);
    });
    return what.run();
  }();
  // What was refused left nothing to remember: the same key may try again.
  if (response.status / 100 != 2) return response;
  const std::string answer = packed(response);
  if (answer.size() <= limits::kKeptAnswerBytesMax &&
      (response.body.empty() || !json_of(response).empty())) {
    row.sealed = call.parts.secrets->seal_text(answer);
  }
  kept.put(row);
  app::WriteBatch batch;
  batch.ops = std::move(housekeeping);
  batch.ops.emplace_back(row);
  // Not waited for: until it is durable, a replay after a crash reads what was made again.
  [[maybe_unused]] const auto queued = engine.committer().submit(std::move(batch), nullptr);
  return response;
}

}  // namespace otaru::api

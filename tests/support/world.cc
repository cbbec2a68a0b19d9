// SPDX-License-Identifier: Apache-2.0
#include "tests/support/world.h"

#include <unistd.h>

#include "base/encoding.h"
#include "http/parser.h"

namespace otaru::tests {
namespace {

constexpr std::string_view kMasterKey = "0123456789abcdef0123456789abcdef";

std::string read_slice(const http::FileSlice& slice) {
  std::string out(static_cast<size_t>(slice.length), '\0');
  for (size_t done = 0; done < out.size();) {
    const ssize_t n = ::pread(slice.file->fd(), out.data() + done, out.size() - done,
                              slice.offset + static_cast<off_t>(done));
    OTARU_ASSERT(n > 0);
    done += static_cast<size_t>(n);
  }
  return out;
}

std::string to_bytes(const http::Response& response, const http::Request& request, bool keep_alive,
                     base::Time now) {
  http::WireContext context;
  context.keep_alive = keep_alive && !response.close;
  context.version_minor = request.version_minor;
  const std::string date = base::http_date(now);
  context.http_date = date;
  std::string out = http::serialize_head(response, context);
  if (request.method == http::Method::head || response.framing == http::Framing::none) return out;
  const bool chunked = response.framing == http::Framing::chunked && request.version_minor >= 1;
  for (const auto& piece : response.body) {
    const auto* text = std::get_if<std::string>(&piece);
    const std::string bytes = text ? *text : read_slice(std::get<http::FileSlice>(piece));
    if (chunked) {
      char size[32];
      std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
      out += size + bytes + "\r\n";
    } else {
      out += bytes;
    }
  }
  if (chunked) out += "0\r\n\r\n";
  return out;
}

}  // namespace

World::World(server::DispatcherOptions options)
    : secrets_(std::string(kMasterKey)), options_(std::move(options)) {
  restart();
}

World::~World() = default;

void World::restart() {
  dispatcher_.reset();
  engine_.reset();
  app::EngineParts parts;
  parts.store = engine_store_;
  parts.blobs = &blobs_;
  parts.readers = &executor_;
  parts.clock = &clock_;
  parts.commit_mode = app::Committer::Mode::manual;
  engine_ = std::make_unique<app::Engine>(parts);
  OTARU_ASSERT(engine_->start().has_value());
  dispatcher_ = std::make_unique<server::Dispatcher>(*engine_, executor_, options_);
  for (const auto& dialect : dialects_) OTARU_ASSERT(dispatcher_->add(*dialect).has_value());
}

void World::load(const domain::CatalogueRows& rows) {
  app::WriteBatch batch;
  for (const auto& row : rows.tenants) batch.ops.emplace_back(row);
  for (const auto& row : rows.products) batch.ops.emplace_back(row);
  for (const auto& row : rows.releases) batch.ops.emplace_back(row);
  for (const auto& row : rows.packages) batch.ops.emplace_back(row);
  for (const auto& row : rows.kits) batch.ops.emplace_back(row);
  for (const auto& row : rows.deployments) batch.ops.emplace_back(row);
  for (const auto& row : rows.credentials) batch.ops.emplace_back(row);
  OTARU_ASSERT(engine_->write_and_wait(std::move(batch)).has_value());
  const base::Status started = engine_->start();
  if (!started) std::fprintf(stderr, "catalogue: %s\n", started.error().message.c_str());
  OTARU_ASSERT(started.has_value());
}

void World::put_device(const domain::Device& device) {
  app::WriteBatch batch;
  batch.ops.emplace_back(app::PutDevice{device});
  OTARU_ASSERT(engine_->write_and_wait(std::move(batch)).has_value());
  restart();
}

app::BlobInfo World::put_blob(std::string_view bytes) {
  return blobs_.put(bytes, kWorldStart);
}

void World::add(std::unique_ptr<dialect::Dialect> dialect) {
  dialects_.push_back(std::move(dialect));
  OTARU_ASSERT(dispatcher_->add(*dialects_.back()).has_value());
}

http::Response World::answer(const http::Request& request, const http::RoutePlan& plan) {
  // Shared: when the process "crashes" in between, the responder outlives this call.
  const auto got = std::make_shared<std::optional<http::Response>>();
  dispatcher_->handle(request, plan,
                      http::Responder([got](http::Response&& r) { *got = std::move(r); }));
  while (!got->has_value() && engine_->committer().pump()) {
  }
  OTARU_ASSERT(got->has_value());
  return std::move(**got);
}

std::string World::exchange(std::string_view request_bytes) {
  std::string out;
  std::string_view rest = request_bytes;
  while (!rest.empty()) {
    http::HeadParser parser;
    http::Request request;
    request.peer = "192.0.2.7";
    request.local_address = "127.0.0.1:8080";
    const auto state = parser.parse(rest, request);
    if (state == http::HeadParser::State::incomplete) return out;
    bool keep_alive = false;
    http::Response response;
    size_t used = rest.size();
    if (state == http::HeadParser::State::refused) {
      response = dispatcher_->refuse(parser.refusal_status(), parser.refusal_why(), nullptr);
      return out + to_bytes(response, request, false, now());
    }
    const auto& facts = parser.facts();
    keep_alive = facts.keep_alive;
    auto plan = dispatcher_->plan(request);
    used = parser.head_bytes();
    std::string_view body = rest.substr(used);
    if (plan.early) {
      response = std::move(*plan.early);
      // As the server does: a body nobody wanted is not read as the next request.
      keep_alive = keep_alive && !facts.has_body();
    } else if (plan.host_required && !facts.host_given && request.version_minor >= 1) {
      response = dispatcher_->refuse(400, "missing Host", &plan);
    } else {
      bool refused = false;
      if (facts.chunked) {
        http::ChunkDecoder decoder;
        while (true) {
          const auto step = decoder.step(body);
          used += step.consumed;
          body.remove_prefix(step.consumed);
          if (step.state == http::ChunkDecoder::State::data) {
            request.body += step.data;
          } else if (step.state == http::ChunkDecoder::State::done) {
            break;
          } else {
            refused = true;
            break;
          }
        }
      } else if (facts.content_length > 0) {
        const auto length = std::min(body.size(), static_cast<size_t>(facts.content_length));
        if (plan.mode == http::BodyMode::buffer) request.body = std::string(body.substr(0, length));
        used += length;
      }
      if (refused) {
        keep_alive = false;
        response = dispatcher_->refuse(400, "bad chunked body", &plan);
      } else if (request.body.size() > plan.body_bytes_max) {
        response = dispatcher_->refuse(413, "body too large", &plan);
      } else {
        response = answer(request, plan);
      }
    }
    while (engine_->committer().pump()) {
    }
    out += to_bytes(response, request, keep_alive, now());
    if (!keep_alive || response.close) return out;
    rest.remove_prefix(used);
  }
  return out;
}

dialect::Transport World::transport() {
  return [this](const std::string& bytes) { return parse_reply(exchange(bytes)); };
}

std::optional<domain::Device> World::device(std::string_view key, domain::TenantId tenant) {
  auto found = store_.find_device(tenant, key);
  OTARU_ASSERT(found.has_value());
  return *found;
}

base::Result<dialect::WireReply> parse_reply(std::string_view bytes) {
  const size_t end = bytes.find("\r\n\r\n");
  if (!bytes.starts_with("HTTP/1.1 ") || end == std::string_view::npos || bytes.size() < 12) {
    return base::fail(base::Code::invalid, "not an HTTP answer");
  }
  dialect::WireReply reply;
  reply.status = static_cast<int>(base::parse_int(bytes.substr(9, 3)).value_or(0));
  std::string_view head = bytes.substr(0, end);
  size_t at = head.find("\r\n");
  while (at != std::string_view::npos) {
    const size_t next = head.find("\r\n", at + 2);
    const std::string_view line =
        head.substr(at + 2, next == std::string_view::npos ? next : next - at - 2);
    const size_t colon = line.find(':');
    if (colon != std::string_view::npos) {
      reply.headers.emplace_back(line.substr(0, colon), base::trim(line.substr(colon + 1)));
    }
    at = next;
  }
  std::string_view body = bytes.substr(end + 4);
  const std::string* coding = reply.header("Transfer-Encoding");
  if (coding == nullptr) {
    reply.body = std::string(body);
    return reply;
  }
  http::ChunkDecoder decoder;
  while (true) {
    const auto step = decoder.step(body);
    body.remove_prefix(step.consumed);
    if (step.state == http::ChunkDecoder::State::done) return reply;
    if (step.state != http::ChunkDecoder::State::data) {
      return base::fail(base::Code::invalid, "bad chunked answer");
    }
    reply.body += step.data;
  }
}

}  // namespace otaru::tests

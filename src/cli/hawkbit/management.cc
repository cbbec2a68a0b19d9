// SPDX-License-Identifier: Apache-2.0
#include "cli/hawkbit/management.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/limits.h"
#include "cli/output.h"
#include "cli/process.h"

namespace otaru::cli::hawkbit {
namespace {

namespace limits = base::limits;
using base::Code;

constexpr std::string_view kApi = "/rest/v1";
constexpr size_t kRehashBytes = 1 << 20;
constexpr int kDownloadsOfBadContent = 2;  // the first may have gone on with an old rest

constexpr Remedies kRemedies{"; a hawkBit with a certificate of your own: --hawkbit-ca-file",
                             "; is hawkBit running there, and is the URL right?"};

bool is_temporary(int status) {
  return status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// hawkBit's own words, where it has some: {"errorCode": ..., "message": ...}.
std::string words_of(const ApiReply& reply) {
  const auto document = base::JsonDocument::parse(reply.body);
  const auto message = document ? document->root().find("message").text() : std::nullopt;
  return message ? ": " + printable(*message) : "";
}

base::Error refusal_of(const ApiReply& reply, const std::string& path) {
  const std::string at = " (GET " + path.substr(0, path.find('?')) + ")";
  if (reply.status == 401) {
    return {Code::unauthenticated,
            "hawkBit does not know this user and password (401): see --user; where hawkBit has "
            "tenants it is 'TENANT\\user'",
            {}};
  }
  if (reply.status == 403) {
    return {Code::forbidden, "hawkBit does not let this user read that (403)" + at, {}};
  }
  if (reply.status == 404) {
    return {Code::not_found, "hawkBit has no such thing (404)" + at, {}};
  }
  const Code code = is_temporary(reply.status) ? Code::unavailable : Code::conflict;
  return {code, "hawkBit answered " + std::to_string(reply.status) + at + words_of(reply), {}};
}

// What is written is hashed on its way.
class PartFile {
 public:
  explicit PartFile(const std::string& path) : path_(path) {}

  // What an earlier try has left, hashed again.
  int64_t take_up() {
    std::ifstream in(path_, std::ios::binary);
    std::vector<char> piece(kRehashBytes);
    while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())) || in.gcount() > 0) {
      hasher_->update({piece.data(), static_cast<size_t>(in.gcount())});
      size_ += in.gcount();
    }
    return size_;
  }
  bool open(bool from_start) {
    if (from_start) {
      hasher_ = std::make_unique<base::MultiHasher>();
      size_ = 0;
    }
    out_.open(path_, std::ios::binary | (from_start ? std::ios::trunc : std::ios::app));
    return static_cast<bool>(out_);
  }
  bool write(std::string_view bytes) {
    hasher_->update(bytes);
    size_ += static_cast<int64_t>(bytes.size());
    return static_cast<bool>(out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size())));
  }
  bool close() {
    if (!out_.is_open()) return true;
    out_.close();
    return !out_.fail();
  }
  int64_t size() const { return size_; }
  bool is(const Artifact& artifact) {
    const auto own = hasher_->finish();
    if (size_ != artifact.size_bytes) return false;
    if (!artifact.sha256.empty()) return own.sha256 == artifact.sha256;
    return (artifact.sha1.empty() || own.sha1 == artifact.sha1) &&
           (artifact.md5.empty() || own.md5 == artifact.md5);
  }

 private:
  const std::string& path_;
  std::unique_ptr<base::MultiHasher> hasher_ = std::make_unique<base::MultiHasher>();
  std::ofstream out_;
  int64_t size_ = 0;
};

}  // namespace

base::Result<std::string> clean_url(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  if (url.ends_with(kApi)) url.resize(url.size() - kApi.size());
  while (url.ends_with('/')) url.pop_back();
  const size_t from = url.find("://");
  const bool web = url.starts_with("http://") || url.starts_with("https://");
  const size_t bad = url.find_first_of("?# \t\r\n");
  if (!web || from + 3 >= url.size() || bad != std::string::npos) {
    return base::fail(Code::invalid,
                      "'" + printable(url) + "' is no URL such as http://hawkbit.example.com:8080");
  }
  const std::string authority = url.substr(from + 3, url.find('/', from + 3) - from - 3);
  if (authority.find('@') != std::string::npos) {
    return base::fail(Code::invalid,
                      "user and password do not belong into the URL: give --user, and the password "
                      "when asked");
  }
  return url;
}

int64_t retry_wait_ms(int attempt, const std::string& retry_after) {
  if (const auto seconds = base::parse_int(retry_after); seconds && *seconds >= 0) {
    return std::min(*seconds, limits::kHawkbitWaitMsMax / 1000) * 1000;
  }
  return std::min(int64_t{500} << std::min(attempt, 16), limits::kHawkbitWaitMsMax);
}

void pause_before_retry(int attempt, const std::string& retry_after, const std::string& why) {
  const int64_t wait = retry_wait_ms(attempt, retry_after);
  std::fprintf(stderr, "otaru: %s; trying again in %.1f s\n", printable(why).c_str(),
               static_cast<double>(wait) / 1000.0);
  wait_ms(wait);
}

void pause_before_retry(int attempt, const base::Result<ApiReply>& reply, std::string_view whom) {
  if (!reply) return pause_before_retry(attempt, std::string(), reply.error().message);
  const auto asked = reply->headers.find("retry-after");
  pause_before_retry(attempt, asked == reply->headers.end() ? std::string() : asked->second,
                     std::string(whom) + " answered " + std::to_string(reply->status));
}

Management::Management(Access access)
    : access_(std::move(access)),
      authorization_("Basic " + base::base64(access_.user + ":" + access_.password)),
      client_(access_.url, "", access_.ca_file, kRemedies) {}

base::Result<ApiReply> Management::send(const ApiRequest& request) {
  for (int attempt = 0;; ++attempt) {
    auto reply = client_.send(request);
    if (interrupted()) return base::fail(Code::timeout, "interrupted");
    const bool temporary = reply ? is_temporary(reply->status)
                                 : reply.error().code == Code::unavailable &&
                                       reply.error().rule != "certificate" && reached_;
    if (reply && reply->good()) reached_ = true;
    // A stream that was cut is not begun again here: its caller knows how far it came.
    if (!temporary || request.write || attempt + 1 >= limits::kHawkbitTriesMax) return reply;
    pause_before_retry(attempt, reply, "hawkBit");
  }
}

base::Status Management::probe() {
  ApiRequest request;
  request.path = std::string(kApi) + "/targets?limit=1";
  request.headers["Authorization"] = authorization_;
  OTARU_TRY(reply, send(request));
  const auto page = base::JsonDocument::parse(reply.body);
  const bool hawkbit = reply.good() && page && page->root().find("total").exists();
  if (hawkbit) return {};
  if (reply.status == 401 || is_temporary(reply.status)) {
    return base::fail(refusal_of(reply, request.path));
  }
  if (reply.status == 403) {
    return base::fail(Code::forbidden,
                      "hawkBit does not let this user read targets (403): give it READ_TARGET and "
                      "READ_REPOSITORY");
  }
  return base::fail(Code::invalid, "there is no Management API of hawkBit at " + access_.url +
                                       std::string(kApi) + " (" + std::to_string(reply.status) +
                                       "): give the URL as far as it goes before /rest/v1");
}

base::Result<base::JsonDocument> Management::get(const std::string& path) {
  ApiRequest request;
  request.path = path;
  request.headers["Authorization"] = authorization_;
  request.headers["Accept"] = "application/hal+json, application/json";
  OTARU_TRY(reply, send(request));
  if (!reply.good()) return base::fail(refusal_of(reply, path));
  base::JsonRules rules;
  rules.elements_max = limits::kHawkbitPageValuesMax;
  auto document = base::JsonDocument::parse(reply.body.empty() ? "{}" : reply.body, rules);
  if (document) return document;
  return base::fail(Code::conflict, "hawkBit's answer is no JSON (GET " +
                                        path.substr(0, path.find('?')) +
                                        "): " + document.error().message);
}

base::Status Management::for_each_page(const Listing& listing, const EachPage& each) {
  int64_t offset = listing.from;
  while (true) {
    const bool query = listing.path.find('?') != std::string::npos;
    std::string path = listing.path + (query ? "&" : "?") + "offset=" + std::to_string(offset) +
                       "&limit=" + std::to_string(limits::kHawkbitPageItems);
    if (!listing.sort.empty()) path += "&sort=" + base::percent_encode(listing.sort);
    OTARU_TRY(document, get(path));
    const auto root = document.root();
    const bool plain = root.is_array();
    const auto content = plain ? root : root.find("content");
    const auto size = static_cast<int64_t>(content.size());
    const int64_t total = plain ? size : root.find("total").integer().value_or(0);
    if (std::max(total, offset + size) > listing.items_max) {
      return base::fail(
          Code::too_large,
          "hawkBit has more than " + std::to_string(listing.items_max) + " of " + listing.path);
    }
    OTARU_CHECK(each(Page{content, offset, total}));
    offset += size;
    if (plain || size == 0 || offset >= total) return {};
  }
}

base::Status Management::for_each(const Listing& listing, const Each& each) {
  return for_each_page(listing, [&](const Page& page) -> base::Status {
    for (size_t i = 0; i < page.content.size(); ++i) OTARU_CHECK(each(page.content.at(i)));
    return {};
  });
}

// A hawkBit that keeps its artifacts elsewhere sends the reader there. Its own password stays here
// unless it is the same server.
base::Result<ApiReply> Management::follow(const ApiReply& reply, const ApiRequest& request) {
  const auto location = reply.headers.find("location");
  const std::string to = location == reply.headers.end() ? "" : location->second;
  ApiRequest again = request;
  if (to.starts_with('/')) {
    const size_t host = access_.url.find("://") + 3;
    Client same(access_.url.substr(0, access_.url.find('/', host)), "", access_.ca_file, kRemedies);
    again.path = to;
    return same.send(again);
  }
  if (!to.starts_with("http://") && !to.starts_with("https://")) {
    return base::fail(Code::conflict, "hawkBit sends to an address that is none");
  }
  const size_t slash = to.find('/', to.find("://") + 3);
  const std::string origin = to.substr(0, slash);
  again.path = slash == std::string::npos ? "/" : to.substr(slash);
  const bool same_server = access_.url == origin || access_.url.starts_with(origin + "/");
  if (!same_server) again.headers.erase("Authorization");
  Client other(origin, "", same_server ? access_.ca_file : "", kRemedies);
  return other.send(again);
}

base::Status Management::fetch_once(const std::string& where, const Artifact& artifact,
                                    const std::string& path, const Progress& progress) {
  PartFile file(path);
  const int64_t had = file.take_up();
  if (had < artifact.size_bytes || artifact.size_bytes == 0) {
    ApiRequest request;
    request.path = where;
    request.headers["Authorization"] = authorization_;
    if (had > 0) request.headers["Range"] = "bytes=" + std::to_string(had) + "-";
    bool disk_good = true;
    request.begin_write = [&](int status) {
      disk_good = file.open(had == 0 || status != 206);
      return disk_good;
    };
    request.write = [&](std::string_view bytes) {
      disk_good = file.size() < artifact.size_bytes + 1 && file.write(bytes);
      progress(file.size());
      return disk_good || file.size() > artifact.size_bytes;
    };
    auto reply = send(request);
    if (reply && is_redirect(reply->status)) reply = follow(*reply, request);
    if (!file.close()) disk_good = false;
    if (!disk_good && file.size() <= artifact.size_bytes) {
      return base::fail(Code::internal, "cannot write " + path + ": " + std::strerror(errno));
    }
    if (!reply) return base::fail(reply.error());
    if (!reply->good() && reply->status != 416) return base::fail(refusal_of(*reply, where));
  }
  if (file.is(artifact)) return {};
  ::unlink(path.c_str());
  return base::fail(Code::conflict, "what arrives is not what hawkBit says it is (" +
                                        std::string(artifact.sha256.empty() ? "SHA-1" : "SHA-256") +
                                        " or size)");
}

base::Status Management::download(int64_t module, const Artifact& artifact, const std::string& path,
                                  const Progress& progress) {
  const std::string where = std::string(kApi) + "/softwaremodules/" + std::to_string(module) +
                            "/artifacts/" + std::to_string(artifact.id) + "/download";
  int bad = 0;
  int64_t reached = -1;
  for (int attempt = 0;; ++attempt) {
    const auto got = fetch_once(where, artifact, path, progress);
    if (got || interrupted()) return got;
    const Code code = got.error().code;
    if (code == Code::conflict && ++bad < kDownloadsOfBadContent) continue;
    if (code != Code::unavailable) return got;
    // As long as it gets on, however slowly, it is worth going on.
    struct stat info {};
    const int64_t now = ::stat(path.c_str(), &info) == 0 ? info.st_size : 0;
    if (now > reached) attempt = 0;
    reached = std::max(reached, now);
    if (attempt + 1 >= limits::kHawkbitTriesMax) return got;
    pause_before_retry(attempt, "", got.error().message);
  }
}

}  // namespace otaru::cli::hawkbit

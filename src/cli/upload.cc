// SPDX-License-Identifier: Apache-2.0
// Uploads that survive interruptions, and what is built on them.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/time.h"
#include "cli/process.h"
#include "cli/special.h"

namespace otaru::cli {
namespace {

using base::Code;

// A server that restarts is back within that many tries (1, 2, 4 ... seconds apart).
constexpr int kTriesMax = 6;
constexpr int64_t kProgressEveryMs = 100;
constexpr size_t kPieceBytes = 1 << 20;

class OpenFile {
 public:
  explicit OpenFile(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ >= 0 && (::fstat(fd_, &info_) != 0 || !S_ISREG(info_.st_mode))) {
      ::close(fd_);
      fd_ = -1;
    }
  }
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  bool good() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  int64_t size() const { return info_.st_size; }
  int64_t modified_ns() const {
    return static_cast<int64_t>(info_.st_mtim.tv_sec) * 1'000'000'000 + info_.st_mtim.tv_nsec;
  }

 private:
  int fd_;
  struct stat info_ {};
};

// Remembers the upload of one file to one server, so that the next try goes on with it.
class Resume {
 public:
  Resume(const std::string& folder, const std::string& server, const std::string& path,
         const OpenFile& file) {
    if (folder.empty()) return;
    std::error_code error;
    const std::string whole = std::filesystem::absolute(path, error).string();
    const std::string name = server + "\n" + whole + "\n" + std::to_string(file.size()) + "\n" +
                             std::to_string(file.modified_ns());
    std::filesystem::create_directories(folder + "/uploads", error);
    path_ =
        folder + "/uploads/" + base::hex(base::digest(base::HashKind::sha256, name)).substr(0, 32);
  }
  std::string load() const {
    std::ifstream in(path_);
    std::string id;
    std::getline(in, id);
    return id;
  }
  void save(const std::string& id) const {
    if (!path_.empty()) std::ofstream(path_, std::ios::trunc) << id << "\n";
  }
  void forget() const {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

 private:
  std::string path_;
};

class Uploader {
 public:
  Uploader(const UploadArgs& args, Session& session, const OpenFile& file)
      : args_(args),
        session_(session),
        file_(file),
        resume_(args.state_folder, session.client.server(), args.file, file) {}

  base::Result<std::string> run() {
    int64_t reached = 0;
    for (int attempt = 0;; ++attempt) {
      const base::Status sent = try_once();
      if (sent) break;
      if (interrupted()) {
        end_line();
        return base::fail(Code::timeout, "interrupted; the same command goes on where it stopped");
      }
      // As long as it gets on, however slowly, it is worth going on.
      if (offset_ > reached) attempt = 0;
      reached = offset_;
      // Only what a later try can mend is tried again.
      if (sent.error().code != Code::unavailable || attempt + 1 >= kTriesMax) {
        end_line();
        return base::fail(sent.error());
      }
      if (session_.terminal) {
        std::fprintf(stderr, "\r\033[K%s; trying again in %d s",
                     printable(sent.error().message).c_str(), 1 << attempt);
      }
      wait_ms(1000 << attempt);
    }
    show(file_.size(), true);
    end_line();
    resume_.forget();
    return id_;
  }

 private:
  base::Status find_or_create() {
    if (id_.empty()) id_ = resume_.load();
    if (!id_.empty()) {
      ApiRequest request;
      request.path = "/api/v1/uploads/" + base::percent_encode(id_);
      OTARU_TRY(reply, session_.client.send(request));
      if (reply.good()) {
        OTARU_TRY(document, base::JsonDocument::parse(reply.body));
        offset_ = document.root().find("offset").integer().value_or(0);
        complete_ = document.root().find("complete").boolean().value_or(false);
        return {};
      }
      id_.clear();  // expired, or another server's
    }
    base::JsonWriter body;
    body.begin_object();
    body.member("size", file_.size());
    body.member("file_name", args_.file_name.empty()
                                 ? std::filesystem::path(args_.file).filename().string()
                                 : args_.file_name);
    body.end_object();
    OTARU_TRY(document, call(session_.client, "POST", "/api/v1/uploads", body.take()));
    id_ = std::string(document.root().find("id").text().value_or(""));
    offset_ = 0;
    complete_ = false;
    resume_.save(id_);
    return {};
  }

  base::Status try_once() {
    OTARU_CHECK(find_or_create());
    if (!complete_ && offset_ < file_.size()) OTARU_CHECK(send_rest());
    ApiRequest request;
    request.method = "POST";
    request.path = "/api/v1/uploads/" + id_ + "/complete";
    request.body = "{}";
    OTARU_TRY(reply, session_.client.send(request));
    if (reply.good()) return {};
    return refused(reply);
  }

  base::Status send_rest() {
    started_ = base::SystemClock().now();
    ApiRequest request;
    request.method = "PATCH";
    request.path = "/api/v1/uploads/" + id_;
    request.content_type = "application/offset+octet-stream";
    request.headers["Upload-Offset"] = std::to_string(offset_);
    request.read_bytes = file_.size() - offset_;
    int64_t at = offset_;
    request.read = [&](char* buffer, size_t size) -> size_t {
      const ssize_t n = ::pread(file_.fd(), buffer, size, at);
      if (n <= 0) return 0;
      at += n;
      show(at, false);
      return static_cast<size_t>(n);
    };
    OTARU_TRY(reply, session_.client.send(request));
    if (reply.good()) return {};
    return refused(reply);
  }

  base::Status refused(const ApiReply& reply) {
    const auto document = base::JsonDocument::parse(reply.body);
    const auto detail = document ? document->root().find("detail").text() : std::nullopt;
    const auto remedy = document ? document->root().find("remedy").text() : std::nullopt;
    std::string message =
        detail ? std::string(*detail) : "the server answered " + std::to_string(reply.status);
    if (remedy) message += " (" + std::string(*remedy) + ")";
    // Somewhere else than we thought (409), or the server is not well: ask again where we are.
    const bool again = reply.status == 409 || reply.status >= 500;
    return base::fail(again ? Code::unavailable : Code::conflict, message);
  }

  void show(int64_t done, bool last) {
    if (!session_.terminal) return;
    const base::Time now = base::SystemClock().now();
    if (!last && now - shown_ < kProgressEveryMs) return;
    shown_ = now;
    const double seconds = static_cast<double>(now - started_) / 1000.0;
    const std::string line = progress_line(std::filesystem::path(args_.file).filename().string(),
                                           done, file_.size(), started_.ms == 0 ? 0 : seconds);
    std::fprintf(stderr, "\r\033[K%s", line.c_str());
    printed_ = true;
  }
  void end_line() {
    if (printed_) std::fprintf(stderr, "\n");
    printed_ = false;
  }

  const UploadArgs& args_;
  Session& session_;
  const OpenFile& file_;
  Resume resume_;
  std::string id_;
  int64_t offset_ = 0;
  bool complete_ = false;
  bool printed_ = false;
  base::Time started_;
  base::Time shown_;
};

base::Result<std::string> package_body(const PackageAddArgs& args, int64_t release,
                                       const std::string& upload) {
  base::JsonWriter body;
  body.begin_object();
  body.member("release", release);
  body.member("upload", upload);
  if (!args.base_version.empty()) body.member("base_version", args.base_version);
  if (!args.format.empty()) body.member("format", args.format);
  if (!args.permissions.empty()) {
    body.key("permissions");
    body.begin_array();
    for (const int64_t id : args.permissions) body.value(id);
    body.end_array();
  }
  if (args.hidden) body.member("hidden", true);
  body.end_object();
  return body.take();
}

base::Result<base::JsonDocument> add_to_release(const PackageAddArgs& args, int64_t release,
                                                Session& session) {
  UploadArgs upload;
  upload.file = args.file;
  upload.file_name = args.file_name;
  upload.state_folder = args.state_folder;
  OTARU_TRY(id, upload_file(upload, session));
  OTARU_TRY(body, package_body(args, release, id));
  return call(session.client, "POST", "/api/v1/packages", body);
}

int print_document(const base::JsonDocument& document, const Session& session) {
  if (session.json) {
    emit(json_line(document.root()) + "\n");
  } else {
    emit(format_details(document.root()));
  }
  return kExitOk;
}

base::Status add_map(base::JsonWriter& body, const char* member,
                     const std::vector<std::string>& texts) {
  if (texts.empty()) return {};
  body.key(member);
  body.begin_object();
  for (const auto& text : texts) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos) {
      return base::fail(Code::invalid, "'" + text + "' is not KEY=VALUE");
    }
    body.member(text.substr(0, equals), text.substr(equals + 1));
  }
  body.end_object();
  return {};
}

base::Result<int64_t> product_of(const PublishArgs& args, Session& session) {
  auto found = resolve(Names::product, args.product, session.client);
  if (found || !args.create || found.error().code != Code::not_found) return found;
  base::JsonWriter body;
  body.begin_object();
  body.member("name", args.product);
  for (const auto& text : args.product_settings) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos) {
      return base::fail(Code::invalid, "--set '" + text + "' is not MEMBER=VALUE");
    }
    body.member(text.substr(0, equals), text.substr(equals + 1));
  }
  body.end_object();
  OTARU_TRY(made, call(session.client, "POST", "/api/v1/products", body.take()));
  return made.root().find("id").integer().value_or(0);
}

// The id of the new draft, or of the one that an interrupted try has left.
base::Result<int64_t> draft_of(const PublishArgs& args, int64_t product, const std::string& body,
                               Session& session) {
  const auto made = call(session.client, "POST", "/api/v1/releases", body);
  if (made) return made->root().find("id").integer().value_or(0);
  if (made.error().code != Code::conflict) return base::fail(made.error());
  const auto found =
      resolve(Names::release, std::to_string(product) + "@" + args.version, session.client);
  if (!found) return base::fail(made.error());
  OTARU_TRY(release, call(session.client, "GET", "/api/v1/releases/" + std::to_string(*found)));
  const bool draft = release.root().find("state").text().value_or("") == "draft";
  if (!draft) return base::fail(made.error());
  return *found;
}

// Whether the release has this very file as its full package already.
base::Result<bool> has_file(const PackageAddArgs& args, int64_t release, Session& session) {
  std::vector<std::string> hashes;
  OTARU_TRY(reply,
            for_each_item(session.client, "/api/v1/packages?release=" + std::to_string(release),
                          [&](base::JsonView item) {
                            hashes.emplace_back(item.find("sha256").text().value_or(""));
                            return true;
                          }));
  if (!reply.good() || hashes.empty()) return false;
  base::MultiHasher hasher;
  std::ifstream in(args.file, std::ios::binary);
  std::vector<char> piece(kPieceBytes);
  while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())) || in.gcount() > 0) {
    hasher.update(std::string_view(piece.data(), static_cast<size_t>(in.gcount())));
  }
  const std::string own = hasher.finish().sha256;
  return std::find(hashes.begin(), hashes.end(), own) != hashes.end();
}

base::Result<base::JsonDocument> publish_all(const PublishArgs& args, Session& session) {
  OTARU_TRY(product, product_of(args, session));
  base::JsonWriter body;
  body.begin_object();
  body.member("product", product);
  body.member("version", args.version);
  if (!args.channel.empty()) body.member("channel", args.channel);
  OTARU_CHECK(add_map(body, "labels", args.labels));
  OTARU_CHECK(add_map(body, "notes", args.notes));
  body.end_object();
  OTARU_TRY(id, draft_of(args, product, body.take(), session));
  OTARU_TRY(there, has_file(args.package, id, session));
  if (!there) OTARU_CHECK(add_to_release(args.package, id, session));
  return call(session.client, "POST", "/api/v1/releases/" + std::to_string(id) + "/publish");
}

}  // namespace

base::Result<std::string> upload_file(const UploadArgs& args, Session& session) {
  const OpenFile file(args.file);
  if (!file.good()) {
    return base::fail(Code::invalid, "cannot read " + args.file + ": " + std::strerror(errno));
  }
  if (file.size() == 0) return base::fail(Code::invalid, args.file + " is empty");
  return Uploader(args, session, file).run();
}

int package_add(const PackageAddArgs& args, Session& session) {
  catch_interrupts();
  const auto release = resolve(Names::release, args.release, session.client);
  if (!release) return print_error(release.error());
  const auto made = add_to_release(args, *release, session);
  return made ? print_document(*made, session) : print_error(made.error());
}

int publish(const PublishArgs& args, Session& session) {
  catch_interrupts();
  const auto release = publish_all(args, session);
  return release ? print_document(*release, session) : print_error(release.error());
}

int package_download(const std::string& id, const std::string& to, Session& session) {
  const auto package = call(session.client, "GET", "/api/v1/packages/" + base::percent_encode(id));
  if (!package) return print_error(package.error());
  const std::string name =
      to.empty() ? std::filesystem::path(package->root().find("file_name").text().value_or(""))
                       .filename()
                       .string()
                 : to;
  if (name.empty() || name == "." || name == "..") {
    return print_error({Code::invalid, "the package's file has no name; give one with --to", {}});
  }
  catch_interrupts();
  std::ofstream out(name + ".part", std::ios::binary | std::ios::trunc);
  base::MultiHasher hasher;
  ApiRequest request;
  request.path = "/api/v1/packages/" + base::percent_encode(id) + "/file";
  request.write = [&](std::string_view bytes) {
    hasher.update(bytes);
    return static_cast<bool>(out.write(bytes.data(), static_cast<std::streamsize>(bytes.size())));
  };
  const auto reply = session.client.send(request);
  out.close();
  const bool good = reply && reply->good() && out.good() &&
                    hasher.finish().sha256 == package->root().find("sha256").text().value_or("");
  if (!good) {
    ::unlink((name + ".part").c_str());
    if (!reply) return print_error(reply.error());
    if (!reply->good()) return print_refusal(*reply);
    return print_error({Code::conflict,
                        "what arrived is not what the package is (SHA-256), or the disk is full",
                        {}});
  }
  std::error_code renamed;
  std::filesystem::rename(name + ".part", name, renamed);
  if (renamed) return print_error({Code::internal, name + ": " + renamed.message(), {}});
  if (session.json) {
    emit(json_line(package->root()) + "\n");
  } else {
    emit(printable(name) + "\n");
  }
  return kExitOk;
}

}  // namespace otaru::cli

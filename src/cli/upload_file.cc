// SPDX-License-Identifier: Apache-2.0
// Uploads that survive interruptions: of the connection, of the server, of this command.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>
#include <vector>

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
constexpr size_t kHashPieceBytes = 1 << 20;

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
  // The id, and what the file hashes to, so that it is not read for that again.
  std::pair<std::string, std::string> load() const {
    std::ifstream in(path_);
    std::string id;
    std::string sha256;
    std::getline(in, id);
    std::getline(in, sha256);
    return {id, sha256};
  }
  void save(const std::string& id, const std::string& sha256) const {
    if (!path_.empty()) std::ofstream(path_, std::ios::trunc) << id << "\n" << sha256 << "\n";
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
        resume_(args.state_folder, session.client.server(), args.file, file),
        id_(args.resume_id) {}

  base::Result<std::string> run() {
    const auto [noted_id, noted_sha256] = resume_.load();
    if (id_.empty()) id_ = noted_id;
    sha256_ = noted_sha256;
    if (sha256_.empty()) OTARU_CHECK(hash());
    int64_t reached = 0;
    for (int attempt = 0;; ++attempt) {
      const base::Status sent = try_once();
      if (sent) break;
      if (interrupted()) {
        end_line();
        return base::fail(interruption());
      }
      // As long as it gets on, however slowly, it is worth going on.
      if (offset_ > reached) attempt = 0;
      reached = offset_;
      // Only what a later try can mend is tried again.
      if (sent.error().code != Code::unavailable || attempt + 1 >= kTriesMax) {
        end_line();
        return base::fail(sent.error());
      }
      std::fprintf(stderr, session_.terminal ? "\r\033[K%s; trying again in %d s"
                                             : "otaru: %s; trying again in %d s\n",
                   printable(sent.error().message).c_str(), 1 << attempt);
      wait_ms(1000 << attempt);
    }
    show("", file_.size(), true);
    end_line();
    resume_.forget();
    return id_;
  }

 private:
  base::Error interruption() const {
    std::string how = "interrupted; the same command goes on where it stopped";
    if (!id_.empty()) how += ", or: otaru upload resume " + id_ + " " + args_.file;
    return {Code::timeout, how, {}};
  }

  // Announced with the upload: what arrives must be this, and what is there already need not come.
  base::Status hash() {
    base::Hasher hasher(base::HashKind::sha256);
    std::vector<char> piece(kHashPieceBytes);
    started_ = base::SystemClock().now();
    for (int64_t at = 0; at < file_.size();) {
      if (interrupted()) return base::fail(interruption());
      const ssize_t n = ::pread(file_.fd(), piece.data(), piece.size(), at);
      if (n <= 0) return base::fail(Code::invalid, "cannot read " + args_.file);
      hasher.update({piece.data(), static_cast<size_t>(n)});
      at += n;
      show("hashing ", at, false);
    }
    sha256_ = base::hex(hasher.finish());
    return {};
  }

  base::Status find_or_create() {
    if (!id_.empty()) {
      ApiRequest request;
      request.path = "/api/v1/uploads/" + base::percent_encode(id_);
      OTARU_TRY(reply, session_.client.send(request));
      if (reply.good()) {
        OTARU_TRY(document, base::JsonDocument::parse(reply.body));
        if (document.root().find("size").integer() != file_.size()) {
          return base::fail(Code::conflict,
                            "upload " + id_ + " is one of another file: its size is " +
                                value_text(document.root().find("size")));
        }
        offset_ = document.root().find("offset").integer().value_or(0);
        complete_ = document.root().find("complete").boolean().value_or(false);
        return {};
      }
      if (!args_.resume_id.empty()) return refused(reply);
      id_.clear();  // expired, or another server's
    }
    base::JsonWriter body;
    body.begin_object();
    body.member("size", file_.size());
    body.member("file_name", args_.file_name.empty()
                                 ? std::filesystem::path(args_.file).filename().string()
                                 : args_.file_name);
    body.member("sha256", sha256_);
    if (!args_.tenant.empty()) body.member("tenant", args_.tenant);
    body.end_object();
    OTARU_TRY(document, call(session_.client, "POST", "/api/v1/uploads", body.take()));
    id_ = std::string(document.root().find("id").text().value_or(""));
    offset_ = document.root().find("offset").integer().value_or(0);
    complete_ = document.root().find("complete").boolean().value_or(false);
    resume_.save(id_, sha256_);
    return {};
  }

  base::Status try_once() {
    OTARU_CHECK(find_or_create());
    if (!complete_ && offset_ < file_.size()) OTARU_CHECK(send_rest());
    ApiRequest request;
    request.method = "POST";
    request.path = "/api/v1/uploads/" + id_ + "/complete";
    base::JsonWriter body;
    body.begin_object();
    body.member("sha256", sha256_);
    body.end_object();
    request.body = body.take();
    OTARU_TRY(reply, session_.client.send(request));
    if (reply.good()) return {};
    return refused(reply);
  }

  base::Status send_rest() {
    started_ = base::SystemClock().now();
    began_at_ = offset_;
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
      show("", at, false);
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

  void show(const std::string& doing, int64_t done, bool last) {
    if (!session_.terminal) return;
    const base::Time now = base::SystemClock().now();
    if (!last && now - shown_ < kProgressEveryMs) return;
    shown_ = now;
    const double seconds = static_cast<double>(now - started_) / 1000.0;
    const std::string name = doing + std::filesystem::path(args_.file).filename().string();
    const std::string line =
        progress_line(name, done, file_.size(), started_.ms == 0 ? 0 : seconds, began_at_);
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
  std::string sha256_;
  int64_t offset_ = 0;
  int64_t began_at_ = 0;  // of what is shown: this much was there before
  bool complete_ = false;
  bool printed_ = false;
  base::Time started_;
  base::Time shown_;
};

}  // namespace

base::Result<std::string> upload_file(const UploadArgs& args, Session& session) {
  const OpenFile file(args.file);
  if (!file.good()) {
    return base::fail(Code::invalid, "cannot read " + args.file + ": " + std::strerror(errno));
  }
  if (file.size() == 0) return base::fail(Code::invalid, args.file + " is empty");
  return Uploader(args, session, file).run();
}

int upload_add(const UploadArgs& args, Session& session) {
  catch_interrupts();
  const auto id = upload_file(args, session);
  if (!id) return print_error(id.error());
  const auto made = call(session.client, "GET", "/api/v1/uploads/" + base::percent_encode(*id));
  if (!made) return print_error(made.error());
  emit(session.json ? json_line(made->root()) + "\n" : format_details(made->root()));
  return kExitOk;
}

}  // namespace otaru::cli

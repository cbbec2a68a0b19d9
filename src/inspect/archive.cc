// SPDX-License-Identifier: Apache-2.0
#include "inspect/archive.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>

#include "base/limits.h"

namespace otaru::inspect {

// Not anonymous, because Archive::Impl holds them and unity builds look at that.
namespace archive_parts {

using base::Code;
using base::Result;
namespace limits = base::limits;

// The bytes that libarchive asks for: in order from a stream, or anywhere from a window.
class Bytes {
 public:
  virtual ~Bytes() = default;
  virtual Result<std::string_view> piece() = 0;
  virtual int64_t skip(int64_t) { return 0; }
  virtual int64_t seek(int64_t, int) { return ARCHIVE_FATAL; }
};

class StreamBytes final : public Bytes {
 public:
  explicit StreamBytes(ByteStream& stream) : stream_(stream) {}
  Result<std::string_view> piece() override { return stream_.next(); }

 private:
  ByteStream& stream_;
};

class WindowBytes final : public Bytes {
 public:
  explicit WindowBytes(const Reader& reader) : reader_(reader) {}

  Result<std::string_view> piece() override {
    if (at_ >= reader_.size()) return std::string_view();
    OTARU_TRY(got, reader_.bytes(at_, stream_piece_bytes()));
    if (got.empty()) return base::fail(Code::exhausted, "the rest was left unread");
    at_ += got.size();
    piece_ = std::move(got);
    return std::string_view(piece_);
  }
  int64_t skip(int64_t count) override {
    const uint64_t rest = reader_.size() - std::min(at_, reader_.size());
    const uint64_t done = std::min(rest, static_cast<uint64_t>(std::max<int64_t>(count, 0)));
    at_ += done;
    return static_cast<int64_t>(done);
  }
  int64_t seek(int64_t offset, int whence) override {
    const auto size = static_cast<int64_t>(reader_.size());
    int64_t base = 0;
    if (whence == SEEK_CUR) base = static_cast<int64_t>(at_);
    if (whence == SEEK_END) base = size;
    if (offset < -base || offset > size - base) return ARCHIVE_FATAL;
    at_ = static_cast<uint64_t>(base + offset);
    return base + offset;
  }

 private:
  Reader reader_;
  uint64_t at_ = 0;
  std::string piece_;
};

// What the callbacks share: C code lies between them and the caller, so errors are kept here.
struct Feed {
  std::unique_ptr<Bytes> bytes;
  base::Status status;
  uint64_t given = 0;             // to libarchive, so far
  uint64_t allowed = UINT64_MAX;  // until this is set again
};

la_ssize_t feed_piece(archive*, void* data, const void** out) {
  auto& feed = *static_cast<Feed*>(data);
  if (!feed.status) return ARCHIVE_FATAL;
  if (feed.allowed == 0) {
    feed.status = base::fail(Code::too_large, "its directory is larger than is read");
    return ARCHIVE_FATAL;
  }
  const auto piece = feed.bytes->piece();
  if (!piece) {
    feed.status = base::fail(piece.error());
    return ARCHIVE_FATAL;
  }
  feed.given += piece->size();
  feed.allowed -= std::min<uint64_t>(feed.allowed, piece->size());
  *out = piece->data();
  return static_cast<la_ssize_t>(piece->size());
}

la_int64_t feed_skip(archive*, void* data, la_int64_t count) {
  return static_cast<Feed*>(data)->bytes->skip(count);
}

la_int64_t feed_seek(archive*, void* data, la_int64_t offset, int whence) {
  return static_cast<Feed*>(data)->bytes->seek(offset, whence);
}

// The bytes of the current member.
class MemberContent final : public ByteStream {
 public:
  MemberContent(archive& from, Feed& feed, Budget& budget)
      : from_(from), feed_(feed), budget_(budget) {}
  void begin(bool readable) { readable_ = readable; }

  Result<std::string_view> next() override {
    if (!readable_) return base::fail(Code::invalid, "its way of compression is not read");
    piece_.resize(stream_piece_bytes());
    const la_ssize_t got = archive_read_data(&from_, piece_.data(), piece_.size());
    if (!feed_.status) return base::fail(feed_.status.error());
    if (got < 0) return base::fail(Code::invalid, "the content of a member is damaged or cut off");
    const auto count = static_cast<size_t>(got);
    made_ += count;
    // What went in was counted when it was read; what comes out beyond it (deflated bytes, the
    // holes of a sparse member) counts here.
    const uint64_t grown = made_ > feed_.given ? made_ - feed_.given : 0;
    const uint64_t more = grown > counted_ ? grown - counted_ : 0;
    if (more > budget_.bytes) {
      budget_.exhausted = true;
      return base::fail(Code::exhausted, "the rest was left unread");
    }
    counted_ += more;
    budget_.bytes -= more;
    return std::string_view(piece_).substr(0, count);
  }

 private:
  archive& from_;
  Feed& feed_;
  Budget& budget_;
  std::string piece_;
  uint64_t made_ = 0;
  uint64_t counted_ = 0;
  bool readable_ = false;
};

// "ZIP 2.0 (deflation)": libarchive tells a member's method in the name of the format only.
bool names_method(archive& from, std::string_view method) {
  const char* name = archive_format_name(&from);
  return name != nullptr && std::string_view(name).find(method) != std::string_view::npos;
}

}  // namespace archive_parts

struct Archive::Impl {
  using Bytes = archive_parts::Bytes;
  using Feed = archive_parts::Feed;

  Impl(Kind wanted, std::unique_ptr<Bytes> bytes, Budget& given)
      : kind(wanted),
        feed{std::move(bytes), {}, 0, UINT64_MAX},
        budget(given),
        from(archive_read_new(), &archive_read_free),
        member(*from, feed, budget) {}

  bool open(bool seekable) {
    archive* handle = from.get();
    if (kind == Kind::tar) archive_read_support_format_tar(handle);
    if (kind == Kind::ar) archive_read_support_format_ar(handle);
    if (kind == Kind::zip) archive_read_support_format_zip_seekable(handle);
    archive_read_set_callback_data(handle, &feed);
    archive_read_set_read_callback(handle, &archive_parts::feed_piece);
    if (seekable) {
      archive_read_set_skip_callback(handle, &archive_parts::feed_skip);
      archive_read_set_seek_callback(handle, &archive_parts::feed_seek);
    }
    return archive_read_open1(handle) == ARCHIVE_OK;
  }

  Kind kind;
  Feed feed;
  Budget& budget;
  std::unique_ptr<archive, int (*)(archive*)> from;
  archive_parts::MemberContent member;
  size_t members = 0;
  bool opened = false;
};

Archive::Archive(Kind kind, ByteStream& stream, Budget& budget)
    : impl_(std::make_unique<Impl>(kind, std::make_unique<archive_parts::StreamBytes>(stream),
                                   budget)) {
  impl_->opened = impl_->open(false);
}

Archive::Archive(Kind kind, const Reader& reader)
    : impl_(std::make_unique<Impl>(kind, std::make_unique<archive_parts::WindowBytes>(reader),
                                   reader.budget())) {
  impl_->opened = impl_->open(true);
}

Archive::~Archive() = default;

base::Result<std::optional<Member>> Archive::next() {
  using base::Code;
  namespace limits = base::limits;
  Impl& impl = *impl_;
  const auto failed = [&impl](std::string message) -> tl::unexpected<base::Error> {
    if (!impl.feed.status) return base::fail(impl.feed.status.error());
    return base::fail(Code::invalid, std::move(message));
  };
  if (!impl.opened) return failed("it cannot be opened as an archive");
  // libarchive would skip the rest by reading it too, together with the next header.
  while (impl.kind != Kind::zip && impl.members > 0) {
    const auto rest = impl.member.next();
    if (!rest && rest.error().code != Code::invalid) return base::fail(rest.error());
    if (!rest || rest->empty()) break;
  }
  impl.member.begin(false);
  if (impl.budget.steps == 0 || impl.members >= limits::kInspectEntriesMax) {
    impl.budget.exhausted = true;
    return base::fail(Code::exhausted, "more members than are looked at");
  }
  --impl.budget.steps;
  ++impl.members;
  archive_entry* entry = nullptr;
  // libarchive keeps all of a zip's directory in memory, however long it is, and an ar's long
  // names.
  impl.feed.allowed = limits::kInspectDirectoryBytesMax;
  const int state = archive_read_next_header(impl.from.get(), &entry);
  impl.feed.allowed = UINT64_MAX;
  if (state == ARCHIVE_EOF) return std::optional<Member>();
  // (A warning is about names in another character set and the like.)
  if (state != ARCHIVE_OK && state != ARCHIVE_WARN) return failed("a member cannot be read");
  Member member;
  const char* name = archive_entry_pathname(entry);
  if (name != nullptr) {
    std::string_view text(name);
    while (text.starts_with("./")) text.remove_prefix(2);
    member.name = text.substr(0, limits::kInspectTextBytesMax);
  }
  member.size = static_cast<uint64_t>(std::max<int64_t>(archive_entry_size(entry), 0));
  member.offset = static_cast<uint64_t>(archive_filter_bytes(impl.from.get(), 0));
  member.regular =
      archive_entry_filetype(entry) == AE_IFREG && archive_entry_hardlink(entry) == nullptr;
  if (impl.kind == Kind::zip) {
    member.compressed = archive_parts::names_method(*impl.from, "(deflation)");
    member.readable =
        (member.compressed || archive_parts::names_method(*impl.from, "(uncompressed)")) &&
        archive_entry_is_encrypted(entry) == 0;
  }
  impl.member.begin(member.readable);
  return std::optional<Member>(std::move(member));
}

ByteStream& Archive::content() {
  return impl_->member;
}

}  // namespace otaru::inspect

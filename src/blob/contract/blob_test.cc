// SPDX-License-Identifier: Apache-2.0
// The contract of the blob port, and what the folder promises about the disk.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "app/ports/blob.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/random.h"
#include "blob/folder/folder_blobs.h"

namespace otaru::blob {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Time;

const std::string kId = "0123456789abcdef0123456789abcdef";
const std::string kOtherId = "ffffffffffffffffffffffffffffffff";

std::string content(size_t size, uint64_t seed = 7) {
  return base::SeededRandom(seed).bytes(size);
}

std::string sha256_of(std::string_view bytes) {
  base::MultiHasher hasher;
  hasher.update(bytes);
  return hasher.finish().sha256;
}

std::string read_all(const app::OpenBlob& blob) {
  std::string out(static_cast<size_t>(blob.size()), '\0');
  EXPECT_EQ(::pread(blob.fd(), out.data(), out.size(), 0), static_cast<ssize_t>(out.size()));
  return out;
}

class BlobContract : public testing::Test {
 protected:
  BlobContract() {
    // In memory where that is possible, so that nothing waits for a disk.
    std::error_code none;
    const fs::path shared = "/dev/shm";
    const auto parent = fs::is_directory(shared, none) ? shared : fs::temp_directory_path();
    std::string pattern = (parent / "otaru-blob-XXXXXX").string();
    OTARU_ASSERT(::mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
    reopen();
  }
  ~BlobContract() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  void reopen() {
    blobs_.reset();
    auto opened = make_folder_blobs(root());
    OTARU_ASSERT(opened.has_value());
    blobs_ = std::move(*opened);
  }
  app::BlobStore& blobs() { return *blobs_; }
  std::string root() const { return folder_ + "/files"; }
  std::string blob_path(const std::string& sha) const {
    return root() + "/blobs/" + sha.substr(0, 2) + "/" + sha.substr(2);
  }
  std::unique_ptr<app::BlobWriter> writer(const std::string& id) {
    auto opened = blobs().open_upload(id);
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? std::move(*opened) : nullptr;
  }
  std::string store(const std::string& bytes, const std::string& id = kId) {
    auto upload = writer(id);
    EXPECT_TRUE(upload->write(bytes));
    const auto info = upload->finish();
    EXPECT_TRUE(info) << info.error().message;
    return info->digests.sha256;
  }
  size_t blob_count() {
    size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(root() + "/blobs")) {
      if (entry.is_regular_file()) ++count;
    }
    return count;
  }
  Time file_time(const std::string& sha) { return (*blobs().open(sha))->modified(); }

 private:
  std::string folder_;
  std::unique_ptr<app::BlobStore> blobs_;
};

TEST_F(BlobContract, a_file_is_hashed_while_it_is_written_and_opened_by_its_hash) {
  const std::string bytes = content(300'000);
  auto upload = writer(kId);
  EXPECT_EQ(upload->offset(), 0);
  EXPECT_TRUE(upload->write(bytes.substr(0, 100'000)));
  EXPECT_EQ(upload->offset(), 100'000);
  EXPECT_EQ(*blobs().upload_offset(kId), 100'000);
  EXPECT_EQ(blob_count(), 0u);
  EXPECT_TRUE(upload->write(bytes.substr(100'000)));
  const auto info = upload->finish();
  ASSERT_TRUE(info);
  base::MultiHasher hasher;
  hasher.update(bytes);
  EXPECT_EQ(info->digests, hasher.finish());
  EXPECT_EQ(info->size_bytes, 300'000);
  const auto blob = blobs().open(info->digests.sha256);
  ASSERT_TRUE(blob);
  EXPECT_EQ((*blob)->size(), 300'000);
  EXPECT_EQ(read_all(**blob), bytes);
  EXPECT_TRUE(blobs().uploads().empty());
  EXPECT_EQ(blobs().upload_offset(kId).error().code, Code::not_found);
  reopen();
  EXPECT_EQ(read_all(**blobs().open(info->digests.sha256)), bytes);
}

TEST_F(BlobContract, what_is_behind_a_mark_can_be_taken_back) {
  auto upload = writer(kId);
  EXPECT_TRUE(upload->write("good"));
  ASSERT_TRUE(upload->mark());
  EXPECT_TRUE(upload->write("bad"));
  EXPECT_EQ(*blobs().upload_offset(kId), 4);
  ASSERT_TRUE(upload->rollback());
  EXPECT_EQ(upload->offset(), 4);
  ASSERT_TRUE(upload->mark());
  EXPECT_TRUE(upload->write(" too"));
  ASSERT_TRUE(upload->sync());
  EXPECT_EQ(*blobs().upload_offset(kId), 8);
  ASSERT_TRUE(upload->mark());
  EXPECT_TRUE(upload->write("bad"));
  upload.reset();  // a lost connection
  EXPECT_EQ(*blobs().upload_offset(kId), 8);
  const auto info = writer(kId)->finish();
  ASSERT_TRUE(info);
  EXPECT_EQ(info->digests.sha256, sha256_of("good too"));
  EXPECT_TRUE(fs::is_empty(root() + "/uploads"));
}

TEST_F(BlobContract, a_crash_takes_back_what_is_behind_a_mark) {
  { EXPECT_TRUE(writer(kId)->write("good")); }
  const pid_t child = ::fork();
  if (child == 0) {
    auto upload = writer(kId);
    const bool written = upload->mark() && upload->write("not known to be good");
    ::_exit(written ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  reopen();
  EXPECT_EQ(*blobs().upload_offset(kId), 4);
  const auto info = writer(kId)->finish();
  ASSERT_TRUE(info);
  EXPECT_EQ(info->digests.sha256, sha256_of("good"));
  EXPECT_TRUE(fs::is_empty(root() + "/uploads"));
}

TEST_F(BlobContract, reading_again_says_how_far_it_is) {
  EXPECT_FALSE(blobs().upload_reread(kId).has_value());
  auto upload = writer(kId);
  EXPECT_FALSE(blobs().upload_reread(kId).has_value());
  EXPECT_TRUE(upload->write(content(40'000'000)));
  upload.reset();
  int64_t seen = 0;
  std::atomic<bool> opened = false;
  std::thread reader([&] {
    upload = writer(kId);
    opened = true;
  });
  while (!opened && seen == 0) seen = blobs().upload_reread(kId).value_or(0);
  reader.join();
  EXPECT_GT(seen, 0);
  EXPECT_LE(seen, 40'000'000);
  EXPECT_FALSE(blobs().upload_reread(kId).has_value());
}

TEST_F(BlobContract, an_empty_file_is_a_blob_too) {
  const auto sha = store("");
  EXPECT_EQ(sha, sha256_of(""));
  EXPECT_EQ((*blobs().open(sha))->size(), 0);
}

TEST_F(BlobContract, a_finished_writer_takes_nothing_more) {
  auto upload = writer(kId);
  EXPECT_TRUE(upload->write("abc"));
  EXPECT_TRUE(upload->finish());
  EXPECT_EQ(upload->write("d").error().code, Code::precondition);
  EXPECT_EQ(upload->finish().error().code, Code::precondition);
}

TEST_F(BlobContract, a_sealed_upload_is_finished_by_whoever_comes_next) {
  {
    auto upload = writer(kId);
    EXPECT_TRUE(upload->write("abc"));
    const auto sealed = upload->seal();
    ASSERT_TRUE(sealed);
    EXPECT_EQ(sealed->digests.sha256, sha256_of("abc"));
    EXPECT_EQ(sealed->size_bytes, 3);
    EXPECT_EQ(upload->write("d").error().code, Code::precondition);
  }
  EXPECT_EQ(blobs().open(sha256_of("abc")).error().code, Code::not_found);
  EXPECT_TRUE(writer(kId)->finish());
  EXPECT_EQ((*blobs().open(sha256_of("abc")))->size(), 3);
}

TEST_F(BlobContract, an_upload_goes_on_where_it_stopped) {
  const std::string bytes = content(1'000'000);
  {
    auto upload = writer(kId);
    EXPECT_TRUE(upload->write(bytes.substr(0, 600'001)));
    EXPECT_TRUE(upload->sync());
  }
  EXPECT_EQ(blobs().uploads(), std::vector{kId});
  reopen();
  EXPECT_EQ(*blobs().upload_offset(kId), 600'001);
  auto upload = writer(kId);
  EXPECT_EQ(upload->offset(), 600'001);
  EXPECT_TRUE(upload->write(bytes.substr(600'001)));
  const auto info = upload->finish();
  ASSERT_TRUE(info);
  EXPECT_EQ(info->digests.sha256, sha256_of(bytes));
  EXPECT_EQ(info->size_bytes, 1'000'000);
}

TEST_F(BlobContract, two_writers_of_one_upload_are_a_conflict) {
  auto first = writer(kId);
  const auto second = blobs().open_upload(kId);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::conflict);
  EXPECT_EQ(blobs().remove_upload(kId).error().code, Code::conflict);
  EXPECT_TRUE(blobs().open_upload(kOtherId));
  first.reset();
  EXPECT_TRUE(blobs().open_upload(kId));
}

TEST_F(BlobContract, a_writer_may_outlive_its_store) {
  auto upload = writer(kId);
  EXPECT_TRUE(upload->write("abc"));
  reopen();
  EXPECT_TRUE(upload->finish());
  EXPECT_TRUE(blobs().open(sha256_of("abc")));
}

TEST_F(BlobContract, the_same_content_is_kept_once) {
  const std::string bytes = content(5'000);
  const auto first = store(bytes);
  const auto open = *blobs().open(first);
  EXPECT_EQ(store(bytes, kOtherId), first);
  EXPECT_EQ(blob_count(), 1u);
  EXPECT_EQ(read_all(*open), bytes);
  EXPECT_EQ(read_all(**blobs().open(first)), bytes);
}

TEST_F(BlobContract, ids_and_hashes_that_are_not_hex_reach_no_file) {
  std::ofstream(root() + "/secret.part") << "secret";
  const std::string bad[] = {"",
                             "..",
                             "../secret",
                             std::string(31, 'a'),
                             std::string(33, 'a'),
                             std::string(32, 'A'),
                             "../../../../../../../etc/passwd0",
                             "/123456789abcdef0123456789abcdef",
                             std::string(32, '\0')};
  for (const auto& id : bad) {
    EXPECT_EQ(blobs().open_upload(id).error().code, Code::invalid) << id;
    EXPECT_EQ(blobs().upload_offset(id).error().code, Code::invalid) << id;
    EXPECT_EQ(blobs().remove_upload(id).error().code, Code::invalid) << id;
    EXPECT_EQ(blobs().open(id).error().code, Code::not_found) << id;
    EXPECT_EQ(blobs().open(id + id).error().code, Code::not_found) << id;
  }
  EXPECT_TRUE(fs::exists(root() + "/secret.part"));
  EXPECT_EQ(blobs().open(std::string(64, 'a')).error().code, Code::not_found);
}

TEST_F(BlobContract, links_are_not_followed) {
  const std::string outside = root() + "/outside";
  std::ofstream(outside) << "outside";
  fs::create_symlink(outside, root() + "/uploads/" + kId + ".part");
  EXPECT_FALSE(blobs().open_upload(kId));
  const std::string sha(64, 'a');
  fs::create_directory(root() + "/blobs/aa");
  fs::create_symlink(outside, blob_path(sha));
  EXPECT_EQ(blobs().open(sha).error().code, Code::not_found);
  EXPECT_TRUE(blobs().remove_upload(kId));  // the link goes, not what it names
  EXPECT_EQ(fs::file_size(outside), 7u);
}

TEST_F(BlobContract, files_and_folders_are_for_the_owner_only) {
  const auto sha = store("abc");
  auto upload = writer(kOtherId);
  const auto rights = [](const std::string& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 0777;
  };
  EXPECT_EQ(rights(root()), 0700u);
  EXPECT_EQ(rights(root() + "/blobs"), 0700u);
  EXPECT_EQ(rights(root() + "/uploads"), 0700u);
  EXPECT_EQ(rights(root() + "/blobs/" + sha.substr(0, 2)), 0700u);
  EXPECT_EQ(rights(blob_path(sha)), 0600u);
  EXPECT_EQ(rights(root() + "/uploads/" + kOtherId + ".part"), 0600u);
}

TEST_F(BlobContract, removed_uploads_are_gone) {
  writer(kId).reset();
  writer(kOtherId).reset();
  std::ofstream(root() + "/uploads/readme.txt") << "not ours";
  EXPECT_EQ(blobs().uploads(), (std::vector{kId, kOtherId}));
  EXPECT_TRUE(blobs().remove_upload(kId));
  EXPECT_EQ(blobs().remove_upload(kId).error().code, Code::not_found);
  EXPECT_EQ(blobs().uploads(), std::vector{kOtherId});
}

TEST_F(BlobContract, the_sweep_takes_what_is_unnamed_and_old) {
  const auto named = store("named");
  const auto unnamed = store("unnamed");
  std::ofstream(root() + "/blobs/lost+found") << "not ours";
  const auto keep = [&](std::string_view sha) { return sha == named; };
  const Time born = file_time(unnamed);
  EXPECT_EQ(*blobs().sweep(keep, born + 999, 1000), 0);
  EXPECT_TRUE(blobs().open(unnamed));
  const auto open = *blobs().open(unnamed);
  EXPECT_EQ(*blobs().sweep(keep, born + 1000, 1000), 1);
  EXPECT_EQ(blobs().open(unnamed).error().code, Code::not_found);
  EXPECT_EQ(read_all(*open), "unnamed");  // a download under way goes on
  EXPECT_TRUE(blobs().open(named));
  EXPECT_TRUE(fs::exists(root() + "/blobs/lost+found"));
}

TEST_F(BlobContract, content_that_is_uploaded_again_is_young_again) {
  const auto sha = store("again");
  const struct timespec long_ago[2] = {{1000, 0}, {1000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, blob_path(sha).c_str(), long_ago, 0), 0);
  reopen();
  EXPECT_EQ(file_time(sha).seconds(), 1000);
  store("again", kOtherId);
  EXPECT_GT(file_time(sha).seconds(), 1000);
  const auto none = [](std::string_view) { return false; };
  EXPECT_EQ(*blobs().sweep(none, Time{100'000'000}, 1000), 0);
  EXPECT_TRUE(blobs().open(sha));
}

TEST_F(BlobContract, open_descriptors_are_shared_and_bounded) {
  const auto descriptors = [] {
    size_t count = 0;
    for ([[maybe_unused]] const auto& entry : fs::directory_iterator("/proc/self/fd")) ++count;
    return count;
  };
  std::vector<std::string> shas;
  for (size_t i = 0; i < base::limits::kOpenBlobsMax + 20; ++i) {
    // Placed by hand: storing so many would take long on a slow disk.
    shas.push_back(sha256_of(std::to_string(i)));
    fs::create_directories(fs::path(blob_path(shas.back())).parent_path());
    std::ofstream(blob_path(shas.back())) << i;
  }
  const size_t before = descriptors();
  for (const auto& sha : shas) ASSERT_TRUE(blobs().open(sha));
  EXPECT_LE(descriptors(), before + base::limits::kOpenBlobsMax);
  const auto one = *blobs().open(shas.back());
  EXPECT_EQ(one.get(), blobs().open(shas.back())->get());
  EXPECT_EQ(::fcntl(one->fd(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

TEST_F(BlobContract, threads_may_open_and_upload_at_once) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < 30; ++i) {
        const std::string bytes = "blob " + std::to_string(i % 7);
        const auto sha = store(bytes, std::string(31, 'a') + std::to_string(t));
        const auto blob = blobs().open(sha);
        ASSERT_TRUE(blob);
        EXPECT_EQ(read_all(**blob), bytes);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(blob_count(), 7u);
}

long peak_kib() {
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST_F(BlobContract, a_large_file_takes_no_more_memory_than_a_small_one) {
  constexpr size_t kChunks = 1200;  // of 64 KiB: 75 MiB
  const std::string chunk = content(64 * 1024);
  base::MultiHasher expected;
  const long before = peak_kib();
  for (size_t i = 0; i < kChunks; ++i) {
    // Resumed in the middle, so that hashing again what is there is measured too.
    auto upload = i % (kChunks / 2) == 0 ? writer(kId) : nullptr;
    for (const size_t end = upload ? i + kChunks / 2 : i; i < end; ++i) {
      ASSERT_TRUE(upload->write(chunk));
      expected.update(chunk);
    }
    --i;
  }
  const auto info = writer(kId)->finish();
  ASSERT_TRUE(info);
  EXPECT_EQ(info->size_bytes, static_cast<int64_t>(kChunks * chunk.size()));
  EXPECT_EQ(info->digests, expected.finish());
  EXPECT_LT(peak_kib() - before, 16 * 1024);
}

// Runs `body` in a child process and gives its exit code.
template <class Body>
int in_child(Body body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// A limit on the size of files stands for the full disk: the kernel refuses in the same place.
TEST_F(BlobContract, a_full_disk_breaks_nothing) {
  const std::string bytes = content(3'000'000);
  const int result = in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const struct rlimit small { 1'000'000, 8'000'000 };
    const struct rlimit large { 8'000'000, 8'000'000 };
    if (::setrlimit(RLIMIT_FSIZE, &small) != 0) return 1;
    auto upload = blobs().open_upload(kId);
    const auto full = (*upload)->write(bytes);
    if (full || full.error().code != Code::unavailable) return 2;
    if (full.error().message.find("full") == std::string::npos) return 3;
    if ((*upload)->offset() != 1'000'000) return 4;
    // Other files are still served, and the upload goes on when there is room.
    if (::setrlimit(RLIMIT_FSIZE, &large) != 0) return 5;
    if (!(*upload)->write(std::string_view(bytes).substr(1'000'000))) return 6;
    const auto info = (*upload)->finish();
    return info && info->digests.sha256 == sha256_of(bytes) ? 0 : 7;
  });
  EXPECT_EQ(result, 0);
  EXPECT_EQ(read_all(**blobs().open(sha256_of(bytes))), bytes);
}

// The child uploads one file after the other and says each hash once it is finished.
int upload_for_ever(app::BlobStore& blobs, uint64_t seed, int report) {
  for (uint64_t i = 0;; ++i) {
    base::SeededRandom random{seed * 1000 + i};
    auto upload = blobs.open_upload(i % 2 == 0 ? kId : kOtherId);
    if (!upload) return 1;
    for (int part = 0; part < 4; ++part) {
      if (!(*upload)->write(random.bytes(random.below(200'000)))) return 2;
    }
    const auto info = (*upload)->finish();
    if (!info) return 3;
    if (::write(report, info->digests.sha256.data(), 64) != 64) return 4;
  }
}

TEST_F(BlobContract, a_kill_at_any_moment_leaves_whole_blobs_only) {
  base::SeededRandom random{20260501};
  size_t reported = 0;
  for (uint64_t round = 0; round < 20; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(::pipe2(pipe_ends, O_CLOEXEC), 0);
    const pid_t child = ::fork();
    if (child == 0) ::_exit(upload_for_ever(blobs(), round, pipe_ends[1]));
    ::close(pipe_ends[1]);
    // Kill after some reports and a bit more, so that it comes at any step of the next upload.
    std::vector<std::string> shas;
    std::string sha(64, '\0');
    const uint64_t wanted = random.below(6);
    while (shas.size() < wanted && ::read(pipe_ends[0], sha.data(), 64) == 64) shas.push_back(sha);
    base::SeededRandom wait(round);
    for (uint64_t spin = random.below(4'000'000); spin > 0; --spin) wait.next();
    ::kill(child, SIGKILL);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    while (::read(pipe_ends[0], sha.data(), 64) == 64) shas.push_back(sha);
    ::close(pipe_ends[0]);
    reported += shas.size();

    reopen();
    for (const auto& known : shas) {
      const auto blob = blobs().open(known);
      ASSERT_TRUE(blob) << "round " << round;
      EXPECT_EQ(sha256_of(read_all(**blob)), known);
    }
    for (const auto& entry : fs::recursive_directory_iterator(root() + "/blobs")) {
      if (!entry.is_regular_file()) continue;
      const auto name =
          entry.path().parent_path().filename().string() + entry.path().filename().string();
      EXPECT_EQ(sha256_of(read_all(**blobs().open(name))), name);
    }
    for (const auto& id : blobs().uploads()) {
      const auto offset = blobs().upload_offset(id);
      auto upload = writer(id);
      EXPECT_EQ(upload->offset(), *offset);
      EXPECT_TRUE(upload->finish());
    }
  }
  EXPECT_GT(reported, 20u);
}

TEST_F(BlobContract, while_it_is_held_nothing_is_swept) {
  const auto sha = store("a file that nobody names");
  const auto none = [](std::string_view) { return false; };
  const Time later = file_time(sha) + 10'000;
  {
    const auto first = blobs().hold();
    ASSERT_TRUE(first);
    const auto second = blobs().hold();  // two backups at once do not wait for each other
    ASSERT_TRUE(second);
    EXPECT_EQ(*blobs().sweep(none, later, 0), 0);
    EXPECT_TRUE(blobs().open(sha));
  }
  EXPECT_EQ(*blobs().sweep(none, later, 0), 1);
  EXPECT_EQ(blobs().open(sha).error().code, Code::not_found);
}

TEST_F(BlobContract, every_blob_is_named_once_in_order) {
  std::vector<std::string> stored;
  for (int i = 0; i < 40; ++i) stored.push_back(store(content(static_cast<size_t>(100 + i))));
  std::sort(stored.begin(), stored.end());
  stored.erase(std::unique(stored.begin(), stored.end()), stored.end());
  ASSERT_EQ(stored.size(), 40u);
  std::vector<std::string> named;
  EXPECT_TRUE(blobs().each([&](std::string_view sha) {
    named.emplace_back(sha);
    return true;
  }));
  EXPECT_EQ(named, stored);
  named.clear();
  EXPECT_TRUE(blobs().each([&](std::string_view sha) {
    named.emplace_back(sha);
    return named.size() < 3;
  }));
  EXPECT_EQ(named.size(), 3u);
}

TEST_F(BlobContract, what_is_set_aside_is_gone_but_its_bytes_are_kept) {
  const auto sha = store("bytes that rotted");
  ASSERT_TRUE(blobs().open(sha));  // also out of the cache of open files
  EXPECT_TRUE(blobs().set_aside(sha));
  EXPECT_EQ(blobs().open(sha).error().code, Code::not_found);
  EXPECT_TRUE(fs::exists(root() + "/blobs/damaged/" + sha));
  EXPECT_EQ(blobs().set_aside(sha).error().code, Code::not_found);
  size_t seen = 0;
  EXPECT_TRUE(blobs().each([&](std::string_view) { return ++seen > 0; }));
  EXPECT_EQ(seen, 0u);
  EXPECT_EQ(store("bytes that rotted"), sha);  // a good copy takes its place
  EXPECT_TRUE(blobs().open(sha));
}

}  // namespace
}  // namespace otaru::blob

// SPDX-License-Identifier: Apache-2.0
// Archives that mean harm: they promise more than they have, unpack to more than anybody wants, or
// have more members than anybody needs.
#include <gtest/gtest.h>

#include "base/limits.h"
#include "inspect/archive.h"
#include "inspect/cpio.h"
#include "inspect/format.h"
#include "inspect/inspect.h"
#include "inspect/inspect_test_support.h"
#include "inspect/stream.h"
#include "inspect/wire.h"
#include "tests/support/workshop.h"

namespace otaru::inspect {
namespace {

using base::Code;
namespace limits = base::limits;

// The content unpacked within a budget, or the code of the error in words.
std::string unpacked(const std::string& bytes, Compression compression, uint64_t budget_bytes) {
  StringSource source(bytes);
  Budget budget{budget_bytes, 1'000'000};
  const auto packed = stream_of(Reader(source, budget), 0, bytes.size());
  const auto stream = unpack(*packed, compression, budget);
  auto content = read_all(*stream, limits::kInspectBlockBytesMax);
  return content ? std::move(*content) : "error: " + std::string(code_name(content.error().code));
}

constexpr uint64_t kPlenty = 64 * 1024 * 1024;

struct Packer {
  Compression compression;
  const char* command;
};
constexpr Packer kPackers[] = {
    {Compression::gzip, "gzip"}, {Compression::xz, "xz"}, {Compression::zstd, "zstd -q"}};

TEST(Unpack, ReadsWhatTheToolsPack) {
  const test::Workshop workshop;
  const std::string content = test::plain(300'000);
  workshop.write("a", content);
  for (const auto& [compression, command] : kPackers) {
    const std::string packed = workshop.make(std::string(command) + " -c a >b", "b");
    EXPECT_EQ(unpacked(packed, compression, kPlenty), content) << command;
    EXPECT_EQ(unpacked(packed + packed, compression, kPlenty), content + content) << command;
    for (const size_t size : {size_t{0}, size_t{5}, packed.size() / 2, packed.size() - 1}) {
      const std::string cut = unpacked(packed.substr(0, size), compression, kPlenty);
      EXPECT_EQ(cut.substr(0, 6), "error:") << command << " " << size;
    }
  }
}

TEST(Unpack, BombsEndWithTheBudget) {
  const test::Workshop workshop;
  for (const auto& [compression, command] : kPackers) {
    const std::string packed =
        workshop.make("head -c 20000000 /dev/zero | " + std::string(command) + " -c >b", "b");
    EXPECT_LT(packed.size(), 100'000u);
    EXPECT_EQ(unpacked(packed, compression, 2'000'000), "error: exhausted") << command;
  }
}

TEST(Unpack, WhatAsksForMuchMemoryStaysPacked) {
  const test::Workshop workshop;
  workshop.write("a", test::plain(100'000));
  EXPECT_EQ(unpacked(workshop.make("xz -c --lzma2=preset=0,dict=128MiB a >b", "b"), Compression::xz,
                     kPlenty),
            "error: too_large");
  EXPECT_EQ(
      unpacked(workshop.make("cat a | zstd -q --long=28 -c >b", "b"), Compression::zstd, kPlenty),
      "error: too_large");
  // What people use is unpacked.
  EXPECT_EQ(unpacked(workshop.make("xz -9e -c a >b", "b"), Compression::xz, kPlenty).size(),
            100'000u);
  EXPECT_EQ(unpacked(workshop.make("zstd -q --ultra -21 -c a >b", "b"), Compression::zstd, kPlenty)
                .size(),
            100'000u);
}

TEST(HostileZip, ItsDirectoryIsBounded) {
  const test::Workshop workshop;
  workshop.write("make.py", R"(import zipfile
with zipfile.ZipFile("a.zip", "w") as z:
    for i in range(25000):
        z.writestr(zipfile.ZipInfo(f"{i:0200}"), b"")
)");
  const std::string zip = workshop.make("/usr/bin/python3 make.py", "a.zip");
  ASSERT_GT(zip.size(), 2 * limits::kInspectDirectoryBytesMax);
  const Findings findings = findings_of(zip);
  EXPECT_EQ(findings.kind, "zip");
  EXPECT_TRUE(findings.has_note("not-all-read"));
  EXPECT_TRUE(findings.payloads.empty());
}

TEST(HostileZip, OtherCompressionsAndEncryptedMembersAreNotRead) {
  const test::Workshop workshop;
  workshop.write("a", test::plain(10'000));
  const Findings bzip2 = findings_of(workshop.make("zip -q -Z bzip2 b.zip a", "b.zip"));
  EXPECT_TRUE(bzip2.has_note("member-unread"));
  EXPECT_EQ(bzip2.payloads.size(), 1u);
  const Findings secret = findings_of(workshop.make("zip -q -P x c.zip a", "c.zip"));
  EXPECT_TRUE(secret.has_note("member-unread"));
}

TEST(HostileZip, NamesThatLeaveTheFolderAreOnlyNames) {
  const test::Workshop workshop;
  workshop.run("mkdir -p in/sub && echo x >in/evil");
  const std::string zip = workshop.make("cd in/sub && zip -q ../../a.zip ../evil", "a.zip");
  const Findings findings = findings_of(zip);
  ASSERT_EQ(findings.payloads.size(), 1u);
  EXPECT_EQ(findings.payloads[0].name, "../evil");
}

// POSIX ustar: size at 124 in 12 bytes, checksum over the header with blanks in its place at 148.
std::string with_tar_size(std::string tar, std::string_view size) {
  tar.replace(124, 12, std::string(size).append(12 - size.size(), '\0'));
  tar.replace(148, 8, "        ");
  unsigned sum = 0;
  for (size_t i = 0; i < 512; ++i) sum += static_cast<unsigned char>(tar[i]);
  std::string octal;
  for (int shift = 15; shift >= 0; shift -= 3) {
    octal.push_back(static_cast<char>('0' + (sum >> shift & 7)));
  }
  return tar.replace(148, 8, octal + std::string("\0 ", 2));
}

TEST(HostileTar, SizesThatAreNotThereAreDamage) {
  const test::Workshop workshop;
  workshop.write("a", test::plain(2'000));
  const std::string tar = workshop.make("tar --format=ustar -cf a.tar a", "a.tar");
  EXPECT_TRUE(findings_of(with_tar_size(tar, "00000003720")).sound());
  EXPECT_FALSE(findings_of(with_tar_size(tar, "77777777777")).sound());
  // GNU's binary form: 2^62.
  EXPECT_FALSE(
      findings_of(with_tar_size(tar, std::string("\x80\0\0\0\x40\0\0\0\0\0\0\0", 12))).sound());
}

TEST(HostileTar, MembersAreCounted) {
  const test::Workshop workshop;
  workshop.write("make.py", R"(import tarfile
with tarfile.open("a.tar", "w", format=tarfile.USTAR_FORMAT) as t:
    for i in range(6000):
        t.addfile(tarfile.TarInfo(f"file{i}"))
)");
  const Findings findings = findings_of(workshop.make("/usr/bin/python3 make.py", "a.tar"));
  EXPECT_TRUE(findings.has_note("not-all-read"));
  EXPECT_EQ(findings.payloads.size(), limits::kInspectPayloadsMax);
}

TEST(HostileTar, TheBudgetCountsWhatIsReadOnceAndHolesToo) {
  const test::Workshop workshop;
  workshop.run("head -c 3000000 /dev/urandom >a && truncate -s 1T sparse && printf x >>sparse");
  const auto read = [](const std::string& tar) {
    StringSource source(tar);
    Budget budget{4'000'000, 100'000};
    const auto stream = stream_of(Reader(source, budget), 0, tar.size());
    Archive archive(Archive::Kind::tar, *stream, budget);
    for (;;) {
      const auto member = archive.next();
      if (!member) return std::string(code_name(member.error().code));
      if (!*member) return std::string("whole");
    }
  };
  EXPECT_EQ(read(workshop.make("tar -cf a.tar a", "a.tar")), "whole");
  EXPECT_EQ(read(workshop.make("tar -S -cf s.tar sparse", "s.tar")), "exhausted");
}

TEST(HostileAr, LongNamesAreBounded) {
  // ar(5): the names in a member "//", which libarchive reads into memory as a whole.
  const std::string names = "//                                              99999999  `\n";
  const std::string start =
      "!<arch>\n" + std::string("debian-binary   0           0     0     100644  4         `\n") +
      "2.0\n" + names;
  ASSERT_EQ(names.size(), 60u);
  const Findings findings = findings_of(start + std::string(20'000'000, 'n'));
  EXPECT_EQ(findings.kind, "deb");
  EXPECT_TRUE(findings.has_note("not-all-read"));
}

// The text of all fields of a newc header; sizes in hexadecimal digits.
std::string cpio_header(std::string_view file_size, std::string_view name_size) {
  std::string out = "070701";
  for (int i = 0; i < 13; ++i) {
    out += i == 6 ? file_size : i == 11 ? name_size : std::string_view("00000000");
  }
  return out;
}

Cpio::End cpio_end(const std::string& bytes) {
  StringSource source(bytes);
  Budget budget = default_budget();
  Cpio cpio(Reader(source, budget));
  for (;;) {
    const auto member = cpio.next();
    EXPECT_TRUE(member);
    if (!member || !*member) return cpio.end();
  }
}

TEST(HostileCpio, SizesAreHeldAgainstTheFile) {
  EXPECT_EQ(cpio_end(cpio_header("00000000", "00000000")), Cpio::End::damaged);
  EXPECT_EQ(cpio_end(cpio_header("00000000", "ffffffff")), Cpio::End::damaged);
  EXPECT_EQ(cpio_end(cpio_header("ffffffff", "00000002") + std::string("a\0", 2)), Cpio::End::cut);
  EXPECT_EQ(cpio_end(cpio_header("0000000g", "00000002") + std::string("a\0", 2)),
            Cpio::End::damaged);
  EXPECT_EQ(cpio_end(""), Cpio::End::cut);
  // Members of no bytes, without end.
  std::string many;
  while (many.size() < 120 * (limits::kInspectEntriesMax + 1)) {
    many += cpio_header("00000000", "00000002") + std::string("a\0", 2);
  }
  EXPECT_EQ(cpio_end(many), Cpio::End::limit);
}

TEST(HostileMender, ABombInItIsNoLoop) {
  const test::Workshop workshop;
  workshop.run("mkdir data d && head -c 30000000 /dev/zero >d/zeros");
  workshop.run("tar -czf data/0000.tar.gz -C d zeros");
  workshop.write("version", R"({"format":"mender","version":3})");
  workshop.run("sha256sum version >manifest");
  const std::string tar =
      workshop.make("tar --format=ustar -cf a version manifest data/0000.tar.gz", "a");
  StringSource source(tar);
  Budget budget{10'000'000, 100'000};
  Findings findings;
  const Reader reader(source, budget);
  // Through the same door as everybody, with less budget.
  const auto kind = inspect_inside(reader.part(0, tar.size()), findings, "", 0);
  ASSERT_TRUE(kind);
  EXPECT_EQ(*kind, "mender");
  EXPECT_TRUE(budget.exhausted);
  EXPECT_FALSE(findings.has_note("artifact-missing"));
}

TEST(LargePackages, TellOfThemselvesBeforeTheirChecksums) {
  const test::Workshop workshop;
  workshop.run("mkdir -p META-INF/com/android && head -c 5000000 /dev/zero >payload.bin");
  workshop.write("META-INF/com/android/metadata",
                 "ota-type=AB\npost-build=a/b/c:13/I/2:user/k\npost-build-incremental=2\n"
                 "pre-device=c\n");
  workshop.write("payload_properties.txt", "FILE_HASH=AAAA\n");
  const std::string zip = workshop.make(
      "zip -q -0 a.zip payload.bin payload_properties.txt "
      "META-INF/com/android/metadata",
      "a.zip");
  StringSource source(zip);
  Budget budget{2'000'000, 100'000};
  Findings findings;
  ASSERT_TRUE(inspect_inside(Reader(source, budget).part(0, zip.size()), findings, "", 0));
  EXPECT_TRUE(budget.exhausted);
  EXPECT_EQ(findings.get(FactName::version), "2");
  EXPECT_EQ(findings.get(FactName::hardware), "c");
  EXPECT_FALSE(findings.has_note("hash-wrong"));
}

TEST(Wire, EndsAtWhatIsNoField) {
  using std::string_view_literals::operator""sv;
  // (number 1, value 150) is the example of the encoding guide.
  WireReader good("\x08\x96\x01\x12\x02hi\x1d\x01\x00\x00\x00"sv);
  const auto first = good.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->number, 1u);
  EXPECT_EQ(first->value, 150u);
  EXPECT_EQ(good.next()->bytes, "hi");
  EXPECT_EQ(good.next()->value, 1u);
  EXPECT_FALSE(good.next());
  EXPECT_FALSE(good.damaged());
  for (const auto text : {"\x08"sv, "\x12\x05hi"sv, "\x00\x01"sv, "\x0b"sv, "\x1d\x01"sv,
                          "\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv,
                          "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"sv}) {
    WireReader bad(text);
    EXPECT_FALSE(bad.next());
    EXPECT_TRUE(bad.damaged());
  }
}

}  // namespace
}  // namespace otaru::inspect

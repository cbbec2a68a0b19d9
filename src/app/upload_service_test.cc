// SPDX-License-Identifier: Apache-2.0
#include "app/upload_service.h"

#include "base/encoding.h"
#include "tests/support/service_world.h"

namespace otaru::app {
namespace {

class UploadServiceTest : public ServiceTest {
 protected:
  UploadServiceTest() { EXPECT_TRUE(catalogue->first_start().has_value()); }
};

TEST_F(UploadServiceTest, PiecesOverManyConnectionsAndRestarts) {
  const auto row = announced(10, "app.bin");
  ASSERT_TRUE(row.has_value());
  EXPECT_EQ(row->id.size(), 32U);
  EXPECT_EQ(uploads->status(row->id)->offset, 0);
  {
    auto piece = uploads->append(kOperator, row->id, 0);
    ASSERT_TRUE((*piece)->write("0123").has_value());
    // The connection is lost: no finish().
  }
  EXPECT_EQ(uploads->status(row->id)->offset, 4);
  restart();
  EXPECT_EQ(uploads->status(row->id)->offset, 4);
  EXPECT_EQ(refusal(uploads->append(kOperator, row->id, 0)), "conflict Upload-Offset");
  EXPECT_EQ(refusal(uploads->append(kOperator, row->id, 5)), "conflict Upload-Offset");
  EXPECT_EQ(refusal(uploads->complete(kOperator, row->id, "")), "precondition upload");
  {
    auto piece = uploads->append(kOperator, row->id, 4);
    ASSERT_TRUE((*piece)->write("45").has_value());
    EXPECT_FALSE((*piece)->finish()->complete());
  }
  auto last = uploads->append(kOperator, row->id, 6);
  EXPECT_EQ(refusal((*last)->write("678910")), "too_large body");
  ASSERT_TRUE((*last)->write("6789").has_value());
  const auto done = (*last)->finish();
  ASSERT_TRUE(done.has_value());
  EXPECT_TRUE(done->complete());
  EXPECT_EQ(done->row.md5, "781e5e245d69b566979b86e28d23f2c7");
  EXPECT_EQ(refusal(uploads->append(kOperator, row->id, 10)), "precondition upload");
  restart();
  const auto again = uploads->complete(kOperator, row->id, done->row.sha256);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->row.sha256, done->row.sha256);
  EXPECT_TRUE(blobs.open(done->row.sha256).has_value());
}

TEST_F(UploadServiceTest, AnotherHashGivesTheUploadUp) {
  const auto id = upload("hello");
  EXPECT_EQ(refusal(uploads->complete(kOperator, id, "xx")), "invalid sha256");
  EXPECT_EQ(refusal(uploads->complete(kOperator, id, std::string(64, '0'))), "conflict sha256");
  EXPECT_EQ(refusal(uploads->status(id)), "not_found upload");
}

TEST_F(UploadServiceTest, WhatIsRefused) {
  EXPECT_EQ(refusal(announced(0, "a")), "invalid size");
  EXPECT_EQ(refusal(announced(base::limits::kBlobBytesMax + 1, "a")), "too_large size");
  EXPECT_EQ(refusal(announced(1, "")), "invalid file_name");
  EXPECT_EQ(refusal(announced(1, ".hidden")), "invalid file_name");
  EXPECT_EQ(refusal(announced(1, "a/b")), "invalid file_name");
  EXPECT_EQ(refusal(announced(1, "a b")), "invalid file_name");
  EXPECT_EQ(refusal(announced(1, "\xe5\x9b\xba.bin")), "invalid file_name");
  EXPECT_EQ(refusal(uploads->status("nothing")), "not_found upload");
  EXPECT_EQ(refusal(uploads->remove(kOperator, "nothing")), "not_found upload");
}

TEST_F(UploadServiceTest, AFullDiskIsSaidAndLaterWorks) {
  fail_next_write();
  EXPECT_EQ(refusal(announced(5, "a.bin")), "unavailable");
  const auto row = announced(5, "a.bin");
  ASSERT_TRUE(row.has_value());
  auto piece = uploads->append(kOperator, row->id, 0);
  ASSERT_TRUE((*piece)->write("hello").has_value());
  fail_next_write();
  EXPECT_EQ(refusal((*piece)->finish()), "unavailable");
  piece->reset();
  // No byte is lost: the upload can be completed as soon as the store works again.
  EXPECT_EQ(uploads->status(row->id)->offset, 5);
  EXPECT_TRUE(uploads->complete(kOperator, row->id, "")->complete());
}

TEST_F(UploadServiceTest, ACrashBetweenTheRowAndItsFileIsFinishedAtTheStart) {
  const auto row = announced(5, "a.bin");
  ASSERT_TRUE(row.has_value());
  WriteBatch batch;
  {
    auto writer = blobs.open_upload(row->id);
    ASSERT_TRUE((*writer)->write("hello").has_value());
    auto said = *row;
    said.sha256 = (*writer)->seal()->digests.sha256;
    batch.ops.emplace_back(said);
  }
  const WriteBatch* batches[] = {&batch};
  ASSERT_TRUE(store.apply(batches).has_value());
  restart();
  const auto status = uploads->status(row->id);
  ASSERT_TRUE(status->complete());
  EXPECT_TRUE(blobs.open(status->row.sha256).has_value());
  EXPECT_TRUE(blobs.uploads().empty());
}

TEST_F(UploadServiceTest, TooManyAtOnce) {
  for (int64_t i = 0; i < base::limits::kUploadsPerTenantMax; ++i) {
    ASSERT_TRUE(announced(1, "a").has_value());
  }
  EXPECT_EQ(refusal(announced(1, "a")), "exhausted upload");
  // Another tenant has places of its own, until all together are too many.
  int64_t more = 0;
  for (int64_t tenant = 2; announced(1, "a", domain::TenantId{tenant}).has_value(); ++more) {
    if (more % base::limits::kUploadsPerTenantMax == base::limits::kUploadsPerTenantMax - 1) {
      ++tenant;
    }
  }
  EXPECT_EQ(more + base::limits::kUploadsPerTenantMax,
            static_cast<int64_t>(base::limits::kUploadsMax));
  ASSERT_TRUE(catalogue->put_setting(kOperator, "uploads.open_max", "0").has_value());
  EXPECT_EQ(refusal(announced(1, "a")), "exhausted");
}

TEST_F(UploadServiceTest, BytesOfUnfinishedUploadsAreBounded) {
  ASSERT_TRUE(catalogue->put_setting(kOperator, "uploads.unfinished_bytes_max", "10").has_value());
  ASSERT_TRUE(announced(6, "a").has_value());
  EXPECT_EQ(refusal(announced(5, "a")), "exhausted size");
  ASSERT_TRUE(announced(5, "a", domain::TenantId{2}).has_value());
  const auto other = announced(4, "a");
  ASSERT_TRUE(other.has_value());
  {
    auto piece = uploads->append(kOperator, other->id, 0);
    ASSERT_TRUE((*piece)->write("1234").has_value());
    ASSERT_TRUE((*piece)->finish().has_value());
  }
  EXPECT_TRUE(announced(4, "a").has_value());  // a finished one does not count any more
}

TEST_F(UploadServiceTest, HashedOnceThoughItComesInPieces) {
  const auto row = announced(6, "a.bin");
  for (int i = 0; i < 6; ++i) {
    auto piece = uploads->append(kOperator, row->id, i);
    ASSERT_TRUE(piece.has_value());
    ASSERT_TRUE((*piece)->write(std::string(1, static_cast<char>('a' + i))).has_value());
    if (i % 2 == 0) continue;  // the connection is lost
    ASSERT_TRUE((*piece)->finish().has_value());
  }
  EXPECT_TRUE(uploads->status(row->id)->complete());
  EXPECT_EQ(blobs.opened(), 1);
}

TEST_F(UploadServiceTest, OnlySoManyStayOpenBetweenTheirPieces) {
  std::vector<std::string> ids;
  for (size_t i = 0; i < base::limits::kOpenUploadsMax + 1; ++i) {
    ids.push_back(announced(2, "a.bin")->id);
    ASSERT_TRUE((*uploads->append(kOperator, ids.back(), 0))->write("a").has_value());
  }
  const int before = blobs.opened();
  ASSERT_TRUE((*uploads->append(kOperator, ids.back(), 1))->write("b").has_value());
  EXPECT_EQ(blobs.opened(), before);
  ASSERT_TRUE((*uploads->append(kOperator, ids.front(), 1))->write("b").has_value());
  EXPECT_EQ(blobs.opened(), before + 1);
}

TEST_F(UploadServiceTest, APieceThatIsNotItsChecksumIsTakenBack) {
  const PieceChecksum right{base::HashKind::sha1, base::digest(base::HashKind::sha1, "34")};
  const auto row = announced(5, "a.bin");
  ASSERT_TRUE((*uploads->append(kOperator, row->id, 0))->write("012").has_value());
  {
    auto piece = uploads->append(kOperator, row->id, 3, right);
    ASSERT_TRUE((*piece)->write("3").has_value());
    EXPECT_EQ(uploads->status(row->id)->offset, 3);  // not known to be good yet
    ASSERT_TRUE((*piece)->write("X").has_value());
    EXPECT_EQ(refusal((*piece)->finish()), "conflict Upload-Checksum");
    EXPECT_EQ((*piece)->offset(), 3);
  }
  // So does one whose connection is lost.
  ASSERT_TRUE((*uploads->append(kOperator, row->id, 3, right))->write("3").has_value());
  EXPECT_EQ(uploads->status(row->id)->offset, 3);
  auto piece = uploads->append(kOperator, row->id, 3, right);
  ASSERT_TRUE((*piece)->write("34").has_value());
  const auto done = (*piece)->finish();
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(done->row.md5, base::hex(base::digest(base::HashKind::md5, "01234")));
}

TEST_F(UploadServiceTest, WhatTheTenantHasAlreadyNeedNotArrive) {
  const auto hash = [](std::string_view text) {
    return base::hex(base::digest(base::HashKind::sha256, text));
  };
  package(draft(product("lamp"), "1.0"), "of a package");
  upload("of an upload");
  for (const std::string text : {"of a package", "of an upload"}) {
    UploadSpec spec;
    spec.size_bytes = static_cast<int64_t>(text.size());
    spec.file_name = "again.bin";
    spec.sha256 = hash(text);
    const auto made = uploads->create(kOperator, spec);
    ASSERT_TRUE(made.has_value());
    EXPECT_TRUE(made->complete()) << text;
    EXPECT_EQ(made->offset, *spec.size_bytes);
    EXPECT_EQ(made->row.md5, base::hex(base::digest(base::HashKind::md5, text)));
    // Another tenant cannot find out that way what is here.
    spec.tenant = domain::TenantId{2};
    EXPECT_FALSE(uploads->create(kOperator, spec)->complete()) << text;
    spec.tenant = domain::kDefaultTenant;
    spec.size_bytes = 3;
    EXPECT_FALSE(uploads->create(kOperator, spec)->complete()) << text;
  }
}

TEST_F(UploadServiceTest, WhatWasAnnouncedMustArrive) {
  UploadSpec spec;
  spec.size_bytes = 2;
  spec.file_name = "a.bin";
  spec.sha256 = std::string(64, 'A');
  const auto made = uploads->create(kOperator, spec);
  ASSERT_TRUE(made.has_value());
  {
    auto piece = uploads->append(kOperator, made->row.id, 0);
    ASSERT_TRUE((*piece)->write("ab").has_value());
    EXPECT_EQ(refusal((*piece)->finish()), "conflict sha256");
  }
  EXPECT_EQ(refusal(uploads->status(made->row.id)), "not_found upload");
  EXPECT_TRUE(blobs.uploads().empty());
  spec.sha256 = "xx";
  EXPECT_EQ(refusal(uploads->create(kOperator, spec)), "invalid sha256");
}

TEST_F(UploadServiceTest, AnExpiredUploadIsGoneBeforeTheSweep) {
  const auto row = announced(5, "a.bin");
  clock.advance(base::limits::kUploadExpiryMs + 1);
  EXPECT_EQ(refusal(uploads->status(row->id)), "gone upload");
  EXPECT_EQ(refusal(uploads->append(kOperator, row->id, 0)), "gone upload");
  EXPECT_EQ(refusal(uploads->complete(kOperator, row->id, "")), "gone upload");
  EXPECT_TRUE(uploads->remove(kOperator, row->id).has_value());
}

TEST_F(UploadServiceTest, AnUploadOfOneRequestDoesNotOutliveTheProcess) {
  UploadSpec spec;
  spec.file_name = "a.bin";
  const auto made = uploads->create(kOperator, spec);
  ASSERT_TRUE((*uploads->append(kOperator, made->row.id, 0))->write("ab").has_value());
  restart();
  EXPECT_EQ(refusal(uploads->status(made->row.id)), "not_found upload");
  EXPECT_TRUE(store.load_uploads()->empty());
}

TEST_F(UploadServiceTest, ListsOfATenantOrOfAll) {
  ASSERT_TRUE(announced(1, "a").has_value());
  ASSERT_TRUE(announced(2, "b").has_value());
  ASSERT_TRUE(announced(3, "c", domain::TenantId{2}).has_value());
  EXPECT_EQ(uploads->list({}, "", 10).size(), 3U);
  EXPECT_EQ(uploads->list(domain::TenantId{2}, "", 10).at(0).row.file_name, "c");
  const auto first = uploads->list(domain::kDefaultTenant, "", 1);
  ASSERT_EQ(first.size(), 1U);
  const auto rest = uploads->list(domain::kDefaultTenant, first[0].row.id, 10);
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_LT(first[0].row.id, rest[0].row.id);
}

TEST_F(UploadServiceTest, TheSweepTakesWhatNobodyNeeds) {
  const auto lamp = product("lamp");
  package(draft(lamp, "1.0"), "kept by a package");
  const auto complete = upload("kept by its upload");
  const auto sha256 = uploads->status(complete)->row.sha256;
  const auto partial = announced(5, "a.bin");
  { EXPECT_TRUE((*uploads->append(kOperator, partial->id, 0))->write("ab").has_value()); }
  blobs.put("nobody's");
  ASSERT_EQ(*uploads->sweep(), 1);
  EXPECT_TRUE(blobs.open(sha256).has_value());
  clock.advance(base::limits::kUploadExpiryMs + 1);
  ASSERT_EQ(*uploads->sweep(), 3);  // two uploads, and the blob of one
  EXPECT_FALSE(blobs.open(sha256).has_value());
  EXPECT_EQ(refusal(uploads->status(partial->id)), "not_found upload");
  const auto kept = engine->snapshot()->rows().packages.front().digests.sha256;
  EXPECT_TRUE(blobs.open(kept).has_value());
  ASSERT_EQ(*uploads->sweep(), 0);
  restart();
  EXPECT_EQ(refusal(uploads->status(partial->id)), "not_found upload");
}

TEST_F(UploadServiceTest, AnUploadInUseDoesNotExpire) {
  const auto row = announced(5, "a.bin");
  for (int i = 0; i < 4; ++i) {
    clock.advance(base::limits::kUploadExpiryMs * 2 / 3);
    auto piece = uploads->append(kOperator, row->id, i);
    ASSERT_TRUE(piece.has_value());
    ASSERT_TRUE((*piece)->write("x").has_value());
    ASSERT_TRUE((*piece)->finish().has_value());
    ASSERT_TRUE(uploads->sweep().has_value());
  }
  EXPECT_EQ(uploads->status(row->id)->offset, 4);
}

}  // namespace
}  // namespace otaru::app

// SPDX-License-Identifier: Apache-2.0
#include "app/upload_service.h"

#include "tests/support/service_world.h"

namespace otaru::app {
namespace {

class UploadServiceTest : public ServiceTest {
 protected:
  UploadServiceTest() { EXPECT_TRUE(catalogue->first_start().has_value()); }
};

TEST_F(UploadServiceTest, PiecesOverManyConnectionsAndRestarts) {
  const auto row = uploads->create(kOperator, 10, "app.bin");
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
  EXPECT_EQ(refusal(uploads->create(kOperator, 0, "a")), "invalid size");
  EXPECT_EQ(refusal(uploads->create(kOperator, base::limits::kBlobBytesMax + 1, "a")),
            "too_large size");
  EXPECT_EQ(refusal(uploads->create(kOperator, 1, "")), "invalid file_name");
  EXPECT_EQ(refusal(uploads->create(kOperator, 1, ".hidden")), "invalid file_name");
  EXPECT_EQ(refusal(uploads->create(kOperator, 1, "a/b")), "invalid file_name");
  EXPECT_EQ(refusal(uploads->create(kOperator, 1, "a b")), "invalid file_name");
  EXPECT_EQ(refusal(uploads->create(kOperator, 1, "\xe5\x9b\xba.bin")), "invalid file_name");
  EXPECT_EQ(refusal(uploads->status("nothing")), "not_found upload");
  EXPECT_EQ(refusal(uploads->remove(kOperator, "nothing")), "not_found upload");
}

TEST_F(UploadServiceTest, AFullDiskIsSaidAndLaterWorks) {
  fail_next_write();
  EXPECT_EQ(refusal(uploads->create(kOperator, 5, "a.bin")), "unavailable");
  const auto row = uploads->create(kOperator, 5, "a.bin");
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
  const auto row = uploads->create(kOperator, 5, "a.bin");
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
  for (size_t i = 0; i < base::limits::kUploadsMax; ++i) {
    ASSERT_TRUE(uploads->create(kOperator, 1, "a").has_value());
  }
  EXPECT_EQ(refusal(uploads->create(kOperator, 1, "a")), "exhausted");
}

TEST_F(UploadServiceTest, TheSweepTakesWhatNobodyNeeds) {
  const auto lamp = product("lamp");
  package(draft(lamp, "1.0"), "kept by a package");
  const auto complete = upload("kept by its upload");
  const auto sha256 = uploads->status(complete)->row.sha256;
  const auto partial = uploads->create(kOperator, 5, "a.bin");
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
  const auto row = uploads->create(kOperator, 5, "a.bin");
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

// SPDX-License-Identifier: Apache-2.0
#include "cli/hawkbit/rsql.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "domain/device_filter.h"

namespace otaru::cli::hawkbit {
namespace {

std::string made_of(std::string_view query) {
  const auto made = translate_rsql(query);
  return made ? made->filter : "refused: " + made.error().message;
}

TEST(RsqlTest, FieldsAreWhereTheImportPutsThem) {
  EXPECT_EQ(made_of("controllerId==lab-1"), R"(key == "lab-1")");
  EXPECT_EQ(made_of("id==lab-1"), R"(key == "lab-1")");
  EXPECT_EQ(made_of("name==pump"), R"(set.name == "pump")");
  EXPECT_EQ(made_of("description=='on the roof'"), R"(set.description == "on the roof")");
  EXPECT_EQ(made_of("tag==beta"), R"(tag == "beta")");
  EXPECT_EQ(made_of("attribute.board==rev2"), R"(reported.board == "rev2")");
  EXPECT_EQ(made_of("metadata.site==north"), R"(set.site == "north")");
  EXPECT_EQ(made_of("targettype.name==gateway"), R"(set.type == "gateway")");
  EXPECT_EQ(made_of("lastcontrollerrequestat=lt=1767225600000"),
            "last_seen < 2026-01-01T00:00:00.000Z");
  EXPECT_EQ(made_of("createdat=ge=1767225600123"), "created_at >= 2026-01-01T00:00:00.123Z");
  EXPECT_EQ(made_of("attribute.'x'==1").substr(0, 8), "refused:");
}

TEST(RsqlTest, EveryComparisonHasItsCounterpart) {
  EXPECT_EQ(made_of("name!=pump"), R"(not set.name == "pump")");
  EXPECT_EQ(made_of("tag=in=(beta,lab)"), R"(tag in ("beta", "lab"))");
  EXPECT_EQ(made_of("tag=out=(beta,'l a b')"), R"(not tag in ("beta", "l a b"))");
  EXPECT_EQ(made_of("attribute.v=gt=b"), R"(reported.v > "b")");
  EXPECT_EQ(made_of("attribute.v>=b"), R"(reported.v >= "b")");
  EXPECT_EQ(made_of("attribute.v<b"), R"(reported.v < "b")");
  EXPECT_EQ(made_of("attribute.v=le=b"), R"(reported.v <= "b")");
  EXPECT_EQ(made_of("attribute.v=is=null"), "not has(reported.v)");
  EXPECT_EQ(made_of("attribute.v=not=null"), "has(reported.v)");
  EXPECT_EQ(made_of("tag==''"), R"(not has(tag) or tag == "")");
  EXPECT_EQ(made_of("tag!=''"), R"(has(tag) and not tag == "")");
}

TEST(RsqlTest, WildcardsBecomeLike) {
  EXPECT_EQ(made_of("controllerId==lab*"), R"(key like "lab*")");
  EXPECT_EQ(made_of("name!=*x*"), R"(not set.name like "*x*")");
  // '?' is an ordinary character there, and "\*" a star.
  EXPECT_EQ(made_of("name==a?*"), R"(set.name like "a\\?*")");
  EXPECT_EQ(made_of(R"(name==a\*b*)"), R"(set.name like "a\\*b*")");
  EXPECT_EQ(made_of("name==a?b"), R"(set.name == "a?b")");
}

TEST(RsqlTest, AndBindsCloserThanOr) {
  EXPECT_EQ(made_of("name==x and attribute.board==y"),
            R"(set.name == "x" and reported.board == "y")");
  EXPECT_EQ(made_of("name==x;tag==y,tag==z"), R"((set.name == "x" and tag == "y") or tag == "z")");
  EXPECT_EQ(made_of("(name==x or tag==y);tag==z"),
            R"((set.name == "x" or tag == "y") and tag == "z")");
  EXPECT_EQ(made_of("name==order AND tag==android"), R"(set.name == "order" and tag == "android")");
  EXPECT_EQ(made_of("((tag==a))"), R"(tag == "a")");
}

TEST(RsqlTest, TextsKeepTheirCharacters) {
  EXPECT_EQ(made_of(R"(name=="a \"b\" c")"), R"(set.name == "a \"b\" c")");
  EXPECT_EQ(made_of(R"(name=='it\'s')"), R"(set.name == "it's")");
  EXPECT_EQ(made_of("name=='a;b,c and d'"), R"(set.name == "a;b,c and d")");
  EXPECT_EQ(made_of("attribute.odd:name==1"), R"(reported."odd:name" == "1")");
  EXPECT_EQ(made_of("attribute.os.name==linux"), R"(reported.os.name == "linux")");
  EXPECT_EQ(made_of("name=='\xE7\x81\xAF'"), "set.name == \"\xE7\x81\xAF\"");
}

TEST(RsqlTest, WhatHasNoCounterpartIsRefusedWithTheReason) {
  for (const std::string_view query :
       {"updatestatus==in_sync", "ipaddress==127.*", "assignedds.name==x", "installedds.version==1",
        "createdby==ann", "lastmodifiedat=gt=5", "targettype.key==x", "metadata.product==x",
        "nosuch==1", "name.first==x", "lastcontrollerrequestat=le=${OVERDUE_TS}",
        "createdat==yesterday", "tag=gt=a", "tag==a;updatestatus==error"}) {
    const auto made = translate_rsql(query);
    ASSERT_FALSE(made) << query << " became " << made->filter;
    EXPECT_FALSE(made.error().message.empty()) << query;
  }
  EXPECT_NE(made_of("updatestatus==error").find("asked per deployment"), std::string::npos);
  EXPECT_NE(made_of("createdat=lt=${NOW_TS}").find("moment of asking"), std::string::npos);
}

TEST(RsqlTest, ADifferenceInMeaningIsNoted) {
  const auto made = translate_rsql("attribute.floor=gt=9;attribute.floor=lt=b");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->filter, R"(reported.floor > "9" and reported.floor < "b")");
  ASSERT_EQ(made->notes.size(), 1u);
  EXPECT_NE(made->notes[0].find("hawkBit compares texts"), std::string::npos);
}

TEST(RsqlTest, HostileTextsEndInAnError) {
  std::string deep(100'000, '(');
  std::string many = "tag==a";
  for (int i = 0; i < 3'000; ++i) many += ";a==b";
  std::string list = "tag=in=(";
  for (int i = 0; i < 5'000; ++i) list += "a,";
  for (const std::string& query : {std::string(),
                                   std::string("   "),
                                   std::string("name"),
                                   std::string("name=="),
                                   std::string("name==x;"),
                                   std::string("name==x,,y"),
                                   std::string("(name==x"),
                                   std::string("name==x)"),
                                   std::string("name=='x"),
                                   std::string("name==\"x\\"),
                                   std::string("name=in=()"),
                                   std::string("name=in=(x"),
                                   std::string("name==(a,b)"),
                                   std::string("name=like=x"),
                                   std::string("==x"),
                                   std::string("name==x y"),
                                   std::string("name==\xFF"),
                                   std::string("name=='a\x01'"),
                                   std::string("attribute.==x"),
                                   std::string("\0name==x", 8),
                                   deep.substr(0, 8'000),
                                   deep,
                                   many,
                                   list + "a)",
                                   std::string(base::limits::kFilterBytesMax + 1, 'a')}) {
    const auto made = translate_rsql(query);
    ASSERT_FALSE(made) << query.substr(0, 40);
    EXPECT_FALSE(made.error().message.empty());
  }
}

}  // namespace
}  // namespace otaru::cli::hawkbit

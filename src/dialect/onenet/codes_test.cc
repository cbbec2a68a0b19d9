// SPDX-License-Identifier: Apache-2.0
#include "dialect/onenet/codes.h"

#include <gtest/gtest.h>

#include <set>

namespace otaru::dialect::onenet {
namespace {

using domain::ProductType;

TEST(OnenetCodes, TableHasEveryRowOfBothDocumentTables) {
  size_t firmware = 0;
  size_t software = 0;
  std::set<std::string_view> modules;
  for (const auto& row : code_table()) {
    (row.type == ProductType::firmware ? firmware : software) += 1;
    EXPECT_TRUE(modules.insert(row.module).second) << row.module;
    EXPECT_EQ(row.manufacturer.size(), 3u);
    EXPECT_EQ(row.module.size(), 5u);
    EXPECT_EQ(row.module.substr(0, 3), row.manufacturer) << row.module;
  }
  EXPECT_EQ(firmware, 59u);
  EXPECT_EQ(software, 4u);
}

TEST(OnenetCodes, EveryNameGivesItsCode) {
  for (const auto& row : code_table()) {
    EXPECT_EQ(manufacturer_code(row.type, row.manufacturer_name), row.manufacturer);
    EXPECT_EQ(module_code(row.type, row.manufacturer, row.module_name), row.module);
    EXPECT_EQ(manufacturer_code(row.type, row.manufacturer), row.manufacturer);
    EXPECT_EQ(module_code(row.type, row.manufacturer, row.module), row.module);
    EXPECT_EQ(find_code_row(row.manufacturer, row.module), &row);
  }
}

TEST(OnenetCodes, LostZerosAndBlanksAreMended) {
  EXPECT_EQ(manufacturer_code(ProductType::firmware, "1"), "001");
  EXPECT_EQ(manufacturer_code(ProductType::firmware, " 01\t"), "001");
  EXPECT_EQ(manufacturer_code(ProductType::firmware, "0014"), "014");
  EXPECT_EQ(manufacturer_code(ProductType::firmware, "0"), "000");
  EXPECT_EQ(module_code(ProductType::firmware, "001", "107"), "00107");
  EXPECT_EQ(module_code(ProductType::firmware, "001", " 00107 "), "00107");
  EXPECT_EQ(module_code(ProductType::software, "101", "10101"), "10101");
}

TEST(OnenetCodes, NamesIgnoreCaseAndBlanks) {
  EXPECT_EQ(manufacturer_code(ProductType::firmware, "U-Blox "), "004");
  EXPECT_EQ(manufacturer_code(ProductType::firmware, " 中国移动"), "001");
  EXPECT_EQ(module_code(ProductType::firmware, "001", "m5310-a"), "00106");
  EXPECT_EQ(module_code(ProductType::firmware, "005", "RG-NB 6118"), "00501");
  EXPECT_EQ(manufacturer_code(ProductType::software, "Nordic"), "102");
}

TEST(OnenetCodes, TheOtherRowDependsOnTheType) {
  EXPECT_EQ(manufacturer_code(ProductType::firmware, "其他"), "000");
  EXPECT_EQ(manufacturer_code(ProductType::software, "其他"), "100");
  EXPECT_EQ(module_code(ProductType::firmware, "000", "其他"), "00001");
  EXPECT_EQ(module_code(ProductType::software, "100", "其他"), "10001");
  EXPECT_EQ(module_code(ProductType::software, "", "其他"), "10001");
}

TEST(OnenetCodes, UnknownTextIsKept) {
  EXPECT_EQ(manufacturer_code(ProductType::firmware, " ACME "), "ACME");
  EXPECT_EQ(module_code(ProductType::firmware, "001", "M9999"), "M9999");
  EXPECT_EQ(module_code(ProductType::firmware, "001", "M53"), "M53");  // no prefix of a name
  EXPECT_EQ(manufacturer_code(ProductType::firmware, "1234"), "1234");
  EXPECT_EQ(manufacturer_code(ProductType::firmware, "032"), "032");
  EXPECT_EQ(manufacturer_code(ProductType::firmware, "32"), "032");
  EXPECT_EQ(manufacturer_code(ProductType::firmware, ""), "");
  EXPECT_EQ(find_code_row("001", "00501"), nullptr);
}

TEST(OnenetCodes, AModulesNameIsLookedForInItsManufacturerFirst) {
  EXPECT_EQ(module_code(ProductType::firmware, "012", "SIM7020C"), "01203");
  // Said alone it is still known.
  EXPECT_EQ(module_code(ProductType::firmware, "", "SIM7020C"), "01203");
}

}  // namespace
}  // namespace otaru::dialect::onenet

// SPDX-License-Identifier: Apache-2.0
// The vendor's two tables of manufacturers and modules (vendor document "check device upgrade
// task": FOTA and SOTA tables), as data. Devices and operators write a code or a name; everything
// is compared as codes.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "domain/catalogue.h"

namespace otaru::dialect::onenet {

struct CodeRow {
  domain::ProductType type;            // firmware: the FOTA table; software: the SOTA table
  std::string_view manufacturer;       // "001"
  std::string_view manufacturer_name;  // UTF-8, as the vendor prints it
  std::string_view module;             // "00107"
  std::string_view module_name;        // "M5310"
};

std::span<const CodeRow> code_table();

// The code for what somebody wrote: a code (surrounding blanks and lost leading zeros are mended,
// "1" is "001") or a name of the table (blanks and ASCII case do not matter). A text that the
// tables do not know comes back as it is, without surrounding blanks: vendors add modules faster
// than tables are printed. The table of `type` is looked at first.
std::string manufacturer_code(domain::ProductType type, std::string_view text);
// A module's name is looked for among the modules of that manufacturer first.
std::string module_code(domain::ProductType type, std::string_view manufacturer_code,
                        std::string_view text);

// The row of two codes; nullptr if the tables have none.
const CodeRow* find_code_row(std::string_view manufacturer_code, std::string_view module_code);

}  // namespace otaru::dialect::onenet

// SPDX-License-Identifier: Apache-2.0
// The numbers of U-Boot's legacy header in the words that mkimage takes. Empty: unknown number.
#pragma once

#include <string_view>

#include "inspect/findings.h"

namespace otaru::inspect {

std::string_view uboot_os(unsigned number);
std::string_view uboot_arch(unsigned number);
std::string_view uboot_type(unsigned number);
Compression uboot_compression(unsigned number);
Compression uboot_compression(std::string_view word);

}  // namespace otaru::inspect

// SPDX-License-Identifier: Apache-2.0
// Source: U-Boot's include/image.h and boot/image.c (uimage_os, uimage_arch, uimage_type).
#include "inspect/uboot_names.h"

#include <iterator>

namespace otaru::inspect {
namespace {

constexpr std::string_view kUbootOs[] = {"",         "openbsd",
                                         "netbsd",   "freebsd",
                                         "4_4bsd",   "linux",
                                         "svr4",     "esix",
                                         "solaris",  "irix",
                                         "sco",      "dell",
                                         "ncr",      "lynxos",
                                         "vxworks",  "psos",
                                         "qnx",      "u-boot",
                                         "rtems",    "artos",
                                         "unity",    "integrity",
                                         "ose",      "plan9",
                                         "openrtos", "arm-trusted-firmware",
                                         "tee",      "opensbi",
                                         "efi"};
constexpr std::string_view kUbootArch[] = {
    "",      "alpha",   "arm",     "x86",  "ia64",  "mips",       "mips64", "powerpc",  "s390",
    "sh",    "sparc",   "sparc64", "m68k", "nios",  "microblaze", "nios2",  "blackfin", "avr32",
    "st200", "sandbox", "nds32",   "or1k", "arm64", "arc",        "x86_64", "xtensa",   "riscv"};
constexpr std::string_view kUbootType[] = {"",
                                           "standalone",
                                           "kernel",
                                           "ramdisk",
                                           "multi",
                                           "firmware",
                                           "script",
                                           "filesystem",
                                           "flat_dt",
                                           "kwbimage",
                                           "imximage",
                                           "ublimage",
                                           "omapimage",
                                           "aisimage",
                                           "kernel_noload",
                                           "pblimage",
                                           "mxsimage",
                                           "gpimage",
                                           "atmelimage",
                                           "socfpgaimage",
                                           "x86_setup",
                                           "lpc32xximage",
                                           "loadable",
                                           "rkimage",
                                           "rksd",
                                           "rkspi",
                                           "zynqimage",
                                           "zynqmpimage",
                                           "zynqmpbif",
                                           "fpga",
                                           "vybridimage",
                                           "tee",
                                           "firmware_ivt",
                                           "pmmc",
                                           "stm32image",
                                           "socfpgaimage_v1",
                                           "mtk_image",
                                           "imx8mimage",
                                           "imx8image",
                                           "copro",
                                           "sunxi_egon",
                                           "sunxi_toc0"};
constexpr std::string_view kUbootCompression[] = {"none", "gzip", "bzip2", "lzma",
                                                  "lzo",  "lz4",  "zstd"};
constexpr Compression kCompressions[] = {Compression::none, Compression::gzip, Compression::bzip2,
                                         Compression::lzma, Compression::lzo,  Compression::lz4,
                                         Compression::zstd};

template <size_t N>
std::string_view name_of(const std::string_view (&names)[N], unsigned number) {
  return number < N ? names[number] : std::string_view();
}

}  // namespace

std::string_view uboot_os(unsigned number) {
  return name_of(kUbootOs, number);
}

std::string_view uboot_arch(unsigned number) {
  return name_of(kUbootArch, number);
}

std::string_view uboot_type(unsigned number) {
  return name_of(kUbootType, number);
}

Compression uboot_compression(unsigned number) {
  return number < std::size(kCompressions) ? kCompressions[number] : Compression::unknown;
}

Compression uboot_compression(std::string_view word) {
  for (size_t i = 0; i < std::size(kUbootCompression); ++i) {
    if (kUbootCompression[i] == word) return kCompressions[i];
  }
  return word.empty() ? Compression::none : Compression::unknown;
}

}  // namespace otaru::inspect

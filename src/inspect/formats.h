// SPDX-License-Identifier: Apache-2.0
// The formats' own entry points: each is in the file of its name.
#pragma once

#include "inspect/format.h"

namespace otaru::inspect {

// Binary images
extern const Format kEspIdfApp;    // esp_idf.cc
extern const Format kMcuboot;      // mcuboot.cc
extern const Format kUimage;       // uimage.cc
extern const Format kFit;          // fit.cc: also device trees
extern const Format kElf;          // elf.cc
extern const Format kUf2;          // uf2.cc
extern const Format kIntelHex;     // hex_records.cc
extern const Format kSRecord;      // hex_records.cc
extern const Format kDfu;          // dfu.cc: around another format
extern const Format kAndroidBoot;  // android_boot.cc
extern const Format kZimage;       // linux_image.cc
extern const Format kArm64Image;   // linux_image.cc
extern const Format kRiscvImage;   // linux_image.cc
extern const Format kX86Image;     // linux_image.cc
extern const Format kPe;           // pe.cc

// File systems
extern const Format kSquashfs;     // squashfs.cc
extern const Format kExt4;         // ext4.cc
extern const Format kUbi;          // ubi.cc
extern const Format kUbifs;        // ubi.cc
extern const Format kCpioArchive;  // cpio_archive.cc
extern const Format kFat;          // disk.cc
extern const Format kDisk;         // disk.cc

// Archives and bundles.
extern const Format kSwupdate;   // swupdate.cc
extern const Format kMender;     // mender.cc
extern const Format kRauc;       // rauc.cc
extern const Format kZip;        // zip.cc: Android OTA and DFU packages too
extern const Format kDeb;        // packages.cc
extern const Format kRpm;        // packages.cc
extern const Format kTar;        // containers.cc
extern const Format kPacked;     // containers.cc: one file in gzip, xz ...; opkg packages
extern const Format kRaucCrypt;  // rauc.cc: the last of all, its sign is weak

}  // namespace otaru::inspect

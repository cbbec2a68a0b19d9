// SPDX-License-Identifier: Apache-2.0
// File systems and boot images as mksquashfs, mkfs, ubinize, mkbootimg and cpio make them.
#include <gtest/gtest.h>

#include "inspect/inspect_test_support.h"
#include "tests/support/workshop.h"

namespace otaru::inspect {
namespace {

using test::Workshop;

void make_tree(const Workshop& shop) {
  ASSERT_TRUE(shop.run("mkdir tree"));
  shop.write("tree/program", test::plain(20'000));
  shop.write("tree/data", test::noise(3'000));
}

TEST(Squashfs, TellsItsCompressionAndTheCost) {
  Workshop shop;
  make_tree(shop);
  for (const std::string packer : {"gzip", "xz", "lzo", "lz4", "zstd"}) {
    const auto found =
        findings_of(shop.make("rm -f out; mksquashfs tree out -quiet -no-progress -comp " + packer +
                                  " -mkfs-time 1700000000",
                              "out"));
    EXPECT_EQ(found.kind, "squashfs");
    EXPECT_TRUE(found.sound());
    EXPECT_EQ(found.get(FactName::compression), packer == "gzip" ? "zlib" : packer);
    EXPECT_EQ(found.get(FactName::build_time), "2023-11-14T22:13:20.000Z");
    EXPECT_TRUE(found.has_note("payload-compressed"));
  }
  const std::string plain =
      shop.make("rm -f out; mksquashfs tree out -quiet -no-progress -noI -noD -noF -noX", "out");
  EXPECT_FALSE(findings_of(plain).has_note("payload-compressed"));
  EXPECT_TRUE(findings_of(plain.substr(0, plain.size() / 2)).has_note("truncated"));
  expect_bears_damage(plain);
}

TEST(Ext, TellsLabelAndUuid) {
  Workshop shop;
  const std::string make =
      "rm -f out; truncate -s 2M out; mke2fs -q -L lamp-root -U "
      "6a3c1de4-8d3b-4f0a-9a3e-0123456789ab"
      " -t ";
  const std::string bytes = shop.make(make + "ext4 out", "out");
  const auto found = findings_of(bytes);
  EXPECT_EQ(found.kind, "ext4");
  EXPECT_TRUE(found.sound()) << to_json(found);
  EXPECT_EQ(found.get(FactName::label), "lamp-root");
  EXPECT_EQ(found.get(FactName::uuid), "6a3c1de4-8d3b-4f0a-9a3e-0123456789ab");
  EXPECT_FALSE(found.get(FactName::build_time).empty());
  EXPECT_EQ(findings_of(shop.make(make + "ext2 out", "out")).kind, "ext2");
  EXPECT_TRUE(findings_of(bytes.substr(0, 1'000'000)).has_note("truncated"));
  expect_bears_damage(bytes.substr(0, 64 * 1024));
}

TEST(Ubi, TellsVolumesAndWhatIsInThem) {
  Workshop shop;
  make_tree(shop);
  shop.write("ubi.ini", R"([root]
mode=ubi
image=root.ubifs
vol_id=0
vol_type=dynamic
vol_name=lamp-root
[boot]
mode=ubi
image=boot.sqfs
vol_id=1
vol_type=static
vol_name=lamp-boot
)");
  const std::string bytes = shop.make(
      "mkfs.ubifs -m 2048 -e 126976 -c 100 -x lzo -r tree root.ubifs && mksquashfs tree boot.sqfs "
      "-quiet -no-progress -comp xz && ubinize -m 2048 -p 128KiB -o out.ubi ubi.ini",
      "out.ubi");
  const auto found = findings_of(bytes);
  EXPECT_EQ(found.kind, "ubi");
  EXPECT_TRUE(found.sound()) << to_json(found);
  EXPECT_EQ(found.get(FactName::label), "lamp-root");
  EXPECT_EQ(found.get(FactName::format_version), "erase blocks of 131072 bytes");
  ASSERT_EQ(found.payloads.size(), 2u);
  EXPECT_EQ(found.payloads[0].type, "ubifs");
  EXPECT_EQ(found.payloads[1].name, "lamp-boot");
  EXPECT_EQ(found.payloads[1].type, "squashfs");
  EXPECT_TRUE(findings_of(bytes.substr(0, bytes.size() - 1)).has_note("truncated"));
  std::string bad = bytes;
  bad[131072 + 20] = static_cast<char>(bad[131072 + 20] ^ 1);
  EXPECT_TRUE(findings_of(bad).has_note("checksum-wrong"));

  const std::string volume = shop.read("root.ubifs");
  const auto inside = findings_of(volume);
  EXPECT_EQ(inside.kind, "ubifs");
  EXPECT_TRUE(inside.sound()) << to_json(inside);
  EXPECT_EQ(inside.get(FactName::compression), "lzo");
  expect_bears_damage(volume.substr(0, 8192));
  expect_bears_damage(bytes.substr(0, 131072 * 3));
}

TEST(Disk, TellsPartitionsAndWhatIsInThem) {
  Workshop shop;
  // 1 MiB in front, a FAT and an ext4 partition of 2 MiB each.
  const std::string fill =
      " && truncate -s 2M root boot && mke2fs -q -t ext4 -L lamp-root root && mkfs.vfat -n "
      "LAMPBOOT "
      "boot && dd if=boot of=out bs=1M seek=1 conv=notrunc && dd if=root of=out bs=1M seek=3 "
      "conv=notrunc";
  const std::string gpt = shop.make(
      "truncate -s 6M out && printf 'label: gpt\\nstart=2048, size=4096, name=boot\\nstart=6144, "
      "size=4096, name=rootfs-a\\n' | sfdisk -q out" +
          fill,
      "out");
  const auto found = findings_of(gpt);
  EXPECT_EQ(found.kind, "disk");
  EXPECT_TRUE(found.sound()) << to_json(found);
  EXPECT_EQ(found.get(FactName::label), "boot");
  const std::string id = shop.make("sfdisk --disk-id out | tr A-F a-f > id", "id");
  EXPECT_EQ(std::string(found.get(FactName::uuid)) + "\n", id);
  ASSERT_EQ(found.payloads.size(), 2u);
  EXPECT_EQ(found.payloads[0].type, "fat");
  EXPECT_EQ(found.payloads[1].name, "rootfs-a");
  EXPECT_EQ(found.payloads[1].type, "ext4");
  EXPECT_EQ(found.payloads[1].offset, 3u * 1024 * 1024);
  EXPECT_TRUE(found.has_note("checksum-right"));
  std::string bad = gpt;
  bad[1024 + 130] = static_cast<char>(bad[1024 + 130] ^ 1);
  EXPECT_TRUE(findings_of(bad).has_note("checksum-wrong"));
  EXPECT_TRUE(findings_of(gpt.substr(0, 4 << 20)).has_note("truncated"));
  expect_bears_damage(gpt.substr(0, 40 * 1024));

  const std::string mbr = shop.make(
      "rm out && truncate -s 6M out && printf 'label: dos\\nstart=2048, size=4096, type=c\\n"
      "start=6144, size=4096, type=83\\n' | sfdisk -q out" +
          fill,
      "out");
  const auto old = findings_of(mbr);
  EXPECT_EQ(old.kind, "disk");
  EXPECT_TRUE(old.sound()) << to_json(old);
  ASSERT_EQ(old.payloads.size(), 2u);
  EXPECT_EQ(old.payloads[0].type, "fat");
  EXPECT_EQ(old.payloads[1].type, "ext4");
  expect_bears_damage(mbr.substr(0, 2048));

  const std::string boot = shop.read("boot");
  const auto fat = findings_of(boot);
  EXPECT_EQ(fat.kind, "fat");
  EXPECT_EQ(fat.get(FactName::label), "LAMPBOOT");
  EXPECT_TRUE(findings_of(boot.substr(0, 100'000)).has_note("truncated"));
}

TEST(AndroidBoot, TellsVersionsAndParts) {
  Workshop shop;
  shop.write("kernel", test::plain(9'000));
  ASSERT_TRUE(shop.run("gzip -k kernel && echo ram > ramdisk && echo tree > dtb"));
  for (const std::string version : {"0", "1", "2", "3"}) {
    const std::string bytes = shop.make(
        "mkbootimg --kernel kernel.gz --ramdisk ramdisk --os_version 13.0.0 --os_patch_level "
        "2024-05 --header_version " +
            version + (version < "3" ? " --board lamp" : "") +
            (version == "2" ? " --dtb dtb" : "") + " -o out",
        "out");
    const auto found = findings_of(bytes);
    EXPECT_EQ(found.kind, "android-boot");
    EXPECT_TRUE(found.sound()) << to_json(found);
    EXPECT_EQ(found.get(FactName::format_version), version);
    EXPECT_EQ(found.get(FactName::os), "Android 13.0.0");
    EXPECT_EQ(found.get(FactName::security_patch), "2024-05");
    EXPECT_EQ(found.payloads.at(0).compression, Compression::gzip);
    EXPECT_EQ(found.has_note("hash-right"), version < "3") << version;
    if (version < "3") {
      EXPECT_EQ(found.get(FactName::board), "lamp");
      std::string bad = bytes;
      bad[*found.payloads[0].offset] = 'x';
      EXPECT_TRUE(findings_of(bad).has_note("hash-differs"));
    }
    EXPECT_TRUE(findings_of(bytes.substr(0, 2'060)).has_note("truncated"));
    if (version >= "2") expect_bears_damage(bytes);
  }
}

TEST(CpioArchive, CountsItsEntries) {
  Workshop shop;
  make_tree(shop);
  const std::string bytes = shop.make("find tree | cpio -o -H newc > out", "out");
  const auto found = findings_of(bytes);
  EXPECT_EQ(found.kind, "cpio");
  EXPECT_TRUE(found.sound()) << to_json(found);
  EXPECT_EQ(found.notes.at(0).sentence, "3 entries.");
  EXPECT_TRUE(findings_of(bytes.substr(0, 5'000)).has_note("truncated"));
  expect_bears_damage(bytes);
}

TEST(Kernels, AreKnownByTheirHeaders) {
  Workshop shop;
  shop.write("kernel", test::plain(9'000));
  shop.write("zimage.s", R"(
    .fill 8, 4, 0xe1a00000
    .word 0xe1a00000
    .word 0x016f2818, 0, end, 0x04030201
    .space 512
    .incbin "kernel.xz"
end:
)");
  const std::string zimage = shop.make(
      "xz --check=crc32 -k kernel && arm-none-eabi-as -o z.o zimage.s && arm-none-eabi-objcopy -O "
      "binary z.o z",
      "z");
  const auto packed = findings_of(zimage);
  EXPECT_EQ(packed.kind, "zimage");
  EXPECT_EQ(packed.get(FactName::architecture), "arm");
  EXPECT_EQ(packed.payloads.at(0).compression, Compression::xz);
  EXPECT_TRUE(packed.has_note("payload-compressed"));
  EXPECT_TRUE(findings_of(zimage.substr(0, zimage.size() - 1)).has_note("truncated"));
  expect_bears_damage(zimage);

  shop.write("image.s", R"(
    .long 0x91005a4d, 0
    .quad 0, 0x10000, 0xa, 0, 0, 0
    .ascii "ARM\x64"
    .long 0
    .ascii "Linux version %s (%s)\0"
    .space 70000
    .asciz "Linux version 6.1.0-lamp (x@y) (gcc) #1 SMP"
)");
  const std::string image = shop.make("as -o i.o image.s && objcopy -O binary -j .text i.o i", "i");
  const auto plain = findings_of(image);
  EXPECT_EQ(plain.kind, "linux-arm64");
  EXPECT_EQ(plain.get(FactName::version), "6.1.0-lamp");
  EXPECT_FALSE(plain.has_note("payload-compressed"));
  expect_bears_damage(image);
}

}  // namespace
}  // namespace otaru::inspect

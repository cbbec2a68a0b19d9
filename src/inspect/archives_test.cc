// SPDX-License-Identifier: Apache-2.0
// Update images, bundles and artifacts that the real tools made (tests/inspect/archives.py), and
// what damage does to them.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/encoding.h"
#include "base/hash.h"
#include "inspect/inspect.h"
#include "inspect/inspect_test_support.h"
#include "tests/support/workshop.h"

namespace otaru::inspect {
namespace {

std::string sample_bytes(const std::string& name) {
  std::ifstream in(OTARU_SOURCE_DIR "/src/inspect/testdata/archives/" + name, std::ios::binary);
  EXPECT_TRUE(in) << name;
  return {std::istreambuf_iterator<char>(in), {}};
}

Findings sample(const std::string& name) {
  return findings_of(sample_bytes(name));
}

// Bytes at the place that the evidence names.
std::string at_evidence(const std::string& name, FactName fact) {
  const std::string bytes = sample_bytes(name);
  const Findings findings = findings_of(bytes);
  for (const auto& found : findings.facts) {
    if (found.name == fact && found.evidence.offset) {
      return bytes.substr(*found.evidence.offset, found.evidence.size);
    }
  }
  return "no such fact with an offset";
}

std::string replaced(std::string bytes, std::string_view from, std::string_view to) {
  const size_t at = bytes.find(from);
  EXPECT_NE(at, std::string::npos);
  EXPECT_EQ(from.size(), to.size());
  return at == std::string::npos ? bytes : bytes.replace(at, from.size(), to);
}

std::vector<std::string> all_of(const Findings& findings, FactName name) {
  std::vector<std::string> out;
  for (const auto& fact : findings.facts) {
    if (fact.name == name) out.push_back(fact.value);
  }
  return out;
}

using Texts = std::vector<std::string>;

TEST(Swupdate, TellsVersionHardwareAndArtifacts) {
  const Findings findings = sample("swupdate-plain.swu");
  EXPECT_EQ(findings.kind, "swupdate");
  EXPECT_TRUE(findings.sound());
  EXPECT_EQ(findings.get(FactName::version), "2.1.0");
  EXPECT_EQ(findings.get(FactName::description), "Example gateway");
  EXPECT_EQ(all_of(findings, FactName::hardware), (Texts{"1.0", "#RE:^2\\.[0-9]$", "B2"}));
  EXPECT_EQ(all_of(findings, FactName::board), Texts{"gateway-b"});
  ASSERT_EQ(findings.payloads.size(), 3u);
  EXPECT_EQ(findings.payloads[0].name, "rootfs.img");
  EXPECT_EQ(findings.payloads[0].type, "raw");
  EXPECT_EQ(findings.payloads[0].size, 3000u);
  EXPECT_EQ(findings.payloads[0].sha256_declared.size(), 64u);
  EXPECT_TRUE(findings.has_note("unsigned"));
  EXPECT_TRUE(findings.has_note("hash-right"));
  EXPECT_EQ(at_evidence("swupdate-plain.swu", FactName::board), "gateway-b");
  EXPECT_EQ(at_evidence("swupdate-plain.swu", FactName::version), "2.1.0");
  EXPECT_EQ(at_evidence("swupdate-plain.swu", FactName::hardware), "1.0");
}

TEST(Swupdate, ReadsJsonLikeLibconfig) {
  const Findings findings = sample("swupdate-json.swu");
  EXPECT_TRUE(findings.sound());
  EXPECT_EQ(findings.get(FactName::version), "2.1.0");
  EXPECT_EQ(findings.get(FactName::hardware), "1.0");
  EXPECT_EQ(findings.payloads.size(), 1u);
}

TEST(Swupdate, TellsWhoSigned) {
  const Findings cms = sample("swupdate-cms.swu");
  EXPECT_EQ(cms.get(FactName::signature), "CMS");
  EXPECT_EQ(cms.get(FactName::signer), "CN=Release signer,O=Example Devices");
  EXPECT_TRUE(cms.has_note("signature-fits"));
  EXPECT_TRUE(cms.has_note("payload-compressed"));
  const Findings rsa = sample("swupdate-rsa.swu");
  EXPECT_EQ(rsa.get(FactName::signature), "RSA 2048 bit");
  EXPECT_TRUE(rsa.has_note("signature-unchecked"));
}

TEST(Swupdate, SeesWhatWasChangedAfterSigning) {
  const std::string bytes = sample_bytes("swupdate-cms.swu");
  const Findings description = findings_of(replaced(bytes, "\"2.1.0\"", "\"2.1.1\""));
  EXPECT_TRUE(description.has_note("signature-wrong"));
  EXPECT_TRUE(description.has_note("checksum-wrong"));
  const Findings artifact = findings_of(replaced(bytes, "colour=blue", "colour=pink"));
  EXPECT_TRUE(artifact.has_note("hash-wrong"));
  EXPECT_TRUE(artifact.has_note("checksum-wrong"));
  EXPECT_FALSE(artifact.has_note("signature-wrong"));
}

TEST(Swupdate, SaysWhatIsMissing) {
  const std::string bytes = sample_bytes("swupdate-json.swu");
  EXPECT_TRUE(findings_of(bytes.substr(0, bytes.size() / 2)).has_note("truncated"));
  // The member, of another name.
  const size_t at = bytes.rfind("rootfs.img");
  const Findings gone = findings_of(std::string(bytes).replace(at, 10, "rootfs.old"));
  EXPECT_TRUE(gone.has_note("artifact-missing"));
  EXPECT_TRUE(gone.has_note("not-installed"));
}

TEST(Swupdate, SaysWhatIsEncrypted) {
  EXPECT_TRUE(sample("swupdate-encrypted.swu").has_note("payload-encrypted"));
  const Findings all = sample("swupdate-description-encrypted.swu");
  EXPECT_TRUE(all.sound());
  EXPECT_TRUE(all.has_note("description-encrypted"));
  EXPECT_EQ(all.get(FactName::signer), "CN=Release signer,O=Example Devices");
  EXPECT_TRUE(all.has_note("signature-unchecked"));
}

TEST(Rauc, VerityBundlesTellTheirManifest) {
  const Findings findings = sample("rauc-verity.raucb");
  EXPECT_EQ(findings.kind, "rauc");
  EXPECT_TRUE(findings.sound());
  EXPECT_EQ(findings.get(FactName::hardware), "gateway-a");
  EXPECT_EQ(findings.get(FactName::version), "2.1.0");
  EXPECT_EQ(findings.get(FactName::build_id), "20260401120000");
  EXPECT_EQ(findings.get(FactName::format_version), "verity");
  EXPECT_EQ(findings.get(FactName::signer), "CN=Release signer,O=Example Devices");
  EXPECT_TRUE(findings.has_note("hash-right"));
  EXPECT_TRUE(findings.has_note("signature-fits"));
  ASSERT_EQ(findings.payloads.size(), 3u);  // two images, and the squashfs they are in
  EXPECT_EQ(findings.payloads[0].type, "rootfs");
  EXPECT_EQ(findings.payloads[0].size, 5000u);
  EXPECT_EQ(at_evidence("rauc-verity.raucb", FactName::version), "2.1.0");
}

TEST(Rauc, SeesChangesOfContentTreeAndManifest) {
  const std::string bytes = sample_bytes("rauc-verity.raucb");
  std::string content = bytes;
  content[5000] = static_cast<char>(content[5000] ^ 1);
  EXPECT_TRUE(findings_of(content).has_note("hash-wrong"));
  std::string tree = bytes;  // behind two blocks of content
  tree[8192] = static_cast<char>(tree[8192] ^ 1);
  EXPECT_TRUE(findings_of(tree).has_note("hash-wrong"));
  const size_t at = bytes.rfind("version=2.1.0");  // (the squashfs has the manifest too)
  ASSERT_NE(at, std::string::npos);
  const Findings manifest = findings_of(std::string(bytes).replace(at, 13, "version=2.1.1"));
  EXPECT_TRUE(manifest.has_note("signature-wrong"));
}

TEST(Rauc, PlainBundlesAreCheckedAndSayWhatIsMissing) {
  const Findings findings = sample("rauc-plain.raucb");
  EXPECT_TRUE(findings.sound());
  EXPECT_TRUE(findings.has_note("manifest-not-read"));
  EXPECT_TRUE(findings.has_note("payload-compressed"));
  EXPECT_EQ(findings.get(FactName::compression), "zlib");
  EXPECT_TRUE(findings.has_note("signature-fits"));
  EXPECT_EQ(findings.get(FactName::version), "");
  std::string content = sample_bytes("rauc-plain.raucb");
  content[1000] = static_cast<char>(content[1000] ^ 1);
  EXPECT_TRUE(findings_of(content).has_note("signature-wrong"));
}

TEST(Rauc, TheKeyOfACryptBundleIsNeverShown) {
  const std::string bytes = sample_bytes("rauc-crypt.raucb");
  const size_t at = bytes.find("crypt-key=");
  ASSERT_NE(at, std::string::npos);
  const Findings findings = findings_of(bytes);
  EXPECT_EQ(findings.get(FactName::version), "2.1.0");
  EXPECT_TRUE(findings.has_note("hash-right"));
  EXPECT_TRUE(findings.has_note("payload-encrypted"));
  EXPECT_EQ(to_json(findings).find(bytes.substr(at + 10, 64)), std::string::npos);
  const Findings encrypted = sample("rauc-encrypted.raucb");
  EXPECT_EQ(encrypted.kind, "rauc");
  EXPECT_TRUE(encrypted.has_note("manifest-encrypted"));
}

TEST(Rauc, ANumberAtTheEndMakesNoBundle) {
  std::string bytes(8192 + 512, 'x');
  bytes += std::string("\0\0\0\0\0\0\2\0", 8);  // 512 bytes of what would be the signature
  EXPECT_EQ(findings_of(bytes).kind, "raw");
}

TEST(Mender, TellsNameDevicesTypeAndDependencies) {
  const Findings findings = sample("mender-module.mender");
  EXPECT_EQ(findings.kind, "mender");
  EXPECT_TRUE(findings.sound());
  EXPECT_EQ(findings.get(FactName::format_version), "3");
  EXPECT_EQ(findings.get(FactName::label), "app-1.4");
  EXPECT_EQ(all_of(findings, FactName::version), (Texts{"1.4", "app-1.4"}));
  EXPECT_EQ(findings.get(FactName::hardware), "gateway-a");
  EXPECT_EQ(findings.get(FactName::image_type), "single-file");
  EXPECT_EQ(all_of(findings, FactName::requires_version),
            (Texts{"artifact_name app-1.3", "artifact_group beta", "rootfs-image.version 2.1.0"}));
  EXPECT_TRUE(findings.has_note("hash-right"));
  EXPECT_TRUE(findings.has_note("state-scripts"));
  EXPECT_TRUE(findings.has_note("unsigned"));
  ASSERT_EQ(findings.payloads.size(), 1u);
  EXPECT_EQ(findings.payloads[0].name, "app.bin");
  EXPECT_EQ(findings.payloads[0].sha256_declared.size(), 64u);
}

TEST(Mender, ReadsEveryCompression) {
  for (const auto* name : {"mender-rootfs-gzip.mender", "mender-rootfs-lzma.mender"}) {
    const Findings findings = sample(name);
    EXPECT_TRUE(findings.sound()) << name;
    EXPECT_EQ(findings.get(FactName::version), "release-2.1.0") << name;
    EXPECT_EQ(all_of(findings, FactName::hardware), (Texts{"gateway-a", "gateway-b"})) << name;
    EXPECT_TRUE(findings.has_note("hash-right")) << name;
    EXPECT_TRUE(findings.has_note("payload-compressed")) << name;
  }
  EXPECT_EQ(sample("mender-bootstrap.mender").get(FactName::version), "first");
  EXPECT_EQ(sample("mender-signed.mender").get(FactName::signature),
            "RSA or ECDSA over the manifest");
}

TEST(Mender, HoldsEveryFileAgainstTheManifest) {
  const std::string bytes = sample_bytes("mender-module.mender");
  const Findings findings = sample("mender-module.mender");
  ASSERT_EQ(findings.payloads.size(), 1u);
  const std::string sha256 = findings.payloads[0].sha256_declared;
  std::string other = sha256;
  other[0] = other[0] == '0' ? '1' : '0';
  EXPECT_TRUE(findings_of(replaced(bytes, sha256, other)).has_note("hash-wrong"));
  const Findings gone = findings_of(replaced(bytes, "data/0000/app.bin", "data/0000/app.old"));
  EXPECT_TRUE(gone.has_note("artifact-missing"));
  EXPECT_TRUE(gone.has_note("hash-missing"));
  // Inside the compressed payload.
  std::string damaged = bytes;
  damaged[4200] = static_cast<char>(damaged[4200] ^ 0x40);
  EXPECT_FALSE(findings_of(damaged).sound());
  EXPECT_FALSE(findings_of(bytes.substr(0, 4000)).sound());
}

TEST(AndroidOta, TellsDeviceBuildAndPartitions) {
  const Findings findings = sample("android-full.zip");
  EXPECT_EQ(findings.kind, "android-ota");
  EXPECT_TRUE(findings.sound());
  EXPECT_EQ(findings.get(FactName::hardware), "gateway-a");
  EXPECT_EQ(all_of(findings, FactName::version), (Texts{"10000002", "TQ3A.230805.001"}));
  EXPECT_EQ(findings.get(FactName::base_version), "");
  EXPECT_EQ(findings.get(FactName::os), "Android 13");
  EXPECT_EQ(findings.get(FactName::security_patch), "2023-08-05");
  EXPECT_EQ(findings.get(FactName::build_time), "2023-03-28T10:40:00.000Z");
  EXPECT_EQ(findings.get(FactName::format_version), "payload 2");
  EXPECT_TRUE(findings.has_note("hash-right"));
  EXPECT_TRUE(findings.has_note("unsigned"));
  ASSERT_EQ(findings.payloads.size(), 2u);
  EXPECT_EQ(findings.payloads[0].name, "boot");
  EXPECT_EQ(findings.payloads[0].size, 4000u);
  EXPECT_EQ(findings.payloads[0].sha256_declared.size(), 64u);
  EXPECT_EQ(at_evidence("android-full.zip", FactName::hardware), "gateway-a");
  EXPECT_EQ(at_evidence("android-full.zip", FactName::version), "10000002");
}

TEST(AndroidOta, IncrementalPackagesNameTheirBase) {
  const Findings findings = sample("android-incremental.zip");
  EXPECT_EQ(findings.get(FactName::base_version), "10000001");
  EXPECT_EQ(at_evidence("android-incremental.zip", FactName::base_version), "10000001");
}

TEST(AndroidOta, TheWholeFileSignatureIsChecked) {
  const Findings findings = sample("android-signed.zip");
  EXPECT_TRUE(findings.sound());
  EXPECT_EQ(findings.get(FactName::signer), "CN=Release signer,O=Example Devices");
  EXPECT_TRUE(findings.has_note("signature-fits"));
  const std::string bytes = sample_bytes("android-signed.zip");
  const Findings changed =
      findings_of(replaced(bytes, "pre-device=gateway-a", "pre-device=gateway-b"));
  EXPECT_TRUE(changed.has_note("signature-wrong"));
}

// An A/B package of these three texts.
Findings ota_of(std::string_view metadata, std::string_view payload, std::string_view properties) {
  const test::Workshop workshop;
  workshop.run("mkdir -p META-INF/com/android");
  workshop.write("META-INF/com/android/metadata", metadata);
  workshop.write("payload.bin", payload);
  workshop.write("payload_properties.txt", properties);
  return findings_of(
      workshop.make("zip -q -0 -X -r a.zip META-INF payload.bin payload_properties.txt", "a.zip"));
}

TEST(AndroidOta, ThePayloadIsHeldAgainstItsProperties) {
  constexpr std::string_view kMetadata =
      "ota-type=AB\npost-build=a/b/c:1/I/2:user/k\npre-device=c\n";
  constexpr std::string_view kPayload("CrAU\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0", 24);
  const std::string hash = base::base64(base::digest(base::HashKind::sha256, kPayload));
  const Findings good = ota_of(kMetadata, kPayload, "FILE_HASH=" + hash + "\nFILE_SIZE=24\n");
  EXPECT_TRUE(good.sound());
  EXPECT_TRUE(good.has_note("hash-right"));
  EXPECT_TRUE(
      ota_of(kMetadata, kPayload, "FILE_HASH=" + hash + "\nFILE_SIZE=25\n").has_note("size-wrong"));
  EXPECT_TRUE(ota_of(kMetadata, kPayload, "FILE_SIZE=24\n").has_note("hash-missing"));
  EXPECT_TRUE(ota_of(kMetadata, kPayload, "FILE_HASH=AAAA\n").has_note("hash-wrong"));
  EXPECT_TRUE(ota_of(kMetadata, "CrAV", "FILE_HASH=AAAA\n").has_note("payload-damaged"));
  std::string huge(kPayload);
  huge[12] = '\x7f';
  EXPECT_TRUE(ota_of(kMetadata, huge, "FILE_HASH=AAAA\n").has_note("payload-damaged"));
  EXPECT_TRUE(ota_of("ota-type=AB\n", kPayload, "").has_note("metadata-incomplete"));
  // The zip's own checksum.
  EXPECT_TRUE(
      findings_of(replaced(sample_bytes("android-full.zip"), "CrAU", "CrAV")).has_note("damaged"));
}

TEST(Dfu, NordicPackagesTellVersionAndHardware) {
  const Findings init = sample("dfu-nrf5.zip");
  EXPECT_EQ(init.kind, "nrf-dfu");
  EXPECT_TRUE(init.sound());
  EXPECT_EQ(init.get(FactName::version), "7");
  EXPECT_EQ(init.get(FactName::hardware), "52");
  EXPECT_EQ(init.get(FactName::signature), "init packet");
  const Findings legacy = sample("dfu-legacy.zip");
  EXPECT_EQ(legacy.get(FactName::version), "9");
  EXPECT_EQ(legacy.get(FactName::hardware), "52");
  const Findings mcumgr = sample("dfu-mcumgr.zip");
  EXPECT_EQ(mcumgr.kind, "mcumgr-dfu");
  EXPECT_TRUE(mcumgr.sound());
  EXPECT_EQ(mcumgr.get(FactName::version), "2.1.0");
  EXPECT_EQ(mcumgr.get(FactName::hardware), "nrf5340");
  EXPECT_EQ(mcumgr.get(FactName::board), "nrf5340dk_nrf5340_cpuapp");
}

TEST(Packages, TellNameAndVersion) {
  for (const auto* name : {"package-xz.deb", "package-zstd.deb", "package.ipk"}) {
    const Findings findings = sample(name);
    EXPECT_EQ(findings.kind, std::string_view(name).ends_with("deb") ? "deb" : "ipk");
    EXPECT_TRUE(findings.sound()) << name;
    EXPECT_EQ(findings.get(FactName::product), "gateway-app") << name;
    EXPECT_EQ(findings.get(FactName::version), "2.1.0-1") << name;
    EXPECT_EQ(findings.get(FactName::architecture), "all") << name;
    EXPECT_TRUE(findings.has_note("payload-compressed")) << name;
  }
  const Findings rpm = sample("package.rpm");
  EXPECT_TRUE(rpm.sound());
  EXPECT_EQ(rpm.get(FactName::product), "gateway-app");
  EXPECT_EQ(rpm.get(FactName::version), "1:2.1.0-3");
  EXPECT_EQ(rpm.get(FactName::architecture), "noarch");
  EXPECT_TRUE(rpm.has_note("hash-right"));
  EXPECT_EQ(at_evidence("package.rpm", FactName::product), "gateway-app");
  std::string bytes = sample_bytes("package.rpm");
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  EXPECT_TRUE(findings_of(bytes).has_note("hash-wrong"));
}

TEST(Containers, TellWhatIsInside) {
  const Findings zip = sample("files.zip");
  EXPECT_EQ(zip.kind, "zip");
  ASSERT_EQ(zip.payloads.size(), 2u);
  EXPECT_EQ(zip.payloads[0].name, "app.bin");
  EXPECT_TRUE(zip.has_note("payload-compressed"));
  for (const auto* name : {"files.tar.gz", "files.tar.zst"}) {
    const Findings tar = sample(name);
    EXPECT_EQ(tar.kind, "tar") << name;
    EXPECT_TRUE(tar.sound()) << name;
    ASSERT_EQ(tar.payloads.size(), 2u) << name;
    EXPECT_EQ(tar.payloads[1].name, "app.bin") << name;
    EXPECT_EQ(tar.payloads[1].size, 3000u) << name;
  }
  for (const auto& [name, kind] :
       {std::pair("disk.ext4.gz", "gzip"), {"disk.ext4.xz", "xz"}, {"disk.ext4.bz2", "bzip2"}}) {
    const Findings packed = sample(name);
    EXPECT_EQ(packed.kind, kind);
    EXPECT_EQ(packed.get(FactName::compression), kind);
    EXPECT_TRUE(packed.sound()) << name;
    EXPECT_TRUE(packed.has_note("payload-compressed")) << name;
  }
}

TEST(Containers, SeeDamageOfWhatIsPacked) {
  for (const auto* name : {"disk.ext4.gz", "disk.ext4.xz", "files.tar.zst"}) {
    std::string bytes = sample_bytes(name);
    EXPECT_FALSE(findings_of(bytes.substr(0, bytes.size() - 20)).sound()) << name;
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x10);
    EXPECT_FALSE(findings_of(bytes).sound()) << name;
  }
}

// (The others' readers are these, or are fuzzed.)
TEST(Archives, BearDamage) {
  for (const auto* name : {"swupdate-cms.swu", "rauc-verity.raucb", "mender-module.mender",
                           "android-signed.zip", "package-zstd.deb", "package.rpm"}) {
    SCOPED_TRACE(name);
    expect_bears_damage(sample_bytes(name));
  }
}

}  // namespace
}  // namespace otaru::inspect

// SPDX-License-Identifier: Apache-2.0
// Update images, bundles and artifacts that the real tools made (tests/inspect/archives.py), and
// what damage does to them.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "inspect/inspect.h"
#include "inspect/inspect_test_support.h"

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
  EXPECT_TRUE(sample("swupdate-description-encrypted.swu").has_note("description-encrypted"));
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
  ASSERT_EQ(findings.payloads.size(), 2u);
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

TEST(Archives, BearDamage) {
  for (const auto* name : {"swupdate-cms.swu", "rauc-verity.raucb", "mender-module.mender"}) {
    SCOPED_TRACE(name);
    expect_bears_damage(sample_bytes(name));
  }
}

}  // namespace
}  // namespace otaru::inspect

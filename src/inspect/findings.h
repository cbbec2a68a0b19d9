// SPDX-License-Identifier: Apache-2.0
// What a file says about itself: facts with the place where each stands, payloads inside, and notes
// for the operator. Everything here came from a file that anybody may have made: texts are cut and
// cleaned when they are added, numbers of entries are limited.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace otaru::inspect {

// The vocabulary: formats differ, these names do not. What each means: README.md of this room.
enum class FactName {
  product,           // what it is for, as the maker names it
  version,           // of the product
  base_version,      // a delta: what it must be applied to
  hardware,          // a device it fits: compatible string, device type, chip; may be repeated
  board,             // the board, where the format tells it from the hardware
  vendor,            // who made it
  architecture,      // of the processor
  os,                // the operating system inside
  image_type,        // kernel, ramdisk, application, update module ...
  description,       // one line for people
  label,             // name of a volume or file system
  uuid,              // of a volume, bundle or build
  build_time,        // ISO 8601 where the file has a time, else its own text
  build_id,          // of the linker or the build system
  toolchain,         // what built it: compiler, SDK
  format_version,    // of the format itself
  security_version,  // anti-rollback counter
  security_patch,    // patch level, as a date
  address,           // where it is loaded, or the ranges it fills
  entry_point,       //
  compression,       // of the content
  requires_version,  // it needs something else at this version; may be repeated
  sha256_declared,   // the file's own claim about its content
  checksum,          // other claims, "crc32 1234abcd"
  signature,         // kind of signature; may be repeated
  signer,            // subject of the signing certificate
};

struct Evidence {
  std::string field;  // as the format's document writes it: "esp_app_desc_t.version"
  // Where the field is in the file; nothing when it lies inside something compressed.
  std::optional<uint64_t> offset{};
  uint64_t size = 0;   // bytes
  std::string path{};  // inside: "sw-description:software.version"
};

struct Fact {
  FactName name = FactName::product;
  std::string value;
  Evidence evidence;
};

enum class Severity {
  info,     // good to know
  warning,  // it will work, but
  problem,  // damaged, truncated: devices will refuse it
};

struct Note {
  Severity severity = Severity::info;
  std::string code;      // stable, for programs: "checksum-wrong"
  std::string sentence;  // what is so
  std::string remedy;    // what to do about it; may be empty
  Evidence evidence{};
};

enum class Compression { none, gzip, xz, lzma, zstd, lz4, bzip2, zlib, lzo, unknown };

// Something inside that devices unpack, or the file itself when it is one piece.
struct Payload {
  std::string name;                  // "kernel", "rootfs.ext4"
  std::string type;                  // kind of what is inside, as far as known: "ext4", "raw"
  std::optional<uint64_t> offset{};  // nothing when it lies inside something compressed
  uint64_t size = 0;                 // bytes, as stored
  Compression compression = Compression::none;
  double bits_per_byte = 0;       // entropy of samples: 8 is random, encrypted or compressed
  std::string sha256_declared{};  // hex
};

class Findings {
 public:
  std::string kind = "raw";
  std::string title;  // "ESP-IDF application image"
  uint64_t size = 0;  // bytes
  std::vector<Fact> facts;
  std::vector<Payload> payloads;
  std::vector<Note> notes;

  // Empty values and repetitions are left out.
  void add(FactName name, std::string_view value, Evidence evidence);
  void info(std::string_view code, std::string_view sentence, Evidence evidence = {});
  void warn(std::string_view code, std::string_view sentence, std::string_view remedy,
            Evidence evidence = {});
  void problem(std::string_view code, std::string_view sentence, std::string_view remedy,
               Evidence evidence = {});
  void add(Payload payload);
  // Takes what was found inside over; see inspect_inside() in format.h.
  void merge(Findings inside, std::string_view path, std::optional<uint64_t> offset);

  // The first fact of that name, or empty.
  std::string_view get(FactName name) const;
  bool has_note(std::string_view code) const;
  bool sound() const;  // no note says problem

 private:
  void note(Note note);
};

std::string_view fact_name(FactName name);
std::string_view severity_name(Severity severity);
std::string_view compression_name(Compression compression);

// Text from a file as it may be shown: sound UTF-8 without control characters, ends trimmed, cut
// at kInspectTextBytesMax.
std::string clean_text(std::string_view text);

std::string to_json(const Findings& findings);

}  // namespace otaru::inspect

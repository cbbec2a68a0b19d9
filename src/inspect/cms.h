// SPDX-License-Identifier: Apache-2.0
// A CMS structure (RFC 5652) as far as an update format shows it: kind, content inside, who signed.
// Whether the signature is right for the certificate that comes with it can be said; whether that
// certificate is to be trusted cannot: the devices hold the keys that decide it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "inspect/stream.h"

namespace otaru::inspect {

class Cms {
 public:
  enum class Kind { signed_data, enveloped_data, other };
  // not_read: the budget ended before all of the content was seen.
  enum class Check { right, wrong, no_certificate, not_read };

  // DER. Code::invalid.
  static base::Result<Cms> parse(std::string_view der);
  Cms(Cms&&) noexcept;
  ~Cms();

  Kind kind() const;
  bool detached() const;        // signed_data without its content
  std::string content() const;  // of attached signed_data
  size_t recipients() const;    // of enveloped_data
  // Subjects of the signers' certificates as far as they are inside, else "serial ... of ISSUER";
  // RFC 2253 order.
  std::vector<std::string> signers() const;
  // Attached content, or the detached `content`, against the certificates inside.
  Check check() const;
  base::Result<Check> check(ByteStream& content) const;

 private:
  struct Impl;
  explicit Cms(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// A byte that every structure begins with, and the identifier of signedData or envelopedData: sure
// enough to tell it from other bytes.
bool looks_like_cms(std::string_view der);

}  // namespace otaru::inspect

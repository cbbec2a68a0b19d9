// SPDX-License-Identifier: Apache-2.0
#include "inspect/cms.h"

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include <algorithm>

#include "base/encoding.h"
#include "base/limits.h"

namespace otaru::inspect {
namespace {

using base::Code;
namespace limits = base::limits;

using BioPointer = std::unique_ptr<BIO, int (*)(BIO*)>;

std::string bio_text(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<size_t>(size)) : std::string();
}

std::string name_text(const X509_NAME* name) {
  const BioPointer bio(BIO_new(BIO_s_mem()), &BIO_free);
  // RFC 2253, with letters beyond ASCII as they are.
  X509_NAME_print_ex(bio.get(), name, 0,
                     XN_FLAG_RFC2253 & ~static_cast<unsigned>(ASN1_STRFLGS_ESC_MSB));
  return bio_text(bio.get());
}

struct Certificates {
  explicit Certificates(CMS_ContentInfo* cms) : all(CMS_get1_certs(cms)) {}
  ~Certificates() { sk_X509_pop_free(all, &X509_free); }
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;
  int count() const { return all == nullptr ? 0 : sk_X509_num(all); }
  STACK_OF(X509) * all;
};

// What OpenSSL reads detached content through.
struct StreamFeed {
  ByteStream* stream;
  std::string_view rest;
  base::Status status;
  bool ended = false;
};

int read_stream(BIO* bio, char* into, int size) {
  auto& feed = *static_cast<StreamFeed*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (feed.rest.empty() && !feed.ended && feed.status) {
    const auto piece = feed.stream->next();
    if (!piece) {
      feed.status = base::fail(piece.error());
      return -1;
    }
    feed.rest = *piece;
    feed.ended = piece->empty();
  }
  const size_t count = std::min(feed.rest.size(), static_cast<size_t>(std::max(size, 0)));
  std::copy_n(feed.rest.data(), count, into);
  feed.rest.remove_prefix(count);
  return static_cast<int>(count);
}

long control_stream(BIO* bio, int command, long, void*) {
  const auto& feed = *static_cast<StreamFeed*>(BIO_get_data(bio));
  return command == BIO_CTRL_EOF && feed.ended && feed.rest.empty() ? 1 : 0;
}

const BIO_METHOD* stream_method() {
  static const std::unique_ptr<BIO_METHOD, void (*)(BIO_METHOD*)> method = [] {
    std::unique_ptr<BIO_METHOD, void (*)(BIO_METHOD*)> made(
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "otaru byte stream"),
        &BIO_meth_free);
    BIO_meth_set_read(made.get(), &read_stream);
    BIO_meth_set_ctrl(made.get(), &control_stream);
    return made;
  }();
  return method.get();
}

}  // namespace

struct Cms::Impl {
  std::unique_ptr<CMS_ContentInfo, void (*)(CMS_ContentInfo*)> cms{nullptr, &CMS_ContentInfo_free};

  Check check(BIO* content) const {
    const Certificates certificates(cms.get());
    if (certificates.count() == 0) return Check::no_certificate;
    const BioPointer thrown_away(BIO_new(BIO_s_null()), &BIO_free);
    const int right = CMS_verify(cms.get(), nullptr, nullptr, content, thrown_away.get(),
                                 CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY);
    const unsigned long reason = ERR_peek_error();
    ERR_clear_error();
    if (right == 1) return Check::right;
    const bool unknown = ERR_GET_LIB(reason) == ERR_LIB_CMS &&
                         ERR_GET_REASON(reason) == CMS_R_SIGNER_CERTIFICATE_NOT_FOUND;
    return unknown ? Check::no_certificate : Check::wrong;
  }
};

Cms::Cms(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Cms::Cms(Cms&&) noexcept = default;
Cms::~Cms() = default;

base::Result<Cms> Cms::parse(std::string_view der) {
  auto impl = std::make_unique<Impl>();
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  impl->cms.reset(d2i_CMS_ContentInfo(nullptr, &at, static_cast<long>(der.size())));
  ERR_clear_error();
  if (!impl->cms) return base::fail(Code::invalid, "it is no CMS structure");
  // Each signer costs a public-key operation on numbers that the file chose.
  STACK_OF(CMS_SignerInfo)* signers = CMS_get0_SignerInfos(impl->cms.get());
  const int signer_count = signers == nullptr ? 0 : sk_CMS_SignerInfo_num(signers);
  if (signer_count > static_cast<int>(limits::kInspectSignersMax) ||
      Certificates(impl->cms.get()).count() > static_cast<int>(limits::kInspectCertificatesMax)) {
    return base::fail(Code::too_large, "it has more signers or certificates than are looked at");
  }
  ERR_clear_error();
  return Cms(std::move(impl));
}

Cms::Kind Cms::kind() const {
  switch (OBJ_obj2nid(CMS_get0_type(impl_->cms.get()))) {
    case NID_pkcs7_signed:
      return Kind::signed_data;
    case NID_pkcs7_enveloped:
      return Kind::enveloped_data;
    default:
      return Kind::other;
  }
}

bool Cms::detached() const {
  ASN1_OCTET_STRING** content = CMS_get0_content(impl_->cms.get());
  ERR_clear_error();
  return content == nullptr || *content == nullptr;
}

std::string Cms::content() const {
  if (kind() != Kind::signed_data || detached()) return {};
  const ASN1_OCTET_STRING* content = *CMS_get0_content(impl_->cms.get());
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(content)),
          static_cast<size_t>(ASN1_STRING_length(content))};
}

size_t Cms::recipients() const {
  STACK_OF(CMS_RecipientInfo)* all = CMS_get0_RecipientInfos(impl_->cms.get());
  ERR_clear_error();
  return all == nullptr ? 0 : static_cast<size_t>(sk_CMS_RecipientInfo_num(all));
}

std::vector<std::string> Cms::signers() const {
  std::vector<std::string> out;
  STACK_OF(CMS_SignerInfo)* infos = CMS_get0_SignerInfos(impl_->cms.get());
  const Certificates certificates(impl_->cms.get());
  for (int i = 0; infos != nullptr && i < sk_CMS_SignerInfo_num(infos); ++i) {
    CMS_SignerInfo* info = sk_CMS_SignerInfo_value(infos, i);
    std::string subject;
    for (int j = 0; j < certificates.count() && subject.empty(); ++j) {
      X509* certificate = sk_X509_value(certificates.all, j);
      if (CMS_SignerInfo_cert_cmp(info, certificate) != 0) continue;
      subject = name_text(X509_get_subject_name(certificate));
    }
    ASN1_OCTET_STRING* key_id = nullptr;
    X509_NAME* issuer = nullptr;
    ASN1_INTEGER* serial = nullptr;
    if (subject.empty() && CMS_SignerInfo_get0_signer_id(info, &key_id, &issuer, &serial) == 1) {
      if (issuer != nullptr) {
        subject = "a certificate of " + name_text(issuer);
      } else if (key_id != nullptr) {
        subject = "key " + base::hex({reinterpret_cast<const char*>(ASN1_STRING_get0_data(key_id)),
                                      static_cast<size_t>(ASN1_STRING_length(key_id))});
      }
    }
    if (!subject.empty()) out.push_back(std::move(subject));
  }
  ERR_clear_error();
  return out;
}

Cms::Check Cms::check() const {
  return impl_->check(nullptr);
}

base::Result<Cms::Check> Cms::check(ByteStream& content) const {
  StreamFeed feed{&content, {}, {}, false};
  const BioPointer bio(BIO_new(stream_method()), &BIO_free);
  BIO_set_data(bio.get(), &feed);
  BIO_set_init(bio.get(), 1);
  const Check result = impl_->check(bio.get());
  if (!feed.status && feed.status.error().code == Code::exhausted) return Check::not_read;
  if (!feed.status) return base::fail(feed.status.error());
  return result;
}

bool looks_like_cms(std::string_view der) {
  using std::string_view_literals::operator""sv;
  // SEQUENCE, then OBJECT IDENTIFIER 1.2.840.113549.1.7.x (RFC 5652, section 14).
  constexpr auto kIdentifier = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"sv;
  if (der.size() < 2 || der[0] != '\x30') return false;
  const auto length = static_cast<unsigned char>(der[1]);
  const size_t head = length < 0x80 || length == 0x80 ? 2 : 2 + (length & 0x7F);
  return head <= 6 && der.size() > head && der.substr(head).starts_with(kIdentifier);
}

}  // namespace otaru::inspect

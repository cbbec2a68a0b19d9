// SPDX-License-Identifier: Apache-2.0
#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <array>

#include "base/hash.h"
#include "base/log.h"

namespace otaru::net {
namespace {

std::string openssl_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  std::array<char, 256> text{};
  ERR_error_string_n(code, text.data(), text.size());
  return code == 0 ? "unknown" : text.data();
}

base::Status tls_fail(const std::string& what) {
  return base::fail(base::Code::invalid, what + ": " + openssl_error());
}

// Chooses http/1.1 where the client offers it; says nothing where it only offers other protocols.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_length,
                    const unsigned char* in, unsigned int in_length, void*) {
  static constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* chosen = nullptr;
  const int result =
      SSL_select_next_proto(&chosen, out_length, kHttp11, sizeof kHttp11, in, in_length);
  if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_NOACK;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

void set_policy(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context, 1);
  // Sessions resume by ticket: no state here, and devices that wake rarely still resume.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 1);
  static constexpr unsigned char kSessionContext[] = "otaru";
  SSL_CTX_set_session_id_context(context, kSessionContext, sizeof kSessionContext - 1);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
}

base::Status require_client_certificates(SSL_CTX* context, const TlsFiles& files) {
  if (files.client_certificate == ClientCertificate::none) return {};
  if (SSL_CTX_load_verify_file(context, files.client_ca.c_str()) != 1) {
    return tls_fail("client CA " + files.client_ca);
  }
  STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(files.client_ca.c_str());
  if (names == nullptr) return tls_fail("client CA " + files.client_ca);
  SSL_CTX_set_client_CA_list(context, names);  // takes the names
  int mode = SSL_VERIFY_PEER;
  if (files.client_certificate == ClientCertificate::required) {
    mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  }
  SSL_CTX_set_verify(context, mode, nullptr);
  return {};
}

// Tickets given out before a reload stay good, unless they could carry a client certificate that
// the new files no longer accept.
void keep_ticket_keys(SSL_CTX* from, SSL_CTX* to) {
  std::array<unsigned char, 80> keys{};
  if (SSL_CTX_get_tlsext_ticket_keys(from, keys.data(), keys.size()) == 1) {
    SSL_CTX_set_tlsext_ticket_keys(to, keys.data(), keys.size());
  }
}

}  // namespace

void SslDeleter::operator()(ssl_st* ssl) const {
  SSL_free(ssl);
}

base::Result<TlsContext::Context> TlsContext::read_files() const {
  ERR_clear_error();
  Context context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) return base::fail(base::Code::internal, "TLS context: " + openssl_error());
  set_policy(context.get());
  if (SSL_CTX_use_certificate_chain_file(context.get(), files_.certificate.c_str()) != 1) {
    OTARU_CHECK(tls_fail("TLS certificate " + files_.certificate));
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), files_.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context.get()) != 1) {
    OTARU_CHECK(tls_fail("TLS key " + files_.key));
  }
  OTARU_CHECK(require_client_certificates(context.get(), files_));
  return context;
}

base::Status TlsContext::load() {
  const uint64_t seen = fingerprint();
  auto fresh = read_files();
  const std::lock_guard lock(mutex_);
  seen_ = seen;  // a broken file is reported once, not at every check
  if (!fresh) return base::fail(std::move(fresh).error());
  if (context_ && files_.client_certificate == ClientCertificate::none) {
    keep_ticket_keys(context_.get(), fresh->get());
  }
  context_ = std::move(*fresh);
  return {};
}

base::Status TlsContext::load_if_changed() {
  const uint64_t seen = fingerprint();
  {
    const std::lock_guard lock(mutex_);
    if (seen == seen_) return {};
  }
  OTARU_CHECK(load());
  base::log::info("tls.reloaded", {{"certificate", files_.certificate}});
  return {};
}

uint64_t TlsContext::fingerprint() const {
  uint64_t sum = 1;
  for (const std::string* path : {&files_.certificate, &files_.key, &files_.client_ca}) {
    struct stat st {};
    if (path->empty() || ::stat(path->c_str(), &st) != 0) continue;
    const std::array<int64_t, 4> facts = {static_cast<int64_t>(st.st_ino), st.st_size,
                                          st.st_mtim.tv_sec, st.st_mtim.tv_nsec};
    sum = base::stable_hash(
        std::string_view(reinterpret_cast<const char*>(facts.data()), sizeof facts), sum);
  }
  return sum;
}

SslPtr TlsContext::open_session(int fd) {
  Context context;
  {
    const std::lock_guard lock(mutex_);
    context = context_;
  }
  SslPtr ssl(SSL_new(context.get()));  // counts its own reference to the context
  if (!ssl || SSL_set_fd(ssl.get(), fd) != 1) return nullptr;
  SSL_set_accept_state(ssl.get());
  return ssl;
}

std::string verified_common_name(ssl_st* ssl) {
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(SSL_get1_peer_certificate(ssl),
                                                                X509_free);
  if (!certificate || SSL_get_verify_result(ssl) != X509_V_OK) return {};
  const X509_NAME* subject = X509_get_subject_name(certificate.get());
  const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (index < 0) return {};
  const ASN1_STRING* value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index));
  unsigned char* text = nullptr;
  const int length = ASN1_STRING_to_UTF8(&text, value);
  if (length < 0) return {};
  std::string name(reinterpret_cast<const char*>(text), static_cast<size_t>(length));
  OPENSSL_free(text);
  // A zero byte in a name is an attempt to look like another name.
  return name.find('\0') == std::string::npos ? name : std::string();
}

}  // namespace otaru::net

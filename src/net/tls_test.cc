// SPDX-License-Identifier: Apache-2.0
// TLS: versions, files, resumption, reload, client certificates.
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "http/ranges.h"
#include "http/source.h"
#include "net/net_test_support.h"
#include "net/server.h"
#include "net/tls.h"

namespace otaru::net::testing {
namespace {

using KeyPtr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using CertificatePtr = std::unique_ptr<X509, decltype(&X509_free)>;

struct Identity {
  KeyPtr key{nullptr, EVP_PKEY_free};
  CertificatePtr certificate{nullptr, X509_free};
};

// A certificate for that common name, signed by `issuer` or by itself.
Identity make_identity(const std::string& name, const Identity* issuer = nullptr) {
  static long serial = 1;
  Identity out;
  out.key.reset(EVP_EC_gen("P-256"));
  out.certificate.reset(X509_new());
  X509* x = out.certificate.get();
  X509_set_version(x, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(x), -60);
  X509_gmtime_adj(X509_getm_notAfter(x), 3600);
  X509_set_pubkey(x, out.key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.data()),
                             static_cast<int>(name.size()), -1, 0);
  const Identity& signer = issuer != nullptr ? *issuer : out;
  X509_set_issuer_name(x, X509_get_subject_name(signer.certificate.get()));
  X509_EXTENSION* basic = X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints,
                                              issuer == nullptr ? "CA:TRUE" : "CA:FALSE");
  X509_add_ext(x, basic, -1);
  X509_EXTENSION_free(basic);
  X509_sign(x, signer.key.get(), EVP_sha256());
  return out;
}

class TlsTest : public ::testing::Test {
 protected:
  TlsTest() {
    char name[] = "/tmp/otaru_tls_XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~TlsTest() override { std::filesystem::remove_all(folder_); }

  std::string path(const char* name) const { return folder_ + "/" + name; }
  void save(const Identity& identity, const char* certificate, const char* key) {
    save_certificate(identity, certificate);
    FILE* out = std::fopen(path(key).c_str(), "w");
    PEM_write_PrivateKey(out, identity.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(out);
  }
  void save_certificate(const Identity& identity, const char* certificate) {
    FILE* out = std::fopen(path(certificate).c_str(), "w");
    PEM_write_X509(out, identity.certificate.get());
    std::fclose(out);
  }
  ServerConfig config(ClientCertificate client = ClientCertificate::none) {
    ServerConfig out;
    out.listeners.push_back(
        {"127.0.0.1", 0,
         TlsFiles{path("cert.pem"), path("key.pem"),
                  client == ClientCertificate::none ? "" : path("ca.pem"), client}});
    return out;
  }

  std::string folder_;
};

// A blocking TLS client over a Client's socket.
class TlsClient {
 public:
  struct Options {
    int version_max = 0;
    const Identity* identity = nullptr;
    SSL_SESSION* resume = nullptr;
  };
  explicit TlsClient(uint16_t port) : TlsClient(port, Options()) {}
  TlsClient(uint16_t port, Options options)
      : socket_(port), context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {
    if (options.version_max != 0) {
      SSL_CTX_set_max_proto_version(context_.get(), options.version_max);
    }
    if (options.identity != nullptr) {
      SSL_CTX_use_certificate(context_.get(), options.identity->certificate.get());
      SSL_CTX_use_PrivateKey(context_.get(), options.identity->key.get());
    }
    ssl_.reset(SSL_new(context_.get()));
    if (options.resume != nullptr) SSL_set_session(ssl_.get(), options.resume);
    SSL_set_fd(ssl_.get(), socket_.fd());
    connected_ = SSL_connect(ssl_.get()) == 1;
  }
  bool connected() const { return connected_; }
  bool send(std::string_view bytes) {
    return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0;
  }
  // Reads until the text has come, or the end.
  std::string read_until(std::string_view text) {
    std::string out;
    char chunk[16384];
    for (size_t from = 0; out.find(text, from) == std::string::npos;) {
      from = out.size() < text.size() ? 0 : out.size() - text.size();
      const int got = SSL_read(ssl_.get(), chunk, sizeof chunk);
      if (got <= 0) break;
      out.append(chunk, static_cast<size_t>(got));
    }
    return out;
  }
  std::string ask(std::string_view bytes) { return send(bytes) ? read_until("\r\n\r\n") : ""; }
  bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
  std::unique_ptr<SSL_SESSION, decltype(&SSL_SESSION_free)> session() {
    return {SSL_get1_session(ssl_.get()), SSL_SESSION_free};
  }
  std::string version() const { return SSL_get_version(ssl_.get()); }
  std::string server_name() const {
    const CertificatePtr peer(SSL_get1_peer_certificate(ssl_.get()), X509_free);
    if (!peer) return "";
    char name[128] = {};
    X509_NAME_get_text_by_NID(X509_get_subject_name(peer.get()), NID_commonName, name, sizeof name);
    return name;
  }

 private:
  Client socket_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  SslPtr ssl_;
  bool connected_ = false;
};

bool answered(const std::string& reply) {
  return reply.find("hello") != std::string::npos;
}

TEST_F(TlsTest, AnswersByTls) {
  save(make_identity("one"), "cert.pem", "key.pem");
  TestServer s(config());
  TlsClient client(s.port());
  ASSERT_TRUE(client.connected());
  EXPECT_EQ(client.version(), "TLSv1.3");
  EXPECT_EQ(client.server_name(), "one");
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(answered(client.ask(get("/"))));
  client.send(get("/") + get("/async?zz"));
  EXPECT_NE(client.read_until("zz").find("hello"), std::string::npos);
  EXPECT_EQ(s.server->stats().tls_handshakes, 1u);
  EXPECT_EQ(s.server->stats().requests_total, 22u);
}

TEST_F(TlsTest, VersionsAndStrangers) {
  save(make_identity("one"), "cert.pem", "key.pem");
  TestServer s(config());
  TlsClient old(s.port(), {TLS1_1_VERSION, nullptr, nullptr});
  EXPECT_FALSE(old.connected());
  TlsClient twelve(s.port(), {TLS1_2_VERSION, nullptr, nullptr});
  EXPECT_EQ(twelve.version(), "TLSv1.2");
  EXPECT_TRUE(answered(twelve.ask(get("/"))));
  // Plain HTTP to the TLS port ends the connection and nothing else.
  EXPECT_FALSE(Client(s.port()).ask(get("/")).ok);
  EXPECT_TRUE(eventually([&] { return s.server->stats().tls_failures == 2; }));
  TlsClient again(s.port());
  EXPECT_TRUE(answered(again.ask(get("/"))));
}

TEST_F(TlsTest, LargeFilesAndBodies) {
  save(make_identity("one"), "cert.pem", "key.pem");
  TestServer s(config());
  std::string bytes;
  for (int i = 0; bytes.size() < 3'000'000; ++i) bytes += std::to_string(i) + ";";
  FILE* file = std::tmpfile();
  ASSERT_EQ(std::fwrite(bytes.data(), 1, bytes.size(), file), bytes.size());
  std::fflush(file);
  http::Download download;
  download.file =
      std::make_shared<http::FileHandle>(::dup(::fileno(file)), static_cast<int64_t>(bytes.size()));
  std::fclose(file);
  s.service.route("/file").handle = [download](const http::Request& request, http::Responder r) {
    r.respond(http::download(request, download));
  };
  s.service.route("/echo").body_bytes_max = bytes.size();
  TlsClient client(s.port());
  client.send(get("/file"));
  const std::string tail = bytes.substr(bytes.size() - 30);
  EXPECT_NE(client.read_until(tail).find(bytes), std::string::npos);
  TlsClient poster(s.port());
  std::thread sender([&] { poster.send(post("/echo", bytes)); });
  const std::string echoed = poster.read_until(tail);
  sender.join();
  EXPECT_NE(echoed.find(bytes), std::string::npos);
}

TEST_F(TlsTest, AnswersThatAreMadeOverTime) {
  save(make_identity("one"), "cert.pem", "key.pem");
  TestServer s(config());
  std::string expected;
  for (int i = 0; i < 300'000; ++i) expected += std::to_string(i) + ";";
  s.service.route("/pages").handle = [](const http::Request&, http::Responder r) {
    http::Response response(200);
    response.framing = http::Framing::close_delimited;
    response.source = http::make_pooled_source([](const std::function<void()>& job) { job(); },
                                               [i = 0](std::string& out) mutable {
                                                 out += std::to_string(i) + ";";
                                                 return base::Result<bool>(++i < 300'000);
                                               });
    r.respond(std::move(response));
  };
  TlsClient client(s.port());
  client.send(get("/pages"));
  const std::string got = client.read_until("299999;");
  EXPECT_TRUE(got.ends_with("\r\n\r\n" + expected)) << got.size();
  {
    TlsClient leaver(s.port());
    leaver.send(get("/pages"));
  }
  EXPECT_TRUE(eventually([&] { return s.server->stats().streams_open == 0; }));
}

TEST_F(TlsTest, SessionsResumeAlsoAfterAReload) {
  save(make_identity("one"), "cert.pem", "key.pem");
  TestServer s(config());
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient first(s.port(), {version, nullptr, nullptr});
    EXPECT_TRUE(answered(first.ask(get("/"))));
    EXPECT_FALSE(first.resumed());
    const auto session = first.session();
    TlsClient second(s.port(), {version, nullptr, session.get()});
    EXPECT_TRUE(answered(second.ask(get("/"))));
    EXPECT_TRUE(second.resumed());
    ASSERT_TRUE(s.server->reload_tls());
    TlsClient third(s.port(), {version, nullptr, session.get()});
    EXPECT_TRUE(answered(third.ask(get("/"))));
    EXPECT_TRUE(third.resumed()) << version;
  }
}

TEST_F(TlsTest, ReloadTakesNewFilesAndKeepsOldConnections) {
  save(make_identity("one"), "cert.pem", "key.pem");
  TestServer s(config());
  TlsClient before(s.port());
  EXPECT_EQ(before.server_name(), "one");
  save(make_identity("two"), "cert.pem", "key.pem");
  ASSERT_TRUE(s.server->reload_tls());
  TlsClient after(s.port());
  EXPECT_EQ(after.server_name(), "two");
  EXPECT_TRUE(answered(before.ask(get("/"))));
  // Broken files change nothing.
  save_certificate(make_identity("three"), "cert.pem");  // does not fit the key
  const auto broken = s.server->reload_tls();
  ASSERT_FALSE(broken);
  EXPECT_NE(broken.error().message.find("key.pem"), std::string::npos);
  TlsClient still(s.port());
  EXPECT_EQ(still.server_name(), "two");
}

TEST_F(TlsTest, ChangedFilesAreReadByThemselves) {
  save(make_identity("one"), "cert.pem", "key.pem");
  ServerConfig c = config();
  c.tls_files_check_ms = 20;
  TestServer s(std::move(c));
  save(make_identity("two"), "cert.pem", "key.pem");
  EXPECT_TRUE(eventually([&] { return TlsClient(s.port()).server_name() == "two"; }));
}

TEST_F(TlsTest, ClientCertificates) {
  save(make_identity("server"), "cert.pem", "key.pem");
  const Identity ca = make_identity("ca");
  const Identity device = make_identity("device-7", &ca);
  const Identity stranger = make_identity("stranger");
  save_certificate(ca, "ca.pem");
  const auto ask_name = [](TestServer& s, const Identity* identity) {
    s.service.route("/who").handle = [](const http::Request& q, http::Responder r) {
      r.respond(text_response(
          200, "<" + std::string(q.client_certificate) + ">" + (q.tls ? "tls" : "plain")));
    };
    TlsClient client(s.port(), {0, identity, nullptr});
    const std::string reply = client.ask(get("/who"));
    const size_t at = reply.find('<');
    return at == std::string::npos ? std::string("refused") : reply.substr(at);
  };
  {
    TestServer s(config(ClientCertificate::optional));
    EXPECT_EQ(ask_name(s, &device), "<device-7>tls");
    EXPECT_EQ(ask_name(s, nullptr), "<>tls");
    EXPECT_EQ(ask_name(s, &stranger), "refused");
  }
  TestServer s(config(ClientCertificate::required));
  s.service.route("/who").handle = [](const http::Request& q, http::Responder r) {
    r.respond(text_response(200, "<" + std::string(q.client_certificate) + ">"));
  };
  {
    // A resumed session knows whose it is.
    TlsClient first(s.port(), {0, &device, nullptr});
    first.ask(get("/"));
    const auto session = first.session();
    TlsClient second(s.port(), {0, nullptr, session.get()});
    EXPECT_TRUE(second.send(get("/who")));
    EXPECT_NE(second.read_until(">").find("<device-7>"), std::string::npos);
    EXPECT_TRUE(second.resumed());
  }
  EXPECT_EQ(ask_name(s, &device), "<device-7>tls");
  EXPECT_EQ(ask_name(s, nullptr), "refused");
  EXPECT_EQ(ask_name(s, &stranger), "refused");
}

TEST_F(TlsTest, BrokenFilesAreSaidAtStart) {
  save(make_identity("one"), "cert.pem", "key.pem");
  ServerConfig c = config();
  c.listeners[0].tls->certificate = path("missing.pem");
  TestService service;
  const base::ManualClock clock{base::Time{}};
  Server server(std::move(c), service, clock);
  const auto started = server.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, base::Code::invalid);
  EXPECT_NE(started.error().message.find("missing.pem"), std::string::npos);
}

}  // namespace
}  // namespace otaru::net::testing

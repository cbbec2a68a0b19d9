// SPDX-License-Identifier: Apache-2.0
// The client against a real server on 127.0.0.1.
#include "outbound/curl_client.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <mutex>
#include <thread>

#include "net/net_test_support.h"

namespace otaru::outbound {
namespace {

using app::HttpRequest;
using app::Reach;
using base::Code;
using net::testing::text_response;

class CurlClientTest : public ::testing::Test {
 protected:
  CurlClientTest() {
    server_.service.route("/tell").handle = [](const http::Request& request, http::Responder r) {
      std::string text = std::string(request.method_text) + "\n";
      for (const auto& h : request.headers) {
        text += std::string(h.name) + ": " + std::string(h.value) + "\n";
      }
      r.respond(text_response(201, text + "\n" + request.body));
    };
    server_.service.route("/away").handle = [](const http::Request&, http::Responder r) {
      auto response = text_response(302, "");
      response.header("Location", "/");
      r.respond(std::move(response));
    };
    server_.service.route("/big").handle = [](const http::Request&, http::Responder r) {
      r.respond(text_response(200, std::string(2'000'000, 'x')));
    };
    server_.service.route("/hold").handle = [this](const http::Request&, http::Responder r) {
      const std::lock_guard lock(mutex_);
      held_.push_back(std::move(r));
    };
  }

  HttpRequest request(const std::string& path) const {
    HttpRequest out;
    out.url = "http://127.0.0.1:" + std::to_string(server_.port()) + path;
    out.reach = Reach::anywhere;
    return out;
  }
  Code code_of(const HttpRequest& wanted) {
    const auto reply = client_->send(wanted);
    return reply ? Code::internal : reply.error().code;
  }

  net::testing::TestServer server_;
  std::mutex mutex_;
  std::vector<http::Responder> held_;
  std::unique_ptr<app::HttpClient> client_ = make_curl_client("otaru/test");
};

TEST_F(CurlClientTest, SendsAndReads) {
  HttpRequest post = request("/tell");
  post.method = "POST";
  post.headers = {{"Content-Type", "application/json"}, {"X-Empty", ""}};
  post.body = "{\"a\":1}";
  for (int i = 0; i < 3; ++i) {
    const auto reply = client_->send(post);
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->status, 201);
    EXPECT_EQ(reply->header("content-type"), "text/plain");
    EXPECT_FALSE(reply->header("Location"));
    EXPECT_TRUE(reply->body.starts_with("POST\n")) << reply->body;
    EXPECT_NE(reply->body.find("Content-Type: application/json\n"), std::string::npos);
    EXPECT_NE(reply->body.find("User-Agent: otaru/test\n"), std::string::npos);
    EXPECT_NE(reply->body.find("X-Empty: \n"), std::string::npos);
    EXPECT_EQ(reply->body.find("Expect"), std::string::npos);
    EXPECT_TRUE(reply->body.ends_with("\n\n{\"a\":1}")) << reply->body;
  }
  EXPECT_EQ(server_.server->stats().connections_total, 1u);  // one connection for all of them
  EXPECT_EQ(client_->send(request("/"))->body, "hello");
}

TEST_F(CurlClientTest, RedirectsAreAnswers) {
  const auto reply = client_->send(request("/away"));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 302);
  EXPECT_EQ(reply->header("location"), "/");
}

TEST_F(CurlClientTest, PrivateAddressesAreOutOfReach) {
  HttpRequest wanted = request("/");
  EXPECT_TRUE(client_->send(wanted));  // a kept connection must not open the way for the next one
  wanted.reach = Reach::public_only;
  EXPECT_EQ(code_of(wanted), Code::forbidden);
  // Names and odd ways of writing the address lead to the same place.
  const std::string port = std::to_string(server_.port());
  for (const char* host : {"localhost", "2130706433", "0x7f.1", "0", "[::1]", "[::ffff:127.0.0.1]",
                           "127.1", "017700000001"}) {
    wanted.url = "http://" + std::string(host) + ":" + port + "/";
    EXPECT_EQ(code_of(wanted), Code::forbidden) << host;
  }
  EXPECT_EQ(server_.server->stats().requests_total, 1u);
}

TEST_F(CurlClientTest, LimitsHold) {
  HttpRequest big = request("/big");
  EXPECT_EQ(code_of(big), Code::too_large);
  big.response_bytes_max = 3'000'000;
  EXPECT_EQ(client_->send(big)->body.size(), 2'000'000u);
  HttpRequest slow = request("/hold");
  slow.total_timeout_ms = 100;
  EXPECT_EQ(code_of(slow), Code::timeout);
}

TEST_F(CurlClientTest, WhatCannotBeSent) {
  HttpRequest wanted = request("/");
  wanted.url = "ftp://127.0.0.1/";
  EXPECT_EQ(code_of(wanted), Code::invalid);
  wanted.url = "file:///etc/passwd";
  EXPECT_EQ(code_of(wanted), Code::invalid);
  wanted.url = "http://";
  EXPECT_EQ(code_of(wanted), Code::invalid);
  wanted.url = "http://127.0.0.1/" + std::string(3'000, 'x');
  EXPECT_EQ(code_of(wanted), Code::invalid);
  wanted = request("/");
  wanted.headers = {{"X", "a\r\nEvil: b"}};
  EXPECT_EQ(code_of(wanted), Code::invalid);
  server_.server->drain_and_stop();
  EXPECT_EQ(code_of(request("/")), Code::unavailable);
}

TEST_F(CurlClientTest, StopEndsWhatRuns) {
  std::thread stopper([this] {
    net::testing::eventually([this] {
      const std::lock_guard lock(mutex_);
      return !held_.empty();
    });
    client_->stop();
  });
  EXPECT_EQ(code_of(request("/hold")), Code::unavailable);  // not the timeout
  stopper.join();
  EXPECT_EQ(code_of(request("/")), Code::unavailable);
}

// A certificate of nobody's trust, for "localhost".
void write_certificate(const std::string& certificate_path, const std::string& key_path) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> x(X509_new(), X509_free);
  X509_set_version(x.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(x.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(x.get()), 3600);
  X509_set_pubkey(x.get(), key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(x.get(), X509_get_subject_name(x.get()));
  const std::pair<int, const char*> extensions[] = {{NID_basic_constraints, "CA:TRUE"},
                                                    {NID_subject_alt_name, "DNS:localhost"}};
  for (const auto& [kind, value] : extensions) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value);
    X509_add_ext(x.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }
  X509_sign(x.get(), key.get(), EVP_sha256());
  FILE* out = std::fopen(certificate_path.c_str(), "w");
  PEM_write_X509(out, x.get());
  std::fclose(out);
  out = std::fopen(key_path.c_str(), "w");
  PEM_write_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(out);
}

TEST(CurlClientTls, CertificatesAreVerified) {
  char name[] = "/tmp/otaru_outbound_XXXXXX";
  const std::string folder = ::mkdtemp(name);
  const std::string certificate = folder + "/cert.pem";
  const std::string key = folder + "/key.pem";
  write_certificate(certificate, key);
  net::ServerConfig config;
  config.listeners.push_back(
      {"127.0.0.1", 0, net::TlsFiles{certificate, key, "", net::ClientCertificate::none}});
  const net::testing::TestServer server(std::move(config));
  const auto client = make_curl_client("otaru/test");
  HttpRequest wanted;
  wanted.url = "https://localhost:" + std::to_string(server.port()) + "/";
  wanted.reach = Reach::anywhere;
  const auto distrusted = client->send(wanted);
  ASSERT_FALSE(distrusted);
  EXPECT_EQ(distrusted.error().code, Code::unavailable);
  wanted.ca_file = certificate;
  const auto trusted = client->send(wanted);
  ASSERT_TRUE(trusted) << trusted.error().message << trusted.error().detail;
  EXPECT_EQ(trusted->body, "hello");
  wanted.url = "https://127.0.0.1:" + std::to_string(server.port()) + "/";
  EXPECT_FALSE(client->send(wanted));  // another name than the certificate's
  wanted.ca_file.clear();
  wanted.url = "https://localhost:" + std::to_string(server.port()) + "/";
  EXPECT_FALSE(client->send(wanted));  // the trusted connection is not lent to others
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace otaru::outbound

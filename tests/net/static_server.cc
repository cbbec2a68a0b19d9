// SPDX-License-Identifier: Apache-2.0
// A server that is only net and http: for black-box checks and measurements from outside.
//
//   static_server FILE [CERTIFICATE KEY]   serves FILE at /file until standard input ends
//
// Prints its port, and with a certificate the port of the same thing by TLS. Further routes: /small
// answers GET and POST with a few bytes.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/time.h"
#include "http/ranges.h"
#include "http/service.h"
#include "net/server.h"

namespace otaru {
namespace {

constexpr std::string_view kSmallBody = R"({"errno":0,"error":"succ","data":{"target":"1.0.1"}})";

class StaticService final : public http::Service {
 public:
  explicit StaticService(http::Download download) : download_(std::move(download)) {}

  http::RoutePlan plan(const http::Request& head) override {
    http::RoutePlan plan;
    plan.body_bytes_max = base::limits::kDeviceBodyBytesMax;
    if (head.path != "/file" && head.path != "/small") {
      plan.early = std::make_unique<http::Response>(plain(404, "not found"));
    }
    return plan;
  }
  void handle(const http::Request& request, const http::RoutePlan&,
              http::Responder responder) override {
    responder.respond(request.path == "/file" ? http::download(request, download_)
                                              : plain(200, kSmallBody));
  }
  tl::expected<std::unique_ptr<http::BodySink>, http::Response> open_sink(
      const http::Request&, const http::RoutePlan&) override {
    return tl::unexpected(plain(404, "not found"));
  }
  http::Response refuse(int status, std::string_view why, const http::RoutePlan*) override {
    return plain(status, why);
  }

 private:
  static http::Response plain(int status, std::string_view text) {
    http::Response r(status);
    r.slot(http::Slot::date).header("Content-Type", "application/json");
    r.slot(http::Slot::content_length).slot(http::Slot::connection).text(std::string(text));
    return r;
  }

  const http::Download download_;
};

bool open_download(const char* path, http::Download& out) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  struct stat st {};
  if (fd < 0 || ::fstat(fd, &st) != 0) return false;
  out.file = std::make_shared<http::FileHandle>(fd, st.st_size);
  base::MultiHasher hasher;
  std::array<char, 65536> chunk{};
  for (ssize_t got = 0; (got = ::read(fd, chunk.data(), chunk.size())) > 0;) {
    hasher.update(std::string_view(chunk.data(), static_cast<size_t>(got)));
  }
  out.etag = "\"" + hasher.finish().sha256 + "\"";
  out.last_modified = base::Time{st.st_mtim.tv_sec * base::kSecondMs};
  return true;
}

int run(int argc, char** argv) {
  http::Download download;
  if (argc < 2 || !open_download(argv[1], download)) {
    std::fprintf(stderr, "usage: static_server FILE [CERTIFICATE KEY]\n");
    return 2;
  }
  net::ServerConfig config;
  // STATIC_SERVER_THREADS pins measurements to one thread; the default is one per core.
  if (const char* threads = std::getenv("STATIC_SERVER_THREADS")) {
    config.io_threads = base::parse_uint(threads).value_or(1);
  }
  config.connections_per_address_max = config.connections_max;  // all clients are one machine
  config.listeners.emplace_back();
  if (argc >= 4) {
    config.listeners.push_back({"127.0.0.1", 0, net::TlsFiles{argv[2], argv[3], {}, {}}});
  }
  const size_t listeners = config.listeners.size();
  StaticService service(std::move(download));
  const base::SystemClock clock;
  net::Server server(std::move(config), service, clock);
  const auto started = server.start();
  if (!started) {
    std::fprintf(stderr, "%s\n", started.error().message.c_str());
    return 1;
  }
  for (size_t i = 0; i < listeners; ++i) std::printf("%u\n", unsigned{server.port(i)});
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  server.drain_and_stop();
  return 0;
}

}  // namespace
}  // namespace otaru

int main(int argc, char** argv) {
  return otaru::run(argc, argv);
}

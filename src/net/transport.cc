// SPDX-License-Identifier: Apache-2.0
#include "net/transport.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace otaru::net {
namespace {

IoResult of_call(ssize_t result) {
  if (result > 0) return {IoResult::State::ok, static_cast<size_t>(result)};
  if (result == 0) return {IoResult::State::end, 0};
  const bool again = errno == EAGAIN || errno == EWOULDBLOCK;
  return {again ? IoResult::State::again : IoResult::State::failed, 0};
}

template <class Call>
IoResult uninterrupted(Call call) {
  for (;;) {
    const ssize_t result = call();
    if (result >= 0 || errno != EINTR) return of_call(result);
  }
}

int int_size(size_t size) {
  return static_cast<int>(std::min<size_t>(size, INT_MAX));
}

}  // namespace

IoResult Transport::of_ssl(int result) {
  if (result > 0) return {IoResult::State::ok, static_cast<size_t>(result)};
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return {IoResult::State::again, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {IoResult::State::end, 0};
    default:
      break;
  }
  ERR_clear_error();
  return {IoResult::State::failed, 0};
}

IoResult Transport::handshake() {
  return of_ssl(SSL_do_handshake(ssl_.get()));
}

IoResult Transport::read(char* to, size_t size) {
  if (ssl_) return of_ssl(SSL_read(ssl_.get(), to, int_size(size)));
  return uninterrupted([&] { return ::recv(fd_, to, size, 0); });
}

IoResult Transport::write(std::string_view first, std::string_view second, bool more) {
  if (ssl_) {
    const std::string_view bytes = first.empty() ? second : first;
    return of_ssl(SSL_write(ssl_.get(), bytes.data(), int_size(bytes.size())));
  }
  const int flags = MSG_NOSIGNAL | (more ? MSG_MORE : 0);
  if (first.empty() || second.empty()) {
    const std::string_view bytes = first.empty() ? second : first;
    return uninterrupted([&] { return ::send(fd_, bytes.data(), bytes.size(), flags); });
  }
  iovec parts[2] = {{const_cast<char*>(first.data()), first.size()},
                    {const_cast<char*>(second.data()), second.size()}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  return uninterrupted([&] { return ::sendmsg(fd_, &message, flags); });
}

IoResult Transport::send_file(int file, int64_t& offset, size_t size) {
  off_t at = offset;
  const IoResult result = uninterrupted([&] { return ::sendfile(fd_, file, &at, size); });
  offset = at;
  return result;
}

bool Transport::wants_write() const {
  return ssl_ && SSL_want_write(ssl_.get());
}

void Transport::say_goodbye() {
  // A failed handshake or write leaves a session that must not be shut down (SSL_shutdown(3)).
  if (!ssl_ || !SSL_is_init_finished(ssl_.get())) return;
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

void Transport::shutdown_write() {
  say_goodbye();
  ::shutdown(fd_, SHUT_WR);
}

void Transport::close() {
  ssl_.reset();
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

}  // namespace otaru::net

/* SPDX-License-Identifier: MIT */
/* TLS for client_socket.c: whom we trust, and one connection's bytes in and out. OpenSSL, 1.2 or
   newer, each host's name proven. */
#ifndef USHER_CLIENT_TLS_H
#define USHER_CLIENT_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* ca_file: PEM that replaces the system's store; NULL for that. NULL when memory is out or the file
   cannot be read. Free with SSL_CTX_free. */
SSL_CTX *client_tls_open(const char *ca_file);

struct client_tls_peer {
  const char *host;
  bool is_ip;
  SSL_SESSION **session; /* the last one of this host, or NULL: resumed, and replaced by newer ones;
                            outlives the connection */
};

/* NULL when memory is out. The socket stays the caller's. Free with SSL_free. */
SSL *client_tls_new(SSL_CTX *trust, int fd, const struct client_tls_peer *peer);

/* What SSL_do_handshake, SSL_read or SSL_write gave: bytes (1 for the handshake), 0 for the peer's
   orderly end, UV_EAGAIN (*write: it waits until the socket takes more),
   UV_ECONNRESET for any other end. */
ssize_t client_tls_result(SSL *ssl, int result, bool *write);

/* Why the handshake failed, in words. */
void client_tls_problem(const SSL *ssl, char *out, size_t size);

#endif

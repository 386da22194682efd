/* SPDX-License-Identifier: MIT */
/* One TCP connection on a uv loop, with TLS on it where that is asked for: bytes in, bytes out, its
   end. Knows nothing of HTTP. Used by client_pool.c. */
#ifndef USHER_CLIENT_SOCKET_H
#define USHER_CLIENT_SOCKET_H

#include "bytes.h"
#include "client_tls.h"

#include <netdb.h>
#include <stdbool.h>
#include <uv.h>

struct client_socket;

/* Nothing of it comes inside a call of this header, and nothing after client_socket_close. */
struct client_socket_user {
  void (*on_open)(void *ctx);
  void (*on_data)(void *ctx, const char *data, size_t len);
  /* UV_EOF: the peer's orderly end; UV_ECONNRESET: any other; UV_EPROTO: TLS was not agreed on;
     another UV_E*: it could not be connected. The words live as long as the call. */
  void (*on_end)(void *ctx, int err, const char *words);
};

/* Begins to connect. 0 or UV_E*. trust: NULL for no TLS. */
int client_socket_open(uv_loop_t *loop, const struct addrinfo *address, SSL_CTX *trust,
                       const struct client_tls_peer *peer, const struct client_socket_user *user,
                       void *ctx, struct client_socket **out);

/* Has the peer's machine not answered yet? */
bool client_socket_is_connecting(const struct client_socket *s);

/* After on_open, once what was written before is out. The bytes stay the caller's, and where they
   are, until client_socket_written or client_socket_close. An error is told by on_end. */
void client_socket_write(struct client_socket *s, struct slice bytes);
bool client_socket_written(const struct client_socket *s);

/* Is it as it was left: open, and without a word from the peer? Else it is to be closed. */
bool client_socket_is_quiet(struct client_socket *s);

/* One that waits does not keep the loop alive. */
void client_socket_wait(struct client_socket *s, bool waits);

void client_socket_close(struct client_socket *s);

#endif

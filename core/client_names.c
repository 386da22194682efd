/* SPDX-License-Identifier: MIT */
/* A host that is an address is its own answer, for ever. */
#include "client_names.h"

#include <stdio.h>
#include <stdlib.h>

enum { BELIEVED_MS = 60 * 1000 };

struct client_names {
  uv_getaddrinfo_t lookup;
  uv_loop_t *loop;
  char host[254], port[6];
  bool is_ip, looking, closed;
  struct addrinfo *found;
  uint64_t until;
  void (*on_found)(void *ctx, int err);
  void *ctx;
};

static void replace(struct client_names *n, struct addrinfo *found) {
  if (n->found) uv_freeaddrinfo(n->found);
  n->found = found;
}

static void names_free(struct client_names *n) {
  replace(n, NULL);
  free(n);
}

static void on_answer(uv_getaddrinfo_t *lookup, int err, struct addrinfo *found) {
  struct client_names *n = lookup->data;
  n->looking = false;
  replace(n, found);
  n->until = uv_now(n->loop) + BELIEVED_MS;
  if (n->closed)
    names_free(n);
  else
    n->on_found(n->ctx, err);
}

struct client_names *client_names_open(uv_loop_t *loop, const struct client_url *url,
                                       void (*on_found)(void *ctx, int err), void *ctx) {
  struct client_names *n = calloc(1, sizeof *n);
  if (!n) return NULL;
  *n = (struct client_names){.loop = loop, .is_ip = url->is_ip, .on_found = on_found, .ctx = ctx};
  n->lookup.data = n;
  snprintf(n->host, sizeof n->host, "%s", url->host);
  snprintf(n->port, sizeof n->port, "%u", url->port);
  return n;
}

static int look_up(struct client_names *n) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
  hints.ai_flags |= n->is_ip ? AI_NUMERICHOST : AI_ADDRCONFIG;
  if (n->is_ip) {
    n->until = UINT64_MAX;
    return getaddrinfo(n->host, n->port, &hints, &n->found) ? UV_ENOMEM : 0;
  }
  int err = uv_getaddrinfo(n->loop, &n->lookup, on_answer, n->host, n->port, &hints);
  n->looking = !err;
  return err ? err : UV_EAGAIN;
}

int client_names_get(struct client_names *n, const struct addrinfo **out) {
  int err = 0;
  if (n->looking) return UV_EAGAIN;
  if (!n->found || n->until <= uv_now(n->loop)) err = look_up(n);
  *out = n->found;
  return err;
}

void client_names_close(struct client_names *n) {
  n->closed = true;
  if (n->looking)
    uv_cancel((uv_req_t *)&n->lookup);
  else
    names_free(n);
}

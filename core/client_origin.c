/* SPDX-License-Identifier: MIT */
/* An origin outlives its links: its TLS session and its addresses save the next one much. */
#include "client_origin.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_ORIGINS = 64 };

void links_add(struct links *list, struct link *k) {
  k->newer = NULL;
  k->older = list->newest;
  if (k->older) k->older->newer = k;
  list->newest = k;
  if (!list->oldest) list->oldest = k;
}

void links_remove(struct links *list, struct link *k) {
  *(k->newer ? &k->newer->older : &list->newest) = k->older;
  *(k->older ? &k->older->newer : &list->oldest) = k->newer;
}

void origin_enqueue(struct origin *o, struct client_call *call) {
  call->behind = NULL;
  call->queued = o->waiting_end;
  *o->waiting_end = call;
  o->waiting_end = &call->behind;
  o->waiting_count++;
  o->pool->waiting++;
}

void origin_dequeue(struct client_call *call) {
  struct origin *o = call->origin;
  *call->queued = call->behind;
  if (call->behind)
    call->behind->queued = call->queued;
  else
    o->waiting_end = call->queued;
  call->queued = NULL;
  o->waiting_count--;
  o->pool->waiting--;
}

void origin_forget_session(struct origin *o) {
  SSL_SESSION_free(o->session);
  o->session = NULL;
}

void origin_free(struct origin *o) {
  client_names_close(o->names);
  origin_forget_session(o);
  free(o);
}

void origin_last(struct origin **at) {
  struct origin *o = *at;
  *at = o->next;
  o->next = NULL;
  while (*at) at = &(*at)->next;
  *at = o;
}

static bool is_unused(const struct origin *o) {
  return !o->links && !o->waiting;
}

/* Of more than anybody needs, the last one in the list goes. */
static void forget_one(struct pool *p) {
  unsigned count = 0;
  struct origin **unused = NULL;
  for (struct origin **at = &p->origins; *at; at = &(*at)->next, count++)
    if (is_unused(*at)) unused = at;
  if (count < MAX_ORIGINS || !unused) return;
  struct origin *o = *unused;
  *unused = o->next;
  origin_free(o);
}

static struct origin *origin_new(struct pool *p, const struct client_url *url,
                                 void (*on_found)(void *, int)) {
  forget_one(p);
  struct origin *o = calloc(1, sizeof *o);
  if (!o) return NULL;
  o->pool = p;
  o->names = client_names_open(p->loop, url, on_found, o);
  if (!o->names) {
    free(o);
    return NULL;
  }
  o->tls = url->tls;
  o->port = url->port;
  memcpy(o->host, url->host, sizeof o->host);
  o->peer = (struct client_tls_peer){o->host, url->is_ip, &o->session};
  o->waiting_end = &o->waiting;
  o->next = p->origins;
  return p->origins = o;
}

struct origin *origin_of(struct pool *p, const struct client_url *url,
                         void (*on_found)(void *origin, int err)) {
  for (struct origin *o = p->origins; o; o = o->next)
    if (o->port == url->port && o->tls == url->tls && !strcmp(o->host, url->host)) return o;
  return origin_new(p, url, on_found);
}

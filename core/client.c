/* SPDX-License-Identifier: MIT */
/* The HTTP client: calls in, curl's easy handles through multi.c, replies out. curl points into a
   call's copy of the request, which is wiped and freed as soon as the call has ended. Easy handles
   are used again: what never changes is set once. Nothing of the caller runs inside curl: on_done
   is called from on_step, in finish. */
#include "client.h"

#include "client_block.h"
#include "client_error.h"
#include "client_reply.h"
#include "multi.h"
#include "wiping.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct client {
  uv_loop_t *loop;
  struct multi *multi;
  CURLSH *share; /* TLS sessions, for connections that must be made anew */
  struct client_settings settings;
  char *ca_file;
  CURL **spare; /* easy handles that wait for a call, at most max_connections */
  unsigned spares;
  struct client_call *calls; /* all that have not ended */
  struct client_call *late;  /* those of them whose deadline had passed before they began */
  bool closed;
};

/* Its end is on_done or client_call_free, whichever comes first; only then is client NULL. */
struct client_call {
  struct client *client;
  struct client_call *next, **link;
  CURL *easy; /* NULL for a late one */
  void (*on_done)(struct client_call *, void *ctx);
  void *ctx;
  uint64_t deadline_ms;
  bool sent, again; /* again: curl wanted to send once more, and was refused */
  enum client_error error;
  int status;
  struct client_block *block; /* until its end */
  struct client_reply reply;
  char message[CURL_ERROR_SIZE];
};

enum {
  DAY_MS = 24 * 60 * 60 * 1000,
  IDLE_SECONDS = 45, /* a kept connection that has idled longer is not used again */
  MAX_RESPONSE = 4 << 20,
};

/* --- what each curl handle is told once --- */

static size_t on_header(char *data, size_t size, size_t count, void *call) {
  struct client_reply *reply = &((struct client_call *)call)->reply;
  return client_reply_line(reply, data, size * count) ? 0 : size * count;
}

static size_t on_body(char *data, size_t size, size_t count, void *call) {
  struct client_reply *reply = &((struct client_call *)call)->reply;
  return client_reply_data(reply, data, size * count) ? 0 : size * count;
}

/* curl sends a request once more, on its own, when a kept-alive connection ended before any byte of
   a reply. It cannot be told not to; but it asks here for the new socket, and below before the
   first byte on any connection. */
static bool may_send(struct client_call *call) {
  call->again = call->sent && !call->block->repeatable;
  return !call->again;
}

static curl_socket_t on_open_socket(void *ctx, curlsocktype purpose,
                                    struct curl_sockaddr *address) {
  struct client_call *call = ctx;
  (void)purpose;
  return may_send(call) ? multi_open_socket(call->client->multi, address) : CURL_SOCKET_BAD;
}

static int on_before_send(void *ctx, char *ip, char *local_ip, int port, int local_port) {
  (void)ip, (void)local_ip, (void)port, (void)local_port;
  struct client_call *call = ctx;
  if (!may_send(call)) return CURL_PREREQFUNC_ABORT;
  call->sent = true;
  return CURL_PREREQFUNC_OK;
}

/* The environment, .netrc, redirects, cookies and signals have no say: what is signed is what is
   sent. */
static CURL *easy_new(const struct client *c) {
  CURL *easy = curl_easy_init();
  if (!easy) return NULL;
  int bad = 0;
  bad |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  bad |= curl_easy_setopt(easy, CURLOPT_PROXY, "");
  bad |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  bad |= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
  bad |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  bad |= curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
  bad |= curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  bad |= curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
  bad |= curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 16L * 1024);
  /* A resolver thread that hangs is left behind; else curl would wait for it on the loop's
     thread. */
  bad |= curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  bad |= curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  if (c->ca_file) bad |= curl_easy_setopt(easy, CURLOPT_CAINFO, c->ca_file);
  if (c->ca_file) bad |= curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
  bad |= curl_easy_setopt(easy, CURLOPT_SHARE, c->share);
  bad |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)c->settings.connect_timeout_ms);
  bad |= curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)IDLE_SECONDS);
  bad |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  bad |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  bad |= curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_before_send);
  bad |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
  bad |= curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, multi_close_socket);
  bad |= curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, c->multi);
  if (!bad) return easy;
  curl_easy_cleanup(easy);
  return NULL;
}

/* --- and what each call tells it --- */

static int easy_method(CURL *easy, const struct client_block *b) {
  const char *method = b->method;
  bool has_body =
      b->body_len || !strcmp(method, "POST") || !strcmp(method, "PUT") || !strcmp(method, "PATCH");
  if (!strcmp(method, "HEAD")) {
    int bad = curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, NULL);
    return bad | curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  }
  int bad = curl_easy_setopt(easy, has_body ? CURLOPT_POST : CURLOPT_HTTPGET, 1L);
  bool usual = !strcmp(method, has_body ? "POST" : "GET");
  bad |= curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, usual ? NULL : method);
  if (!has_body) return bad;
  bad |= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)b->body_len);
  return bad | curl_easy_setopt(easy, CURLOPT_POSTFIELDS, b->body);
}

static int easy_prepare(CURL *easy, struct client_call *call, uint64_t timeout_ms) {
  int bad = easy_method(easy, call->block);
  bad |= curl_easy_setopt(easy, CURLOPT_URL, call->block->url);
  bad |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->block->headers);
  bad |=
      curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(timeout_ms < DAY_MS ? timeout_ms : DAY_MS));
  bad |= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->message);
  bad |= curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
  bad |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
  bad |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
  bad |= curl_easy_setopt(easy, CURLOPT_PREREQDATA, call);
  bad |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, call);
  return bad ? UV_ENOMEM : 0;
}

/* Forgets every pointer into the call. */
static void easy_release(struct client *c, CURL *easy) {
  if (c->spares == c->settings.max_connections || c->closed) {
    curl_easy_cleanup(easy);
    return;
  }
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, NULL);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, NULL);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
  c->spare[c->spares++] = easy;
}

/* --- the life of a call --- */

static void call_free(struct client_call *call) {
  client_block_free(call->block);
  client_reply_free(&call->reply);
  free(call);
}

static struct client_call *call_new(const struct client_request *r) {
  struct client_call *call = calloc(1, sizeof *call);
  if (!call) return NULL;
  call->block = client_block_new(r);
  if (call->block) return call;
  free(call);
  return NULL;
}

static void call_link(struct client_call **list, struct client_call *call) {
  call->next = *list;
  call->link = list;
  if (call->next) call->next->link = &call->next;
  *list = call;
}

/* The call leaves its client; what is left is the reply. */
static void call_end(struct client_call *call) {
  struct client *c = call->client;
  *call->link = call->next;
  if (call->next) call->next->link = call->link;
  call->client = NULL;
  if (call->easy) {
    curl_multi_remove_handle(multi_curl(c->multi), call->easy);
    easy_release(c, call->easy);
    call->easy = NULL;
  }
  client_block_free(call->block);
  call->block = NULL;
}

/* --- the end of a call --- */

static void call_judge(struct client_call *call, CURLcode code) {
  const char *message = code ? curl_easy_strerror(code) : "";
  call->error = client_error_of(code);
  /* curl has its own limit to a header line, and says that memory is out. */
  bool long_line = code == CURLE_OUT_OF_MEMORY && call->reply.at == REPLY_HEAD;
  if (call->reply.too_large || long_line) {
    call->error = CLIENT_TOO_LARGE;
    message = "the reply is larger than allowed";
  } else if (call->again) {
    call->error = CLIENT_RESET;
    message = "the connection ended before any reply, and the request must not be sent twice";
  } else if (!code && call->reply.at != REPLY_BODY) { /* fine with curl */
    call->error = CLIENT_RESET;
    message = "the connection ended within the reply's head";
  } else if (code && call->message[0]) {
    return;
  }
  snprintf(call->message, sizeof call->message, "%s", message);
}

static void finish(struct client_call *call, CURLcode code) {
  long status = 0;
  if (call->reply.at == REPLY_BODY) curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
  call->status = (int)status;
  call_judge(call, code);
  call_end(call);
  call->on_done(call, call->ctx);
}

static void cancel(struct client_call *call) {
  call->message[0] = '\0';
  finish(call, CURLE_ABORTED_BY_CALLBACK);
}

/* curl 7.88 forgets the deadline of a call that waits for a free connection, though its timer does
   run out for it. uv_now lags behind curl's clock, uv_hrtime is the same clock read anew. */
static void expire(struct client *c) {
  uint64_t now = uv_hrtime() / 1000000;
  for (struct client_call *call = c->calls; call;) {
    bool late = call->deadline_ms <= now;
    if (late) finish(call, CURLE_OPERATION_TIMEDOUT);
    call = late ? c->calls : call->next;
  }
}

/* An on_done may free any call, send new ones, and close the client: nothing is remembered across
   it. */
static void on_step(void *ctx, bool timer) {
  struct client *c = ctx;
  int left;
  while (c->late) finish(c->late, CURLE_OPERATION_TIMEDOUT);
  for (CURLMsg *m; !c->closed && (m = curl_multi_info_read(multi_curl(c->multi), &left));) {
    struct client_call *call;
    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &call);
    finish(call, m->data.result);
  }
  if (timer) expire(c);
}

/* --- the verb --- */

static int call_start(struct client *c, struct client_call *call) {
  uv_update_time(c->loop);
  uint64_t now = uv_now(c->loop);
  if (call->deadline_ms <= now) {
    call_link(&c->late, call);
    multi_kick(c->multi);
    return 0;
  }
  call->easy = c->spares ? c->spare[--c->spares] : easy_new(c);
  if (!call->easy) return UV_ENOMEM;
  if (!easy_prepare(call->easy, call, call->deadline_ms - now) &&
      !curl_multi_add_handle(multi_curl(c->multi), call->easy)) {
    call_link(&c->calls, call);
    return 0;
  }
  easy_release(c, call->easy);
  return UV_ENOMEM;
}

struct client_call *client_send(struct client *c, const struct client_request *r,
                                void (*on_done)(struct client_call *, void *ctx), void *ctx) {
  struct client_call *call = c->closed ? NULL : call_new(r);
  if (!call) return NULL;
  call->client = c;
  call->on_done = on_done;
  call->ctx = ctx;
  call->deadline_ms = r->deadline_ms;
  call->reply.max_body = r->max_response ? r->max_response : MAX_RESPONSE;
  if (!call_start(c, call)) return call;
  call_free(call);
  return NULL;
}

void client_call_free(struct client_call *call) {
  if (!call) return;
  if (call->client) call_end(call);
  call_free(call);
}

/* --- the client --- */

static uv_once_t once = UV_ONCE_INIT;
static CURLcode global;

static void global_init(void) {
  global = curl_global_init_mem(CURL_GLOBAL_DEFAULT, wiping_malloc, wiping_free, wiping_realloc,
                                wiping_strdup, wiping_calloc);
}

static void client_free(void *ctx) {
  struct client *c = ctx;
  free(c->spare);
  free(c->ca_file);
  free(c);
}

static struct client_settings with_defaults(struct client_settings s) {
  if (!s.max_connections) s.max_connections = 1024;
  if (!s.max_host_connections) s.max_host_connections = 512;
  if (!s.connect_timeout_ms) s.connect_timeout_ms = 5000;
  return s;
}

static void multi_configure(CURLM *multi, const struct client_settings *s) {
  curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)s->max_connections);
  curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)s->max_connections);
  curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)s->max_host_connections);
}

int client_open(uv_loop_t *loop, const struct client_settings *settings, struct client **out) {
  uv_once(&once, global_init);
  struct client *c = global ? NULL : calloc(1, sizeof *c);
  if (!c) return UV_ENOMEM;
  c->loop = loop;
  c->settings = with_defaults(*settings);
  c->spare = calloc(c->settings.max_connections, sizeof *c->spare);
  if (!c->spare) goto fail;
  if (settings->ca_file && !(c->ca_file = strdup(settings->ca_file))) goto fail;
  c->share = curl_share_init();
  if (!c->share) goto fail;
  if (curl_share_setopt(c->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION)) goto fail;
  if (multi_open(loop, on_step, c, &c->multi)) goto fail;
  multi_configure(multi_curl(c->multi), &c->settings);
  *out = c;
  return 0;
fail:
  curl_share_cleanup(c->share);
  client_free(c);
  return UV_ENOMEM;
}

void client_close(struct client *c) {
  if (c->closed) return;
  c->closed = true;
  while (c->late) cancel(c->late);
  while (c->calls) cancel(c->calls);
  while (c->spares) curl_easy_cleanup(c->spare[--c->spares]);
  multi_close(c->multi, client_free);
  curl_share_cleanup(c->share);
}

/* --- the reply --- */

enum client_error client_call_error(const struct client_call *call) {
  return call->error;
}
const char *client_call_message(const struct client_call *call) {
  return call->message;
}
bool client_call_sent(const struct client_call *call) {
  return call->sent;
}
int client_call_status(const struct client_call *call) {
  return call->status;
}

struct slice client_call_body(const struct client_call *call) {
  return (struct slice){call->reply.body.data, call->reply.body.len};
}

bool client_call_next_header(const struct client_call *call, size_t *at, struct slice *name,
                             struct slice *value) {
  return client_reply_next_header(&call->reply, at, name, value);
}

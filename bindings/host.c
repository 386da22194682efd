/* SPDX-License-Identifier: MIT */
/* A worker's life: open everything on its thread, serve, drain, close everything. */
#include "host.h"

#include "generation.h"
#include "log.h"
#include "metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct host;

struct port { /* one listener of this worker; the ctx of its server's callbacks */
  struct host *host;
  struct server *server;
  const char *tag;
  char labels[64]; /* the tag, for metrics */
};

struct retired { /* a generation that finishes what began on it */
  struct host *host;
  struct generation *generation;
  struct retired *next;
};

struct host {
  const struct host_settings *settings;
  struct worker *worker;
  struct client *client;
  struct generation *now, *next; /* next: prepared, and not told to serve yet */
  struct retired *retired;
  bool draining, alone;
  unsigned port_count, closing; /* servers that have not said drained, or closed */
  struct port ports[];
};

static void on_request(struct exchange *e, void *ctx) {
  struct host *host = ((struct port *)ctx)->host;
  generation_request(host->now, e);
}

static void count_reply(const struct server_reply *r, const struct port *port) {
  char labels[128];
  snprintf(labels, sizeof labels, "%s,status=\"%d\"", port->labels, r->status);
  metrics_count("usher_http_requests_total", labels, 1);
  metrics_observe("usher_http_request_seconds", port->labels, (double)r->duration / 1e9);
}

/* A path that leads nowhere was typed by somebody: only segments of small letters,
 * "_" and "-" are shown. */
static void mask_path(char *path) {
  char *out = path;
  for (const char *at = path; *at;) {
    size_t len = strcspn(at + 1, "/") + 1;
    bool plain = len <= 32 && strspn(at + 1, "abcdefghijklmnopqrstuvwxyz_-") == len - 1;
    if (plain) {
      memmove(out, at, len);
      out += len;
    } else {
      *out++ = '/';
      *out++ = '*';
    }
    at += len;
  }
  *out = '\0';
}

static void log_reply(const struct server_reply *r, const char *tag) {
  char path[256], method[32], remote[64], id[132];
  snprintf(path, sizeof path, "%.*s", (int)r->path.len, r->path.data ? r->path.data : "");
  if (r->status == 404) mask_path(path);
  snprintf(method, sizeof method, "%.*s", (int)r->method.len, r->method.data ? r->method.data : "");
  snprintf(remote, sizeof remote, "%.*s", (int)r->remote.len, r->remote.data ? r->remote.data : "");
  snprintf(id, sizeof id, "%.*s", (int)r->request_id.len,
           r->request_id.data ? r->request_id.data : "");
  log_event(LOG_INFO, "request", "listener", tag, "method", method, "path", path,
            LOG_NUMBER("status", r->status), LOG_NUMBER("ms", (double)(r->duration / 1000) / 1e3),
            "remote", remote, "request_id", id, "refusal", r->refusal ? r->refusal : "", NULL);
}

static void on_reply(const struct server_reply *r, void *ctx) {
  const struct port *port = ctx;
  count_reply(r, port);
  if (log_wants(LOG_INFO)) log_reply(r, port->tag);
}

static void allow_methods(struct host *host) {
  const char *methods = generation_methods(host->now);
  for (unsigned i = 0; i < host->port_count && methods; i++)
    server_allow_methods(host->ports[i].server, methods);
}

static int open_ports(struct host *host) {
  const struct host_settings *settings = host->settings;
  unsigned index = worker_index(host->worker);
  for (unsigned i = 0; i < settings->listener_count; i++) {
    const struct host_listener *listener = &settings->listeners[i];
    if (index >= listener->workers) continue;
    struct port *port = &host->ports[host->port_count];
    struct server_settings server = listener->server;
    server.name = listener->tag;
    server.on_reply = on_reply;
    port->host = host;
    port->tag = listener->tag;
    snprintf(port->labels, sizeof port->labels, "listener=\"%s\"", listener->tag);
    int err = server_open(worker_loop(host->worker), listener->fds[index], &server, on_request,
                          port, &port->server);
    if (err) {
      fprintf(stderr, "usher: the %s listener cannot be opened: %s\n", listener->tag,
              uv_strerror(err));
      return err;
    }
    host->port_count++;
  }
  allow_methods(host);
  return 0;
}

/* --- generations ---------------------------------------------------------------------------- */

static int open_generation(struct host *host, struct generation **out, char **problem) {
  const struct host_settings *settings = host->settings;
  const struct vm_settings vm = {
      .loop = worker_loop(host->worker),
      .client = host->client,
      .worker = host->worker,
      .reload = settings->reload,
      .config_under = settings->config_under,
      .config_over = settings->config_over,
      .trusted = settings->trusted,
  };
  struct version *version = settings->version;
  if (settings->reload)
    version = reload_take(settings->reload);
  else
    atomic_fetch_add(&version->states, 1);
  return generation_open(&vm, settings->handler, version, out, problem);
}

static int open_first(struct host *host) {
  char *problem;
  int err = open_generation(host, &host->now, &problem);
  if (err) fprintf(stderr, "usher: %s\n", problem ? problem : uv_strerror(err));
  free(problem);
  return err;
}

static bool has_jobs(const struct host *host) {
  return host->settings->background && worker_index(host->worker) == 0;
}

static void prepare_next(struct host *host) {
  char *problem = NULL;
  int err = host->draining ? UV_ECANCELED : open_generation(host, &host->next, &problem);
  reload_prepared(host->settings->reload, err, problem);
  free(problem);
}

static void discard_next(struct host *host) {
  if (host->next) generation_close(host->next);
  host->next = NULL;
}

static void stop_when_idle(struct host *host);

static void on_gone(void *ctx) {
  struct retired *r = ctx, **at = &r->host->retired;
  struct host *host = r->host;
  while (*at != r) at = &(*at)->next;
  *at = r->next;
  free(r);
  stop_when_idle(host);
}

/* Without memory to remember it by, it ends now. */
static void retire(struct host *host, struct generation *g) {
  struct retired *r = malloc(sizeof *r);
  if (!r) {
    generation_close(g);
    return;
  }
  *r = (struct retired){host, g, host->retired};
  host->retired = r;
  generation_retire(g, host->settings->drain_ms, on_gone, r);
}

static void swap_to_next(struct host *host) {
  if (!host->next || host->draining) return;
  struct generation *before = host->now;
  host->now = host->next;
  host->next = NULL;
  allow_methods(host);
  if (has_jobs(host)) generation_start_jobs(host->now);
  retire(host, before);
}

static void host_told(struct worker *worker, unsigned words, void *ctx) {
  const struct host_settings *settings = ctx;
  struct host *host = worker_data(worker);
  if (words & RELOAD_DISCARD) discard_next(host);
  if (words & RELOAD_SWAP) swap_to_next(host);
  if (words & RELOAD_PREPARE) prepare_next(host);
  if (words & RELOAD_ANSWER) reload_answer(settings->reload, worker);
}

/* --- a worker's life ------------------------------------------------------------------------ */

static int host_open(struct worker *worker, void *ctx) {
  const struct host_settings *settings = ctx;
  struct host *host = calloc(1, sizeof *host + settings->listener_count * sizeof *host->ports);
  if (!host) return UV_ENOMEM;
  host->settings = settings;
  host->worker = worker;
  worker_set_data(worker, host);
  int err = client_open(worker_loop(worker), &settings->client, &host->client);
  if (!err) err = open_first(host);
  if (!err) err = open_ports(host);
  if (!err && has_jobs(host)) err = generation_start_jobs(host->now);
  return err;
}

/* Jobs end last: when no request of any worker can change what they tell. */
static void stop_when_idle(struct host *host) {
  if (!host->draining || host->closing || host->retired || !generation_is_idle(host->now)) return;
  if (!generation_has_jobs(host->now))
    worker_stop(host->worker);
  else if (host->alone)
    generation_finish(host->now);
}

static void on_idle(void *ctx) {
  stop_when_idle(ctx);
}

static void on_drained(void *ctx) {
  struct host *host = ctx;
  host->closing--;
  stop_when_idle(host);
}

static void host_drain(struct worker *worker, void *ctx) {
  (void)ctx;
  struct host *host = worker_data(worker);
  host->draining = true;
  host->closing = host->port_count;
  discard_next(host);
  for (unsigned i = 0; i < host->port_count; i++)
    server_drain(host->ports[i].server, on_drained, host);
  generation_drain(host->now, on_idle, host);
  stop_when_idle(host);
}

static void host_alone(struct worker *worker, void *ctx) {
  (void)ctx;
  struct host *host = worker_data(worker);
  host->alone = true;
  stop_when_idle(host);
}

static void on_closed(void *ctx) {
  struct host *host = ctx;
  if (--host->closing == 0) free(host);
}

/* Generations first, so that their exchanges are answered before the servers go. */
static void host_close(struct worker *worker, void *ctx) {
  (void)ctx;
  struct host *host = worker_data(worker);
  if (!host) return;
  discard_next(host);
  while (host->retired) generation_close(host->retired->generation); /* on_gone takes it out */
  if (host->now) generation_close(host->now);
  unsigned ports = host->closing = host->port_count;
  for (unsigned i = 0; i < ports; i++) server_close(host->ports[i].server, on_closed, host);
  if (host->client) client_close(host->client);
  if (ports == 0) free(host); /* else with the last on_closed, which is never inside server_close */
}

const struct worker_hooks host_hooks = {
    .open = host_open,
    .drain = host_drain,
    .alone = host_alone,
    .told = host_told,
    .close = host_close,
};

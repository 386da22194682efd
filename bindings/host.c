/* SPDX-License-Identifier: MIT */
/* A worker's life: open everything on its thread, serve, drain, close everything. */
#include "host.h"

#include "background.h"
#include "log.h"
#include "metrics.h"
#include "request.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct host;

struct port { /* one listener of this worker; the ctx of its server's callbacks */
  struct host *host;
  struct server *server;
  const char *tag;
};

struct host {
  const struct host_settings *settings;
  struct worker *worker;
  struct client *client;
  struct vm *vm;
  int handler; /* registry reference */
  struct request_list open;
  bool draining, alone;
  unsigned port_count, closing; /* servers that have not said drained, or closed */
  struct port ports[];
};

static int load_handler(lua_State *L) {
  struct host *host = lua_touserdata(L, 1);
  lua_getglobal(L, "require");
  lua_pushvalue(L, -1);
  lua_pushliteral(L, "answer");
  lua_call(L, 1, 1);
  lua_insert(L, -2);
  lua_pushstring(L, host->settings->handler);
  lua_call(L, 1, 1);
  lua_call(L, 1, 1);
  host->handler = luaL_ref(L, LUA_REGISTRYINDEX);
  return 0;
}

static void on_request(struct exchange *e, void *ctx) {
  struct host *host = ((struct port *)ctx)->host;
  request_start(host->vm, host->handler, e, &host->open);
}

static void count_reply(const struct server_reply *r, const char *tag) {
  char labels[128];
  snprintf(labels, sizeof labels, "listener=\"%s\",status=\"%d\"", tag, r->status);
  metrics_count("usher_http_requests_total", labels, 1);
  snprintf(labels, sizeof labels, "listener=\"%s\"", tag);
  metrics_observe("usher_http_request_seconds", labels, (double)r->duration / 1e9);
}

/* A path that leads nowhere was typed by somebody: only segments of small letters, "_" and "-" are shown. */
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
  char status[8], ms[32], path[256], method[32], remote[64], id[132];
  snprintf(status, sizeof status, "%d", r->status);
  snprintf(ms, sizeof ms, "%.3f", (double)r->duration / 1e6);
  snprintf(path, sizeof path, "%.*s", (int)r->path.len, r->path.data ? r->path.data : "");
  if (r->status == 404) mask_path(path);
  snprintf(method, sizeof method, "%.*s", (int)r->method.len, r->method.data ? r->method.data : "");
  snprintf(remote, sizeof remote, "%.*s", (int)r->remote.len, r->remote.data ? r->remote.data : "");
  snprintf(id, sizeof id, "%.*s", (int)r->request_id.len,
           r->request_id.data ? r->request_id.data : "");
  log_event(LOG_INFO, "request", "listener", tag, "method", method, "path", path, "status", status,
            "ms", ms, "remote", remote, "request_id", id, "refusal", r->refusal ? r->refusal : "",
            NULL);
}

static void on_reply(const struct server_reply *r, void *ctx) {
  const char *tag = ((struct port *)ctx)->tag;
  count_reply(r, tag);
  if (log_wants(LOG_INFO)) log_reply(r, tag);
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
    int err = server_open(worker_loop(host->worker), listener->fds[index], &server, on_request,
                          port, &port->server);
    if (err) {
      fprintf(stderr, "usher: the %s listener cannot be opened: %s\n", listener->tag,
              uv_strerror(err));
      return err;
    }
    host->port_count++;
  }
  return 0;
}

static int open_vm(struct host *host) {
  const struct host_settings *settings = host->settings;
  char *problem = NULL;
  const struct vm_settings vm = {
      .loop = worker_loop(host->worker),
      .client = host->client,
      .scripts = settings->scripts,
      .config_under = settings->config_under,
      .config_path = settings->config_path,
      .config_over = settings->config_over,
      .trusted = settings->trusted,
  };
  int err = vm_open(&host->vm, &vm, &problem);
  if (err) {
    fprintf(stderr, "usher: %s\n", problem ? problem : uv_strerror(err));
    free(problem);
    return err;
  }
  lua_pushcfunction(host->vm->L, load_handler);
  lua_pushlightuserdata(host->vm->L, host);
  if (lua_pcall(host->vm->L, 1, 0, 0) == LUA_OK) return 0;
  fprintf(stderr, "usher: %s\n", vm_error_text(host->vm->L));
  return UV_EINVAL;
}

static int host_open(struct worker *worker, void *ctx) {
  const struct host_settings *settings = ctx;
  struct host *host = calloc(1, sizeof *host + settings->listener_count * sizeof *host->ports);
  if (!host) return UV_ENOMEM;
  host->settings = settings;
  host->worker = worker;
  worker_set_data(worker, host);
  int err = client_open(worker_loop(worker), &settings->client, &host->client);
  if (!err) err = open_vm(host);
  if (!err) err = open_ports(host);
  if (!err && settings->background && worker_index(worker) == 0) err = background_start(host->vm);
  return err;
}

/* Jobs end last: when no request of any worker can change what they tell. */
static void stop_when_idle(struct host *host) {
  struct vm *vm = host->vm;
  if (!host->draining || host->closing || vm->tasks) return;
  if (vm->background == 0)
    worker_stop(host->worker);
  else if (host->alone && vm->phase != VM_LAST)
    background_tell(vm, VM_LAST);
}

static void on_idle(struct vm *vm) {
  stop_when_idle(vm->host);
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
  host->vm->host = host;
  host->vm->on_idle = on_idle;
  for (unsigned i = 0; i < host->port_count; i++)
    server_drain(host->ports[i].server, on_drained, host);
  background_tell(host->vm, VM_DRAINING);
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

/* Requests first, so that their exchanges are answered; the client before the vm, whose boxes free its calls. */
static void host_close(struct worker *worker, void *ctx) {
  (void)ctx;
  struct host *host = worker_data(worker);
  if (!host) return;
  request_end_all(&host->open);
  host->closing = host->port_count;
  unsigned ports =
      host->port_count; /* host may go with the last on_closed, which is never inside server_close */
  for (unsigned i = 0; i < ports; i++) server_close(host->ports[i].server, on_closed, host);
  if (host->client) client_close(host->client);
  if (host->vm) vm_close(host->vm);
  if (ports == 0) free(host);
}

const struct worker_hooks host_hooks = {
    .open = host_open, .drain = host_drain, .alone = host_alone, .close = host_close};

/* SPDX-License-Identifier: MIT */
/* Binds, starts the workers, waits for a signal, drains: /readyz first, then the listeners,
 * then what is in flight. */
#include "serve.h"

#include "credentials_host.h"
#include "guard.h"
#include "host.h"
#include "lifecycle.h"
#include "listener.h"
#include "log.h"
#include "output.h"
#include "reload.h"
#include "server_config.h"
#include "watch.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HANDLER        "router"
#define SIGNUP_KEY     32 /* bytes that signup.key should have */
#define WATCH_QUIET_MS 20

enum phase { SERVING, GRACE, DRAINING, STOPPING };

struct process {
  uv_loop_t loop;
  struct server_config config;
  struct server_shared shared;
  struct host_settings host;
  struct reload *reload;
  struct watch *watched; /* NULL: nobody looks at the files */
  struct host_listener listeners[2];
  int *fds, admin_fd;
  struct workers *workers;
  uv_signal_t term, interrupt, hangup;
  uv_timer_t timer;
  uv_async_t ended;
  struct credentials_host credentials;
  enum phase phase;
  bool stopped_early; /* a signal came before there were workers */
  int exit_code;
};

/* --- start ---------------------------------------------------------------------------------- */

static int problem(const char *what, const char *why) {
  fprintf(stderr, "usher: %s%s\n", what, why);
  return 1;
}

/* Settings or scripts are not right. */
static void refuse(const struct serve_options *options, const char *why) {
  bool dev = options->config_under;
  problem("", why);
  fprintf(stderr, "usher: not started; 'usher check%s' looks again without serving%s\n",
          dev ? " --dev" : "",
          dev ? "" : ". 'usher serve --help' says where secrets come from; 'usher dev' needs none");
}

/* One vm reads the settings, before anything else exists. */
static int read_config(struct process *p, const struct serve_options *options) {
  char *why = NULL;
  struct vm *vm;
  const struct vm_settings settings = {.loop = &p->loop,
                                       .config_under = options->config_under,
                                       .config_path = options->config_path,
                                       .config_over = options->config_over};
  int err = vm_open(&vm, &settings, &why);
  if (!err) {
    err = server_config_read(vm, &p->config, &why);
    if (!err) log_set_level((enum log_level)p->config.log_level);
    vm_close(vm);
    uv_run(&p->loop, UV_RUN_NOWAIT);
  }
  if (err) refuse(options, why ? why : uv_strerror(err));
  free(why);
  return err;
}

/* The first version: read, and proven before anything serves. */
static int read_scripts(struct process *p, const struct serve_options *options) {
  char *why;
  const struct server_config *c = &p->config;
  const struct reload_settings settings = {
      .vm = {.loop = &p->loop,
             .scripts = options->scripts,
             .config_under = options->config_under,
             .config_path = options->config_path,
             .config_over = options->config_over},
      .handler = HANDLER,
      .prove = c->prove,
      .keep = c->keep,
      .drain_ms = c->reload_drain_ms,
      .on_outcome = options->on_reload,
      .ctx = options->ctx,
  };
  int err = reload_open(&settings, &p->reload, &why);
  if (err) refuse(options, why ? why : uv_strerror(err));
  free(why);
  return err;
}

static const char *way_out(int err) {
  if (err == UV_EACCES) return "; ports below 1024 need root: take a higher one";
  if (err == UV_EADDRNOTAVAIL) return "; it must be an address of this machine, or 0.0.0.0";
  return "";
}

static int bind_failed(const char *host, int port, const char *option, int err) {
  if (err == UV_EADDRINUSE)
    fprintf(stderr,
            "usher: %s port %d is in use: stop what listens there, or choose another with %s\n",
            host, port, option);
  else
    fprintf(stderr, "usher: cannot listen on %s port %d: %s%s\n", host, port, uv_strerror(err),
            way_out(err));
  return err;
}

static int bind_public(struct process *p, const int *listen_fd) {
  struct server_config *c = &p->config;
  if (!listen_fd) return listener_bind(c->host, &c->port, p->fds, c->workers);
  p->fds[0] = *listen_fd;
  int err = listener_share(c->host, c->port, p->fds + 1, c->workers - 1);
  if (err) close(*listen_fd);
  return err;
}

static int bind_all(struct process *p, const int *listen_fd) {
  struct server_config *c = &p->config;
  p->fds = calloc(c->workers, sizeof *p->fds);
  if (!p->fds) return UV_ENOMEM;
  int err = bind_public(p, listen_fd);
  if (err) return bind_failed(c->host, c->port, "--port", err);
  err = listener_bind(c->admin_host, &c->admin_port, &p->admin_fd, 1);
  if (!err) return 0;
  for (unsigned i = 0; i < c->workers; i++) close(p->fds[i]);
  return bind_failed(c->admin_host, c->admin_port, "--admin-port (dev: --port)", err);
}

static void describe_host(struct process *p, const struct serve_options *options) {
  struct server_config *c = &p->config;
  c->server.shared = &p->shared;
  p->shared.max_connections = c->server.limits.connections;
  p->listeners[0] = (struct host_listener){"public", p->fds, c->workers, c->server};
  p->listeners[1] = (struct host_listener){"admin", &p->admin_fd, 1, {.limits = c->server.limits}};
  unsigned *deadline = &p->listeners[1].server.limits.request_deadline;
  if (*deadline < c->wall_ms)
    *deadline = c->wall_ms; /* a reload may take longer than visitors wait */
  p->host = (struct host_settings){
      .config_under = options->config_under,
      .config_over = options->config_over,
      .reload = p->reload,
      .drain_ms = c->reload_drain_ms,
      .background = true,
      .handler = HANDLER,
      .client = c->client,
      .listeners = p->listeners,
      .listener_count = 2,
  };
}

/* --- signals and the way out ---------------------------------------------------------------- */

static void on_drain_over(uv_timer_t *timer) {
  struct process *p = timer->data;
  log_event(LOG_WARN, "drain_deadline", "next", "requests that are still open are ended now", NULL);
  p->phase = STOPPING;
  p->exit_code = 1;
  workers_stop(p->workers);
}

static void drain(struct process *p) {
  p->phase = DRAINING;
  uv_timer_start(&p->timer, on_drain_over, p->config.drain_ms, 0);
  workers_drain(p->workers);
}

static void on_grace_over(uv_timer_t *timer) {
  drain(timer->data);
}

static void on_signal(uv_signal_t *handle, int number) {
  struct process *p = handle->data;
  if (!p->workers) {
    p->stopped_early = true;
    return;
  }
  if (p->phase != SERVING) { /* a second signal means now */
    p->phase = STOPPING;
    uv_timer_stop(&p->timer);
    workers_stop(p->workers);
    return;
  }
  lifecycle_set_draining();
  if (number == SIGINT || p->config.grace_ms == 0) {
    drain(p);
    return;
  }
  p->phase = GRACE;
  log_event(LOG_INFO, "stopping", "next", "readyz says 503; the listener closes after limits.grace",
            NULL);
  uv_timer_start(&p->timer, on_grace_over, p->config.grace_ms, 0);
}

/* Said when it is so: no worker takes a new connection any more. */
static void on_all_draining(void *ctx) {
  (void)ctx;
  log_event(LOG_INFO, "draining", NULL);
}

static void on_all_ended(void *ctx) {
  struct host_settings *host = ctx;
  struct process *p = (struct process *)((char *)host - offsetof(struct process, host));
  uv_async_send(&p->ended);
}

static void on_ended(uv_async_t *async) {
  struct process *p = async->data;
  credentials_host_close(&p->credentials);
  uv_close((uv_handle_t *)&p->term, NULL);
  uv_close((uv_handle_t *)&p->interrupt, NULL);
  uv_close((uv_handle_t *)&p->hangup, NULL);
  uv_close((uv_handle_t *)&p->timer, NULL);
  uv_close((uv_handle_t *)&p->ended, NULL);
  if (p->watched) watch_close(p->watched);
  reload_close(p->reload); /* no worker is there any more to ask it anything */
  p->watched = NULL;
  p->reload = NULL;
}

static void on_hangup(uv_signal_t *handle, int number) {
  (void)number;
  struct process *p = handle->data;
  reload_ask(p->reload, "SIGHUP");
}

static void on_file_change(void *ctx) {
  struct process *p = ctx;
  reload_ask(p->reload, "file watch");
}

static void watch_files(struct process *p, const struct serve_options *options) {
  if (!p->config.watch || (!options->scripts && !options->config_path)) return;
  int err = watch_open(&p->loop, options->scripts, options->config_path, WATCH_QUIET_MS,
                       on_file_change, p, &p->watched);
  if (err)
    log_event(LOG_WARN, "watch_failed", "problem", uv_strerror(err), "next",
              "reload with SIGHUP or POST /reload", NULL);
}

static void (*tell_loop)(int number); /* libuv's handler */

static void on_last_signal(int number) {
  guard_end_proofs(); /* one that never ends would keep the loop from hearing this */
  tell_loop(number);
}

static void hear_at_once(int number) {
  struct sigaction action;
  sigaction(number, NULL, &action);
  tell_loop = action.sa_handler;
  action.sa_handler = on_last_signal;
  sigaction(number, &action, NULL);
}

static void watch_signals(struct process *p) {
  signal(SIGPIPE, SIG_IGN);
  p->term.data = p->interrupt.data = p->hangup.data = p->timer.data = p->ended.data = p;
  uv_signal_init(&p->loop, &p->term);
  uv_signal_init(&p->loop, &p->interrupt);
  uv_signal_init(&p->loop, &p->hangup);
  uv_timer_init(&p->loop, &p->timer);
  uv_async_init(&p->loop, &p->ended, on_ended);
  uv_signal_start(&p->term, on_signal, SIGTERM);
  uv_signal_start(&p->interrupt, on_signal, SIGINT);
  uv_signal_start(&p->hangup, on_hangup, SIGHUP);
  hear_at_once(SIGTERM);
  hear_at_once(SIGINT);
}

static void say_doubts(const struct server_config *c) {
  if (*c->empty)
    log_event(LOG_WARN, "settings_empty", "settings", c->empty, "next",
              "no sign-up succeeds without them: set USHER_USER_POOL_ID and USHER_CLIENT_ID", NULL);
  if (c->signup_key_bytes && c->signup_key_bytes < SIGNUP_KEY)
    log_event(LOG_WARN, "signup_key_short", LOG_NUMBER("bytes", c->signup_key_bytes), "next",
              "give signup.key 32 random bytes or more", NULL);
  if (*c->outlasting)
    log_event(LOG_WARN, "lease_short", "settings", c->outlasting, "next",
              SERVER_OUTLASTING ": make signup.lease longer than these", NULL);
}

static void say_ready(struct process *p, const struct serve_options *options) {
  const struct server_config *c = &p->config;
  log_event(LOG_INFO, "serving", "host", c->host, LOG_NUMBER("port", c->port), "admin_host",
            c->admin_host, LOG_NUMBER("admin_port", c->admin_port),
            LOG_NUMBER("workers", c->workers), "version", USHER_VERSION, NULL);
  const struct serve_ready ready = {c->host, c->admin_host, c->port, c->admin_port, c->workers};
  if (options->on_ready) options->on_ready(&ready, options->ctx);
}

static int stop_before_serving(struct process *p, int code) {
  on_ended(&p->ended);
  uv_run(&p->loop, UV_RUN_DEFAULT);
  return code;
}

static int run(struct process *p, const struct serve_options *options) {
  struct worker_hooks hooks = host_hooks;
  hooks.draining = on_all_draining;
  hooks.ended = on_all_ended;
  watch_signals(p);
  output_never_block();
  int err = credentials_host_open(&p->credentials, &p->loop, NULL, &p->config);
  if (!err) credentials_host_wait(&p->credentials, &p->config, &p->stopped_early);
  if (p->stopped_early) return stop_before_serving(p, 0);
  if (!err) err = workers_start(p->config.workers, &hooks, &p->host, &p->workers);
  if (err) { /* a worker has said more */
    problem("nothing is served: ", uv_strerror(err));
    return stop_before_serving(p, 1);
  }
  reload_set_workers(p->reload, p->workers, p->config.workers);
  watch_files(p, options);
  say_doubts(&p->config);
  say_ready(p, options);
  uv_run(&p->loop, UV_RUN_DEFAULT);
  workers_free(p->workers);
  return p->exit_code;
}

int serve(const struct serve_options *options) {
  struct process *p = calloc(1, sizeof *p);
  int code = 1;
  int err = p ? uv_loop_init(&p->loop) : UV_ENOMEM;
  if (err) {
    free(p);
    return problem("cannot start: ", uv_strerror(err));
  }
  if (!read_config(p, options) && !read_scripts(p, options) && !bind_all(p, options->listen_fd)) {
    describe_host(p, options);
    code = run(p, options);
  }
  if (p->reload) reload_close(p->reload);
  uv_run(&p->loop, UV_RUN_DEFAULT);
  uv_loop_close(&p->loop);
  free(p->fds);
  free(p);
  return code;
}

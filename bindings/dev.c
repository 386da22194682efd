/* SPDX-License-Identifier: MIT */
/*
 * `usher dev`: starts the sandbox on a worker of its own, points the environment and the settings at it, and serves.
 * usher's own code then runs as in production: real HTTP, real signatures, to other addresses.
 */
#include "dev.h"

#include "bytes.h"
#include "host.h"
#include "listener.h"
#include "overlay.h"
#include "serve.h"
#include "vm.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The sandbox's listeners, on the ports behind the public and the admin one. */
enum { MAILBOX, COGNITO, DYNAMODB, STRIPE, SERVICES };
static const char *const tags[SERVICES] = {"mailbox", "cognito", "dynamodb", "stripe"};

/* What a client must know; from scripts/sandbox/settings.lua. */
enum {
  REGION,
  ACCESS_KEY_ID,
  SECRET_ACCESS_KEY,
  USER_POOL_ID,
  CLIENT_ID,
  CLIENT_SECRET,
  TABLE,
  STRIPE_KEY,
  KNOWN
};
static const char *const known_names[KNOWN] = {"region",       "access_key_id", "secret_access_key",
                                               "user_pool_id", "client_id",     "client_secret",
                                               "table",        "stripe_key"};

struct sandbox {
  const struct dev_options *options;
  char *known[KNOWN];
  int ports[SERVICES], fds[SERVICES];
  struct host_listener listeners[SERVICES];
  struct host_settings host;
  struct workers *workers;
  struct bytes over, server_over; /* Lua text laid over the settings */
};

static const char host[] = "127.0.0.1";

/* --- the sandbox's constants ----------------------------------------------------------------- */

static int read_known(lua_State *L) {
  struct sandbox *s = lua_touserdata(L, 1);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "sandbox.settings");
  lua_call(L, 1, 1);
  for (int i = 0; i < KNOWN; i++) {
    if (lua_getfield(L, -1, known_names[i]) != LUA_TSTRING)
      luaL_error(L, "sandbox.settings lacks %s", known_names[i]);
    s->known[i] = strdup(lua_tostring(L, -1));
    if (!s->known[i]) luaL_error(L, "out of memory");
    lua_pop(L, 1);
  }
  return 0;
}

static int read_settings(struct sandbox *s) {
  uv_loop_t loop;
  struct vm *vm;
  char *why = NULL;
  if (uv_loop_init(&loop)) return UV_ENOMEM;
  const struct vm_settings settings = {
      .loop = &loop, .scripts = s->options->scripts, .trusted = true, .lenient = true};
  int err = vm_open(&vm, &settings, &why);
  if (!err) {
    lua_pushcfunction(vm->L, read_known);
    lua_pushlightuserdata(vm->L, s);
    if (lua_pcall(vm->L, 1, 0, 0) != LUA_OK) {
      why = strdup(lua_tostring(vm->L, -1));
      err = UV_EINVAL;
    }
    vm_close(vm);
  }
  uv_run(&loop, UV_RUN_DEFAULT);
  uv_loop_close(&loop);
  if (err) fprintf(stderr, "usher: %s\n", why ? why : uv_strerror(err));
  free(why);
  return err;
}

/* --- pointing everything at it ---------------------------------------------------------------- */

static void set_environment(const struct sandbox *s) {
  setenv("AWS_ACCESS_KEY_ID", s->known[ACCESS_KEY_ID], 1);
  setenv("AWS_SECRET_ACCESS_KEY", s->known[SECRET_ACCESS_KEY], 1);
  setenv("AWS_REGION", s->known[REGION], 1);
  setenv("USHER_CLIENT_SECRET", s->known[CLIENT_SECRET], 1);
  setenv("STRIPE_API_KEY", s->known[STRIPE_KEY], 1);
  setenv("USHER_SIGNUP_KEY", "usher-dev-signup-key-0000000000000000000001", 1);
  unsetenv("AWS_SESSION_TOKEN");
  unsetenv("AWS_PROFILE");
}

static int write_overlays(struct sandbox *s) {
  const struct dev_options *o = s->options;
  bytes_printf(&s->over, "return { sandbox = { data = ");
  overlay_quote(&s->over, o->data ? o->data : "");
  bytes_printf(&s->over, " }, show_tracebacks = true }");
  struct bytes *b = &s->server_over;
  int admin_port = o->port ? o->port + 1 : 0;
  bytes_printf(b, "return { env = \"dev\", show_tracebacks = true, limits = { grace = 0 },\n");
  bytes_printf(b,
               "  listen = { host = \"%s\", port = %d }, admin = { host = \"%s\", port = %d },\n",
               host, o->port, host, admin_port);
  if (o->workers) bytes_printf(b, "  workers = %u,\n", o->workers);
  if (o->json) bytes_printf(b, "  log = { level = \"warn\" },\n");
  bytes_printf(b, "  aws = { region = \"%s\" },\n", s->known[REGION]);
  bytes_printf(
      b, "  cognito = { url = \"http://%s:%d\", user_pool_id = \"%s\", client_id = \"%s\" },\n",
      host, s->ports[COGNITO], s->known[USER_POOL_ID], s->known[CLIENT_ID]);
  bytes_printf(b, "  dynamodb = { url = \"http://%s:%d\", table = \"%s\" },\n", host,
               s->ports[DYNAMODB], s->known[TABLE]);
  return bytes_printf(b, "  stripe = { url = \"http://%s:%d\" } }\n", host, s->ports[STRIPE]);
}

/* --- the sandbox's worker --------------------------------------------------------------------- */

static int bind_services(struct sandbox *s) {
  int first = s->options->port;
  for (int i = 0; i < SERVICES; i++) {
    s->ports[i] = first ? first + 2 + i : 0;
    int err = listener_bind(host, &s->ports[i], &s->fds[i], 1);
    if (!err) continue;
    fprintf(stderr, "usher: port %d for the sandbox's %s: %s; choose other ports with --port\n",
            s->ports[i], tags[i], uv_strerror(err));
    return err;
  }
  return 0;
}

static struct server_limits sandbox_limits(void) {
  struct server_limits limits = server_limits_default();
  limits.body = 16 << 20; /* a BatchWriteItem */
  limits.fields = 200;
  limits.headers = 64 << 10;
  limits.connections = limits.connections_per_address = limits.in_flight = 100000;
  limits.requests_per_connection = 1000000000;
  return limits;
}

static int start_sandbox(struct sandbox *s) {
  for (int i = 0; i < SERVICES; i++)
    s->listeners[i] = (struct host_listener){tags[i], &s->fds[i], 1, {.limits = sandbox_limits()}};
  s->host = (struct host_settings){
      .config_over = s->over.data,
      .scripts = s->options->scripts,
      .trusted = true,
      .handler = "sandbox",
      .listeners = s->listeners,
      .listener_count = SERVICES,
  };
  return workers_start(1, &host_hooks, &s->host, &s->workers);
}

/* --- what to type next ------------------------------------------------------------------------ */

static void print_json(const struct sandbox *s, const struct serve_ready *ready) {
  printf("{\"url\":\"http://%s:%d\",\"admin_url\":\"http://%s:%d\",\"sandbox\":{", ready->host,
         ready->port, ready->admin_host, ready->admin_port);
  for (int i = 0; i < SERVICES; i++)
    printf("%s\"%s\":\"http://%s:%d\"", i ? "," : "", tags[i], host, s->ports[i]);
  printf("},\"mailbox_url\":\"http://%s:%d/mailbox\"", host, s->ports[MAILBOX]);
  for (int i = 0; i < KNOWN; i++) printf(",\"%s\":\"%s\"", known_names[i], s->known[i]);
  puts("}");
}

static void print_page(const struct sandbox *s, const struct serve_ready *ready) {
  printf("usher %s serves on http://%s:%d with %u workers, over its sandbox (%s%s).\n\n",
         USHER_VERSION, ready->host, ready->port, ready->workers,
         s->options->data ? "kept in " : "in memory, gone when it ends",
         s->options->data ? s->options->data : "");
  printf("  mailbox    http://%s:%d/             the mails that were sent, with the codes\n", host,
         s->ports[MAILBOX]);
  printf("  table      %-28s aws --endpoint-url http://%s:%d dynamodb scan --table-name %s\n",
         s->known[TABLE], host, s->ports[DYNAMODB], s->known[TABLE]);
  printf("  cognito    http://%s:%d        pool %s\n", host, s->ports[COGNITO],
         s->known[USER_POOL_ID]);
  printf("  stripe     http://%s:%d        key %s\n", host, s->ports[STRIPE], s->known[STRIPE_KEY]);
  printf("  admin      http://%s:%d/metrics\n\n", ready->admin_host, ready->admin_port);
  printf("Sign somebody up:\n\n"
         "  curl -s -c jar -H 'Content-Type: application/json' http://%s:%d/api/account/signup -d "
         "'{\"email\":"
         "\"ada@example.com\",\"name\":\"Ada "
         "Lovelace\",\"country\":\"GB\",\"organization\":\"Analytical Engines\","
         "\"password\":\"Corr3ct-Horse!\",\"stripe_token\":\"tok_visa\"}'\n",
         ready->host, ready->port);
  printf("  curl -s 'http://%s:%d/mailbox?to=ada@example.com'\n", host, s->ports[MAILBOX]);
  printf("  curl -s -H 'Content-Type: application/json' http://%s:%d/api/account/confirm_signup -d "
         "'{\"email\":"
         "\"ada@example.com\",\"code\":\"CODE FROM THE MAIL\",\"signup_token\":\"FROM THE FIRST "
         "ANSWER\"}'\n\n",
         ready->host, ready->port);
}

static void on_ready(const struct serve_ready *ready, void *ctx) {
  struct sandbox *s = ctx;
  if (s->options->json)
    print_json(s, ready);
  else
    print_page(s, ready);
  fflush(stdout);
}

int dev(const struct dev_options *options) {
  struct sandbox s = {.options = options};
  int code = 1;
  if (read_settings(&s)) goto end;
  set_environment(&s);
  if (bind_services(&s) || write_overlays(&s)) goto end;
  if (start_sandbox(&s)) goto end;
  const struct serve_options serve_options = {
      .config_path = options->config_path,
      .config_over = s.server_over.data,
      .scripts = options->scripts,
      .on_ready = on_ready,
      .ctx = &s,
  };
  code = serve(&serve_options);
  workers_stop(s.workers);
  workers_free(s.workers);
end:
  for (int i = 0; i < KNOWN; i++) free(s.known[i]);
  bytes_free(&s.over);
  bytes_free(&s.server_over);
  return code;
}

/* SPDX-License-Identifier: MIT */
/*
 * `usher dev`: starts the sandbox on a worker of its own, points the environment and the settings
 * at it, and serves. usher's own code then runs as in production: real HTTP, real signatures, to
 * other addresses.
 */
#include "dev.h"

#include "bytes.h"
#include "host.h"
#include "listener.h"
#include "output.h"
#include "overlay.h"
#include "sandbox_settings.h"
#include "serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sandbox {
  const struct dev_options *options;
  struct sandbox_settings settings;
  int fds[SANDBOX_SERVICES];
  struct host_listener listeners[SANDBOX_SERVICES];
  struct host_settings host;
  struct versions *versions; /* of the sandbox's scripts: one */
  struct workers *workers;
  int port, listen_fd; /* the public one, bound first: others must know it */
  struct bytes over, server_over, server_under; /* Lua text laid over and under the settings */
};

/* What a laptop wants, where --config says nothing else: one address is everybody there. */
static int write_defaults(struct sandbox *s) {
  struct bytes *b = &s->server_under;
  int cognito = s->settings.ports[SANDBOX_COGNITO];
  bytes_printf(b, "return { ses = { from = \"no-reply@usher.example\" },\n");
  bytes_printf(b, "  attempts = { per_address = 0, per_email = 200, overall = 0,");
  bytes_printf(b, " cards_per_address = 0 },\n");
  bytes_printf(b, "  sso = { domain_url = \"http://" SANDBOX_HOST ":%d\",\n", cognito);
  bytes_printf(b, "    jwks_url = \"http://" SANDBOX_HOST ":%d/%s/.well-known/jwks.json\",\n",
               cognito, s->settings.values[SANDBOX_USER_POOL_ID]);
  bytes_printf(b, "    callback_urls = {");
  for (int i = 0; i < 2; i++) /* both names of this machine: a cookie is of one */
    bytes_printf(b, " \"http://%s:%d/api/account/sso/callback\",", i ? "localhost" : SANDBOX_HOST,
                 s->port);
  bytes_printf(b, " },\n");
  bytes_printf(b, "    console_url = \"http://" SANDBOX_HOST ":%d\" },\n", s->port);
  return bytes_printf(b, "  page = { client_id = \"%s\" } }",
                      s->settings.values[SANDBOX_PAGE_CLIENT_ID]);
}

/* The addresses by which the parts know each other. */
static void write_urls(const struct sandbox *s, struct bytes *b) {
  bytes_printf(b, "urls = { usher = \"http://" SANDBOX_HOST ":%d\"", s->port);
  for (int i = 0; i < SANDBOX_SERVICES; i++)
    bytes_printf(b, ", %s = \"http://" SANDBOX_HOST ":%d\"", sandbox_tags[i], s->settings.ports[i]);
  bytes_printf(b, " }");
}

/* The sandbox's own settings: where its data and its parts are,
 * and what the Lambda functions that run in it need. */
static void write_sandbox(struct sandbox *s) {
  struct bytes *b = &s->over;
  const char *data = s->options->data;
  bytes_printf(b, "return {\n");
  sandbox_settings_overlay(&s->settings, b);
  bytes_printf(b, "  sandbox = { data = ");
  overlay_quote(b, data ? data : "");
  bytes_printf(b, ", ");
  write_urls(s, b);
  bytes_printf(b, " }, show_tracebacks = true }");
}

static int write_overlays(struct sandbox *s) {
  const struct dev_options *o = s->options;
  write_sandbox(s);
  struct bytes *b = &s->server_over;
  int admin_port = o->port ? o->port + 1 : 0;
  bytes_printf(b, "return { show_tracebacks = true, limits = { grace = 0 },\n");
  bytes_printf(b,
               "  listen = { host = \"" SANDBOX_HOST
               "\", port = %d }, admin = { host = \"" SANDBOX_HOST "\", port = %d },\n",
               s->port, admin_port);
  if (o->workers) bytes_printf(b, "  workers = %u,\n", o->workers);
  if (o->json) bytes_printf(b, "  log = { level = \"warn\" },\n");
  sandbox_settings_overlay(&s->settings, b);
  bytes_printf(b, "  sandbox = { ");
  write_urls(s, b);
  return bytes_printf(b, " },\n}\n");
}

/* --- the sandbox's worker --------------------------------------------------------------------- */

static int bind_public(struct sandbox *s) {
  s->port = s->options->port;
  int err = listener_bind(SANDBOX_HOST, &s->port, &s->listen_fd, 1);
  if (err)
    fprintf(stderr, "usher: port %d: %s; choose another with --port\n", s->port, uv_strerror(err));
  return err;
}

static int bind_services(struct sandbox *s) {
  int first = s->options->port;
  for (int i = 0; i < SANDBOX_SERVICES; i++) {
    int *port = &s->settings.ports[i];
    *port = first ? first + SANDBOX_FIRST + i : 0;
    int err = listener_bind(SANDBOX_HOST, port, &s->fds[i], 1);
    if (!err) continue;
    fprintf(stderr, "usher: port %d for the sandbox's %s: %s; choose other ports with --port\n",
            *port, sandbox_tags[i], uv_strerror(err));
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
  limits.request_deadline = 3600000; /* a fault may let a call hang */
  return limits;
}

static bool has_any(const struct script_set *set, const char *folder) {
  for (size_t i = 0; i < script_set_count(set); i++)
    if (strncmp(script_set_at(set, i)->name, folder, strlen(folder)) == 0) return true;
  return false;
}

/* What the sandbox runs of --scripts DIR: its triggers, and its sandbox when it has one.
 * Else what is in the binary. */
static int read_set_on(uv_loop_t *loop, const struct dev_options *o, struct script_set **set,
                       char **problem) {
  const struct vm_settings vm = {
      .loop = loop, .scripts = o->scripts, .config_path = o->config_path};
  int err = vm_read_set(&vm, set, problem);
  if (err || !o->scripts || has_any(*set, "sandbox/") || has_any(*set, "triggers/")) return err;
  script_set_unref(*set);
  return script_set_read(NULL, o->config_path, false, set, problem);
}

static int read_set(const struct dev_options *o, struct script_set **set, char **problem) {
  uv_loop_t loop;
  *problem = NULL;
  int err = uv_loop_init(&loop);
  if (err) return err;
  err = read_set_on(&loop, o, set, problem);
  uv_run(&loop, UV_RUN_DEFAULT);
  uv_loop_close(&loop);
  return err;
}

static struct version *read_scripts(struct sandbox *s) {
  struct script_set *set;
  char *problem;
  struct version *version = NULL;
  int err = read_set(s->options, &set, &problem);
  if (err) {
    fprintf(stderr, "usher: %s\n", problem ? problem : uv_strerror(err));
    free(problem);
    return NULL;
  }
  s->versions = versions_new(1);
  if (s->versions) version = versions_add(s->versions, set, "start");
  if (version) versions_adopt(s->versions, version);
  script_set_unref(set);
  return version;
}

static int start_sandbox(struct sandbox *s) {
  struct version *version = read_scripts(s);
  if (!version) return UV_EINVAL;
  for (int i = 0; i < SANDBOX_SERVICES; i++)
    s->listeners[i] = (struct host_listener){
        sandbox_tags[i], &s->fds[i], 1, {.limits = sandbox_limits(), .dates_itself = true}};
  s->host = (struct host_settings){
      .config_over = s->over.data,
      .version = version,
      .trusted = true,
      .handler = "sandbox",
      .listeners = s->listeners,
      .listener_count = SANDBOX_SERVICES,
  };
  return workers_start(1, &host_hooks, &s->host, &s->workers);
}

/* --- what to type next ------------------------------------------------------------------------ */

/* How a command is pointed here: by the public port alone where the others follow it. */
static void print_pointer(const struct sandbox *s) {
  printf("--dev=");
  if (s->options->port) {
    printf("%d", s->options->port);
    return;
  }
  for (int i = 0; i < SANDBOX_SERVICES; i++) printf("%s%d", i ? "," : "", s->settings.ports[i]);
}

static void print_json(const struct sandbox *s, const struct serve_ready *ready) {
  const int *ports = s->settings.ports;
  printf("{\"url\":\"http://%s:%d\",\"admin_url\":\"http://%s:%d\",\"sandbox\":{", ready->host,
         ready->port, ready->admin_host, ready->admin_port);
  for (int i = 0; i < SANDBOX_SERVICES; i++)
    printf("%s\"%s\":\"http://" SANDBOX_HOST ":%d\"", i ? "," : "", sandbox_tags[i], ports[i]);
  printf("},\"mailbox_url\":\"http://" SANDBOX_HOST ":%d/mailbox\",\"config\":\"",
         ports[SANDBOX_MAILBOX]);
  print_pointer(s);
  printf("\"");
  for (int i = 0; i < SANDBOX_KNOWN; i++)
    printf(",\"%s\":\"%s\"", sandbox_known[i], s->settings.values[i]);
  puts("}");
}

static void print_addresses(const struct sandbox *s, const struct serve_ready *ready) {
  const int *ports = s->settings.ports;
  const char *const *values = (const char *const *)s->settings.values;
  const char *table = values[SANDBOX_TABLE];
  printf("  sign-up    http://%s:%d/signup       the page, with Google too\n", ready->host,
         ready->port);
  printf("  mailbox    http://" SANDBOX_HOST ":%d/             "
         "the mails that were sent, with the codes\n",
         ports[SANDBOX_MAILBOX]);
  printf("  table      %-28s aws --endpoint-url http://" SANDBOX_HOST
         ":%d dynamodb scan --table-name %s\n",
         table, ports[SANDBOX_DYNAMODB], table);
  printf("  cognito    http://" SANDBOX_HOST ":%d        pool %s\n", ports[SANDBOX_COGNITO],
         values[SANDBOX_USER_POOL_ID]);
  printf("  stripe     http://" SANDBOX_HOST ":%d        key %s\n", ports[SANDBOX_STRIPE],
         values[SANDBOX_STRIPE_KEY]);
  printf("  slack      http://" SANDBOX_HOST ":%d/slack        what Slack was told\n",
         ports[SANDBOX_MAILBOX]);
  printf("  lambda     http://" SANDBOX_HOST ":%d        the triggers, also as a Runtime API\n",
         ports[SANDBOX_LAMBDA]);
  printf("  admin      http://%s:%d/metrics\n", ready->admin_host, ready->admin_port);
  printf("  commands   usher inspect ");
  print_pointer(s);
  printf(" ada@example.com\n\n");
}

static void print_page(const struct sandbox *s, const struct serve_ready *ready) {
  int mailbox = s->settings.ports[SANDBOX_MAILBOX];
  printf("usher %s serves on http://%s:%d with %u workers, over its sandbox (%s%s).\n\n",
         USHER_VERSION, ready->host, ready->port, ready->workers,
         s->options->data ? "kept in " : "in memory, gone when it ends",
         s->options->data ? s->options->data : "");
  print_addresses(s, ready);
  printf("Sign somebody up:\n\n");
  printf("  curl -s -c jar -H 'Content-Type: application/json' http://%s:%d/api/account/signup -d '"
         "{\"email\":\"ada@example.com\",\"name\":\"Ada Lovelace\",\"country\":\"GB\","
         "\"organization\":\"Analytical Engines\",\"password\":\"Corr3ct-Horse!\","
         "\"stripe_token\":\"tok_visa\"}'\n",
         ready->host, ready->port);
  printf("  curl -s 'http://" SANDBOX_HOST ":%d/mailbox?to=ada@example.com'\n", mailbox);
  printf(
      "  curl -s -H 'Content-Type: application/json' http://%s:%d/api/account/confirm_signup -d '"
      "{\"email\":\"ada@example.com\",\"code\":\"CODE FROM THE MAIL\","
      "\"signup_token\":\"FROM THE FIRST ANSWER\"}'\n\n",
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

/* For whoever has just saved a file; the log has the same in one line. */
static void on_reload(bool ok, const char *message, void *ctx) {
  const struct sandbox *s = ctx;
  struct bytes text = {0};
  if (s->options->json) return;
  if (ok)
    bytes_printf(&text, "usher: %s\n", message);
  else
    bytes_printf(
        &text, "\n--- refused; the version before keeps serving\n\n%s\n\n--- mend it and save\n\n",
        message);
  output_write(OUTPUT_ERR, text.data, text.len);
  bytes_free(&text);
}

int dev(const struct dev_options *options) {
  struct sandbox s = {.options = options};
  int code = 1;
  if (sandbox_settings_read(&s.settings, options->scripts)) goto end;
  if (bind_public(&s) || bind_services(&s)) goto end;
  sandbox_settings_environment(&s.settings);
  if (write_overlays(&s) || write_defaults(&s)) goto end;
  if (start_sandbox(&s)) { /* its worker has said why */
    fputs("usher: the sandbox could not be started\n", stderr);
    goto end;
  }
  const struct serve_options serve_options = {
      .config_under = s.server_under.data,
      .config_path = options->config_path,
      .config_over = s.server_over.data,
      .scripts = options->scripts,
      .listen_fd = &s.listen_fd,
      .on_ready = on_ready,
      .on_reload = on_reload,
      .ctx = &s,
  };
  code = serve(&serve_options);
  workers_stop(s.workers);
  workers_free(s.workers);
end:
  versions_free(s.versions);
  sandbox_settings_free(&s.settings);
  bytes_free(&s.over);
  bytes_free(&s.server_over);
  bytes_free(&s.server_under);
  return code;
}

/* SPDX-License-Identifier: MIT */
/* Reads `require "config"` once, before any worker is there. Types and bounds were checked
 * by settings.lua. */
#include "server_config.h"

#include "cpus.h"
#include "log.h"
#include "secret_handle.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

/* stack: config -> config, value */
static void push_setting(lua_State *L, const char *section, const char *name) {
  lua_getfield(L, 1, section);
  if (!name) return;
  lua_getfield(L, -1, name);
  lua_remove(L, -2);
}

static double number(lua_State *L, const char *section, const char *name) {
  push_setting(L, section, name);
  double value = luaL_checknumber(L, -1);
  lua_pop(L, 1);
  return value;
}

static unsigned whole(lua_State *L, const char *section, const char *name) {
  return (unsigned)number(L, section, name);
}

static bool flag(lua_State *L, const char *section, const char *name) {
  push_setting(L, section, name);
  bool value = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return value;
}

static unsigned milliseconds(lua_State *L, const char *section, const char *name) {
  return (unsigned)(number(L, section, name) * 1000 + 0.5);
}

static void text(lua_State *L, const char *section, const char *name, char *out, size_t size) {
  push_setting(L, section, name);
  const char *value = luaL_checkstring(L, -1);
  if (strlen(value) >= size)
    luaL_error(L, "%s.%s is longer than %d bytes", section, name, (int)size - 1);
  strcpy(out, value);
  lua_pop(L, 1);
}

static void read_address(lua_State *L, const char *section, char *out, size_t size) {
  union {
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  } address;
  text(L, section, "host", out, size);
  if (uv_ip4_addr(out, 0, &address.v4) && uv_ip6_addr(out, 0, &address.v6))
    luaL_error(L, "%s.host must be an IPv4 or IPv6 address, not \"%s\"", section, out);
}

static void read_limits(lua_State *L, struct server_limits *out) {
  *out = server_limits_default();
  out->request_line = whole(L, "limits", "request_line");
  out->headers = whole(L, "limits", "headers");
  out->fields = whole(L, "limits", "header_count");
  out->body = whole(L, "limits", "body");
  out->head_deadline = milliseconds(L, "limits", "header_timeout");
  out->body_deadline = milliseconds(L, "limits", "body_timeout");
  out->body_min_rate = whole(L, "limits", "body_rate");
  out->idle = milliseconds(L, "limits", "keep_alive");
  out->requests_per_connection = whole(L, "limits", "requests");
  out->connections = whole(L, "limits", "connections");
  out->connections_per_address = whole(L, "limits", "connections_per_address");
  out->request_deadline = milliseconds(L, "limits", "request_timeout");
  out->in_flight = whole(L, "limits", "in_flight");
}

static void check_origin(lua_State *L, const char *origin, size_t size) {
  struct cors *probe = NULL;
  int err = strlen(origin) < size ? 0 : UV_EINVAL;
  if (!err) err = cors_new(&(struct cors_settings){&origin, 1, .credentials = true}, &probe);
  if (err)
    luaL_error(L, "cors.origins: \"%s\" is not an origin, like \"https://console.example.com\"",
               origin);
  cors_free(probe);
}

static void read_cors(lua_State *L, struct server_config *out) {
  push_setting(L, "cors", "origins");
  size_t n = lua_rawlen(L, -1), most = sizeof out->origins / sizeof *out->origins;
  if (n > most) luaL_error(L, "cors.origins holds more than %d origins", (int)most);
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(L, -1, (lua_Integer)i + 1);
    check_origin(L, lua_tostring(L, -1), sizeof out->origin_text[i]);
    strcpy(out->origin_text[i], lua_tostring(L, -1));
    out->origins[i] = out->origin_text[i];
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  out->server.cors =
      (struct cors_settings){.origins = out->origins, .origin_count = n, .credentials = n > 0};
}

static void read_prefix(lua_State *L, struct server_config *out) {
  const char *prefix = out->strip_prefix;
  text(L, "proxy", "strip_prefix", out->strip_prefix, sizeof out->strip_prefix);
  size_t len = strlen(prefix);
  if (len && (prefix[0] != '/' || prefix[len - 1] == '/'))
    luaL_error(L, "proxy.strip_prefix: \"%s\" is not a prefix, like \"/prod\"", prefix);
  if (len) out->server.strip_prefix = prefix;
}

static void read_server(lua_State *L, struct server_config *out) {
  static const char *const probes[] = {"/healthz", "/readyz", NULL};
  char header[32];
  read_limits(L, &out->server.limits);
  read_cors(L, out);
  text(L, "proxy", "header", header, sizeof header);
  out->server.proxy.trusted_hops = whole(L, "proxy", "trusted_hops");
  out->server.proxy.header =
      strcmp(header, "forwarded") == 0 ? PROXY_FORWARDED : PROXY_X_FORWARDED_FOR;
  read_prefix(L, out);
  out->server.probes = probes;
  snprintf(out->hsts, sizeof out->hsts, "max-age=%u", whole(L, "proxy", "hsts"));
  if (whole(L, "proxy", "hsts")) out->server.hsts = out->hsts;
}

static int read_log_level(lua_State *L) {
  char level[16];
  text(L, "log", "level", level, sizeof level);
  return log_level_parse(level);
}

static void note_empty(lua_State *L, const char *section, const char *name, char *out,
                       size_t size) {
  push_setting(L, section, name);
  size_t used = strlen(out);
  if (!*luaL_checkstring(L, -1))
    snprintf(out + used, size - used, "%s%s.%s", used ? ", " : "", section, name);
  lua_pop(L, 1);
}

/* One call may go on when another request has taken the sign-up over. */
static void note_outlasting(lua_State *L, const char *section, struct server_config *out) {
  size_t used = strlen(out->outlasting), size = sizeof out->outlasting;
  if (milliseconds(L, section, "timeout") >= milliseconds(L, "signup", "lease"))
    snprintf(out->outlasting + used, size - used, "%s%s.timeout", used ? ", " : "", section);
}

/* What serve warns of: it starts all the same, for scripts that sign nobody up. */
static void read_doubts(lua_State *L, struct server_config *out) {
  note_empty(L, "cognito", "user_pool_id", out->empty, sizeof out->empty);
  note_empty(L, "cognito", "client_id", out->empty, sizeof out->empty);
  push_setting(L, "signup", "key");
  if (!lua_isnil(L, -1)) secret_or_string(L, -1, &out->signup_key_bytes);
  lua_pop(L, 1);
  note_outlasting(L, "cognito", out);
  note_outlasting(L, "dynamodb", out);
  note_outlasting(L, "stripe", out);
}

static int read_all(lua_State *L) {
  struct server_config *out = lua_touserdata(L, 1);
  lua_settop(L, 0);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "config");
  lua_call(L, 1, 1);
  read_address(L, "listen", out->host, sizeof out->host);
  read_address(L, "admin", out->admin_host, sizeof out->admin_host);
  out->port = (int)whole(L, "listen", "port");
  out->admin_port = (int)whole(L, "admin", "port");
  push_setting(L, "workers", NULL);
  out->workers = (unsigned)luaL_checkinteger(L, -1);
  lua_pop(L, 1);
  if (out->workers == 0) out->workers = cpus_granted();
  out->grace_ms = milliseconds(L, "limits", "grace");
  out->drain_ms = milliseconds(L, "limits", "drain");
  out->wall_ms = milliseconds(L, "scripts", "wall_time");
  out->watch = flag(L, "reload", "watch");
  out->prove = flag(L, "reload", "prove");
  out->keep = whole(L, "reload", "keep");
  out->reload_drain_ms = milliseconds(L, "reload", "drain");
  read_server(L, out);
  read_doubts(L, out);
  out->log_level = read_log_level(L);
  text(L, "aws", "region", out->aws_region, sizeof out->aws_region);
  text(L, "aws", "endpoint_url", out->aws_url, sizeof out->aws_url);
  out->credentials_wait_ms = milliseconds(L, "aws", "credentials_wait");
  text(L, "http", "ca_file", out->ca_file, sizeof out->ca_file);
  out->client.connect_timeout_ms = milliseconds(L, "http", "connect_timeout");
  out->client.max_connections = whole(L, "http", "connections");
  out->client.max_host_connections = whole(L, "http", "connections_per_host");
  out->client.ca_file = *out->ca_file ? out->ca_file : NULL;
  return 0;
}

int server_config_read(struct vm *vm, struct server_config *out, char **problem) {
  memset(out, 0, sizeof *out);
  lua_pushcfunction(vm->L, read_all);
  lua_pushlightuserdata(vm->L, out);
  if (lua_pcall(vm->L, 1, 0, 0) == LUA_OK) return 0;
  *problem = strdup(vm_error_text(vm->L));
  lua_pop(vm->L, 1);
  return UV_EINVAL;
}

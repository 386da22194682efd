/* SPDX-License-Identifier: MIT */
/* The sandbox's constants, asked of its own script, and the settings and
 * environment made of them. */
#include "sandbox_settings.h"

#include "box.h"
#include "vm.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const sandbox_tags[SANDBOX_SERVICES] = {"mailbox", "cognito", "dynamodb", "stripe",
                                                    "ses",     "captcha", "google",   "cloudwatch",
                                                    "lambda",  "slack",   "sts",      "metadata"};
const char *const sandbox_known[SANDBOX_KNOWN] = {
    "region",         "access_key_id", "secret_access_key", "user_pool_id",   "client_id",
    "client_secret",  "table",         "stripe_key",        "captcha_secret", "slack_path",
    "page_client_id", "signup_key"};

static int read_values(lua_State *L) {
  struct sandbox_settings *s = lua_touserdata(L, 1);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "sandbox.settings");
  lua_call(L, 1, 1);
  for (int i = 0; i < SANDBOX_KNOWN; i++) {
    if (lua_getfield(L, -1, sandbox_known[i]) != LUA_TSTRING)
      luaL_error(L, "sandbox.settings lacks %s", sandbox_known[i]);
    s->values[i] = strdup(lua_tostring(L, -1));
    if (!s->values[i]) box_no_memory(L);
    lua_pop(L, 1);
  }
  return 0;
}

int sandbox_settings_read(struct sandbox_settings *s, const char *scripts) {
  uv_loop_t loop;
  struct vm *vm;
  char *why = NULL;
  if (uv_loop_init(&loop)) return UV_ENOMEM;
  const struct vm_settings settings = {
      .loop = &loop, .scripts = scripts, .trusted = true, .lenient = true};
  int err = vm_open(&vm, &settings, &why);
  if (!err) {
    lua_pushcfunction(vm->L, read_values);
    lua_pushlightuserdata(vm->L, s);
    if (lua_pcall(vm->L, 1, 0, 0) != LUA_OK) {
      why = strdup(vm_error_text(vm->L));
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

void sandbox_settings_free(struct sandbox_settings *s) {
  for (int i = 0; i < SANDBOX_KNOWN; i++) free(s->values[i]);
}

void sandbox_settings_environment(const struct sandbox_settings *s) {
  char webhook[256];
  snprintf(webhook, sizeof webhook, "http://" SANDBOX_HOST ":%d%s", s->ports[SANDBOX_SLACK],
           s->values[SANDBOX_SLACK_PATH]);
  setenv("SLACK_WEBHOOK_URL", webhook, 1);
  setenv("AWS_ACCESS_KEY_ID", s->values[SANDBOX_ACCESS_KEY_ID], 1);
  setenv("AWS_SECRET_ACCESS_KEY", s->values[SANDBOX_SECRET_ACCESS_KEY], 1);
  setenv("AWS_REGION", s->values[SANDBOX_REGION], 1);
  setenv("USHER_CLIENT_SECRET", s->values[SANDBOX_CLIENT_SECRET], 1);
  setenv("STRIPE_API_KEY", s->values[SANDBOX_STRIPE_KEY], 1);
  setenv("USHER_CAPTCHA_SECRET", s->values[SANDBOX_CAPTCHA_SECRET], 1);
  setenv("USHER_SIGNUP_KEY", s->values[SANDBOX_SIGNUP_KEY], 1);
  unsetenv("AWS_SESSION_TOKEN");
  unsetenv("AWS_PROFILE");
}

int sandbox_settings_overlay(const struct sandbox_settings *s, struct bytes *out) {
  const char *const *v = (const char *const *)s->values;
  bytes_printf(out, "  env = \"dev\", aws = { region = \"%s\" },\n", v[SANDBOX_REGION]);
  bytes_printf(out,
               "  cognito = { url = \"http://" SANDBOX_HOST
               ":%d\", user_pool_id = \"%s\", client_id = \"%s\" },\n",
               s->ports[SANDBOX_COGNITO], v[SANDBOX_USER_POOL_ID], v[SANDBOX_CLIENT_ID]);
  bytes_printf(out, "  dynamodb = { url = \"http://" SANDBOX_HOST ":%d\", table = \"%s\" },\n",
               s->ports[SANDBOX_DYNAMODB], v[SANDBOX_TABLE]);
  bytes_printf(out, "  ses = { url = \"http://" SANDBOX_HOST ":%d\" },\n", s->ports[SANDBOX_SES]);
  bytes_printf(out, "  cloudwatch = { url = \"http://" SANDBOX_HOST ":%d\" },\n",
               s->ports[SANDBOX_CLOUDWATCH]);
  bytes_printf(out, "  lambda = { url = \"http://" SANDBOX_HOST ":%d\" },\n",
               s->ports[SANDBOX_LAMBDA]);
  bytes_printf(out, "  captcha = { url = \"http://" SANDBOX_HOST ":%d/siteverify\" },\n",
               s->ports[SANDBOX_CAPTCHA]);
  return bytes_printf(out, "  stripe = { url = \"http://" SANDBOX_HOST ":%d\" },\n",
                      s->ports[SANDBOX_STRIPE]);
}

/* Lua's `sandbox_services` module, for world_settings.lua: the list of their names. */
int luaopen_sandbox_services(lua_State *L);
int luaopen_sandbox_services(lua_State *L) {
  lua_createtable(L, SANDBOX_SERVICES, 0);
  for (int i = 0; i < SANDBOX_SERVICES; i++) {
    lua_pushstring(L, sandbox_tags[i]);
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

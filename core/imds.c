/* SPDX-License-Identifier: MIT */
/* token -> role -> credentials, or token -> region: a small machine whose state is what to ask
 * next. s->note holds the token until the answer; s->what the plan. */
#include "imds.h"

#include "credentials_json.h"

#include <string.h>

#define TTL_SECONDS "21600"
#define ROLES_PATH  "/latest/meta-data/iam/security-credentials/"
#define REGION_PATH "/latest/meta-data/placement/region"

enum { FOR_REGION = 1, TOKEN_RENEWED = 2 };

static void ask_token(struct step *s);
static void ask_role(struct step *s);
static void ask_region(struct step *s);

static const struct credentials_plan *plan_of(const struct step *s) {
  return s->what;
}

static bool is_ok(const struct client_call *call, int status) {
  return call && client_call_error(call) == CLIENT_OK && client_call_status(call) == status;
}

static bool is_text(struct slice body, size_t most) {
  for (size_t i = 0; i < body.len; i++)
    if (body.data[i] < 0x21 || body.data[i] > 0x7e) return false;
  return body.len > 0 && body.len <= most;
}

static struct slice trimmed(struct slice s) {
  while (s.len && strchr(" \t\r\n", s.data[s.len - 1])) s.len--;
  return s;
}

static void set_up(struct step *s, const char *method) {
  step_clear(s, method);
  s->timeout_ms = plan_of(s)->instance.timeout_ms;
  s->tries = plan_of(s)->instance.tries;
}

/* A GET, with the token where there is one. */
static void get(struct step *s, const char *path, struct slice more,
                void (*answered)(struct step *, const struct client_call *)) {
  struct bytes url = {0};
  int err = bytes_printf(&url, "%s%s%.*s", plan_of(s)->instance.endpoint, path, (int)more.len,
                         more.data ? more.data : "");
  set_up(s, "GET");
  s->url = url;
  if (!err && s->note.len) err = step_header(s, "x-aws-ec2-metadata-token: %s", s->note.data);
  if (err)
    step_end(s, UV_ENOMEM, "out of memory");
  else
    step_send(s, answered);
}

/* The token may have ended before its time: a new one, once. True: it is being asked for. */
static bool renews_token(struct step *s, const struct client_call *call) {
  if (!is_ok(call, 401) || (s->flags & TOKEN_RENEWED)) return false;
  s->flags |= TOKEN_RENEWED;
  ask_token(s);
  return true;
}

/* --- credentials ------------------------------------------------------------------------------ */

static void on_credentials(struct step *s, const struct client_call *call) {
  if (renews_token(s, call)) return;
  if (!is_ok(call, 200)) {
    step_end_call(s, call, "the role's credentials");
    return;
  }
  struct bytes why = {0};
  int err = credentials_json(client_call_body(call), &s->found, &why);
  step_end(s, err, "the role's credentials: %s", why.data ? why.data : "");
  bytes_free(&why);
}

static void on_role(struct step *s, const struct client_call *call) {
  if (renews_token(s, call)) return;
  if (is_ok(call, 404)) {
    step_end(s, UV_ENOENT, "this instance has no role: attach an instance profile");
    return;
  }
  if (!is_ok(call, 200)) {
    step_end_call(s, call, plan_of(s)->instance.endpoint);
    return;
  }
  struct slice role = trimmed(client_call_body(call));
  if (!is_text(role, 128) || memchr(role.data, '/', role.len) || memchr(role.data, '?', role.len))
    step_end(s, UV_EINVAL, "an answer that names no role");
  else
    get(s, ROLES_PATH, role, on_credentials);
}

static void ask_role(struct step *s) {
  get(s, ROLES_PATH, (struct slice){0}, on_role);
}

/* --- region ----------------------------------------------------------------------------------- */

static void on_region(struct step *s, const struct client_call *call) {
  if (renews_token(s, call)) return;
  bytes_wipe(&s->note);
  struct slice region = is_ok(call, 200) ? trimmed(client_call_body(call)) : (struct slice){0};
  if (!is_text(region, 32))
    step_end(s, UV_ENOENT, "no region in the instance metadata");
  else
    step_end(s, bytes_append(&s->note, region.data, region.len), "out of memory");
}

static void ask_region(struct step *s) {
  get(s, REGION_PATH, (struct slice){0}, on_region);
}

/* --- token ------------------------------------------------------------------------------------ */

static void go_on(struct step *s) {
  if (s->flags & FOR_REGION)
    ask_region(s);
  else
    ask_role(s);
}

/* Version 1 asks without a token. Version 2's answer may be lost behind a hop limit:
 * it was sent, and nothing came. */
static void fall_back(struct step *s, const char *because) {
  if (plan_of(s)->instance.v1_disabled)
    step_end(s, UV_EIO, "%s, and version 1 is off (AWS_EC2_METADATA_V1_DISABLED)", because);
  else
    go_on(s);
}

static void on_token(struct step *s, const struct client_call *call) {
  int status = call && client_call_error(call) == CLIENT_OK ? client_call_status(call) : 0;
  struct slice token = status == 200 ? client_call_body(call) : (struct slice){0};
  bytes_wipe(&s->note);
  if (status == 200 && !is_text(token, 4096))
    step_end(s, UV_EINVAL, "an answer that is no session token");
  else if (status == 200 && bytes_append(&s->note, token.data, token.len))
    step_end(s, UV_ENOMEM, "out of memory");
  else if (status == 200)
    go_on(s);
  else if (status == 403 || status == 404 || status == 405)
    fall_back(s, "version 2 was refused");
  else if (call && client_call_error(call) == CLIENT_TIMEOUT && client_call_sent(call))
    fall_back(s, "version 2 did not answer in time");
  else if (call && !status && !client_call_sent(call))
    step_end(s, UV_ENOENT, "no instance metadata at %s: %s", plan_of(s)->instance.endpoint,
             client_call_message(call));
  else
    step_end_call(s, call, plan_of(s)->instance.endpoint);
}

/* What decides between the versions is decided at once. */
static bool token_again(const struct client_call *call) {
  int status = client_call_error(call) == CLIENT_OK ? client_call_status(call) : 0;
  return status >= 500 || (!status && client_call_error(call) != CLIENT_TIMEOUT);
}

static void ask_token(struct step *s) {
  set_up(s, "PUT");
  s->again = token_again;
  if (bytes_printf(&s->url, "%s/latest/api/token", plan_of(s)->instance.endpoint) ||
      step_header(s, "x-aws-ec2-metadata-token-ttl-seconds: " TTL_SECONDS))
    step_end(s, UV_ENOMEM, "out of memory");
  else
    step_send(s, on_token);
}

void imds_fetch(struct step *s, const struct credentials_plan *plan) {
  s->what = plan;
  s->flags = 0;
  ask_token(s);
}

void imds_region(struct step *s, const struct credentials_plan *plan) {
  s->what = plan;
  s->flags = FOR_REGION;
  ask_token(s);
}

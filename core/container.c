/* SPDX-License-Identifier: MIT */
/* GET the endpoint with the token of the environment, three tries a second apart. */
#include "container.h"

#include "credentials_json.h"

#include <string.h>

enum { TIMEOUT_MS = 2000, TRIES = 3 };

/* 0, or why has been said. */
static int add_token(struct step *s, const struct credentials_plan *plan) {
  struct bytes file = {0};
  const char *token = plan->container.token, *path = plan->container.token_file;
  if (path) {
    int err = step_read_token(path, &file);
    if (err) {
      step_end(s, err, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE %s cannot be read: %s", path,
               uv_strerror(err));
      return err;
    }
    token = file.data;
  }
  int err = 0;
  if (token && strpbrk(token, "\r\n")) {
    err = UV_EINVAL;
    step_end(s, err, "a line break in %s", path ? path : "AWS_CONTAINER_AUTHORIZATION_TOKEN");
  } else if (token && *token) {
    err = step_header(s, "Authorization: %s", token);
    if (err) step_end(s, err, "out of memory");
  }
  bytes_wipe(&file);
  return err;
}

static void on_credentials(struct step *s, const struct client_call *call) {
  const char *url = s->what;
  if (!call || client_call_error(call) != CLIENT_OK) {
    step_end_call(s, call, url);
    return;
  }
  struct bytes why = {0};
  int err = credentials_json(client_call_body(call), &s->found, &why);
  int status = client_call_status(call);
  if (status != 200) {
    found_wipe(&s->found);
    err = UV_EIO;
  }
  step_end(s, err, "%s answered %d: %s", url, status, why.data ? why.data : "");
  bytes_free(&why);
}

/* An answer that is none may be one a second later. */
static bool again(const struct client_call *call) {
  struct found found = {0};
  struct bytes why = {0};
  bool good = client_call_error(call) == CLIENT_OK && client_call_status(call) == 200 &&
              !credentials_json(client_call_body(call), &found, &why);
  found_wipe(&found);
  bytes_free(&why);
  return !good;
}

void container_fetch(struct step *s, const struct credentials_plan *plan) {
  step_clear(s, "GET");
  s->what = plan->container.url;
  s->timeout_ms = TIMEOUT_MS;
  s->tries = TRIES;
  s->again = again;
  if (bytes_printf(&s->url, "%s", plan->container.url) ||
      step_header(s, "Accept: application/json")) {
    step_end(s, UV_ENOMEM, "out of memory");
    return;
  }
  if (!add_token(s, plan)) step_send(s, on_credentials);
}

/* --- the region ------------------------------------------------------------------------------- */

/* "arn:aws:ecs:us-west-2:123456789012:task/…": what is between the third colon and the fourth. */
static int region_of_arn(const char *arn, struct bytes *out) {
  for (int colons = 0; colons < 3; colons++) {
    arn = strchr(arn, ':');
    if (!arn) return UV_ENOENT;
    arn++;
  }
  size_t len = strcspn(arn, ":");
  return arn[len] && len && len < 32 ? bytes_append(out, arn, len) : UV_ENOENT;
}

static void on_task(struct step *s, const struct client_call *call) {
  struct bytes arn = {0};
  int err = UV_ENOENT;
  if (call && client_call_error(call) == CLIENT_OK && client_call_status(call) == 200)
    err = credentials_json_member(client_call_body(call), "TaskARN", &arn);
  if (!err) err = region_of_arn(arn.data, &s->note);
  bytes_free(&arn);
  step_end(s, err, "no region in the task metadata");
}

void container_region(struct step *s) {
  const char *base = aws_variable("ECS_CONTAINER_METADATA_URI_V4");
  step_clear(s, "GET");
  s->timeout_ms = TIMEOUT_MS;
  s->tries = 1;
  if (!base || !credentials_uri_allowed(base))
    step_end(s, UV_ENOENT, "no ECS task");
  else if (bytes_printf(&s->url, "%s/task", base))
    step_end(s, UV_ENOMEM, "out of memory");
  else
    step_send(s, on_task);
}

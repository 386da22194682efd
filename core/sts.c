/* SPDX-License-Identifier: MIT */
/* The form, its signature where the action wants one, and the answer's words. */
#include "sts.h"

#include "encoding.h"
#include "sigv4.h"
#include "target.h"
#include "timestamp.h"
#include "xml.h"

#include <stdio.h>
#include <string.h>

enum { TIMEOUT_MS = 5000, TRIES = 3 };
#define FORM "application/x-www-form-urlencoded"

int sts_url(const char *region, const char *otherwise, struct bytes *out) {
  size_t start = out->len;
  int err = aws_endpoint_url("STS", out);
  if (err == UV_ENOENT && otherwise && *otherwise) err = bytes_printf(out, "%s", otherwise);
  if (!err)
    while (out->len > start && out->data[out->len - 1] == '/') out->data[--out->len] = '\0';
  if (err != UV_ENOENT) return err ? err : bytes_append(out, "/", 1);
  if (!region || !*region) return bytes_printf(out, "https://sts.amazonaws.com/");
  return bytes_printf(out, "https://sts.%s.amazonaws.com%s/", region,
                      strncmp(region, "cn-", 3) == 0 ? ".cn" : "");
}

/* --- the answer ------------------------------------------------------------------------------- */

struct reading {
  struct sts_answer *answer;
  char root[128];
  int times; /* how many of the four were there */
};

static int take(struct bytes *out, struct slice text) {
  return out->len || !text.len ? UV_EINVAL : bytes_append(out, text.data, text.len);
}

static int on_credential(struct reading *r, const char *name, struct slice text) {
  struct found *f = &r->answer->found;
  r->times++;
  if (!strcmp(name, "AccessKeyId")) return take(&f->access_key_id, text);
  if (!strcmp(name, "SecretAccessKey")) return take(&f->secret_access_key, text);
  if (!strcmp(name, "SessionToken")) return take(&f->session_token, text);
  if (!strcmp(name, "Expiration"))
    return timestamp_parse_extended(text, &f->expires) ? 0 : UV_EINVAL;
  r->times--;
  return 0;
}

static int on_leaf(void *ctx, const char *path, struct slice text) {
  struct reading *r = ctx;
  struct sts_answer *a = r->answer;
  size_t len = strlen(r->root);
  if (!strncmp(path, r->root, len)) return on_credential(r, path + len, text);
  if (!strcmp(path, "ErrorResponse/Error/Code"))
    snprintf(a->code, sizeof a->code, "%.*s", (int)text.len, text.data);
  if (!strcmp(path, "ErrorResponse/Error/Message")) {
    bytes_clear(&a->message);
    return step_quote(&a->message, text.data, text.len);
  }
  return 0;
}

int sts_read(const char *action, struct slice document, struct sts_answer *out) {
  struct reading r = {.answer = out};
  *out = (struct sts_answer){0};
  snprintf(r.root, sizeof r.root, "%sResponse/%sResult/Credentials/", action, action);
  int err = strlen(r.root) < sizeof r.root - 1 ? xml_read(document, on_leaf, &r) : UV_EINVAL;
  bool whole = r.times == 4 && out->found.access_key_id.len && out->found.secret_access_key.len &&
               out->found.session_token.len && out->found.expires;
  if (!err && !whole) err = UV_EINVAL;
  if (err) found_wipe(&out->found);
  return err;
}

void sts_answer_wipe(struct sts_answer *a) {
  found_wipe(&a->found);
  bytes_free(&a->message);
}

static bool again(const struct client_call *call) {
  static const char *const passing[] = {"IDPCommunicationError",     "Throttling",
                                        "ThrottlingException",       "RequestLimitExceeded",
                                        "RequestThrottled",          "TooManyRequestsException",
                                        "RequestThrottledException", "RequestTimeout"};
  if (client_call_error(call) != CLIENT_OK) return true;
  int status = client_call_status(call);
  if (status == 429 || status >= 500) return true;
  struct sts_answer answer;
  bool found = false;
  sts_read("Any", client_call_body(call), &answer);
  for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
    found = found || !strcmp(answer.code, passing[i]);
  sts_answer_wipe(&answer);
  return found;
}

static void on_answer(struct step *s, const struct client_call *call) {
  const char *action = s->what;
  if (!call || client_call_error(call) != CLIENT_OK) {
    step_end_call(s, call, "STS");
    return;
  }
  struct sts_answer answer;
  int err = sts_read(action, client_call_body(call), &answer), status = client_call_status(call);
  if (!err && status == 200) {
    s->found = answer.found;
    answer.found = (struct found){0};
    sts_answer_wipe(&answer);
    step_end(s, 0, "%s", "");
    return;
  }
  char said[512];
  snprintf(said, sizeof said, "%s%s%s", answer.code, answer.message.len ? ": " : "",
           answer.message.len ? answer.message.data : "");
  sts_answer_wipe(&answer);
  step_end(s, err == UV_ENOMEM ? UV_ENOMEM : UV_EIO, "STS %s answered %d: %s", action, status,
           *said ? said : "nothing that can be read");
}

/* --- the question ----------------------------------------------------------------------------- */

static int field(struct step *s, const char *name, const char *value, size_t len) {
  int err = bytes_printf(&s->body, "&%s=", name);
  if (!err) err = bytes_reserve(&s->body, 3 * len);
  if (err) return err;
  s->body.len += percent_encode(value, len, 0, s->body.data + s->body.len);
  s->body.data[s->body.len] = '\0';
  return 0;
}

static int text_field(struct step *s, const char *name, const char *value) {
  return field(s, name, value, strlen(value));
}

static int begin(struct step *s, const char *action, const struct sts_place *at, const char *role,
                 const char *session) {
  char made[40];
  step_clear(s, "POST");
  s->what = action;
  s->timeout_ms = TIMEOUT_MS;
  s->tries = TRIES;
  s->again = again;
  snprintf(made, sizeof made, "usher-%lld", (long long)at->time);
  int err = bytes_printf(&s->url, "%s", at->url);
  if (!err) err = bytes_reserve(&s->body, 64 << 10); /* a token does not move on its way */
  if (!err) err = bytes_printf(&s->body, "Action=%s&Version=2011-06-15", action);
  if (!err) err = text_field(s, "RoleArn", role);
  if (!err) err = text_field(s, "RoleSessionName", session ? session : made);
  return err ? err : step_header(s, "Content-Type: " FORM);
}

void sts_web_identity(struct step *s, const struct credentials_plan *plan,
                      const struct sts_place *at) {
  const char *path = plan->web.token_file;
  struct bytes token = {0};
  int err = step_read_token(path, &token);
  if (err) {
    step_end(s, err, "the token file %s cannot be read: %s", path, uv_strerror(err));
    return;
  }
  while (token.len && strchr(" \t\r\n", token.data[token.len - 1])) token.len--;
  if (!token.len) {
    bytes_wipe(&token);
    step_end(s, UV_EINVAL, "the token file %s is empty", path);
    return;
  }
  err = begin(s, "AssumeRoleWithWebIdentity", at, plan->web.role_arn, plan->web.session_name);
  if (!err) err = field(s, "WebIdentityToken", token.data, token.len);
  bytes_wipe(&token);
  if (err)
    step_end(s, err, "out of memory");
  else
    step_send(s, on_answer);
}

static struct slice slice_of(const struct bytes *b) {
  return (struct slice){b->data, b->len};
}

static struct slice slice(const char *text) {
  return (struct slice){text, strlen(text)};
}

/* As it goes out: without the scheme's own port. */
static struct slice host_of(const struct target *t) {
  struct slice host = t->authority, port = slice(t->scheme.len == 5 ? ":443" : ":80");
  if (host.len > port.len && !memcmp(host.data + host.len - port.len, port.data, port.len))
    host.len -= port.len;
  return host;
}

/* Adds the headers that sign it. 0 or UV_E*. */
static int sign(struct step *s, const struct found *base, const struct sts_place *at) {
  struct target target;
  if (!target_parse(slice(at->url), &target) || !target.scheme.len) return UV_EINVAL;
  const struct sigv4_header headers[] = {{slice("host"), host_of(&target)},
                                         {slice("content-type"), slice(FORM)}};
  const struct sigv4_request request = {.method = slice("POST"),
                                        .path = target.path,
                                        .query = target.query,
                                        .body = slice_of(&s->body),
                                        .headers = headers,
                                        .header_count = 2};
  const struct sigv4_options options = {.access_key_id = slice_of(&base->access_key_id),
                                        .secret = slice_of(&base->secret_access_key),
                                        .token = slice_of(&base->session_token),
                                        .region = slice(at->region),
                                        .service = slice("sts"),
                                        .time = at->time};
  struct sigv4_keys *keys = sigv4_keys_new();
  struct sigv4_signed made = {0};
  int err = keys ? sigv4_sign(keys, &request, &options, &made) : UV_ENOMEM;
  if (!err) err = step_header(s, "X-Amz-Date: %s", made.date);
  if (!err && options.token.len)
    err = step_header(s, "X-Amz-Security-Token: %s", base->session_token.data);
  if (!err) err = step_header(s, "Authorization: %s", made.authorization.data);
  sigv4_signed_free(&made);
  sigv4_keys_free(keys);
  return err;
}

void sts_assume_role(struct step *s, const struct credentials_role *role, const struct found *base,
                     const struct sts_place *at) {
  char seconds[16];
  snprintf(seconds, sizeof seconds, "%u", role->duration);
  int err = begin(s, "AssumeRole", at, role->arn, role->session_name);
  if (!err && role->external_id) err = text_field(s, "ExternalId", role->external_id);
  if (!err && role->duration) err = text_field(s, "DurationSeconds", seconds);
  if (!err) err = sign(s, base, at);
  if (err)
    step_end(s, err, "the request to STS cannot be made: %s", uv_strerror(err));
  else
    step_send(s, on_answer);
}

/* SPDX-License-Identifier: MIT */
/* Reading is Jansson's; the strings of its tree are wiped before it goes. */
#include "credentials_json.h"

#include "timestamp.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <string.h>

static json_t *load(struct slice document) {
  json_error_t problem;
  json_t *root = json_loadb(document.data ? document.data : "", document.len,
                            JSON_REJECT_DUPLICATES, &problem);
  if (json_is_object(root)) return root;
  json_decref(root);
  return NULL;
}

static void unload(json_t *root) {
  const char *name;
  json_t *value;
  json_object_foreach(root, name, value) {
    if (json_is_string(value))
      OPENSSL_cleanse((void *)(uintptr_t)json_string_value(value), json_string_length(value));
  }
  json_decref(root);
}

/* "" as good as not there. */
static const char *text_of(const json_t *root, const char *name) {
  const char *value = json_string_value(json_object_get(root, name));
  return value && *value ? value : NULL;
}

static int refuse(struct bytes *why, const json_t *root, const char *code) {
  const char *message = text_of(root, "Message");
  if (!message) message = text_of(root, "message");
  int err = step_quote(why, code, strlen(code));
  if (!err && message) err = bytes_append(why, ": ", 2);
  if (!err && message) err = step_quote(why, message, strlen(message));
  return err ? err : UV_EINVAL;
}

static int take(const json_t *root, const char *name, struct bytes *out, struct bytes *why) {
  const char *value = text_of(root, name);
  if (value) return bytes_append(out, value, strlen(value));
  int err = bytes_printf(why, "an answer without %s", name);
  return err ? err : UV_EINVAL;
}

static int take_expiration(const json_t *root, struct found *out, struct bytes *why) {
  const char *when = text_of(root, "Expiration");
  if (!when) return 0; /* lasting credentials: the container endpoint may hand them out */
  if (timestamp_parse_extended((struct slice){when, strlen(when)}, &out->expires)) return 0;
  int err = bytes_printf(why, "an answer whose Expiration is no time");
  return err ? err : UV_EINVAL;
}

static int read_object(const json_t *root, struct found *out, struct bytes *why) {
  const char *code = text_of(root, "Code");
  if (!code) code = text_of(root, "code");
  if (code && strcmp(code, "Success") != 0) return refuse(why, root, code);
  int err = take(root, "AccessKeyId", &out->access_key_id, why);
  if (!err) err = take(root, "SecretAccessKey", &out->secret_access_key, why);
  if (!err && text_of(root, "Token")) err = take(root, "Token", &out->session_token, why);
  return err ? err : take_expiration(root, out, why);
}

int credentials_json(struct slice document, struct found *out, struct bytes *why) {
  json_t *root = load(document);
  if (!root) {
    int err = bytes_printf(why, "an answer that is no JSON object");
    return err ? err : UV_EINVAL;
  }
  int err = read_object(root, out, why);
  unload(root);
  if (err) found_wipe(out);
  return err;
}

int credentials_json_member(struct slice document, const char *name, struct bytes *out) {
  json_t *root = load(document);
  if (!root) return UV_EINVAL;
  const char *value = text_of(root, name);
  int err = value ? bytes_append(out, value, strlen(value)) : UV_ENOENT;
  unload(root);
  return err;
}

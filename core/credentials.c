/* SPDX-License-Identifier: MIT */
/* The credential chain. The one shared snapshot is behind a mutex that is held for a pointer's
 * time, and for the reading of two small files when there is none. */
#include "credentials.h"

#include "aws_config.h"
#include "timestamp.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

struct snapshot {
  struct credentials shown;
  atomic_uint refs;
  size_t len;
  char text[]; /* the four strings */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct snapshot *current;

static struct snapshot *snapshot_of(const struct credentials *c) {
  return (struct snapshot *)((char *)(uintptr_t)c - offsetof(struct snapshot, shown));
}

static const char *keep(char **room, const char *s) {
  if (!s) return NULL;
  char *kept = *room;
  size_t len = strlen(s) + 1;
  memcpy(kept, s, len);
  *room += len;
  return kept;
}

static struct snapshot *snapshot_new(const struct credentials *from) {
  size_t len = strlen(from->access_key_id) + strlen(from->secret_access_key) +
               strlen(from->source) + (from->session_token ? strlen(from->session_token) : 0) + 4;
  struct snapshot *s = malloc(sizeof *s + len);
  if (!s) return NULL;
  char *room = s->text;
  s->len = len;
  atomic_init(&s->refs, 1);
  s->shown.access_key_id = keep(&room, from->access_key_id);
  s->shown.secret_access_key = keep(&room, from->secret_access_key);
  s->shown.session_token = keep(&room, from->session_token);
  s->shown.source = keep(&room, from->source);
  s->shown.expires = from->expires;
  return s;
}

void credentials_unref(const struct credentials *c) {
  if (!c) return;
  struct snapshot *s = snapshot_of(c);
  if (atomic_fetch_sub(&s->refs, 1) > 1) return;
  OPENSSL_cleanse(s->text, s->len);
  free(s);
}

/* --- the providers ---------------------------------------------------------------------------- */

/* Each returns 0 and a snapshot, or UV_ENOENT (ask the next), UV_EINVAL (stop here), UV_ENOMEM; and
 * says why. */
typedef int (*provider)(const struct aws_config *config, struct snapshot **out, struct bytes *why);

/* A key id without its secret, or the other way round, is a mistake to be told, not to be passed
 * over. */
static int finish(struct credentials *found, const char *where, struct snapshot **out,
                  struct bytes *why) {
  if (!found->access_key_id || !found->secret_access_key) {
    int err = bytes_printf(why, "%s (%s)", where,
                           found->access_key_id ? "an access key id without its secret"
                                                : "a secret access key without its id");
    return err ? err : UV_EINVAL;
  }
  found->source = where;
  *out = snapshot_new(found);
  return *out ? 0 : UV_ENOMEM;
}

static int from_environment(const struct aws_config *config, struct snapshot **out,
                            struct bytes *why) {
  (void)config;
  struct credentials found = {.access_key_id = aws_variable("AWS_ACCESS_KEY_ID"),
                              .secret_access_key = aws_variable("AWS_SECRET_ACCESS_KEY"),
                              .session_token = aws_variable("AWS_SESSION_TOKEN")};
  const char *expiration = aws_variable("AWS_CREDENTIAL_EXPIRATION");
  if (!found.access_key_id && !found.secret_access_key) {
    int err = bytes_printf(why, "environment (AWS_ACCESS_KEY_ID is not set)");
    return err ? err : UV_ENOENT;
  }
  if (expiration &&
      !timestamp_parse_extended((struct slice){expiration, strlen(expiration)}, &found.expires)) {
    int err =
        bytes_printf(why, "environment (AWS_CREDENTIAL_EXPIRATION is no time: %s)", expiration);
    return err ? err : UV_EINVAL;
  }
  return finish(&found, "environment", out, why);
}

static int nothing_in_file(const struct aws_config *config, enum aws_file file, struct bytes *why) {
  static const char *const others[] = {"role_arn", "credential_process", "sso_session",
                                       "sso_start_url"};
  int error = aws_config_file_error(config, file);
  int err = bytes_printf(why, "%s (", aws_config_path(config, file));
  if (!err && error) err = bytes_printf(why, "%s", uv_strerror(error));
  if (!err && !error)
    err = bytes_printf(why, "profile %s has no aws_access_key_id", aws_config_profile(config));
  for (size_t i = 0; i < sizeof others / sizeof *others && !err; i++)
    if (aws_config_get(config, file, others[i]))
      err = bytes_printf(why, ", and its %s is not understood", others[i]);
  if (!err) err = bytes_append(why, ")", 1);
  return err ? err : UV_ENOENT;
}

static int from_file(const struct aws_config *config, enum aws_file file, struct snapshot **out,
                     struct bytes *why) {
  struct credentials found = {.access_key_id = aws_config_get(config, file, "aws_access_key_id"),
                              .secret_access_key =
                                  aws_config_get(config, file, "aws_secret_access_key"),
                              .session_token = aws_config_get(config, file, "aws_session_token")};
  if (!found.access_key_id && !found.secret_access_key) return nothing_in_file(config, file, why);
  struct bytes where = {0};
  int err = bytes_printf(&where, "file %s, profile %s", aws_config_path(config, file),
                         aws_config_profile(config));
  if (!err) err = finish(&found, where.data, out, why);
  bytes_free(&where);
  return err;
}

static int from_credentials_file(const struct aws_config *config, struct snapshot **out,
                                 struct bytes *why) {
  return from_file(config, AWS_CREDENTIALS_FILE, out, why);
}

static int from_config_file(const struct aws_config *config, struct snapshot **out,
                            struct bytes *why) {
  return from_file(config, AWS_CONFIG_FILE, out, why);
}

/* In the order in which they are asked. Those that need the network (web identity, container,
 * instance metadata) belong at the end, in this order. */
static const provider providers[] = {from_environment, from_credentials_file, from_config_file};

static int ask_providers(struct snapshot **out, struct bytes *why) {
  struct aws_config *config;
  int err = aws_config_open(&config);
  if (err) return err;
  err = bytes_printf(why, "no AWS credentials; looked at ");
  for (size_t i = 0; i < sizeof providers / sizeof *providers && !err; i++) {
    if (i) err = bytes_append(why, ", ", 2);
    if (!err) err = providers[i](config, out, why);
    if (err != UV_ENOENT) break;
    err = 0;
  }
  aws_config_close(config);
  return err ? err : *out ? 0 : UV_ENOENT;
}

/* --- the shared snapshot ---------------------------------------------------------------------- */

void credentials_reset(void) {
  pthread_mutex_lock(&lock);
  struct snapshot *old = current;
  current = NULL;
  pthread_mutex_unlock(&lock);
  if (old) credentials_unref(&old->shown);
}

static bool usable(const struct snapshot *s) {
  return s && (!s->shown.expires || s->shown.expires > (int64_t)time(NULL));
}

int credentials_get(const struct credentials **out, struct bytes *why) {
  struct snapshot *found = NULL, *old = NULL;
  struct bytes said = {0};
  int err = 0;
  pthread_mutex_lock(&lock);
  if (!usable(current)) {
    err = ask_providers(&found, &said);
    if (!err) {
      old = current;
      current = found;
    }
  }
  if (!err) {
    atomic_fetch_add(&current->refs, 1);
    *out = &current->shown;
  }
  pthread_mutex_unlock(&lock);
  if (old) credentials_unref(&old->shown);
  if (err && said.data && bytes_append(why, said.data, said.len)) err = UV_ENOMEM;
  bytes_free(&said);
  return err;
}

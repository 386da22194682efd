/* SPDX-License-Identifier: MIT */
/* AWS's shared files as one list of settings that point into the two texts; both are wiped on
 * close, for they may hold secrets. */
#include "aws_config.h"

#include "file.h"
#include "ini.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uv.h>

enum { FILE_MAX = 1 << 20 };

struct setting {
  enum aws_file file;
  bool services;    /* of a [services name], else of a profile */
  bool plain;       /* of the config file's [default], which yields to [profile default] */
  const char *name; /* of the profile or services section */
  const char *key, *sub, *value;
};

struct source {
  char *path; /* NULL without a home */
  struct bytes text;
  int error;
};

struct aws_config {
  char *profile;
  struct source sources[2];
  struct setting *settings;
  size_t count, room;
  enum aws_file reading;
};

const char *aws_variable(const char *name) {
  const char *value = getenv(name);
  return value && *value ? value : NULL;
}

static int place(const char *variable, const char *below_home, char **path) {
  const char *named = aws_variable(variable), *home = aws_variable("HOME");
  struct bytes out = {0};
  int err;
  *path = NULL;
  if (named && strncmp(named, "~/", 2) == 0 && home)
    err = bytes_printf(&out, "%s%s", home, named + 1);
  else if (named)
    err = bytes_printf(&out, "%s", named);
  else if (home)
    err = bytes_printf(&out, "%s%s", home, below_home);
  else
    return 0;
  *path = out.data;
  return err;
}

static void source_read(struct source *s) {
  s->error = s->path ? file_read(s->path, FILE_MAX, &s->text) : UV_ENOENT;
  for (size_t i = 0; i < s->text.len; i++)
    if (!s->text.data[i]) s->text.data[i] = ' ';
}

/* "profile dev" and word "profile": "dev"; quotes around the name go. NULL for another word. */
static const char *named_section(const char *section, const char *word) {
  size_t len = strlen(word);
  if (strncmp(section, word, len) || (section[len] != ' ' && section[len] != '\t')) return NULL;
  section += len;
  return section + strspn(section, " \t");
}

static bool names(const char *section_name, const char *wanted) {
  size_t len = strlen(section_name);
  bool quoted = len > 1 && (*section_name == '"' || *section_name == '\'') &&
                section_name[len - 1] == *section_name;
  if (quoted) section_name++, len -= 2;
  return strlen(wanted) == len && !memcmp(section_name, wanted, len);
}

static int on_setting(void *ctx, const char *section, const char *key, const char *sub,
                      const char *value) {
  struct aws_config *c = ctx;
  struct setting s = {c->reading, false, false, section, key, sub, value};
  s.plain = c->reading == AWS_CONFIG_FILE && !strcmp(section, "default");
  if (c->reading == AWS_CONFIG_FILE && !s.plain) {
    const char *services = named_section(section, "services");
    s.services = services != NULL;
    s.name = services ? services : named_section(section, "profile");
    if (!s.name) return 0;
  }
  if (c->count == c->room) {
    size_t room = c->room ? 2 * c->room : 32;
    struct setting *grown = realloc(c->settings, room * sizeof *grown);
    if (!grown) return UV_ENOMEM;
    c->settings = grown;
    c->room = room;
  }
  c->settings[c->count++] = s;
  return 0;
}

int aws_config_open(struct aws_config **out) {
  const char *profile = aws_variable("AWS_PROFILE");
  if (!profile) profile = aws_variable("AWS_DEFAULT_PROFILE");
  struct aws_config *c = calloc(1, sizeof *c);
  if (!c) return UV_ENOMEM;
  c->profile = strdup(profile ? profile : "default");
  int err = c->profile ? 0 : UV_ENOMEM;
  if (!err)
    err = place("AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials",
                &c->sources[AWS_CREDENTIALS_FILE].path);
  if (!err) err = place("AWS_CONFIG_FILE", "/.aws/config", &c->sources[AWS_CONFIG_FILE].path);
  for (int file = 0; file < 2 && !err; file++) {
    struct source *s = &c->sources[file];
    c->reading = (enum aws_file)file;
    source_read(s);
    if (s->error == UV_ENOMEM) err = UV_ENOMEM;
    if (!s->error) err = ini_read(s->text.data, on_setting, c);
  }
  if (err)
    aws_config_close(c);
  else
    *out = c;
  return err;
}

void aws_config_close(struct aws_config *c) {
  if (!c) return;
  for (int file = 0; file < 2; file++) {
    bytes_wipe(&c->sources[file].text);
    free(c->sources[file].path);
  }
  free(c->settings);
  free(c->profile);
  free(c);
}

const char *aws_config_profile(const struct aws_config *c) {
  return c->profile;
}

const char *aws_config_path(const struct aws_config *c, enum aws_file file) {
  return c->sources[file].path ? c->sources[file].path : "(no HOME)";
}

int aws_config_file_error(const struct aws_config *c, enum aws_file file) {
  return c->sources[file].error;
}

/* The last one written counts, but "[profile default]" before "[default]". */
static const char *look_up(const struct aws_config *c, enum aws_file file, bool services,
                           const char *name, const char *key, const char *sub) {
  const struct setting *best = NULL;
  for (size_t i = 0; i < c->count; i++) {
    const struct setting *s = &c->settings[i];
    if (s->file != file || s->services != services || !names(s->name, name) ||
        strcmp(s->key, key) != 0 || !s->sub != !sub || (sub && strcmp(s->sub, sub) != 0))
      continue;
    if (!best || best->plain || !s->plain) best = s;
  }
  return best && *best->value ? best->value : NULL;
}

static const char *own(const struct aws_config *c, enum aws_file file, const char *key) {
  return look_up(c, file, false, c->profile, key, NULL);
}

const char *aws_config_of(const struct aws_config *c, enum aws_file file, const char *profile,
                          const char *key) {
  return look_up(c, file, false, profile, key, NULL);
}

const char *aws_config_find(const struct aws_config *c, const char *key) {
  const char *value = own(c, AWS_CREDENTIALS_FILE, key);
  return value ? value : own(c, AWS_CONFIG_FILE, key);
}

int aws_setting(const char *variable, const char *key, struct bytes *out) {
  const char *value = aws_variable(variable);
  if (value) return bytes_append(out, value, strlen(value));
  if (!key) return UV_ENOENT;
  struct aws_config *c;
  int err = aws_config_open(&c);
  if (err) return err;
  value = aws_config_find(c, key);
  err = value ? bytes_append(out, value, strlen(value)) : UV_ENOENT;
  aws_config_close(c);
  return err;
}

int aws_region(struct bytes *out) {
  return aws_setting(aws_variable("AWS_REGION") ? "AWS_REGION" : "AWS_DEFAULT_REGION", "region",
                     out);
}

/* "Cognito Identity Provider" as one word of a file or a variable. */
static int service_word(const char *service_id, bool upper, struct bytes *out) {
  int err = bytes_append(out, service_id, strlen(service_id));
  if (err) return err;
  for (char *at = out->data + out->len - strlen(service_id); *at; at++) {
    bool small = *at >= 'a' && *at <= 'z', big = *at >= 'A' && *at <= 'Z';
    bool digit = *at >= '0' && *at <= '9';
    if (!small && !big && !digit) *at = '_';
    if (small && upper) *at = (char)(*at - 'a' + 'A');
    if (big && !upper) *at = (char)(*at + 'a' - 'A');
  }
  return 0;
}

static const char *url_in_files(const struct aws_config *c, const char *service) {
  const char *ignore = aws_config_find(c, "ignore_configured_endpoint_urls");
  if (ignore && !strcasecmp(ignore, "true")) return NULL;
  const char *services = aws_config_find(c, "services");
  const char *url =
      services ? look_up(c, AWS_CONFIG_FILE, true, services, service, "endpoint_url") : NULL;
  return url ? url : aws_config_find(c, "endpoint_url");
}

int aws_endpoint_url(const char *service_id, struct bytes *out) {
  const char *ignore = aws_variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), *url = NULL;
  if (ignore && !strcasecmp(ignore, "true")) return UV_ENOENT;
  struct bytes variable = {0}, word = {0};
  struct aws_config *c = NULL;
  int err = bytes_append(&variable, "AWS_ENDPOINT_URL_", 17);
  if (!err) err = service_word(service_id, true, &variable);
  if (!err) err = service_word(service_id, false, &word);
  if (err) goto done;
  url = aws_variable(variable.data);
  if (!url) url = aws_variable("AWS_ENDPOINT_URL");
  if (!url) {
    err = aws_config_open(&c);
    if (err) goto done;
    url = url_in_files(c, word.data);
  }
  err = url ? bytes_append(out, url, strlen(url)) : UV_ENOENT;
done:
  aws_config_close(c);
  bytes_free(&word);
  bytes_free(&variable);
  return err;
}

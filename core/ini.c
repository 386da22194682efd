/* SPDX-License-Identifier: MIT */
/* AWS's INI: comments, sections, settings, blocks nested one level. Called by aws_config.c. */
#include "ini.h"

#include <stdbool.h>
#include <string.h>

static bool blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

static char *trim(char *s) {
  while (blank(*s)) s++;
  char *end = s + strlen(s);
  while (end > s && blank(end[-1])) end--;
  *end = '\0';
  return s;
}

static void lower(char *s) {
  for (; *s; s++)
    if (*s >= 'A' && *s <= 'Z') *s = (char)(*s + 'a' - 'A');
}

/* A comment begins with # or ; at the start or after a blank. */
static void cut_comment(char *line) {
  for (char *at = line; *at; at++)
    if ((*at == '#' || *at == ';') && (at == line || blank(at[-1]))) {
      *at = '\0';
      return;
    }
}

/* What a section line names; NULL when it is broken. */
static char *section_name(char *line) {
  char *close = strchr(line, ']');
  if (!close || close[1]) return NULL;
  *close = '\0';
  char *name = trim(line + 1);
  return *name ? name : NULL;
}

int ini_read(char *text, ini_setting on_setting, void *ctx) {
  char *section = NULL, *block = NULL, *next;
  if (!strncmp(text, "\xef\xbb\xbf", 3)) text += 3;
  for (char *line = text; line; line = next) {
    next = strchr(line, '\n');
    if (next) *next++ = '\0';
    bool indented = blank(*line);
    cut_comment(line);
    line = trim(line);
    if (!*line) continue;
    if (!indented) block = NULL;
    if (*line == '[') {
      section = section_name(line);
      block = NULL;
      continue;
    }
    char *equals = strchr(line, '=');
    if (!equals || !section) continue;
    *equals = '\0';
    char *name = trim(line), *value = trim(equals + 1);
    if (!*name) continue;
    lower(name);
    int err = on_setting(ctx, section, block ? block : name, block ? name : NULL, value);
    if (err) return err;
    if (!block && !*value) block = name;
  }
  return 0;
}

/* SPDX-License-Identifier: MIT */
/* The two AWS files and the environment, as a row of a test has them. A group's set-up is
 * open_files, its end remove_files. */
#ifndef USHER_TESTS_AWS_FILES_H
#define USHER_TESTS_AWS_FILES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[32], credentials_path[64], config_path[64];

/* text NULL: there is no such file. */
static void write_file(const char *path, const char *text) {
  unlink(path);
  if (!text) return;
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_true(fputs(text, f) >= 0);
  assert_int_equal(fclose(f), 0);
}

/* Each "NAME=value" is in the environment, and nothing else but where the files are. */
static void write_scene(const char *const *variables, const char *credentials, const char *config) {
  clearenv();
  setenv("AWS_SHARED_CREDENTIALS_FILE", credentials_path, 1);
  setenv("AWS_CONFIG_FILE", config_path, 1);
  for (size_t i = 0; i < 6 && variables[i]; i++) {
    char name[128];
    const char *equals = strchr(variables[i], '=');
    snprintf(name, sizeof name, "%.*s", (int)(equals - variables[i]), variables[i]);
    setenv(name, equals + 1, 1);
  }
  write_file(credentials_path, credentials);
  write_file(config_path, config);
}

static int open_files(void **state) {
  (void)state;
  strcpy(dir, "/tmp/usher-aws-XXXXXX");
  if (!mkdtemp(dir)) return -1;
  snprintf(credentials_path, sizeof credentials_path, "%s/credentials", dir);
  snprintf(config_path, sizeof config_path, "%s/config", dir);
  return 0;
}

static int remove_files(void **state) {
  (void)state;
  unlink(credentials_path);
  unlink(config_path);
  return rmdir(dir);
}

#endif

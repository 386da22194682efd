/* SPDX-License-Identifier: MIT */
/*
 * `usher lambda`: lambda_command.lua does the work. Here is what comes before any Lua runs: which
 * module, which settings, and that wrong settings are told to Lambda before the process ends.
 */
#include "lambda_command.h"

#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int package(const struct lambda_options *options) {
  char *args[] = {(char *)options->package, (char *)options->config_path, NULL};
  return run_script(&(struct run_settings){.module = "lambda_package", .args = args});
}

/* The archive may hold the settings: usher.lua, beside the binary. */
static const char *own_config(char *path, size_t size) {
  const char *root = getenv("LAMBDA_TASK_ROOT");
  if (!root || snprintf(path, size, "%s/usher.lua", root) >= (int)size) return NULL;
  return access(path, R_OK) == 0 ? path : NULL;
}

int lambda_command(const struct lambda_options *options) {
  char path[4096], *problem = NULL;
  if (options->package) return package(options);
  const char *module = options->module ? options->module : getenv("_HANDLER");
  if (!module) {
    fputs("usher: lambda takes a module, like triggers.pre_sign_up, or finds it in _HANDLER\n",
          stderr);
    return 2;
  }
  char *args[] = {(char *)module, NULL, NULL};
  struct run_settings run = {
      .module = "lambda_command",
      .args = args,
      .config_path = options->config_path ? options->config_path : own_config(path, sizeof path),
      .scripts = options->scripts,
      .problem = &problem,
  };
  int code = run_script(&run);
  if (!problem) return code;
  fprintf(stderr, "usher: %s\n", problem);
  args[1] = problem;
  code = run_script(&(struct run_settings){.module = "lambda_command", .args = args});
  free(problem);
  return code;
}

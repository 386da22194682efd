/* SPDX-License-Identifier: MIT */
/* Reads a set, proves it, prints the faults: for people on standard error,
 * for programs on standard output. */
#include "check.h"

#include "proof.h"
#include "script_set.h"
#include "server_config.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t count_lines(const char *text) {
  size_t n = 1;
  for (; (text = strchr(text, '\n')); text++) n++;
  return n;
}

static void print_good(const struct check_options *options, size_t scripts) {
  if (options->json)
    printf("{\"ok\":true,\"scripts\":%zu,\"faults\":[]}\n", scripts);
  else
    printf("usher check: settings and %zu scripts are good\n", scripts);
}

static void print_faults(const struct check_options *options, const struct proof_faults *faults,
                         size_t scripts) {
  if (options->json) {
    printf("{\"ok\":false,\"scripts\":%zu,\"faults\":%s}\n", scripts, faults->json);
    return;
  }
  size_t n = count_lines(faults->lines);
  fprintf(stderr, "%s\nusher check: %zu fault%s; nothing was changed\n", faults->lines, n,
          n == 1 ? "" : "s");
}

/* What went wrong before there was anything to prove. */
static void print_problem(const struct check_options *options, const char *problem) {
  if (!options->json) {
    fprintf(stderr, "usher: %s\n", problem);
    return;
  }
  json_t *text = json_string(problem);
  char *quoted = json_dumps(text, JSON_ENCODE_ANY);
  printf("{\"ok\":false,\"scripts\":0,\"faults\":[{\"message\":%s}]}\n", quoted ? quoted : "\"\"");
  free(quoted);
  json_decref(text);
}

/* Settings that are taken, and of which serve would warn. */
static void print_doubts(const struct check_options *options, uv_loop_t *loop) {
  struct server_config config;
  struct vm *vm;
  char *problem = NULL;
  const struct vm_settings settings = {
      .loop = loop, .config_path = options->config_path, .config_over = options->config_over};
  if (vm_open(&vm, &settings, &problem) == 0) {
    if (server_config_read(vm, &config, &problem) == 0 && *config.outlasting)
      fprintf(stderr, "usher check: signup.lease should be longer than %s: " SERVER_OUTLASTING "\n",
              config.outlasting);
    vm_close(vm);
  }
  free(problem);
}

static int check_in(const struct check_options *options, uv_loop_t *loop) {
  struct script_set *set;
  struct proof_faults faults;
  char *problem;
  const struct vm_settings vm = {
      .loop = loop,
      .scripts = options->scripts,
      .config_path = options->config_path,
      .config_over = options->config_over,
  };
  int err = vm_read_set(&vm, &set, &problem);
  if (err) {
    print_problem(options, problem ? problem : uv_strerror(err));
    free(problem);
    return 1;
  }
  err = proof_now(&vm, set, "router", true, &faults);
  if (!err) print_doubts(options, loop);
  if (!err)
    print_good(options, script_set_count(set));
  else if (faults.lines)
    print_faults(options, &faults, script_set_count(set));
  else
    print_problem(options, uv_strerror(err));
  proof_faults_free(&faults);
  script_set_unref(set);
  return err ? 1 : 0;
}

int check(const struct check_options *options) {
  uv_loop_t loop;
  int err = uv_loop_init(&loop);
  if (err) {
    print_problem(options, uv_strerror(err));
    return 1;
  }
  int code = check_in(options, &loop);
  uv_run(&loop, UV_RUN_DEFAULT);
  uv_loop_close(&loop);
  return code;
}

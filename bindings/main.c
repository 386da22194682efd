/* SPDX-License-Identifier: MIT */
/* The command line: finds the command, reads its options, runs it. Exit codes: 0 ok, 1 it failed, 2 wrong usage. */
#include "run.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static int cmd_exec(int argc, char **argv);
static int cmd_test(int argc, char **argv);
static int cmd_version(int argc, char **argv);

static const struct command {
  const char *name, *summary, *help;
  int (*run)(int argc, char **argv); /* argv[0] is the command */
} commands[] = {
    {"exec", "run a Lua file with every binding",
     "usage: usher exec [--config FILE] [--scripts DIR] FILE.lua [ARG…]\n", cmd_exec},
    {"test", "run specs with busted, inside this binary",
     "usage: usher test [--config FILE] [--scripts DIR] [PATH…]\n", cmd_test},
    {"version", "print the version", "usage: usher version\n", cmd_version},
};

static int usage_error(const char *command) {
  fprintf(stderr, "usher: see 'usher %s%s--help'\n", command, *command ? " " : "");
  return 2;
}

/* Reads --config and --scripts; returns the index of the first argument, or -1. */
static int read_options(int argc, char **argv, struct run_settings *s) {
  static const struct option options[] = {
      {"config", required_argument, NULL, 'c'}, {"scripts", required_argument, NULL, 's'}, {0}};
  for (int c; (c = getopt_long(argc, argv, "+", options, NULL)) != -1;) {
    if (c == 'c')
      s->config_path = optarg;
    else if (c == 's')
      s->scripts = optarg;
    else
      return -1;
  }
  return optind;
}

static int cmd_exec(int argc, char **argv) {
  struct run_settings s = {0};
  int first = read_options(argc, argv, &s);
  if (first < 0 || first == argc) return usage_error("exec");
  s.file = argv[first];
  s.args = argv + first + 1;
  return run_script(&s);
}

static int cmd_test(int argc, char **argv) {
  struct run_settings s = {.module = "testing"};
  int first = read_options(argc, argv, &s);
  if (first < 0) return usage_error("test");
  s.args = argv + first;
  return run_script(&s);
}

static int cmd_version(int argc, char **argv) {
  (void)argc, (void)argv;
  puts("usher " USHER_VERSION);
  return 0;
}

static void print_help(void) {
  puts("usher: customer sign-up in one binary\n\nusage: usher COMMAND [OPTION…]\n");
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
    printf("  %-9s %s\n", commands[i].name, commands[i].summary);
  puts("\n'usher COMMAND --help' says more about one of them.");
}

static const struct command *find(const char *name) {
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
    if (strcmp(commands[i].name, name) == 0) return &commands[i];
  return NULL;
}

int main(int argc, char **argv) {
  if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
    print_help();
    return argc < 2 ? 2 : 0;
  }
  const struct command *command = find(argv[1]);
  if (!command) {
    fprintf(stderr, "usher: there is no command '%s'\n", argv[1]);
    return usage_error("");
  }
  if (argc > 2 && strcmp(argv[2], "--help") == 0) {
    fputs(command->help, stdout);
    return 0;
  }
  return command->run(argc - 1, argv + 1);
}

/* SPDX-License-Identifier: MIT */
/* The command line: finds the command, reads its options, runs it. Exit codes:
 * 0 ok, 1 it failed, 2 wrong usage. */
#include "check.h"
#include "commands.h"
#include "dev.h"
#include "lambda_command.h"
#include "output.h"
#include "overlay.h"
#include "run.h"
#include "sandbox_settings.h"
#include "serve.h"

#include "bytes.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LAST_WORDS_MS 1000 /* for who reads the output, when it ends */

static int cmd_serve(int argc, char **argv);
static int cmd_dev(int argc, char **argv);
static int cmd_check(int argc, char **argv);
static int cmd_exec(int argc, char **argv);
static int cmd_test(int argc, char **argv);
static int cmd_lambda(int argc, char **argv);
static int cmd_version(int argc, char **argv);

static const struct command {
  const char *name, *summary, *help;
  int (*run)(int argc, char **argv); /* argv[0] is the command */
} commands[] = {
    {"serve", "serve production",
     "usage: usher serve [OPTION…]\n\n"
     "Serves until SIGTERM or SIGINT; then /readyz says 503 for limits.grace seconds, the listener\n"
     "closes, and requests in flight finish. A second signal ends it at once.\n\n"
     "  --config FILE   settings that differ from the defaults (config/usher.lua lists them all)\n"
     "  --scripts DIR   scripts that replace the ones inside the binary\n"
     "  --host ADDRESS  listen here (listen.host)\n"
     "  --port N        and on this port; 0 picks a free one (listen.port)\n"
     "  --admin-port N  port of /metrics and /status (admin.port)\n"
     "  --workers N     threads that serve; 0 is one for each CPU (workers)\n\n"
     "Secrets come from where the settings say, by default the environment:\n"
     "  USHER_CLIENT_SECRET, STRIPE_API_KEY, USHER_SIGNUP_KEY\n",
     cmd_serve},
    {"dev", "serve on this machine alone, over the embedded sandbox",
     "usage: usher dev [OPTION…]\n\n"
     "The whole sign-up with no cloud: Cognito, DynamoDB, Stripe and a mailbox run inside, and usher\n"
     "talks to them as it does to the real ones. Prints what to type next.\n\n"
     "  --port N       public listener (8080); admin, mailbox and the other services take the ports\n"
     "                 behind it; 0 picks free ones\n"
     "  --data DIR     keep the sandbox's state in this folder, which has to exist; without it, in\n"
     "                 memory\n"
     "  --json         print one JSON line, once everything serves, for programs\n"
     "  --workers N    threads that serve\n"
     "  --config FILE  settings, as for serve\n"
     "  --scripts DIR  scripts that replace the ones inside the binary\n",
     cmd_dev},
    {"check", "load settings and scripts as serve would, and say what is wrong",
     "usage: usher check [OPTION…]\n\n"
     "Exit code 0: serve would start with them. 1: every fault is printed as FILE:LINE: MESSAGE.\n\n"
     "  --config FILE  settings, as for serve\n"
     "  --scripts DIR  scripts that replace the ones inside the binary\n"
     "  --dev          the secrets and services of `usher dev` in place of production's; it need not\n"
     "                 be running: for authors and their CI\n"
     "  --json         one object for programs: ok, scripts, faults: [{file, line, message,\n"
     "                 traceback}]\n",
     cmd_check},
    {"exec", "run a Lua file with every binding",
     "usage: usher exec [OPTION…] FILE.lua [ARG…]\n\n"
     "The file runs as one task, which may wait for I/O, and gets the arguments as `...`. Returning\n"
     "false or a number sets the exit code. Secrets that are missing are left out.\n\n"
     "  --config FILE   settings, as for serve\n"
     "  --scripts DIR   scripts that replace the ones inside the binary\n"
     "  --dev[=PORT]    the sandbox of a running `usher dev` (8080) instead of the settings'\n"
     "                  services\n\n"
     "  usher exec --dev people.lua, where people.lua says\n"
     "    for _, user in ipairs(require \"cognito\".list_users()) do print(user.username) end\n",
     cmd_exec},
    {"test", "run specs with busted, inside this binary",
     "usage: usher test [OPTION…] [PATH…]\n\n"
     "PATH is a spec file or a folder of *_spec.lua; without one: the folder of --scripts, else tests\n"
     "and scripts. Specs may wait for I/O, and may make worlds: `require \"testing\".world()` has the\n"
     "scripts and all services in this process, with a time that jumps. busted comes from Debian's\n"
     "lua-busted.\n\n"
     "  --seed N         randomness of the worlds; without it another one each time, which is printed\n"
     "  --watch          run them again when a file changes, until Ctrl-C\n"
     "  --output FORMAT  plain, utf, TAP, junit or json\n"
     "  --json           as --output json, for programs: ok, seed, tests, successes, failures, errors,\n"
     "                   pending, faults[] (name, file, line, status, message, traceback)\n"
     "  --config FILE    settings\n"
     "  --scripts DIR    scripts that replace the ones inside the binary\n",
     cmd_test},
    {"lambda", "run a script as an AWS Lambda function, or package it",
     "usage: usher lambda [--config FILE] [--scripts DIR] [MODULE]\n"
     "       usher lambda --package OUT.zip [--config FILE]\n\n"
     "MODULE returns function(event) -> result, like triggers.pre_sign_up; without it, the variable\n"
     "_HANDLER names it (the function's handler setting). Takes events from Lambda's Runtime API\n"
     "(AWS_LAMBDA_RUNTIME_API) until it is told to end. Secrets that are missing are left out.\n\n"
     "  --package OUT.zip  write an archive for the runtime provided.al2023 and this machine's CPU\n"
     "  --config FILE      settings; inside an archive they are usher.lua\n"
     "  --scripts DIR      scripts that replace the ones inside the binary\n\n"
     "The archive has this binary and the trusted certificates. A container image does as well:\n"
     "FROM debian:12-slim with usher in it (see Dockerfile), CMD [\"lambda\"].\n",
     cmd_lambda},
    {"version", "print the version", "usage: usher version\n", cmd_version},
};

static int usage_error(const char *command) {
  fprintf(stderr, "usher: see 'usher %s%s--help'\n", command, *command ? " " : "");
  return 2;
}

enum { CONFIG = 256, SCRIPTS, HOST, PORT, ADMIN_PORT, WORKERS, DATA, JSON, PACKAGE, DEV, HELP };

/* Everything any command takes; each says which of them it wants. */
struct values {
  const char *config, *scripts, *host, *data, *package, *dev;
  long port, admin_port, workers; /* -1: not given */
  bool json;
};

static const struct option exec_only[] = {{"config", required_argument, NULL, CONFIG},
                                          {"scripts", required_argument, NULL, SCRIPTS},
                                          {"dev", optional_argument, NULL, DEV},
                                          {"help", no_argument, NULL, HELP},
                                          {0}};
static const struct option serve_only[] = {{"config", required_argument, NULL, CONFIG},
                                           {"scripts", required_argument, NULL, SCRIPTS},
                                           {"host", required_argument, NULL, HOST},
                                           {"port", required_argument, NULL, PORT},
                                           {"admin-port", required_argument, NULL, ADMIN_PORT},
                                           {"workers", required_argument, NULL, WORKERS},
                                           {"help", no_argument, NULL, HELP},
                                           {0}};
static const struct option dev_only[] = {
    {"config", required_argument, NULL, CONFIG}, {"scripts", required_argument, NULL, SCRIPTS},
    {"port", required_argument, NULL, PORT},     {"workers", required_argument, NULL, WORKERS},
    {"data", required_argument, NULL, DATA},     {"json", no_argument, NULL, JSON},
    {"help", no_argument, NULL, HELP},           {0}};

static const struct option check_only[] = {
    {"config", required_argument, NULL, CONFIG}, {"scripts", required_argument, NULL, SCRIPTS},
    {"dev", optional_argument, NULL, DEV},       {"json", no_argument, NULL, JSON},
    {"help", no_argument, NULL, HELP},           {0}};
static const struct option lambda_only[] = {{"config", required_argument, NULL, CONFIG},
                                            {"scripts", required_argument, NULL, SCRIPTS},
                                            {"package", required_argument, NULL, PACKAGE},
                                            {"help", no_argument, NULL, HELP},
                                            {0}};

static const struct command *current; /* whose help is asked for */

static bool read_number(const char *name, const char *text, long most, long *out) {
  char *end;
  *out = strtol(text, &end, 10);
  if (*text && !*end && *out >= 0 && *out <= most) return true;
  fprintf(stderr, "usher: --%s takes a number from 0 to %ld, not '%s'\n", name, most, text);
  return false;
}

static bool take(int option, struct values *v) {
  switch (option) {
  case CONFIG: v->config = optarg; return true;
  case SCRIPTS: v->scripts = optarg; return true;
  case HOST: v->host = optarg; return true;
  case DATA: v->data = optarg; return true;
  case PACKAGE: v->package = optarg; return true;
  case DEV: v->dev = optarg ? optarg : COMMANDS_DEV_PORT; return true;
  case JSON: v->json = true; return true;
  case PORT: return read_number("port", optarg, 65535, &v->port);
  case ADMIN_PORT: return read_number("admin-port", optarg, 65535, &v->admin_port);
  case WORKERS: return read_number("workers", optarg, 256, &v->workers);
  case 'h':
  case HELP: fputs(current->help, stdout); exit(0);
  default: return false; /* getopt has said what is wrong */
  }
}

/* The index of the first argument that is not an option, or -1. */
static int read_options(int argc, char **argv, const struct option *options, struct values *v) {
  *v = (struct values){.port = -1, .admin_port = -1, .workers = -1};
  optind = 1;
  for (int c; (c = getopt_long(argc, argv, "+h", options, NULL)) != -1;)
    if (!take(c, v)) return -1;
  return optind;
}

/* The same for a command that takes nothing else. */
static bool options_alone(int argc, char **argv, const struct option *options, struct values *v) {
  int first = read_options(argc, argv, options, v);
  if (first >= 0 && first < argc)
    fprintf(stderr, "usher: %s does not take '%s'\n", argv[0], argv[first]);
  return first == argc;
}

static int cmd_serve(int argc, char **argv) {
  struct values v;
  if (!options_alone(argc, argv, serve_only, &v)) return usage_error("serve");
  struct bytes over = {0};
  bytes_printf(&over, "return { listen = {");
  if (v.host) {
    bytes_printf(&over, " host = ");
    overlay_quote(&over, v.host);
    bytes_printf(&over, ",");
  }
  if (v.port >= 0) bytes_printf(&over, " port = %ld,", v.port);
  bytes_printf(&over, " }, admin = {");
  if (v.admin_port >= 0) bytes_printf(&over, " port = %ld,", v.admin_port);
  bytes_printf(&over, " },");
  if (v.workers >= 0) bytes_printf(&over, " workers = %ld,", v.workers);
  bytes_printf(&over, " }");
  int code = serve(&(struct serve_options){
      .config_path = v.config, .config_over = over.data, .scripts = v.scripts});
  bytes_free(&over);
  return code;
}

static int cmd_dev(int argc, char **argv) {
  struct values v;
  if (!options_alone(argc, argv, dev_only, &v)) return usage_error("dev");
  const int behind = SANDBOX_FIRST + SANDBOX_SERVICES - 1;
  if (v.port > 65535 - behind) {
    fprintf(stderr, "usher: --port of dev needs %d more ports behind it: at most %d\n", behind,
            65535 - behind);
    return 2;
  }
  return dev(&(struct dev_options){
      .config_path = v.config,
      .scripts = v.scripts,
      .data = v.data,
      .port = v.port < 0 ? 8080 : (int)v.port,
      .workers = v.workers > 0 ? (unsigned)v.workers : 0,
      .json = v.json,
  });
}

static int cmd_check(int argc, char **argv) {
  struct values v;
  if (!options_alone(argc, argv, check_only, &v)) return usage_error("check");
  struct bytes over = {0};
  int code = v.dev ? commands_use_sandbox(v.dev, v.scripts, &over) : 0;
  if (!code)
    code = check(&(struct check_options){
        .config_path = v.config, .config_over = over.data, .scripts = v.scripts, .json = v.json});
  bytes_free(&over);
  return code;
}

static int cmd_exec(int argc, char **argv) {
  struct values v;
  int first = read_options(argc, argv, exec_only, &v);
  if (first == argc) fputs("usher: exec takes a FILE.lua\n", stderr);
  if (first < 0 || first == argc) return usage_error("exec");
  return commands_run_script(
      &(struct command_options){.config = v.config, .scripts = v.scripts, .dev = v.dev},
      &(struct run_settings){.file = argv[first], .args = argv + first + 1});
}

/* What is left of its words is spec_runner.lua's. */
static int cmd_test(int argc, char **argv) {
  struct command_options o = {0};
  commands_take_options(argv + 1, &o);
  if (o.help) {
    fputs(current->help, stdout);
    return 0;
  }
  if (o.dev) fputs("usher: test does not take '--dev': worlds are its sandbox\n", stderr);
  if (o.dev) return usage_error("test");
  char **args = calloc((size_t)argc + 2, sizeof *args);
  if (!args) return 1;
  static char none[] = "";
  args[0] = o.scripts ? (char *)o.scripts : none;
  args[1] = o.config ? (char *)o.config : none;
  for (int i = 1; argv[i]; i++) args[i + 1] = argv[i];
  int code = commands_run_script(&o, &(struct run_settings){.module = "spec_runner", .args = args});
  free(args);
  return code;
}

static int cmd_lambda(int argc, char **argv) {
  struct values v;
  int first = read_options(argc, argv, lambda_only, &v);
  if (first < 0 || argc - first > 1 || (v.package && first < argc)) return usage_error("lambda");
  return lambda_command(&(struct lambda_options){.config_path = v.config,
                                                 .scripts = v.scripts,
                                                 .module = first < argc ? argv[first] : NULL,
                                                 .package = v.package});
}

static int cmd_version(int argc, char **argv) {
  static const struct option help_only[] = {{"help", no_argument, NULL, HELP}, {0}};
  struct values v;
  if (!options_alone(argc, argv, help_only, &v)) return usage_error("version");
  puts("usher " USHER_VERSION);
  return 0;
}

static void print_help(char **args) {
  puts("usher: customer sign-up in one binary\n\nusage: usher COMMAND [OPTION…]\n");
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
    printf("  %-9s %s\n", commands[i].name, commands[i].summary);
  fflush(stdout);
  commands_list(args);
  puts("\n'usher COMMAND --help' says more about one of them. Begin with 'usher dev'.");
}

static const struct command *find(const char *name) {
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
    if (strcmp(commands[i].name, name) == 0) return &commands[i];
  return NULL;
}

/* A command that is none of ours: a script, or a misspelt name. */
static int run_other(const char *name, char **args) {
  char builtins[256] = "help";
  size_t len = strlen(builtins);
  for (size_t i = 0; i < sizeof commands / sizeof *commands && len < sizeof builtins; i++)
    len += (size_t)snprintf(builtins + len, sizeof builtins - len, " %s", commands[i].name);
  return commands_run(name, args, builtins);
}

/* `usher help NAME` is `usher NAME --help`. */
static int help_of(const char *name) {
  static char help[] = "--help";
  const struct command *command = find(name);
  if (!command) return run_other(name, (char *[]){help, NULL});
  fputs(command->help, stdout);
  return 0;
}

static bool asks_for_help(const char *word) {
  return strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int main(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "help") == 0) return help_of(argv[2]);
  if (argc < 2 || asks_for_help(argv[1])) {
    print_help(argc < 2 ? argv + argc : argv + 2);
    return argc < 2 ? 2 : 0;
  }
  current = find(strcmp(argv[1], "--version") == 0 ? "version" : argv[1]);
  if (!current) return run_other(argv[1], argv + 2);
  int code = current->run(argc - 1, argv + 1);
  output_flush(LAST_WORDS_MS);
  return code;
}

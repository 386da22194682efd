/* SPDX-License-Identifier: MIT */
/*
 * Takes the options that every command has (where the settings and scripts are) out of the
 * arguments and leaves the rest to the script. commands.lua finds it, prints its help and runs it.
 */
#include "commands.h"

#include "bytes.h"
#include "embedded.h"
#include "run.h"
#include "sandbox_settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Is args[*i] this option? Then its value, from behind "=" or from the next argument,
 * which is skipped. */
static bool take_value(char **args, int *i, const char *option, const char **value) {
  size_t len = strlen(option);
  if (strncmp(args[*i], option, len) != 0) return false;
  if (args[*i][len] == '=') {
    *value = args[*i] + len + 1;
    return true;
  }
  if (args[*i][len] || !args[*i + 1]) return false;
  *value = args[++*i];
  return true;
}

static bool take_dev(const char *arg, struct command_options *o) {
  if (strcmp(arg, "--dev") == 0)
    o->dev = COMMANDS_DEV_PORT;
  else if (strncmp(arg, "--dev=", 6) == 0)
    o->dev = arg + 6;
  else
    return false;
  return true;
}

void commands_take_options(char **args, struct command_options *o) {
  int kept = 0, i = 0;
  for (; args[i] && strcmp(args[i], "--") != 0; i++) {
    if (take_dev(args[i], o) || take_value(args, &i, "--config", &o->config) ||
        take_value(args, &i, "--scripts", &o->scripts))
      continue;
    if (strcmp(args[i], "--help") == 0 || strcmp(args[i], "-h") == 0)
      o->help = true;
    else
      args[kept++] = args[i];
  }
  while (args[i]) args[kept++] = args[i++];
  args[kept] = NULL;
}

static bool exists(const char *name, const char *scripts) {
  char path[4096];
  if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(name)) return false;
  snprintf(path, sizeof path, "scripts/commands/%s.lua", name);
  if (embedded_find(path)) return true;
  snprintf(path, sizeof path, "%s/commands/%s.lua", scripts ? scripts : "", name);
  return scripts && access(path, R_OK) == 0;
}

/* "8080" is the public port of `usher dev`; a list is each service's own. */
static bool read_ports(const char *text, int *ports) {
  int count = 0;
  char *end = (char *)text;
  do {
    long port = strtol(text, &end, 10);
    if (end == text || port < 1 || port > 65535 || count == SANDBOX_SERVICES) return false;
    ports[count++] = (int)port;
    text = end + 1;
  } while (*end == ',');
  if (*end || (count != 1 && count != SANDBOX_SERVICES)) return false;
  if (count == 1)
    for (int i = SANDBOX_SERVICES - 1; i >= 0; i--) ports[i] = ports[0] + SANDBOX_FIRST + i;
  return true;
}

/* What commands.lua is to do; run_script takes what main got. */
static char do_run[] = "run", do_help[] = "help", do_list[] = "list", do_unknown[] = "unknown";

int commands_use_sandbox(const char *dev, const char *scripts, struct bytes *over) {
  struct sandbox_settings s = {0};
  if (!read_ports(dev, s.ports)) {
    fprintf(stderr,
            "usher: --dev takes what `usher dev` prints: its --port, or %d ports; not '%s'\n",
            SANDBOX_SERVICES, dev);
    return 2;
  }
  int err = sandbox_settings_read(&s, scripts);
  if (!err) {
    sandbox_settings_environment(&s);
    bytes_printf(over, "return {\n");
    sandbox_settings_overlay(&s, over);
    if (!strchr(dev, ','))
      bytes_printf(over, "  admin = { port = %ld },\n", strtol(dev, NULL, 10) + 1);
    err = bytes_printf(over, "}\n");
  }
  sandbox_settings_free(&s);
  return err ? 1 : 0;
}

static int run_on_sandbox(const struct command_options *o, struct run_settings *run) {
  struct bytes over = {0};
  int code = commands_use_sandbox(o->dev, o->scripts, &over);
  run->config_over = over.data;
  if (!code) code = run_script(run);
  bytes_free(&over);
  return code;
}

int commands_run_script(const struct command_options *o, struct run_settings *run) {
  run->config_path = o->config;
  run->scripts = o->scripts;
  return o->dev ? run_on_sandbox(o, run) : run_script(run);
}

/* commands.lua refuses what misses its secrets. */
static int run(const struct command_options *o, char **args) {
  return commands_run_script(
      o, &(struct run_settings){.module = "commands", .args = args, .quiet = true});
}

/* The settings do not matter to help and lists. */
static int tell(const struct command_options *o, char **args) {
  return run(&(struct command_options){.scripts = o->scripts}, args);
}

void commands_list(char **args) {
  struct command_options o = {0};
  commands_take_options(args, &o);
  tell(&o, (char *[]){do_list, NULL});
}

int commands_run(const char *name, char **args, const char *builtins) {
  struct command_options o = {0};
  commands_take_options(args, &o);
  if (!exists(name, o.scripts))
    return tell(&o, (char *[]){do_unknown, (char *)name, (char *)builtins, NULL});
  if (o.help) return tell(&o, (char *[]){do_help, (char *)name, NULL});

  size_t count = 0;
  while (args[count]) count++;
  char **all = calloc(count + 3, sizeof *all);
  if (!all) return 1;
  all[0] = do_run;
  all[1] = (char *)name;
  memcpy(all + 2, args, count * sizeof *args);
  int code = run(&o, all);
  free(all);
  return code;
}

/* SPDX-License-Identifier: MIT */
/* Commands that are scripts: `usher NAME` is scripts/commands/NAME.lua,
 * run as one task with the real settings. */
#ifndef USHER_COMMANDS_H
#define USHER_COMMANDS_H

#include <stdbool.h>

#define COMMANDS_DEV_PORT "8080" /* what --dev without a port means */

struct bytes;
struct run_settings;

/* What every command takes. dev: ports, as text; NULL: not the sandbox. */
struct command_options {
  const char *config, *scripts, *dev;
  bool help;
};

/* Takes them out of the arguments (NULL-terminated), up to "--". */
void commands_take_options(char **args, struct command_options *o);

/* What --dev means: sets the environment, and appends settings that are laid over the others.
 * The exit code; 0 to go on. */
int commands_use_sandbox(const char *dev, const char *scripts, struct bytes *over);

/* run_script with these options: those members of run are set here.
 * What the process should exit with. */
int commands_run_script(const struct command_options *o, struct run_settings *run);

/* Lists them with their summaries, on stdout. args: --scripts DIR counts, the rest is ignored. */
void commands_list(char **args);

/* Runs one. args: NULL-terminated, without the name; changed. builtins: the names of all other
 * commands, separated by spaces, to tell the nearest one when there is none of this name.
 * What the process should exit with. */
int commands_run(const char *name, char **args, const char *builtins);

#endif

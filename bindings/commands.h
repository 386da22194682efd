/* SPDX-License-Identifier: MIT */
/* Commands that are scripts: `usher NAME` is scripts/commands/NAME.lua, run as one task with the real settings. */
#ifndef USHER_COMMANDS_H
#define USHER_COMMANDS_H

/* Lists them with their summaries, on stdout. args: --scripts DIR counts, the rest is ignored. */
void commands_list(char **args);

/* Runs one. args: NULL-terminated, without the name; changed. builtins: the names of all other commands, separated by
 * spaces, to tell the nearest one when there is none of this name. What the process should exit with. */
int commands_run(const char *name, char **args, const char *builtins);

#endif

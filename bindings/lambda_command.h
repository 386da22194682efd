/* SPDX-License-Identifier: MIT */
/* `usher lambda`: a script as an AWS Lambda function, and the archive that AWS takes. */
#ifndef USHER_LAMBDA_COMMAND_H
#define USHER_LAMBDA_COMMAND_H

struct lambda_options {
  const char *config_path, *scripts; /* as in struct vm_settings */
  const char *module;                /* NULL: what AWS says in _HANDLER */
  const char *package;               /* write this archive instead of running */
};

/* What the process should exit with. */
int lambda_command(const struct lambda_options *options);

#endif

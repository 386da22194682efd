/* SPDX-License-Identifier: MIT */
/* What AWS's environment variables and shared files say: the profile, the region, where a service
 * is. The files are read anew by each call: this is for start-up and reloads, not for requests.
 * credentials.h has the credentials. Any thread. */
#ifndef USHER_AWS_CONFIG_H
#define USHER_AWS_CONFIG_H

#include "bytes.h"

enum aws_file { AWS_CREDENTIALS_FILE, AWS_CONFIG_FILE };

struct aws_config;

/* 0 or UV_ENOMEM. A file that is not there or cannot be read is as good as empty;
 * aws_config_file_error tells. */
int aws_config_open(struct aws_config **out);
void aws_config_close(struct aws_config *config);

const char *aws_config_profile(const struct aws_config *config); /* AWS_PROFILE, or "default" */
const char *aws_config_path(const struct aws_config *config, enum aws_file file);
int aws_config_file_error(const struct aws_config *config, enum aws_file file); /* 0 or UV_E* */
/* A setting of the profile, of either file (the credentials file wins);
 * NULL when unset or empty. */
const char *aws_config_find(const struct aws_config *config, const char *key);
/* The same of any profile, as one file has it. */
const char *aws_config_of(const struct aws_config *config, enum aws_file file, const char *profile,
                          const char *key);

/* An environment variable; NULL when unset or empty. */
const char *aws_variable(const char *name);

/* A setting of the environment, else of the profile (key; may be NULL). Appends;
 * UV_ENOENT when it is not set. */
int aws_setting(const char *variable, const char *key, struct bytes *out);
/* AWS_REGION, AWS_DEFAULT_REGION, the profile's. Appends; UV_ENOENT when there is none. */
int aws_region(struct bytes *out);
/* The override for a service ("DynamoDB", "Cognito Identity Provider"), in AWS's order; UV_ENOENT
 * when there is none. */
int aws_endpoint_url(const char *service_id, struct bytes *out);

#endif

/* SPDX-License-Identifier: MIT */
/* The JSON in which the container endpoint and the instance metadata hand out credentials. Pure. */
#ifndef USHER_CREDENTIALS_JSON_H
#define USHER_CREDENTIALS_JSON_H

#include "credentials_step.h"

/* 0; UV_ENOMEM; UV_EINVAL: no credentials, and why says what is amiss, with the service's own Code
 * and Message where it gave them. */
int credentials_json(struct slice document, struct found *out, struct bytes *why);

/* A member of an object that is a string; appends. UV_ENOENT when it is not there. */
int credentials_json_member(struct slice document, const char *name, struct bytes *out);

#endif

/* SPDX-License-Identifier: MIT */
/* How usher is pointed at the embedded sandbox: by `usher dev` itself,
 * and by a command's --dev at a running one. */
#ifndef USHER_SANDBOX_SETTINGS_H
#define USHER_SANDBOX_SETTINGS_H

#include "bytes.h"

/* The sandbox's listeners; with a fixed public port P they are on P + 2 and the ports behind it. */
enum sandbox_service {
  SANDBOX_MAILBOX,
  SANDBOX_COGNITO,
  SANDBOX_DYNAMODB,
  SANDBOX_STRIPE,
  SANDBOX_SES,
  SANDBOX_CAPTCHA,
  SANDBOX_GOOGLE,
  SANDBOX_CLOUDWATCH,
  SANDBOX_LAMBDA,
  SANDBOX_SLACK,
  SANDBOX_STS,
  SANDBOX_METADATA,
  SANDBOX_SERVICES
};
#define SANDBOX_FIRST 2
#define SANDBOX_HOST  "127.0.0.1"
extern const char *const sandbox_tags[SANDBOX_SERVICES];

/* What a client must know; from scripts/sandbox/settings.lua. */
enum { SANDBOX_KNOWN = 12 };
extern const char *const sandbox_known[SANDBOX_KNOWN]; /* their names */

enum sandbox_value {
  SANDBOX_REGION,
  SANDBOX_ACCESS_KEY_ID,
  SANDBOX_SECRET_ACCESS_KEY,
  SANDBOX_USER_POOL_ID,
  SANDBOX_CLIENT_ID,
  SANDBOX_CLIENT_SECRET,
  SANDBOX_TABLE,
  SANDBOX_STRIPE_KEY,
  SANDBOX_CAPTCHA_SECRET,
  SANDBOX_SLACK_PATH,
  SANDBOX_PAGE_CLIENT_ID,
  SANDBOX_SIGNUP_KEY
};

struct sandbox_settings {
  char *values[SANDBOX_KNOWN];
  int ports[SANDBOX_SERVICES];
};

/* Reads the values; says on stderr what is wrong. 0 or UV_E*; sandbox_settings_free in any case. */
int sandbox_settings_read(struct sandbox_settings *s, const char *scripts);
void sandbox_settings_free(struct sandbox_settings *s);

/* Secrets and credentials, where the settings look for them. The ports must be known. */
void sandbox_settings_environment(const struct sandbox_settings *s);

/* Appends members of a settings table: URLs, names and ids; each ends with a
 * comma. 0 or UV_ENOMEM. */
int sandbox_settings_overlay(const struct sandbox_settings *s, struct bytes *out);

#endif

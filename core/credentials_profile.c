/* SPDX-License-Identifier: MIT */
/* A profile may name another one whose credentials assume its role, and that one another: the chain
 * is walked to the keys, the token file or the service that it begins with. */
#include "credentials_profile.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

static const char *get(const struct credentials_plan *plan, const char *profile, const char *key) {
  const char *value = aws_config_of(plan->config, AWS_CREDENTIALS_FILE, profile, key);
  return value ? value : aws_config_of(plan->config, AWS_CONFIG_FILE, profile, key);
}

static int refuse(struct bytes *why, const char *profile, const char *text) {
  int err = bytes_printf(why, "profile %s (%s)", profile, text);
  return err ? err : UV_EINVAL;
}

/* --- keys ------------------------------------------------------------------------------------- */

static int keys_in(struct credentials_plan *plan, enum aws_file file, const char *profile,
                   struct bytes *why) {
  const struct aws_config *c = plan->config;
  struct credentials *k = &plan->fixed;
  *k = (struct credentials){.access_key_id = aws_config_of(c, file, profile, "aws_access_key_id"),
                            .secret_access_key =
                                aws_config_of(c, file, profile, "aws_secret_access_key"),
                            .session_token = aws_config_of(c, file, profile, "aws_session_token")};
  if (!k->access_key_id && !k->secret_access_key) return UV_ENOENT;
  if (!k->access_key_id || !k->secret_access_key) {
    int err = bytes_printf(why, "file %s, profile %s (%s)", aws_config_path(c, file), profile,
                           k->access_key_id ? "an access key id without its secret"
                                            : "a secret access key without its id");
    return err ? err : UV_EINVAL;
  }
  plan->base = CREDENTIALS_STATIC;
  return bytes_printf(&plan->source, "file %s, profile %s", aws_config_path(c, file), profile);
}

static int keys(struct credentials_plan *plan, const char *profile, struct bytes *why) {
  int err = keys_in(plan, AWS_CREDENTIALS_FILE, profile, why);
  return err == UV_ENOENT ? keys_in(plan, AWS_CONFIG_FILE, profile, why) : err;
}

/* --- what nobody here can do ------------------------------------------------------------------ */

static int unsupported(const struct credentials_plan *plan, const char *profile,
                       struct bytes *why) {
  static const char *const settings[] = {"credential_process", "sso_session", "sso_start_url",
                                         "login_session"};
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
    if (!get(plan, profile, settings[i])) continue;
    int err = bytes_printf(why,
                           "profile %s (its %s is not supported: usher starts no program and signs "
                           "nobody in. Export the keys instead: aws configure export-credentials "
                           "--profile %s --format env)",
                           profile, settings[i], profile);
    return err ? err : UV_EINVAL;
  }
  return UV_ENOENT;
}

/* --- roles ------------------------------------------------------------------------------------ */

static int from_service(struct credentials_plan *plan, const char *profile, const char *service,
                        struct bytes *why) {
  if (!strcmp(service, "Environment")) return credentials_plan_environment(plan, why);
  if (!strcmp(service, "EcsContainer")) return credentials_plan_container(plan, why);
  if (!strcmp(service, "Ec2InstanceMetadata")) return credentials_plan_instance(plan, why);
  return refuse(why, profile,
                "credential_source is Environment, EcsContainer or Ec2InstanceMetadata");
}

static int web_identity(struct credentials_plan *plan, const char *profile, const char *role,
                        const char *file) {
  plan->base = CREDENTIALS_WEB_IDENTITY;
  plan->web.token_file = file;
  plan->web.role_arn = role;
  plan->web.session_name = get(plan, profile, "role_session_name");
  return bytes_printf(&plan->source, "web identity, role %s, token file %s", role, file);
}

static int add_role(struct credentials_plan *plan, const char *profile, const char *arn,
                    struct bytes *why) {
  const char *duration = get(plan, profile, "duration_seconds");
  unsigned long seconds = duration ? strtoul(duration, NULL, 10) : 0;
  if (plan->role_count == CREDENTIALS_ROLES)
    return refuse(why, profile, "its source_profile leads to more than five roles, or in a circle");
  if (duration && (seconds < 900 || seconds > 43200))
    return refuse(why, profile, "duration_seconds is from 900 to 43200");
  if (get(plan, profile, "mfa_serial"))
    return refuse(why, profile, "its mfa_serial needs a person with a code");
  plan->roles[plan->role_count++] =
      (struct credentials_role){arn, get(plan, profile, "role_session_name"),
                                get(plan, profile, "external_id"), (unsigned)seconds};
  return 0;
}

/* One profile of the chain; *next is the one whose credentials assume its role, or NULL at the
 * chain's beginning. */
static int one(struct credentials_plan *plan, const char *profile, const char **next,
               struct bytes *why) {
  const char *role = get(plan, profile, "role_arn");
  const char *token_file = get(plan, profile, "web_identity_token_file");
  const char *source = get(plan, profile, "source_profile");
  const char *service = get(plan, profile, "credential_source");
  *next = NULL;
  if (plan->role_count || !role) { /* as somebody's source, a profile's own keys come first */
    int err = keys(plan, profile, why);
    if (err != UV_ENOENT) return err;
  }
  if (!role) return unsupported(plan, profile, why);
  if (token_file) return web_identity(plan, profile, role, token_file);
  if (!source == !service)
    return refuse(why, profile,
                  source ? "role_arn with both source_profile and credential_source"
                         : "role_arn without source_profile, credential_source or "
                           "web_identity_token_file");
  int err = add_role(plan, profile, role, why);
  if (err) return err;
  if (service) return from_service(plan, profile, service, why);
  *next = source;
  return 0;
}

static int nothing(const struct credentials_plan *plan, struct bytes *why) {
  const char *profile = aws_config_profile(plan->config);
  int err = 0;
  for (int file = 0; file < 2 && !err; file++) {
    enum aws_file f = (enum aws_file)file;
    int error = aws_config_file_error(plan->config, f);
    if (file) err = bytes_append(why, ", ", 2);
    if (!err) err = bytes_printf(why, "%s (", aws_config_path(plan->config, f));
    if (!err && error) err = bytes_printf(why, "%s)", uv_strerror(error));
    if (!err && !error) err = bytes_printf(why, "profile %s has no aws_access_key_id)", profile);
  }
  return err ? err : UV_ENOENT;
}

static int name_roles(struct credentials_plan *plan) {
  int err = 0;
  for (unsigned i = plan->role_count; i-- > 0 && !err;)
    err = bytes_printf(&plan->source, ", then role %s", plan->roles[i].arn);
  return err;
}

int credentials_plan_profile(struct credentials_plan *plan, struct bytes *why) {
  const char *profile = aws_config_profile(plan->config), *next;
  for (;;) {
    int err = one(plan, profile, &next, why);
    if (err == UV_ENOENT && plan->role_count)
      return refuse(why, profile, "it is named as a source, and has no credentials");
    if (err == UV_ENOENT) return nothing(plan, why);
    if (err || !next) return err ? err : name_roles(plan);
    profile = next;
  }
}

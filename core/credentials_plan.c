/* SPDX-License-Identifier: MIT */
/* The places in the order in which they are asked; credentials_profile.c is the one that needs the
 * most words. */
#include "credentials_plan.h"

#include "address.h"
#include "credentials_profile.h"
#include "target.h"
#include "timestamp.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uv.h>

#define CONTAINER_HOST "http://169.254.170.2"
#define INSTANCE_V4    "http://169.254.169.254"
#define INSTANCE_V6    "http://[fd00:ec2::254]"

/* Each returns 0 (this is the place), or UV_ENOENT (ask the next), UV_EINVAL (stop here),
 * UV_ENOMEM; and says why. */
typedef int (*place)(struct credentials_plan *plan, struct bytes *why);

static int say(struct bytes *why, int result, const char *text) {
  int err = bytes_printf(why, "%s", text);
  return err ? err : result;
}

static bool is_true(const char *value) {
  return value && !strcasecmp(value, "true");
}

/* An environment variable, or the profile's setting. */
static const char *either(const struct credentials_plan *plan, const char *variable,
                          const char *key) {
  const char *value = aws_variable(variable);
  return value ? value : aws_config_find(plan->config, key);
}

/* --- environment ------------------------------------------------------------------------------ */

int credentials_plan_environment(struct credentials_plan *plan, struct bytes *why) {
  struct credentials *c = &plan->fixed;
  *c = (struct credentials){.access_key_id = aws_variable("AWS_ACCESS_KEY_ID"),
                            .secret_access_key = aws_variable("AWS_SECRET_ACCESS_KEY"),
                            .session_token = aws_variable("AWS_SESSION_TOKEN")};
  const char *expiration = aws_variable("AWS_CREDENTIAL_EXPIRATION");
  if (!c->access_key_id && !c->secret_access_key)
    return say(why, UV_ENOENT, "environment (AWS_ACCESS_KEY_ID is not set)");
  if (!c->secret_access_key)
    return say(why, UV_EINVAL, "environment (an access key id without its secret)");
  if (!c->access_key_id)
    return say(why, UV_EINVAL, "environment (a secret access key without its id)");
  if (expiration &&
      !timestamp_parse_extended((struct slice){expiration, strlen(expiration)}, &c->expires)) {
    int err =
        bytes_printf(why, "environment (AWS_CREDENTIAL_EXPIRATION is no time: %s)", expiration);
    return err ? err : UV_EINVAL;
  }
  plan->base = CREDENTIALS_STATIC;
  return bytes_printf(&plan->source, "environment");
}

/* --- web identity ----------------------------------------------------------------------------- */

static int web_identity(struct credentials_plan *plan, struct bytes *why) {
  const char *file = aws_variable("AWS_WEB_IDENTITY_TOKEN_FILE");
  const char *role = aws_variable("AWS_ROLE_ARN");
  if (!file) return say(why, UV_ENOENT, "web identity (AWS_WEB_IDENTITY_TOKEN_FILE is not set)");
  if (!role)
    return say(why, UV_EINVAL,
               "web identity (AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not)");
  plan->base = CREDENTIALS_WEB_IDENTITY;
  plan->web.token_file = file;
  plan->web.role_arn = role;
  plan->web.session_name = aws_variable("AWS_ROLE_SESSION_NAME");
  return bytes_printf(&plan->source, "web identity, role %s, token file %s", role, file);
}

/* --- container -------------------------------------------------------------------------------- */

static bool is_agent(struct slice host) {
  static const char *const known[] = {"localhost", "169.254.170.2", "169.254.170.23",
                                      "fd00:ec2::23"};
  struct address address, agent;
  bool parsed = address_parse(&address, host);
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    struct slice name = {known[i], strlen(known[i])};
    if (host.len == name.len && !strncasecmp(host.data, name.data, name.len)) return true;
    if (parsed && address_parse(&agent, name) && !memcmp(&agent, &address, sizeof agent))
      return true;
  }
  static const unsigned char v4[12] = {[10] = 0xff, [11] = 0xff}, one[16] = {[15] = 1};
  return parsed && ((!memcmp(address.bytes, v4, 12) && address.bytes[12] == 127) ||
                    !memcmp(address.bytes, one, 16));
}

/* Without the port: the last colon, unless it is inside the brackets. */
static struct slice host_of(struct slice authority) {
  for (size_t i = authority.len; i > 0 && authority.data[i - 1] != ']'; i--)
    if (authority.data[i - 1] == ':') return (struct slice){authority.data, i - 1};
  return authority;
}

bool credentials_uri_allowed(const char *uri) {
  struct target target;
  if (!target_parse((struct slice){uri, strlen(uri)}, &target) || !target.scheme.len) return false;
  return target.scheme.len == 5 || is_agent(host_of(target.authority));
}

static bool has_line_break(const char *text) {
  return text && strpbrk(text, "\r\n");
}

int credentials_plan_container(struct credentials_plan *plan, struct bytes *why) {
  const char *relative = aws_variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const char *full = aws_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (!relative && !full)
    return say(why, UV_ENOENT,
               "container (neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor _FULL_URI is set)");
  plan->base = CREDENTIALS_CONTAINER;
  plan->container.token_file = aws_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  plan->container.token = aws_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  if (relative && *relative != '/')
    return say(why, UV_EINVAL,
               "container (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with a slash)");
  int err = relative ? bytes_printf(&plan->url, CONTAINER_HOST "%s", relative)
                     : bytes_printf(&plan->url, "%s", full);
  if (err) return err;
  plan->container.url = plan->url.data;
  if (!credentials_uri_allowed(plan->container.url))
    return say(why, UV_EINVAL,
               "container (the URI is neither https nor http to this machine or to the agents of "
               "ECS and EKS)");
  if (!plan->container.token_file && has_line_break(plan->container.token))
    return say(why, UV_EINVAL, "container (a line break in AWS_CONTAINER_AUTHORIZATION_TOKEN)");
  return bytes_printf(&plan->source, "container, %s", plan->container.url);
}

/* --- instance metadata ------------------------------------------------------------------------ */

static unsigned positive(const char *variable, unsigned otherwise, unsigned most) {
  const char *text = aws_variable(variable);
  long value = text ? strtol(text, NULL, 10) : 0;
  return value > 0 ? (value < (long)most ? (unsigned)value : most) : otherwise;
}

int credentials_plan_instance(struct credentials_plan *plan, struct bytes *why) {
  if (is_true(aws_variable("AWS_EC2_METADATA_DISABLED")))
    return say(why, UV_ENOENT, "instance metadata (AWS_EC2_METADATA_DISABLED)");
  const char *endpoint =
      either(plan, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
  const char *mode =
      either(plan, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode");
  if (!endpoint) endpoint = mode && !strcasecmp(mode, "ipv6") ? INSTANCE_V6 : INSTANCE_V4;
  struct target target;
  if (!target_parse((struct slice){endpoint, strlen(endpoint)}, &target) || !target.scheme.len)
    return say(why, UV_EINVAL,
               "instance metadata (AWS_EC2_METADATA_SERVICE_ENDPOINT is no http URL)");
  size_t len = strlen(endpoint);
  while (len && endpoint[len - 1] == '/') len--;
  int err = bytes_append(&plan->url, endpoint, len);
  if (err) return err;
  plan->base = CREDENTIALS_INSTANCE;
  plan->instance.endpoint = plan->url.data;
  plan->instance.v1_disabled =
      is_true(either(plan, "AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled"));
  plan->instance.timeout_ms = 1000 * positive("AWS_METADATA_SERVICE_TIMEOUT", 1, 60);
  plan->instance.tries = positive("AWS_METADATA_SERVICE_NUM_ATTEMPTS", 1, 10);
  return bytes_printf(&plan->source, "instance metadata, %s", plan->instance.endpoint);
}

/* --- the order -------------------------------------------------------------------------------- */

static const place places[] = {credentials_plan_environment, credentials_plan_profile, web_identity,
                               credentials_plan_container, credentials_plan_instance};

static int ask(struct credentials_plan *plan, struct bytes *why) {
  int err = bytes_printf(why, "looked at ");
  for (size_t i = 0; i < sizeof places / sizeof *places && !err; i++) {
    if (i) err = bytes_append(why, ", ", 2);
    if (!err) err = places[i](plan, why);
    if (err != UV_ENOENT) return err;
    err = 0;
  }
  return err ? err : UV_ENOENT;
}

int credentials_plan_open(struct credentials_plan **out, struct bytes *why) {
  struct credentials_plan *plan = calloc(1, sizeof *plan);
  if (!plan) return UV_ENOMEM;
  int err = aws_config_open(&plan->config);
  if (!err) err = ask(plan, why);
  if (err) {
    credentials_plan_close(plan);
    return err;
  }
  plan->fixed.source = plan->source.data;
  *out = plan;
  return 0;
}

void credentials_plan_close(struct credentials_plan *plan) {
  if (!plan) return;
  aws_config_close(plan->config);
  bytes_free(&plan->source);
  bytes_free(&plan->url);
  free(plan);
}

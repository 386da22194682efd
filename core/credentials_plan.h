/* SPDX-License-Identifier: MIT */
/* Where this process's AWS credentials come from, by its environment and AWS's shared files alone:
 * no network. The first place that is set up decides; what goes wrong there is not papered over
 * with another identity. Any thread. */
#ifndef USHER_CREDENTIALS_PLAN_H
#define USHER_CREDENTIALS_PLAN_H

#include "aws_config.h"
#include "credentials.h"

#include <stdbool.h>

enum credentials_base {
  CREDENTIALS_STATIC,       /* environment or shared file */
  CREDENTIALS_WEB_IDENTITY, /* a token file and a role, at STS */
  CREDENTIALS_CONTAINER,    /* ECS, EKS: an endpoint named by the environment */
  CREDENTIALS_INSTANCE,     /* EC2 instance metadata */
};

struct credentials_role {                       /* assumed with what came before it */
  const char *arn, *session_name, *external_id; /* NULL without */
  unsigned duration;                            /* seconds; 0: STS's own */
};

enum { CREDENTIALS_ROLES = 5 };

/* Texts belong to the plan, or to the environment. */
struct credentials_plan {
  enum credentials_base base;
  struct credentials fixed; /* CREDENTIALS_STATIC */
  struct {
    const char *token_file, *role_arn, *session_name; /* NULL: one is made */
  } web;
  struct {
    const char *url, *token, *token_file; /* the last two NULL without */
  } container;
  struct {
    const char *endpoint;
    bool v1_disabled;
    unsigned timeout_ms, tries;
  } instance;
  struct credentials_role roles[CREDENTIALS_ROLES]; /* the last is assumed first */
  unsigned role_count;
  struct aws_config *config;
  struct bytes source; /* for people: "web identity, role arn:…" */
  struct bytes url;
};

/* 0; UV_ENOENT: nothing is set up; UV_EINVAL: what is set up is wrong; UV_ENOMEM. why gets the
 * places that were looked at and what is amiss, in any case but success. */
int credentials_plan_open(struct credentials_plan **out, struct bytes *why);
void credentials_plan_close(struct credentials_plan *plan);

/* May credentials be fetched from this AWS_CONTAINER_CREDENTIALS_FULL_URI? https, or http to this
 * machine and to the addresses of ECS's and EKS's agents. */
bool credentials_uri_allowed(const char *uri);

#endif

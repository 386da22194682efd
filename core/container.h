/* SPDX-License-Identifier: MIT */
/* Credentials from the agent of ECS or EKS, and the region from ECS's task metadata. Called by
 * credentials_round.c. */
#ifndef USHER_CONTAINER_H
#define USHER_CONTAINER_H

#include "credentials_plan.h"
#include "credentials_step.h"

/* Ends with s->found. */
void container_fetch(struct step *s, const struct credentials_plan *plan);

/* Ends with s->note: the region; UV_ENOENT when this is no ECS task. */
void container_region(struct step *s);

#endif

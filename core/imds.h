/* SPDX-License-Identifier: MIT */
/* Credentials and region from EC2's instance metadata, version 2 with its session token; version 1
 * where version 2 is not answered. Called by credentials_round.c. */
#ifndef USHER_IMDS_H
#define USHER_IMDS_H

#include "credentials_plan.h"
#include "credentials_step.h"

/* Ends with s->found; UV_ENOENT when there is no metadata service, or the instance has no role. */
void imds_fetch(struct step *s, const struct credentials_plan *plan);

/* Ends with s->note: the region. */
void imds_region(struct step *s, const struct credentials_plan *plan);

#endif

/* SPDX-License-Identifier: MIT */
/* What a profile of AWS's shared files says about credentials: keys, roles to assume, or what usher
 * does not do. Called by credentials_plan.c, and calls its places for credential_source. */
#ifndef USHER_CREDENTIALS_PROFILE_H
#define USHER_CREDENTIALS_PROFILE_H

#include "credentials_plan.h"

/* As the places in credentials_plan.c. */
int credentials_plan_profile(struct credentials_plan *plan, struct bytes *why);

int credentials_plan_environment(struct credentials_plan *plan, struct bytes *why);
int credentials_plan_container(struct credentials_plan *plan, struct bytes *why);
int credentials_plan_instance(struct credentials_plan *plan, struct bytes *why);

#endif

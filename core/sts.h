/* SPDX-License-Identifier: MIT */
/* AWS's Security Token Service: a token file or other credentials become a role's. The query
 * protocol, answered in XML. Called by credentials_round.c. */
#ifndef USHER_STS_H
#define USHER_STS_H

#include "credentials_plan.h"
#include "credentials_step.h"

struct sts_place {
  const char *url, *region; /* region is signed for: never empty */
  int64_t time;             /* seconds since 1970 */
};

/* Where STS is: AWS_ENDPOINT_URL_STS and the rest of AWS's order, else otherwise (may be NULL or
 * ""), else AWS's own host in the region, else the one host that knows no region. Appends; 0 or
 * UV_ENOMEM. */
int sts_url(const char *region, const char *otherwise, struct bytes *out);

/* Both end with s->found. The token file is read now. base is what assumes the role;
 * it may be wiped when this returns. */
void sts_web_identity(struct step *s, const struct credentials_plan *plan,
                      const struct sts_place *at);
void sts_assume_role(struct step *s, const struct credentials_role *role, const struct found *base,
                     const struct sts_place *at);

/* An answer, of action "AssumeRole" or "AssumeRoleWithWebIdentity". 0, UV_ENOMEM, UV_EINVAL and why
 * says what is amiss; code (cut) is STS's own, "" without one. Pure. */
struct sts_answer {
  struct found found;
  char code[64];
  struct bytes message;
};
int sts_read(const char *action, struct slice document, struct sts_answer *out);
void sts_answer_wipe(struct sts_answer *a);

#endif

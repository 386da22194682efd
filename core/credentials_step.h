/* SPDX-License-Identifier: MIT */
/* One step towards credentials: requests to one service, each tried a few times in a short time.
 * sts.c, container.c and imds.c are such steps; credentials_round.c puts them one behind the other.
 * Everything is on one loop, and wiped when it ends. */
#ifndef USHER_CREDENTIALS_STEP_H
#define USHER_CREDENTIALS_STEP_H

#include "client.h"

#include <stdint.h>

/* What was found; zero-initialised is valid. */
struct found {
  struct bytes access_key_id, secret_access_key, session_token;
  int64_t expires; /* seconds since 1970; 0: never */
};
void found_wipe(struct found *f);

enum { STEP_HEADERS = 4, STEP_ANSWER_MAX = 64 << 10 };

struct step {
  /* set by the owner */
  uv_loop_t *loop;
  struct client *client;
  unsigned pace_ms;                        /* between two tries */
  void (*on_end)(struct step *s, int err); /* 0, or UV_E* and why says more; s may go inside it */
  void *ctx;
  /* the result */
  struct found found;
  struct bytes why;
  /* one request */
  struct bytes url, body, headers[STEP_HEADERS]; /* headers: "Name: value" */
  const char *method;
  size_t header_count;
  unsigned timeout_ms, tries;
  bool (*again)(const struct client_call *call); /* worth another try? NULL: no 200 */
  void (*answered)(struct step *s, const struct client_call *call); /* NULL: memory is out */
  struct attempts *attempts;
  /* for the step's own use */
  const void *what;
  struct bytes note;
  unsigned flags;
};

/* Forgets the last request: url, body and headers are empty, and are then filled. */
void step_clear(struct step *s, const char *method);
int step_header(struct step *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Sends what was filled in; answered comes once, later, unless step_close came before. */
void step_send(struct step *s, void (*answered)(struct step *s, const struct client_call *call));

/* Ends the step: why gets the words, unless err is 0. */
void step_end(struct step *s, int err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same for an answer that is none: what it was that failed. */
void step_end_call(struct step *s, const struct client_call *call, const char *who);

/* Cancels, wipes and frees what the step holds; s itself is the owner's. */
void step_close(struct step *s);

/* Reads a file that holds one token, as it is now: it changes while the process
 * lives. 0 or UV_E*. */
int step_read_token(const char *path, struct bytes *out);

/* Text of somebody else's, made fit for a log line: printable, and cut. Appends. */
int step_quote(struct bytes *out, const char *text, size_t len);

#endif

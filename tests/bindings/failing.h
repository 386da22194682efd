/* SPDX-License-Identifier: MIT */
/* Memory that runs out when told to, under each Lua state of the program, above whatever allocator
 * the state has: the program is linked with --wrap=lua_newstate. For one thread at a time. */
#ifndef USHER_TESTS_FAILING_H
#define USHER_TESTS_FAILING_H

#include <stdbool.h>

struct failing {
  long left;        /* allocations until one fails; -1: never */
  long in_a_row;    /* how many fail then */
  bool failed;      /* one did */
  long every;       /* of so many new objects one is made after a whole collection; 0: none */
  long until_first; /* of those */
  bool refused;     /* the last call was such a first try */
};
extern _Thread_local struct failing failing;

#endif

/* SPDX-License-Identifier: MIT */
/* What every cmocka program here includes first: the headers that cmocka.h forgets. */
#ifndef USHER_TESTS_UNIT_H
#define USHER_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

#endif

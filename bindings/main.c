/* SPDX-License-Identifier: MIT */
#include <stdio.h>
int main(void) { puts("usher " USHER_VERSION); return 0; }

/* SPDX-License-Identifier: MIT */
/* The dialect of INI in which AWS keeps its two shared files. Pure. */
#ifndef USHER_INI_H
#define USHER_INI_H

/* One setting. section is what stood between the brackets; key and sub are in lower case; sub is
 * NULL, or the name in a nested block (lines indented under "key ="). What is not 0 ends the
 * reading. */
typedef int (*ini_setting)(void *ctx, const char *section, const char *key, const char *sub,
                           const char *value);

/* Reads text, which is changed, and hands over pointers into it; they live as long as it does.
 * Lines that mean nothing are passed over, as the SDKs do, and so are settings before the first, or
 * below a broken, section line. Returns 0 or what on_setting returned. */
int ini_read(char *text, ini_setting on_setting, void *ctx);

#endif

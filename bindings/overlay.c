/* SPDX-License-Identifier: MIT */
/* Writes string literals for the command line's settings. */
#include "overlay.h"

int overlay_quote(struct bytes *out, const char *text) {
  int err = bytes_append(out, "\"", 1);
  for (; *text && !err; text++) {
    unsigned char c = (unsigned char)*text;
    err = c == '"' || c == '\\' || c < ' ' ? bytes_printf(out, "\\%03d", c)
                                           : bytes_append(out, text, 1);
  }
  return err ? err : bytes_append(out, "\"", 1);
}

/* SPDX-License-Identifier: MIT */
/* A file read whole. Any thread. */
#ifndef USHER_FILE_H
#define USHER_FILE_H

#include "bytes.h"

/* Appends what is in the file, with a NUL behind it. 0; UV_EFBIG when that is more than `most`
 * bytes, or UV_E*: then what was read is wiped. Of a regular file no copy stays in
 * memory but this one. */
int file_read(const char *path, size_t most, struct bytes *out);

#endif

/* SPDX-License-Identifier: MIT */
/* The files that secrets were read from: has one of them changed since the version that serves was
 * loaded? Of what was in them a digest is kept. For the whole process; any thread. */
#ifndef USHER_SECRET_FILES_H
#define USHER_SECRET_FILES_H

#include <stdbool.h>
#include <stddef.h>

#define SECRET_FILE_MAX (128 * 1024) /* bytes of such a file */

/* A version is about to be loaded: what is read from now on is its. */
void secret_files_begin(void);
/* A secret has been read from there, and this was in it. */
void secret_files_note(const char *path, const char *data, size_t len);
/* That version serves from now on; files that it has not read are forgotten. */
void secret_files_adopt(void);

/* Reads them all. */
bool secret_files_changed(void);

#endif

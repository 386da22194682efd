/* SPDX-License-Identifier: MIT */
/* Reads as long as there is something: what is no regular file does not know its size. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

enum { PIECE = 4096 };

/* Room for all of a regular file and for seeing its end, so that it is not moved while it grows. */
static size_t room_for(int fd) {
  struct stat about;
  return fstat(fd, &about) == 0 && about.st_size > 0 ? (size_t)about.st_size + 1 : PIECE;
}

static int read_on(int fd, struct bytes *out) {
  int err = bytes_reserve(out, 1);
  if (err) return err;
  ssize_t got;
  do got = read(fd, out->data + out->len, out->cap - out->len - 1);
  while (got < 0 && errno == EINTR);
  if (got < 0) return uv_translate_sys_error(errno);
  out->len += (size_t)got;
  out->data[out->len] = '\0';
  return got ? 0 : UV_EOF;
}

int file_read(const char *path, size_t most, struct bytes *out) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return uv_translate_sys_error(errno);
  size_t before = out->len, room = room_for(fd);
  int err = bytes_reserve(out, room < most ? room : most + 1);
  while (!err) err = out->len - before > most ? UV_EFBIG : read_on(fd, out);
  close(fd);
  if (err == UV_EOF) return 0;
  bytes_wipe(out);
  return err;
}

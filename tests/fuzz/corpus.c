/* SPDX-License-Identifier: MIT */
/* Runs a fuzz target over a corpus, so that what a fuzzer once found stays found without one.
 * `corpus FILE`: one input a line, in hexadecimal. `corpus FILE DIR` writes each input into DIR
 * instead, for a fuzzer to start from. */
#define _GNU_SOURCE /* getline */
#include "encoding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int unpack(const char *dir, int number, const uint8_t *data, size_t len) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%04d", dir, number);
  FILE *file = fopen(path, "wb");
  if (!file || fwrite(data, 1, len, file) != len || fclose(file)) {
    perror(path);
    return 1;
  }
  return 0;
}

int main(int argc, char **argv) {
  FILE *file = argc > 1 ? fopen(argv[1], "r") : NULL;
  char *line = NULL;
  size_t room = 0;
  int inputs = 0, err = 0;
  if (!file) return 2;
  for (ssize_t n; !err && (n = getline(&line, &room, file)) > 0; inputs++) {
    size_t digits = strcspn(line, "\n");
    uint8_t *data =
        malloc(digits / 2 + !digits); /* exact, so that a sanitizer sees a read past the end */
    err = !data || !hex_decode(line, digits, data);
    if (!err && argc > 2)
      err = unpack(argv[2], inputs, data, digits / 2);
    else if (!err)
      LLVMFuzzerTestOneInput(data, digits / 2);
    free(data);
  }
  free(line);
  fclose(file);
  printf("%d inputs\n", inputs);
  return err || !inputs;
}

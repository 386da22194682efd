/* SPDX-License-Identifier: MIT */
/* Runs a fuzz target over files, so that what a fuzzer once found stays found without one: `corpus FILE…`. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int main(int argc, char **argv) {
  static uint8_t data[1 << 20];
  for (int i = 1; i < argc; i++) {
    FILE *file = fopen(argv[i], "rb");
    if (!file) {
      perror(argv[i]);
      return 1;
    }
    size_t len = fread(data, 1, sizeof data, file);
    fclose(file);
    uint8_t *exact = malloc(len ? len : 1); /* so that a sanitizer sees a read past the end */
    if (!exact) return 1;
    for (size_t n = 0; n < len; n++) exact[n] = data[n];
    LLVMFuzzerTestOneInput(exact, len);
    free(exact);
  }
  printf("%d inputs\n", argc - 1);
  return argc > 1 ? 0 : 1;
}

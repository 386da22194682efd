/* SPDX-License-Identifier: MIT */
/* Any bytes as STS's answer: no crash; what is read fits into what came;
 * and it is read the same way twice. */
#include "sts.h"
#include "xml.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int on_leaf(void *ctx, const char *path, struct slice text) {
  if (strlen(path) > XML_PATH) abort();
  return bytes_printf(ctx, "%s=%zu:", path, text.len) || bytes_append(ctx, text.data, text.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  const struct slice document = {(const char *)data, len};
  struct bytes once = {0}, twice = {0};
  struct sts_answer answer;
  int err = xml_read(document, on_leaf, &once);
  if (xml_read(document, on_leaf, &twice) != err || once.len != twice.len ||
      (once.len && memcmp(once.data, twice.data, once.len)))
    abort();
  if (!sts_read("AssumeRole", document, &answer) &&
      (err || !answer.found.access_key_id.len || answer.found.secret_access_key.len > len))
    abort();
  sts_answer_wipe(&answer);
  bytes_free(&once);
  bytes_free(&twice);
  return 0;
}

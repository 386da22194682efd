/* SPDX-License-Identifier: MIT */
/* Any text as a URL: no crash; what is taken apart is within the text,
 * and means the same when it is put together. */
#include "client_url.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  char *text = malloc(len + 1), again[600];
  struct client_url url, twin;
  memcpy(text, data, len);
  text[len] = '\0';
  if (!client_url_parse(text, &url)) {
    const char *target = url.target.data;
    if (target < text || target + url.target.len > text + strlen(text) || !url.port) abort();
    if (!*url.host || strpbrk(url.host, "@/?#\\ \t\r\n%") || strpbrk(url.authority, "@/?#\r\n"))
      abort();
    snprintf(again, sizeof again, "%s://%s", url.tls ? "https" : "http", url.authority);
    if (client_url_parse(again, &twin) || strcmp(twin.host, url.host) != 0 ||
        twin.port != url.port || twin.is_ip != url.is_ip)
      abort();
  }
  free(text);
  return 0;
}

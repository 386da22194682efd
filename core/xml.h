/* SPDX-License-Identifier: MIT */
/* The XML that AWS's query services answer with: elements, text and the five entities, and nothing
 * else. What an attacker would need (DOCTYPE, entities of his own, CDATA) is refused. Pure. */
#ifndef USHER_XML_H
#define USHER_XML_H

#include "bytes.h"

enum { XML_DEPTH = 16, XML_PATH = 256 };

/* An element without children: path as "Response/Result/Name", its text decoded; both live as long
 * as the call. What is not 0 ends the reading. */
typedef int (*xml_leaf)(void *ctx, const char *path, struct slice text);

/* 0 or UV_ENOMEM, UV_EINVAL (not such a document, or one too deep), or what on_leaf returned. */
int xml_read(struct slice document, xml_leaf on_leaf, void *ctx);

#endif

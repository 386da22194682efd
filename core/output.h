/* SPDX-License-Identifier: MIT */
/* Lines to standard error and standard output. Any thread. A command waits for who reads them; a
 * server must not: after output_never_block what the reader has not taken yet is kept, up to a
 * bound, and a thread writes it that lives as long as there is something to write. */
#ifndef USHER_OUTPUT_H
#define USHER_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

enum output { OUTPUT_OUT, OUTPUT_ERR };

/* From now on nobody waits for a reader. */
void output_never_block(void);

/* One line with its newline: whole, and in the order of the calls. False: it is lost, as nobody
 * reads, or reads too slowly. */
bool output_write(enum output which, const char *line, size_t len);

/* Is something kept for a reader who is behind? */
bool output_is_behind(enum output which);

/* Gives both readers so long together to take what is kept. Before the process ends. */
void output_flush(unsigned ms);

#endif

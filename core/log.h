/* SPDX-License-Identifier: MIT */
/* The structured log: one JSON object a line on standard error, by output.h. Any thread. What is
 * lost is counted in usher_log_lines_lost_total, and told once when lines are read again. */
#ifndef USHER_LOG_H
#define USHER_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_OFF };

void log_set_level(enum log_level level);
bool log_wants(enum log_level level);
/* "debug" … "off"; -1 for anything else. */
int log_level_parse(const char *name);

/* log_event(LOG_INFO, "listening", "address", "127.0.0.1", LOG_NUMBER("port", 8080), NULL): names
 * and string values in pairs, or numbers. A value whose name log_redacts is replaced. */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));

extern const char log_number[]; /* stands before a name whose value is a double */
#define LOG_NUMBER(name, value) log_number, (name), (double)(value)

/* The same with the fields as JSON members ("\"a\":1,\"b\":2", may be empty)
 * that the caller has redacted. */
void log_members(enum log_level level, const char *event, const char *members, size_t len);

/* True for names of fields whose values never go to a log: password, secret, token,
 * authorization, code, … */
bool log_redacts(const char *name);

#endif

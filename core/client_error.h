/* SPDX-License-Identifier: MIT */
/* What curl's many results mean to a caller. Part of client.c's calls. */
#ifndef USHER_CLIENT_ERROR_H
#define USHER_CLIENT_ERROR_H

#include "client.h"

#include <curl/curl.h>

enum client_error client_error_of(CURLcode code);

#endif

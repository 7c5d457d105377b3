/*
 * common/dsn.h
 *     libpq's connection strings as settings: what may be shown of one, and whether it is one.
 *
 * No message quotes a connection string or what libpq says of it: a password may be the very part that does not parse.
 */
#ifndef DSN_H
#define DSN_H

#include "text.h"

/* Whether the connection string holds a password; false for a string that is none. */
extern bool dsn_secret(const char *dsn);
/* The connection string as it may be shown. */
extern void dsn_masked(const char *dsn, Text *text);
/* Whether it is one at all; setting is how the problem names it. */
extern bool dsn_check(const char *setting, const char *dsn, Problem *problem);
/* Whether it says something for this keyword. */
extern bool dsn_says(const char *dsn, const char *keyword);

#endif

/*
 * gateway/server/guesses.h
 *     Guessing passwords is slow: after each failure the next try for the same user, and from the same address, waits twice as long.
 */
#ifndef GUESSES_H
#define GUESSES_H

#include <stdbool.h>

#include "refused.h"

/* Of a user's name that PostgreSQL can have. */
#define USER_MAX 63

/* False: the pause of the user, or of the address, is not over. address: NULL where all come from one. */
extern bool guesses_may(const char *user, const char *address, Refused *refused);
extern void guesses_failed(const char *user, const char *address);
/* One was right. */
extern void guesses_forget(const char *user, const char *address);
extern void guesses_end(void);

#endif

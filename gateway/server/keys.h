/*
 * gateway/server/keys.h
 *     The keys that tokens are signed with: a set in a file, and whether a token was signed by one of it.
 */
#ifndef KEYS_H
#define KEYS_H

#include "jwt.h"

typedef struct Keys Keys;

/* NULL: the file cannot be read, or is no set of keys that can be used. */
extern Keys *keys_read(const char *path, Problem *problem);
extern Keys *keys_of(Span json, const char *path, Problem *problem);
extern int	keys_count(const Keys *keys);
extern void keys_free(Keys *keys);

/* False: no key of the set has signed it: 401. */
extern bool keys_verify(const Keys *keys, const Jwt *jwt, Refused *refused);

#endif

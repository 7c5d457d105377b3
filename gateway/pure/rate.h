/*
 * gateway/pure/rate.h
 *     So many a second, and those of a second at once: of one session or role, or of each of many by name.
 */
#ifndef RATE_H
#define RATE_H

#include "bytes.h"

#define RATE_NAME_SIZE 64

/* Takes one, if there is one; per_second 0: always. *used_until_us is what there is to keep of it, 0 at the beginning. */
extern bool rate_take(int64_t *used_until_us, int64_t per_second, int64_t now_us);

/*
 * The same by name, which is shorter than RATE_NAME_SIZE. A fixed number of names is kept; where there are more, one that has used least is
 * forgotten, and has all of its second again.
 */
typedef struct Rates Rates;

extern Rates *rates_new(void);
extern bool rates_take(Rates *rates, const char *name, int64_t per_second, int64_t now_us);
extern void rates_free(Rates *rates);

#endif

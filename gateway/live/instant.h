/*
 * gateway/live/instant.h
 *     Times and dates, as the extension reads and writes them (src/base/moment.c).
 */
#ifndef LIVE_INSTANT_H
#define LIVE_INSTANT_H

#include "text.h"

/* Microseconds since 1970: 2026-03-02T09:30:00.123456Z, with any zone; FIX's form, which is UTC. False: it is none. */
extern bool instant_read(Span text, int64_t *instant);
extern void instant_write(int64_t instant, Text *out);

/* Days since 1970: 2026-03-02, 20260302. */
extern bool day_read(Span text, int64_t *day);
extern void day_write(int64_t day, Text *out);

#endif

/*
 * gateway/live/purged.h
 *     Trees that are gone: all rows of theirs, of every kind, are looked for in slices.
 *
 * Whoever belongs to a tree says so itself, but is found by looking at all: so trees are collected for a while.
 */
#ifndef LIVE_PURGED_H
#define LIVE_PURGED_H

#include "live.h"

typedef struct Purged Purged;

extern Purged *purged_make(Live *live, const HashKey *key);
extern void purged_free(Purged *purged);
extern void purged_add(Purged *purged, Span root);
/* It is not known yet that nothing of it is left. */
extern bool purged_has(const Purged *purged, Span root);
extern bool purged_is_done(const Purged *purged);
/* Looks at so many rows; true when nothing is left of any tree that was added. */
extern bool purged_sweep(Purged *purged, uint32_t rows);
/* As if none had been added. */
extern void purged_clear(Purged *purged);

#endif

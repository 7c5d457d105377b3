/*
 * gateway/live/like.h
 *     SQL's LIKE and ILIKE, of UTF-8.
 */
#ifndef LIVE_LIKE_H
#define LIVE_LIKE_H

#include "text.h"

/* '%' is any text, '_' one character, '\' makes either itself. The pattern does not end within an escape. */
extern bool like_matches(Span text, Span pattern, bool fold);
/* Adds what stands for itself in a pattern. */
extern void like_escape(Span text, Text *pattern);

#endif

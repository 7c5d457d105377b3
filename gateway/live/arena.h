/*
 * gateway/live/arena.h
 *     Texts by number: four bytes in a column instead of a pointer, and room that is given back is used again.
 *
 * What it has taken stays its own until the end; texts never move.
 */
#ifndef LIVE_ARENA_H
#define LIVE_ARENA_H

#include "base.h"

/* 0 is no text. An empty text is one. */
typedef uint32_t TextAt;

/* Sizes up to here have a list of free places each, larger ones one for each power of two. In words of four bytes. */
#define ARENA_SMALL 64
#define ARENA_LISTS (ARENA_SMALL + 1 + 32)

typedef struct Arena
{
	uint32_t  **chunks;
	uint32_t	nchunks;
	uint32_t	next;			/* where the next text goes, and where its chunk ends */
	uint32_t	end;
	TextAt		free[ARENA_LISTS];
	size_t		bytes;			/* taken from the system */
} Arena;

extern TextAt arena_put(Arena *arena, Span text);
extern Span arena_get(const Arena *arena, TextAt at);
extern void arena_give_back(Arena *arena, TextAt at);
extern void arena_free(Arena *arena);

#endif

/*
 * gateway/live/arena.c
 *     Texts by number.
 *
 * A text is a word with its length and its bytes, at a word's place in one of the chunks; a free place holds the next one of its
 * list instead. A text that is longer than a chunk has several that follow each other.
 */
#include "arena.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_BITS 16
#define CHUNK_WORDS (1U << CHUNK_BITS)

static inline uint32_t *
arena_at(const Arena *arena, TextAt at)
{
	return arena->chunks[at >> CHUNK_BITS] + (at & (CHUNK_WORDS - 1));
}

/* How many words a text takes: of large ones a power of two, so that places fit again. */
static uint32_t
arena_words(size_t len)
{
	size_t		words = 1 + (len + 3) / 4;

	if (words < 2)
		words = 2;
	if (words > ARENA_SMALL)
	{
		size_t		power = ARENA_SMALL * 2;

		while (power < words)
			power *= 2;
		words = power;
	}
	/* More than the arena can number: the program ends. */
	if (words > UINT32_MAX / 4)
		must_alloc(SIZE_MAX / 2);
	return (uint32_t) words;
}

static unsigned
arena_list(uint32_t words)
{
	return words <= ARENA_SMALL ? words : ARENA_SMALL + 1 + (unsigned) (31 - __builtin_clz(words));
}

/* So many words that follow each other, at the beginning of a chunk. */
static TextAt
arena_take_chunks(Arena *arena, uint32_t words)
{
	uint32_t	count = (words + CHUNK_WORDS - 1) / CHUNK_WORDS;
	uint32_t	first = arena->nchunks;
	uint32_t   *memory = must_alloc((size_t) count * CHUNK_WORDS * sizeof(uint32_t));

	if (first + count > UINT32_MAX / CHUNK_WORDS)
		must_alloc(SIZE_MAX / 2);
	arena->chunks = must_realloc(arena->chunks, (first + count) * sizeof(uint32_t *));
	for (uint32_t i = 0; i < count; i++)
		arena->chunks[first + i] = memory + (size_t) i * CHUNK_WORDS;
	arena->nchunks += count;
	arena->bytes += (size_t) count * CHUNK_WORDS * sizeof(uint32_t);
	return first << CHUNK_BITS;
}

static TextAt
arena_take(Arena *arena, uint32_t words)
{
	TextAt	   *list = &arena->free[arena_list(words)];
	TextAt		at = *list;

	if (at != 0)
	{
		*list = arena_at(arena, at)[0];
		return at;
	}
	if (words >= CHUNK_WORDS)
		return arena_take_chunks(arena, words);
	if (arena->end - arena->next < words)
	{
		arena->next = arena_take_chunks(arena, CHUNK_WORDS);
		arena->end = arena->next + CHUNK_WORDS;
		/* 0 is no text. */
		arena->next += arena->next == 0;
	}
	at = arena->next;
	arena->next += words;
	return at;
}

TextAt
arena_put(Arena *arena, Span text)
{
	TextAt		at;

	/* So that no large text can stand at 0. */
	if (arena->nchunks == 0)
	{
		arena->next = arena_take_chunks(arena, CHUNK_WORDS) + 1;
		arena->end = CHUNK_WORDS;
	}
	at = arena_take(arena, arena_words(text.len));
	arena_at(arena, at)[0] = (uint32_t) text.len;
	if (text.len > 0)
		memcpy(arena_at(arena, at) + 1, text.data, text.len);
	return at;
}

Span
arena_get(const Arena *arena, TextAt at)
{
	const uint32_t *words = arena_at(arena, at);

	return (Span) {(const char *) (words + 1), words[0]};
}

void
arena_give_back(Arena *arena, TextAt at)
{
	uint32_t   *words;
	TextAt	   *list;

	if (at == 0)
		return;
	words = arena_at(arena, at);
	list = &arena->free[arena_list(arena_words(words[0]))];
	words[0] = *list;
	*list = at;
}

void
arena_free(Arena *arena)
{
	for (uint32_t i = 0; i < arena->nchunks; i++)
		/* Not those that are the middle of a longer piece. */
		if (i == 0 || arena->chunks[i] != arena->chunks[i - 1] + CHUNK_WORDS)
			free(arena->chunks[i]);
	free(arena->chunks);
	*arena = (Arena) {0};
}

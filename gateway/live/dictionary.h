/*
 * gateway/live/dictionary.h
 *     Texts that many rows share, as numbers; and in which order the texts stand.
 *
 * A text that was once seen stays.
 */
#ifndef LIVE_DICTIONARY_H
#define LIVE_DICTIONARY_H

#include "arena.h"
#include "blocks.h"
#include "hash.h"

#define CODE_NONE UINT32_MAX

typedef struct Dictionary
{
	HashKey		key;
	Arena		texts;
	TextAt	   *at;				/* of each code */
	uint64_t   *labels;			/* of each code: they sort as the texts do by their bytes */
	uint32_t	count;
	uint32_t	room;
	uint32_t   *table;			/* codes + 1, by the hash of the text */
	uint32_t	table_size;
	Blocks		sorted;
} Dictionary;

extern void dictionary_begin(Dictionary *dictionary, const HashKey *key);
/* The code of a text, a new one where there is none. Labels may change, but no order of two texts. */
extern uint32_t dictionary_put(Dictionary *dictionary, Span text);
/* CODE_NONE: it has never been put. */
extern uint32_t dictionary_find(const Dictionary *dictionary, Span text);
extern Span dictionary_text(const Dictionary *dictionary, uint32_t code);
extern size_t dictionary_bytes(const Dictionary *dictionary);
extern void dictionary_free(Dictionary *dictionary);

/* As the collation "C" does. */
extern int	span_cmp(Span a, Span b);

#endif

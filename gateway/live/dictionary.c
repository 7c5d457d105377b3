/*
 * gateway/live/dictionary.c
 *     Texts that many rows share.
 *
 * A new text's label is the middle between those of its neighbours. Where there is no number left between them, all labels are
 * given anew: rows that were sorted by the old ones stand in the same order by the new.
 */
#include "dictionary.h"

#include <stdlib.h>
#include <string.h>

#define TABLE_SIZE_MIN 64

int
span_cmp(Span a, Span b)
{
	size_t		len = a.len < b.len ? a.len : b.len;
	int			cmp = len > 0 ? memcmp(a.data, b.data, len) : 0;

	return cmp != 0 ? cmp : (a.len > b.len) - (a.len < b.len);
}

static int
dictionary_cmp(const void *context, uint32_t a, uint32_t b)
{
	const Dictionary *dictionary = context;

	return span_cmp(dictionary_text(dictionary, a), dictionary_text(dictionary, b));
}

void
dictionary_begin(Dictionary *dictionary, const HashKey *key)
{
	*dictionary = (Dictionary) {.key = *key};
}

Span
dictionary_text(const Dictionary *dictionary, uint32_t code)
{
	return arena_get(&dictionary->texts, dictionary->at[code]);
}

/* Where the text is in the table, or would go. */
static uint32_t
dictionary_slot(const Dictionary *dictionary, Span text)
{
	uint32_t	slot = (uint32_t) hash_bytes(&dictionary->key, text.data, text.len) & (dictionary->table_size - 1);

	while (dictionary->table[slot] != 0 && span_cmp(dictionary_text(dictionary, dictionary->table[slot] - 1), text) != 0)
		slot = (slot + 1) & (dictionary->table_size - 1);
	return slot;
}

static void
dictionary_grow(Dictionary *dictionary)
{
	if (dictionary->count == dictionary->room)
	{
		dictionary->room = dictionary->room > 0 ? dictionary->room * 2 : 16;
		dictionary->at = must_realloc(dictionary->at, dictionary->room * sizeof(TextAt));
		dictionary->labels = must_realloc(dictionary->labels, dictionary->room * sizeof(uint64_t));
	}
	if (dictionary->count * 2 < dictionary->table_size)
		return;
	free(dictionary->table);
	dictionary->table_size = dictionary->table_size > 0 ? dictionary->table_size * 2 : TABLE_SIZE_MIN;
	dictionary->table = must_alloc(dictionary->table_size * sizeof(uint32_t));
	memset(dictionary->table, 0, dictionary->table_size * sizeof(uint32_t));
	for (uint32_t code = 0; code < dictionary->count; code++)
		dictionary->table[dictionary_slot(dictionary, dictionary_text(dictionary, code))] = code + 1;
}

static void
dictionary_relabel(Dictionary *dictionary)
{
	uint64_t	step = UINT64_MAX / ((uint64_t) dictionary->count + 1);
	uint64_t	label = 0;

	for (uint32_t block = 0; block < dictionary->sorted.nblocks; block++)
		for (uint32_t i = 0; i < dictionary->sorted.counts[block]; i++)
			dictionary->labels[dictionary->sorted.items[block][i]] = label += step;
}

static void
dictionary_label(Dictionary *dictionary, uint32_t code)
{
	BlocksOrder order = {dictionary_cmp, dictionary};
	uint32_t	rank = blocks_rank(&dictionary->sorted, blocks_place(&dictionary->sorted, order, code));
	uint32_t	near[3];
	uint32_t	before = rank > 0;
	uint32_t	found = blocks_read(&dictionary->sorted, rank - before, 3, near);
	uint64_t	low = before ? dictionary->labels[near[0]] : 0;
	uint64_t	high = found > before + 1 ? dictionary->labels[near[before + 1]] : UINT64_MAX;

	if (high - low < 2)
		dictionary_relabel(dictionary);
	else
		dictionary->labels[code] = low + (high - low) / 2;
}

uint32_t
dictionary_find(const Dictionary *dictionary, Span text)
{
	uint32_t	slot;

	if (dictionary->table_size == 0)
		return CODE_NONE;
	slot = dictionary_slot(dictionary, text);
	return dictionary->table[slot] != 0 ? dictionary->table[slot] - 1 : CODE_NONE;
}

uint32_t
dictionary_put(Dictionary *dictionary, Span text)
{
	uint32_t	slot;
	uint32_t	code = dictionary_find(dictionary, text);

	if (code != CODE_NONE)
		return code;
	dictionary_grow(dictionary);
	slot = dictionary_slot(dictionary, text);
	code = dictionary->count++;
	dictionary->at[code] = arena_put(&dictionary->texts, text);
	dictionary->table[slot] = code + 1;
	blocks_insert(&dictionary->sorted, (BlocksOrder) {dictionary_cmp, dictionary}, code);
	dictionary_label(dictionary, code);
	return code;
}

size_t
dictionary_bytes(const Dictionary *dictionary)
{
	return dictionary->texts.bytes + dictionary->room * (sizeof(TextAt) + sizeof(uint64_t)) + dictionary->table_size * sizeof(uint32_t) +
		blocks_bytes(&dictionary->sorted);
}

void
dictionary_free(Dictionary *dictionary)
{
	arena_free(&dictionary->texts);
	blocks_free(&dictionary->sorted);
	free(dictionary->at);
	free(dictionary->labels);
	free(dictionary->table);
	*dictionary = (Dictionary) {0};
}

/*
 * gateway/live/blocks.c
 *     Numbers in an order, in blocks.
 */
#include "blocks.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_ITEMS 512
/* So that a new one has room: three quarters. And a small one goes to its neighbour, where both together leave room. */
#define BLOCK_FILLED 384
#define BLOCK_SMALL 64

/* A new block at that place. */
static void
blocks_open(Blocks *blocks, uint32_t at)
{
	if (blocks->nblocks == blocks->room)
	{
		blocks->room = blocks->room > 0 ? blocks->room * 2 : 16;
		blocks->items = must_realloc(blocks->items, blocks->room * sizeof(uint32_t *));
		blocks->counts = must_realloc(blocks->counts, blocks->room * sizeof(uint16_t));
	}
	memmove(blocks->items + at + 1, blocks->items + at, (blocks->nblocks - at) * sizeof(uint32_t *));
	memmove(blocks->counts + at + 1, blocks->counts + at, (blocks->nblocks - at) * sizeof(uint16_t));
	blocks->items[at] = must_alloc(BLOCK_ITEMS * sizeof(uint32_t));
	blocks->counts[at] = 0;
	blocks->nblocks++;
}

static void
blocks_close(Blocks *blocks, uint32_t at)
{
	free(blocks->items[at]);
	blocks->nblocks--;
	memmove(blocks->items + at, blocks->items + at + 1, (blocks->nblocks - at) * sizeof(uint32_t *));
	memmove(blocks->counts + at, blocks->counts + at + 1, (blocks->nblocks - at) * sizeof(uint16_t));
}

BlocksPlace
blocks_place(const Blocks *blocks, BlocksOrder order, uint32_t item)
{
	BlocksPlace place = {0};
	uint32_t	high = blocks->nblocks;

	if (blocks->nblocks == 0)
		return place;
	/* The last block that does not begin behind it. */
	while (high - place.block > 1)
	{
		uint32_t	middle = place.block + (high - place.block) / 2;

		if (order.cmp(order.context, blocks->items[middle][0], item) <= 0)
			place.block = middle;
		else
			high = middle;
	}
	high = blocks->counts[place.block];
	while (place.at < high)
	{
		uint32_t	middle = place.at + (high - place.at) / 2;

		if (order.cmp(order.context, blocks->items[place.block][middle], item) < 0)
			place.at = middle + 1;
		else
			high = middle;
	}
	return place;
}

uint32_t
blocks_rank(const Blocks *blocks, BlocksPlace place)
{
	uint32_t	rank = place.at;

	for (uint32_t i = 0; i < place.block; i++)
		rank += blocks->counts[i];
	return rank;
}

/* The second half of a full block, as one of its own. */
static void
blocks_split(Blocks *blocks, uint32_t at)
{
	uint32_t	half = blocks->counts[at] / 2;

	blocks_open(blocks, at + 1);
	blocks->counts[at + 1] = (uint16_t) (blocks->counts[at] - half);
	memcpy(blocks->items[at + 1], blocks->items[at] + half, blocks->counts[at + 1] * sizeof(uint32_t));
	blocks->counts[at] = (uint16_t) half;
}

void
blocks_insert(Blocks *blocks, BlocksOrder order, uint32_t item)
{
	BlocksPlace place = blocks_place(blocks, order, item);
	uint32_t   *items;

	if (blocks->nblocks == 0)
		blocks_open(blocks, 0);
	if (blocks->counts[place.block] == BLOCK_ITEMS)
	{
		blocks_split(blocks, place.block);
		if (place.at > blocks->counts[place.block])
		{
			place.at -= blocks->counts[place.block];
			place.block++;
		}
	}
	items = blocks->items[place.block];
	memmove(items + place.at + 1, items + place.at, (blocks->counts[place.block] - place.at) * sizeof(uint32_t));
	items[place.at] = item;
	blocks->counts[place.block]++;
	blocks->total++;
}

/* What is left of a block goes to the one before or behind it. */
static void
blocks_merge(Blocks *blocks, uint32_t at)
{
	uint32_t	first = at + 1 < blocks->nblocks ? at : at - 1;
	uint32_t	count;

	if (blocks->nblocks == 1)
		return;
	if (blocks->counts[first] + blocks->counts[first + 1] > BLOCK_FILLED)
		return;
	count = blocks->counts[first];
	memcpy(blocks->items[first] + count, blocks->items[first + 1], blocks->counts[first + 1] * sizeof(uint32_t));
	blocks->counts[first] = (uint16_t) (count + blocks->counts[first + 1]);
	blocks_close(blocks, first + 1);
}

bool
blocks_remove(Blocks *blocks, BlocksOrder order, uint32_t item)
{
	BlocksPlace place = blocks_place(blocks, order, item);
	uint32_t   *items;

	if (blocks->nblocks == 0 || place.at == blocks->counts[place.block])
		return false;
	items = blocks->items[place.block];
	if (items[place.at] != item)
		return false;
	blocks->counts[place.block]--;
	blocks->total--;
	memmove(items + place.at, items + place.at + 1, (blocks->counts[place.block] - place.at) * sizeof(uint32_t));
	if (blocks->counts[place.block] == 0)
		blocks_close(blocks, place.block);
	else if (blocks->counts[place.block] < BLOCK_SMALL)
		blocks_merge(blocks, place.block);
	return true;
}

uint32_t
blocks_read(const Blocks *blocks, uint32_t rank, uint32_t count, uint32_t *items)
{
	uint32_t	block = 0;
	uint32_t	read = 0;

	while (block < blocks->nblocks && rank >= blocks->counts[block])
		rank -= blocks->counts[block++];
	for (; block < blocks->nblocks && read < count; block++, rank = 0)
	{
		uint32_t	here = blocks->counts[block] - rank;

		if (here > count - read)
			here = count - read;
		memcpy(items + read, blocks->items[block] + rank, here * sizeof(uint32_t));
		read += here;
	}
	return read;
}

void
blocks_fill(Blocks *blocks, const uint32_t *items, uint32_t count)
{
	for (uint32_t i = 0; i < count; i += BLOCK_FILLED)
	{
		uint32_t	here = count - i < BLOCK_FILLED ? count - i : BLOCK_FILLED;

		blocks_open(blocks, blocks->nblocks);
		memcpy(blocks->items[blocks->nblocks - 1], items + i, here * sizeof(uint32_t));
		blocks->counts[blocks->nblocks - 1] = (uint16_t) here;
	}
	blocks->total += count;
}

size_t
blocks_bytes(const Blocks *blocks)
{
	return blocks->nblocks * BLOCK_ITEMS * sizeof(uint32_t) + blocks->room * (sizeof(uint32_t *) + sizeof(uint16_t));
}

void
blocks_free(Blocks *blocks)
{
	for (uint32_t i = 0; i < blocks->nblocks; i++)
		free(blocks->items[i]);
	free(blocks->items);
	free(blocks->counts);
	*blocks = (Blocks) {0};
}

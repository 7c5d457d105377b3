/*
 * gateway/live/blocks.h
 *     Numbers in an order that somebody else knows, in blocks: put in and taken out at any place, read from any rank.
 *
 * With a million of them, a change moves at most a block, and a rank is the sum of some thousand counts that lie side by side.
 */
#ifndef LIVE_BLOCKS_H
#define LIVE_BLOCKS_H

#include "base.h"

typedef struct Blocks
{
	uint32_t  **items;			/* of each block; none is empty */
	uint16_t   *counts;
	uint32_t	nblocks;
	uint32_t	room;
	uint32_t	total;
} Blocks;

/* By what they are sorted: of two different ones never 0. */
typedef struct BlocksOrder
{
	int			(*cmp) (const void *context, uint32_t a, uint32_t b);
	const void *context;
} BlocksOrder;

typedef struct BlocksPlace
{
	uint32_t	block;
	uint32_t	at;
} BlocksPlace;

/* Where it stands, or would. */
extern BlocksPlace blocks_place(const Blocks *blocks, BlocksOrder order, uint32_t item);
/* How many stand before that place. */
extern uint32_t blocks_rank(const Blocks *blocks, BlocksPlace place);
extern void blocks_insert(Blocks *blocks, BlocksOrder order, uint32_t item);
/* False: it does not stand where the order says. */
extern bool blocks_remove(Blocks *blocks, BlocksOrder order, uint32_t item);
/* So many from a rank on; returns how many there are. */
extern uint32_t blocks_read(const Blocks *blocks, uint32_t rank, uint32_t count, uint32_t *items);
/* From what is sorted already. It was empty. */
extern void blocks_fill(Blocks *blocks, const uint32_t *items, uint32_t count);
extern size_t blocks_bytes(const Blocks *blocks);
extern void blocks_free(Blocks *blocks);

#endif

/*
 * gateway/live/hash.h
 *     A hash that nobody can aim at: SipHash-1-3 under a key of the process.
 *
 * Symbols, ids and accounts are what a counterparty sends.
 */
#ifndef LIVE_HASH_H
#define LIVE_HASH_H

#include "base.h"

/* Drawn by who makes the engine; tests draw it from their seed. */
typedef struct HashKey
{
	uint64_t	k0;
	uint64_t	k1;
} HashKey;

extern uint64_t hash_bytes(const HashKey *key, const char *data, size_t len);

#endif

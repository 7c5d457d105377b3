/*
 * gateway/live/hash.c
 *     SipHash with one round a word and three at the end.
 */
#include "hash.h"

#include <string.h>

static inline uint64_t
rotate(uint64_t x, int bits)
{
	return (x << bits) | (x >> (64 - bits));
}

static inline void
hash_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

uint64_t
hash_bytes(const HashKey *key, const char *data, size_t len)
{
	uint64_t	v[4] = {key->k0 ^ 0x736f6d6570736575U, key->k1 ^ 0x646f72616e646f6dU, key->k0 ^ 0x6c7967656e657261U, key->k1 ^ 0x7465646279746573U};
	size_t		whole = len - len % 8;
	uint64_t	last = (uint64_t) len << 56;

	for (size_t i = 0; i < whole; i += 8)
	{
		uint64_t	word;

		memcpy(&word, data + i, 8);
		v[3] ^= word;
		hash_round(v);
		v[0] ^= word;
	}
	for (size_t i = whole; i < len; i++)
		last |= (uint64_t) (unsigned char) data[i] << (8 * (i - whole));
	v[3] ^= last;
	hash_round(v);
	v[0] ^= last;
	v[2] ^= 0xFF;
	hash_round(v);
	hash_round(v);
	hash_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/*-------------------------------------------------------------------------
 *
 * uuid.c
 *	  Identifiers that sort by the time they were made.
 *
 * RFC 9562 section 5.7 with method 1 of section 6.2: the twelve bits after the
 * milliseconds are a counter, so that the ids of one backend ascend even within
 * one millisecond.  The 14 bits after the variant are the slot of the tree, so
 * that whoever has any id of a tree knows where it is; the last 48 bits are
 * random.  So two backends never make the same, and an index grows at its right
 * edge.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/time.h>

#include "base/uuid.h"

#define COUNTER_MAX 0x0fff
#define RANDOM_BYTES 10			/* in one id */
#define POOL_IDS 64				/* asking for little at a time costs more than the bytes */

/* Random bytes for one id; each is handed out once. */
static const uint8 *
uuid_next_random(void)
{
	static uint8 pool[RANDOM_BYTES * POOL_IDS];
	static int	used = POOL_IDS;

	if (used == POOL_IDS)
	{
		if (!pg_strong_random(pool, sizeof(pool)))
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("could not generate random values")));
		used = 0;
	}
	return pool + RANDOM_BYTES * used++;
}

char *
oms_new_id(int slot)
{
	static uint64 last_ms = 0;
	static uint16 counter = 0;
	static const char hex[] = "0123456789abcdef";
	struct timeval now;
	uint64		ms;
	uint8		bytes[16];
	char	   *text = palloc(37);
	char	   *at = text;

	gettimeofday(&now, NULL);
	ms = (uint64) now.tv_sec * 1000 + now.tv_usec / 1000;
	memcpy(bytes + 6, uuid_next_random(), RANDOM_BYTES);

	if (ms > last_ms)
	{
		last_ms = ms;
		/* start in the lower half, so that there is room to count */
		counter = ((bytes[6] << 8) | bytes[7]) & (COUNTER_MAX >> 1);
	}
	else if (++counter > COUNTER_MAX)
	{
		last_ms++;				/* run ahead of the clock rather than repeat */
		counter = 0;
	}
	for (int i = 0; i < 6; i++)
		bytes[i] = (uint8) (last_ms >> (40 - 8 * i));
	bytes[6] = 0x70 | (counter >> 8);
	bytes[7] = counter & 0xff;
	if (slot != OMS_ANY_SLOT)
	{
		bytes[8] = slot >> 8;
		bytes[9] = slot & 0xff;
	}
	bytes[8] = 0x80 | (bytes[8] & 0x3f);

	for (int i = 0; i < 16; i++)
	{
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		*at++ = hex[bytes[i] >> 4];
		*at++ = hex[bytes[i] & 0x0f];
	}
	*at = '\0';
	return text;
}

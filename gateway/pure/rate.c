/*
 * gateway/pure/rate.c
 *     So many a second.
 *
 * What was used is a moment: each one taken moves it on by a share of a second, and it may be a second ahead of now. Names stand in a table
 * of rows of WAYS, found by a hash.
 */
#include "rate.h"

#include <stdlib.h>
#include <string.h>

#define SECOND_US 1000000
#define ROWS 1024
#define WAYS 8

typedef struct Used
{
	char		name[RATE_NAME_SIZE];	/* empty: none */
	int64_t		until_us;
} Used;

struct Rates
{
	Used		used[ROWS][WAYS];
};

bool
rate_take(int64_t *used_until_us, int64_t per_second, int64_t now_us)
{
	int64_t		share_us;

	if (per_second <= 0)
		return true;
	share_us = SECOND_US / per_second > 0 ? SECOND_US / per_second : 1;
	if (*used_until_us < now_us)
		*used_until_us = now_us;
	if (*used_until_us + share_us > now_us + SECOND_US)
		return false;
	*used_until_us += share_us;
	return true;
}

Rates *
rates_new(void)
{
	Rates	   *rates = must_alloc(sizeof *rates);

	memset(rates, 0, sizeof *rates);
	return rates;
}

void
rates_free(Rates *rates)
{
	free(rates);
}

static Used *
rates_find(Rates *rates, const char *name)
{
	uint64_t	hash = UINT64_C(14695981039346656037);
	Used	   *row;
	Used	   *least;

	for (const char *at = name; *at != '\0'; at++)
		hash = (hash ^ (unsigned char) *at) * UINT64_C(1099511628211);
	row = least = rates->used[(hash ^ hash >> 32) % ROWS];
	for (int i = 0; i < WAYS; i++)
	{
		if (strcmp(row[i].name, name) == 0)
			return &row[i];
		if (row[i].until_us < least->until_us)
			least = &row[i];
	}
	*least = (Used) {.until_us = 0};
	memcpy(least->name, name, strlen(name) + 1);
	return least;
}

bool
rates_take(Rates *rates, const char *name, int64_t per_second, int64_t now_us)
{
	return per_second <= 0 || strlen(name) >= RATE_NAME_SIZE || rate_take(&rates_find(rates, name)->until_us, per_second, now_us);
}

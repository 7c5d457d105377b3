/*
 * gateway/test/rate.c
 *     So many a second: what breaks if more are given, fewer, or those of somebody else.
 */
#include "tap.h"

#include <stdio.h>

#include "rate.h"

#define S INT64_C(1000000)

static int
taken(int64_t *used, int64_t per_second, int64_t from_us, int64_t step_us, int tries)
{
	int			count = 0;

	for (int i = 0; i < tries; i++)
		count += rate_take(used, per_second, from_us + i * step_us);
	return count;
}

int
main(void)
{
	static const int64_t many[] = {1, 3, 7, 100, 999, 100000};
	int64_t		used = 0;
	Rates	   *rates = rates_new();
	char		name[RATE_NAME_SIZE];
	int			count = 0;

	ok(taken(&used, 0, 5 * S, 0, 1000) == 1000, "no limit");
	for (size_t i = 0; i < sizeof many / sizeof many[0]; i++)
	{
		int			at_once;

		used = 0;
		at_once = taken(&used, many[i], 5 * S, 0, 200000);
		/* a share of a second is whole microseconds: what is cut off makes one more of some thousand */
		ok(at_once >= many[i] && at_once <= many[i] + many[i] / 999 + 1, "%lld at once, of a second: %d", (long long) many[i], at_once);
		ok(!rate_take(&used, many[i], 5 * S), "and no more");
		ok(taken(&used, many[i], 6 * S, 0, 200000) >= many[i], "a second later as many");
		used = 0;
		ok(taken(&used, many[i], 5 * S, 2 * S / many[i] + 1, 1000) == 1000, "half as many as there may be, for ever");
	}
	used = 0;
	ok(taken(&used, 10, 5 * S, S / 20, 200) <= 10 + 100 && taken(&used, 10, 15 * S, S / 20, 200) == 100, "twice as many: half of them");

	ok(rates_take(rates, "alice", 1, 5 * S) && !rates_take(rates, "alice", 1, 5 * S), "one name");
	ok(rates_take(rates, "bob", 1, 5 * S), "another has its own");
	ok(rates_take(rates, "alice", 0, 5 * S), "no limit any more");
	for (int i = 0; i < 2000; i++)
	{
		snprintf(name, sizeof name, "role %d", i);
		count += rates_take(rates, name, 1, 100 * S);
	}
	ok(count == 2000, "2,000 names, each its own");
	for (int i = 0; i < 2000; i++)
	{
		snprintf(name, sizeof name, "role %d", i);
		count -= !rates_take(rates, name, 1, 100 * S);
	}
	ok(count <= 20, "which are known again: %d are not", count);
	for (int i = 0; i < 100000; i++)
	{
		snprintf(name, sizeof name, "more %d", i);
		if (!rates_take(rates, name, 1, 100 * S))
			break;
	}
	ok(rates_take(rates, "alice", 1, 102 * S), "more than there is room for do no harm");
	rates_free(rates);
	return done();
}

/*
 * Sharing at random: hundreds of blocks, several times filled, against a model that does the rules step by step in small whole numbers, and what
 * must hold of every sharing: sums exact, nobody beyond its cap, the order of the members and the unit of the quantities
 * without a meaning, and in the end everybody has its membership however the fills came.
 */
#include "unit.h"

#include "common/pg_prng.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "allocation_numbers.h"

#define BLOCKS 300

static pg_prng_state prng;

static int
pick(int least, int most)
{
	return (int) pg_prng_uint64_range(&prng, least, most);
}

/* ------------------------------------------------------------------------
 * the model: the rules as they are written, in whole numbers
 * ------------------------------------------------------------------------
 */

typedef struct Model
{
	int			count;
	int64		weight[MOST];
	int64		cap[MOST];
	int64		had[MOST];
	int64		ideal[MOST];	/* times unit */
	int64		unit;
	int64		share[MOST];
	bool		odd[MOST];
} Model;

static int64
clamp(int64 value, int64 most)
{
	return Max(Min(value, most), 0);
}

/* The share at the level at / weight, times the weight. */
static int64
model_sum(const Model *m, int64 at, int64 weight)
{
	int64		sum = 0;

	for (int i = 0; i < m->count; i++)
		sum += clamp(at * m->weight[i] - weight * m->had[i], weight * m->cap[i]);
	return sum;
}

static void
model_ideals(Model *m, int64 at, int64 weight)
{
	m->unit = weight;
	for (int i = 0; i < m->count; i++)
		m->ideal[i] = clamp(at * m->weight[i] - weight * m->had[i], weight * m->cap[i]);
}

/* Who is beyond its cap leaves with it; again until nobody is. */
static void
model_cumulative(Model *m, int64 quantity)
{
	bool		capped[MOST] = {0};
	bool		again = true;
	int64		at = 1,
				weight = 0;

	while (again)
	{
		int64		left = quantity,
					weights = 0;

		again = false;
		for (int i = 0; i < m->count; i++)
		{
			left += m->had[i] - (capped[i] ? m->had[i] + m->cap[i] : 0);
			weights += capped[i] ? 0 : m->weight[i];
		}
		if (weights == 0)
			break;
		at = left;
		weight = weights;
		for (int i = 0; i < m->count; i++)
			if (!capped[i] && at * m->weight[i] > weight * (m->had[i] + m->cap[i]))
				capped[i] = again = true;
	}
	model_ideals(m, at, weight);
	for (int i = 0; i < m->count; i++)
		if (capped[i])
			m->ideal[i] = weight * m->cap[i];
}

/* The highest level of those at which somebody begins or ends where there is enough; and from there on. */
static void
model_fair(Model *m, int64 quantity)
{
	int64		best = 0,
				best_weight = 1,
				at = quantity,
				weight = 0;

	for (int i = 0; i < 2 * m->count; i++)
	{
		int64		step = m->had[i / 2] + (i % 2 ? m->cap[i / 2] : 0);
		int64		of = m->weight[i / 2];

		if (model_sum(m, step, of) <= quantity * of && step * best_weight > best * of)
			best = step, best_weight = of;
	}
	for (int i = 0; i < m->count; i++)
		if ((m->had[i] + m->cap[i]) * best_weight <= best * m->weight[i])
			at -= m->cap[i];
		else if (m->had[i] * best_weight <= best * m->weight[i])
			at += m->had[i], weight += m->weight[i];
	if (weight == 0)
		at = best, weight = best_weight;
	model_ideals(m, at, weight);
}

/* The largest remainder of those who have room for so much, or -1. */
static int
model_largest(const Model *m, int64 piece)
{
	int			best = -1;

	for (int i = 0; i < m->count; i++)
		if (m->cap[i] - m->share[i] >= piece &&
			(best < 0 || m->ideal[i] - m->share[i] * m->unit > m->ideal[best] - m->share[best] * m->unit))
			best = i;
	return best;
}

/* Whole lots; then each lot, and each odd one, to who has the largest remainder just then.  False: not so much is there. */
static bool
model_lots(Model *m, int64 lot, int64 left)
{
	int			best;

	for (int i = 0; i < m->count; i++)
	{
		m->share[i] = m->ideal[i] / (m->unit * lot) * lot;
		m->odd[i] = false;
		left -= m->share[i];
	}
	if (left < 0)
		return false;
	for (; left >= lot && (best = model_largest(m, lot)) >= 0; left -= lot)
		m->share[best] += lot;
	while (left > 0 && (best = model_largest(m, 1)) >= 0)
	{
		int64		piece = Min(left, m->cap[best] - m->share[best]);

		m->share[best] += piece;
		m->odd[best] = true;
		left -= piece;
	}
	return true;
}

static int64
model_room(const Model *m)
{
	int64		room = 0;

	for (int i = 0; i < m->count; i++)
		room += m->cap[i];
	return room;
}

/* Which level it took: the fair one is the rare case. */
static bool
model_allocate(Model *m, int64 lot, int64 quantity)
{
	quantity = Min(quantity, model_room(m));
	model_cumulative(m, quantity);
	if (model_lots(m, lot, quantity))
		return false;
	model_fair(m, quantity);
	return model_lots(m, lot, quantity);
}

/* ------------------------------------------------------------------------
 * at random
 * ------------------------------------------------------------------------
 */

static const char *broken;		/* what did not hold, or NULL */
static int	cumulative_count;
static int	fair_count;

static void
must(bool holds, const char *what)
{
	if (!holds && broken == NULL)
		broken = what;
}

/*
 * The members of a model, in an order of their own, quantities times `factor` and weights times `weigh`: place[i] is where i stands.
 * Priorities say the order of the first ones, orderIds that of the others; bytes are above 127 too.
 */
static void
make_members(const Model *m, Numeric factor, Numeric weigh, ShareMember *members, int *place)
{
	for (int i = 0; i < m->count; i++)
		place[i] = i;
	for (int i = m->count - 1; i > 0; i--)
	{
		int			other = pick(0, i);
		int			was = place[i];

		place[i] = place[other];
		place[other] = was;
	}
	for (int i = 0; i < m->count; i++)
		members[place[i]] = (ShareMember) {
			.order_id = psprintf("%c%d", i < 8 ? 'a' + i : 0xf0 + i - 8, pick(0, 9)),
			.priority = Min(i, 3),
			.weight = oms_dec_mul(whole(m->weight[i]), weigh),
			.cap = oms_dec_mul(whole(m->cap[i]), factor),
			.from_method = oms_dec_mul(whole(m->had[i]), factor)
		};
}

/* What is shared is worth its part of a pool, and comes from executions: every sum is exact. */
static void
check_money(ShareMember *members, int count, Numeric factor, int64 quantity)
{
	int64		more = pick(0, 3) ? 0 : pick(1, 50);
	Numeric		value = oms_dec_mul(whole(pick(-100000, 1000000)), dec("0.00000000000007"));
	Numeric		total = oms_share_value(members, count, value, oms_dec_mul(whole(quantity + more), factor));
	Numeric		available[MOST];
	Numeric		taken[MOST];
	Numeric		sum = oms_dec_zero();
	int			executions = 0;
	ListCell   *lc;
	List	   *list;

	must(more > 0 || quantity == 0 || oms_dec_cmp(total, value) == 0, "all of a pool is worth all of it");
	for (int64 left = quantity + more; left > 0; executions++)
	{
		int64		part = executions == MOST - 1 ? left : pick(1, left);

		available[executions] = oms_dec_mul(whole(part), factor);
		left -= part;
	}
	list = oms_share_entries(available, executions, members, count);
	must(list_length(list) < Max(executions + count, 1), "no more entries than needed");
	for (int i = 0; i < executions; i++)
		taken[i] = oms_dec_zero();
	foreach(lc, list)
	{
		ShareEntry *entry = lfirst(lc);
		ShareMember *m = &members[entry->member];

		must(oms_dec_sign(entry->quantity) > 0, "no empty entry");
		must(entry->execution == 0 || oms_dec_cmp(taken[entry->execution - 1], available[entry->execution - 1]) == 0, "the oldest is used up first");
		taken[entry->execution] = oms_dec_add(taken[entry->execution], entry->quantity);
		m->quantity = oms_dec_sub(m->quantity, entry->quantity);
		m->value = oms_dec_sub(m->value, entry->value);
		sum = oms_dec_add(sum, entry->value);
	}
	must(oms_dec_cmp(sum, total) == 0, "values add up");
	for (int i = 0; i < executions; i++)
		must(oms_dec_cmp(taken[i], available[i]) <= 0, "no more of an execution than it has");
	for (int i = 0; i < count; i++)
		must(oms_dec_sign(members[i].quantity) == 0 && oms_dec_sign(members[i].value) == 0, "a member's entries are its share and value");
}

static void
check_sharing(Model *m, ShareMethod method, int64 lot, int64 quantity)
{
	static const char *const factors[] = {"1", "0.0000000000000000001", "70000000000000000000.00000000007"};
	bool		fair = model_allocate(m, lot, quantity);
	int64		sum = 0;

	fair ? fair_count++ : cumulative_count++;
	for (int f = 0; f < lengthof(factors); f++)
	{
		Numeric		factor = dec(factors[f]);
		ShareMember members[MOST];
		int			place[MOST];
		Numeric		left;

		make_members(m, factor, dec(factors[pick(0, 2)]), members, place);
		left = oms_share_allocate(members, m->count, method, oms_dec_mul(whole(lot), factor), oms_dec_mul(whole(quantity), factor));
		must(oms_dec_cmp(left, oms_dec_mul(whole(Max(quantity - model_room(m), 0)), factor)) == 0, "what is left is what nobody can take");
		for (int i = 0; i < m->count; i++)
		{
			must(oms_dec_cmp(members[place[i]].quantity, oms_dec_mul(whole(m->share[i]), factor)) == 0, "each has the share of the model");
			must(members[place[i]].odd_lot == m->odd[i] && m->odd[i] == (m->share[i] % lot != 0), "odd lots are flagged");
			must(m->share[i] >= 0 && m->share[i] <= m->cap[i], "no less than nothing, no more than the cap");
			sum += f == 0 ? m->share[i] : 0;
		}
		if (broken == NULL)
			check_money(members, m->count, factor, sum);
	}
	must(sum == Min(quantity, model_room(m)), "the shares add up");
}

/* By fills of whole lots alone nobody is ever two lots from its part of what was given. */
static void
check_fairness(const Model *m, int64 lot)
{
	int64		given = 0;
	int64		weights = 0;

	for (int i = 0; i < m->count; i++)
	{
		given += m->had[i];
		weights += m->weight[i];
	}
	for (int i = 0; i < m->count; i++)
		must(Abs(given * m->weight[i] - m->had[i] * weights) < 2 * lot * weights, "as they come is as fair as at once");
}

/*
 * A block whose fills come one by one until it is full.  In some all is by the method, in whole lots; in others some is given by
 * hand, memberships grow, and what each has to begin with is not its part.
 */
static void
block(void)
{
	Model		m = {.count = pick(2, MOST)};
	int64		lot = pick(0, 1) ? 1 : pick(2, 10);
	ShareMethod method = pick(0, 2) ? SHARE_PRO_RATA : SHARE_EQUAL;
	bool		even = pick(0, 2) == 0;
	bool		uneven = !even && pick(0, 1);
	int64		fill = pick(1, 3) * (even || pick(0, 1) ? lot : pick(1, 20));

	for (int i = 0; i < m.count; i++)
	{
		m.cap[i] = pick(1, 40) * (even || pick(0, 2) ? lot : 1);
		m.weight[i] = method == SHARE_EQUAL ? 1 : m.cap[i];
		m.had[i] = uneven ? pick(0, 40) : 0;
	}
	while (model_room(&m) > 0 && broken == NULL)
	{
		int			someone = pick(0, m.count - 1);

		CHECK_FOR_INTERRUPTS();
		if (!even && pick(0, 4) == 0)
			m.cap[someone] = pick(0, 5) ? pick(0, m.cap[someone]) : m.cap[someone] + pick(1, 9);
		check_sharing(&m, method, lot, even || pick(0, 4) ? fill : pick(0, model_room(&m) + 5));
		for (int i = 0; i < m.count; i++)
		{
			m.cap[i] -= m.share[i];
			m.had[i] += m.share[i];
		}
		if (even && method == SHARE_PRO_RATA)
			check_fairness(&m, lot);
	}
}

static void
at_random(void)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "block", ALLOCSET_DEFAULT_SIZES);
	uint64		seed;

	for (seed = 1; seed <= BLOCKS && broken == NULL; seed++)
	{
		MemoryContext old = MemoryContextSwitchTo(context);

		pg_prng_seed(&prng, seed);
		block();
		MemoryContextSwitchTo(old);
		MemoryContextReset(context);
	}
	ok(broken == NULL, "%d blocks%s%s", BLOCKS, broken ? psprintf(", broken at " UINT64_FORMAT ": ", seed - 1) : "", broken ? broken : "");
	ok(cumulative_count > BLOCKS && fair_count > BLOCKS / 10, "%d sharings at the cumulative level, %d at the fair one", cumulative_count, fair_count);
}

/* As many members as a block may have, of sizes that no lot fits. */
static void
many(void)
{
	ShareMember *members = palloc0(1000 * sizeof(ShareMember));
	Numeric		lot = dec("0.00000001");
	Numeric		quantity = dec("123456789.87654321");
	Numeric		sum = oms_dec_zero();
	Numeric		price = dec("60000.0123456789");
	ShareMember *m;

	pg_prng_seed(&prng, 1);
	for (m = members; m < members + 1000; m++)
	{
		m->order_id = psprintf("%d", (int) (m - members));
		m->weight = oms_dec_mul(whole(pick(1, 1000000000)), dec("0.001"));
		m->cap = pick(0, 1) ? m->weight : oms_dec_div(m->weight, whole(7), 9);
	}
	is_text(oms_dec_text(oms_share_allocate(members, 1000, SHARE_PRO_RATA, lot, quantity)), "0", "1,000 members: all is shared");
	for (m = members; m < members + 1000; m++)
	{
		sum = oms_dec_add(sum, m->quantity);
		if (oms_dec_cmp(m->quantity, m->cap) > 0 || (oms_dec_scale(m->quantity) > 8 && !m->odd_lot))
			ok(false, "member %s", m->order_id);
	}
	is_text(oms_dec_text(sum), oms_dec_text(quantity), "1,000 members: exactly");
	is_text(oms_dec_text(oms_share_value(members, 1000, oms_dec_mul(quantity, price), quantity)), oms_dec_text(oms_dec_mul(quantity, price)),
			"1,000 members: their value");
	ok(list_length(oms_share_entries(&quantity, 1, members, 1000)) <= 1000, "1,000 members: of one fill");
}

UNIT_TEST(allocation_random)
{
	at_random();
	many();
}

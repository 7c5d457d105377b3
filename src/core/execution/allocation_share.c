/*-------------------------------------------------------------------------
 *
 * allocation_share.c
 *	  The arithmetic of an allocation: who gets how much, at which value.
 *
 * Pure, and exact: a share is a rational number, so shares are kept times their
 * common denominator (`unit`), and levels are compared by their products.  The
 * only division is the one that counts whole lots.
 *
 * Ideals follow a level: at the level a/w a member is due a/w times its weight of
 * all that the method gave, what it had before included.  It takes nothing while
 * it has more than that already, and nothing more once it is at its cap; so the
 * excess of who is capped goes to the others by their weights.  The level is
 *
 *	  the cumulative one, (all that was given + the quantity) / sum of weights,
 *	  raised for those who are not capped.  Where a member had more than its part
 *	  (a lot too much), the ideals of the others add up to more than there is, and
 *	  their remainders say who lacks most;
 *
 *	  the fair one, where already the whole lots of those ideals are more than
 *	  there is: the lower level at which the ideals add up.  So the others pay by
 *	  their weights for who had more.
 *
 * Either way fewer lots than members are left for the largest remainders.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/damage.h"
#include "base/decimal.h"
#include "core/execution/allocation_share.h"

/* One who takes part. */
typedef struct Share
{
	ShareMember *member;
	Numeric		weight;
	Numeric		begins;			/* what it has by the method */
	Numeric		ends;			/* and its cap: more it cannot have */
	Numeric		ideal;			/* times the unit */
	Numeric		remainder;		/* what the ideal is more than the share, times the unit */
} Share;

/* A level at which a member begins to take, or ends: at ÷ the member's weight. */
typedef struct ShareStep
{
	const Share *share;
	Numeric		at;
	bool		is_end;
} ShareStep;

typedef struct Sharing
{
	Share	   *shares;
	int			count;
	Numeric		lot;
	Numeric		quantity;		/* that the shares will add up to */
	Numeric		left;			/* of it */
	Numeric		unit;
} Sharing;

static int
share_compare(const ShareMember *a, const ShareMember *b)
{
	if (a->priority != b->priority)
		return a->priority < b->priority ? -1 : 1;
	return strcmp(a->order_id, b->order_id);
}

static int
share_by_order(const void *a, const void *b)
{
	return share_compare(((const Share *) a)->member, ((const Share *) b)->member);
}

static int
share_by_remainder(const void *a, const void *b)
{
	int			less = oms_dec_cmp(((const Share *) b)->remainder, ((const Share *) a)->remainder);

	return less != 0 ? less : share_by_order(a, b);
}

static int
share_by_level(const void *a, const void *b)
{
	const ShareStep *x = a;
	const ShareStep *y = b;

	return oms_dec_cmp(oms_dec_mul(x->at, y->share->weight), oms_dec_mul(y->at, x->share->weight));
}

/* ------------------------------------------------------------------------
 * ideals
 * ------------------------------------------------------------------------
 */

/* PRIORITY: what there is, to one after the other. */
static void
share_in_order(Sharing *s)
{
	Numeric		rest = s->quantity;

	s->unit = oms_dec_one();
	qsort(s->shares, s->count, sizeof(Share), share_by_order);
	for (Share *share = s->shares; share < s->shares + s->count; share++)
	{
		share->ideal = oms_dec_min(rest, oms_dec_sub(share->ends, share->begins));
		rest = oms_dec_sub(rest, share->ideal);
	}
}

/*
 * The ideals at the cumulative level, or at the fair one, which is `given` / `weight`: what those who take part have and get, by
 * their weights.  It rises through the steps until they get all there is; who begins brings along what it has, who ends takes out
 * what it has and got.  For the cumulative level all take part from the beginning, so who has too much counts below nothing.
 */
static void
share_by_weight(Sharing *s, bool fair)
{
	ShareStep  *steps = palloc(2 * s->count * sizeof(ShareStep));
	int			count = 0;
	Numeric		given = s->quantity;
	Numeric		weight = oms_dec_zero();

	for (const Share *share = s->shares; share < s->shares + s->count; share++)
	{
		if (!fair)
		{
			given = oms_dec_add(given, share->begins);
			weight = oms_dec_add(weight, share->weight);
		}
		else if (oms_dec_cmp(share->begins, share->ends) == 0)
			continue;
		else
			steps[count++] = (ShareStep) {share, share->begins, false};
		steps[count++] = (ShareStep) {share, share->ends, true};
	}
	qsort(steps, count, sizeof(ShareStep), share_by_level);
	for (const ShareStep *step = steps; step < steps + count; step++)
	{
		if (oms_dec_cmp(oms_dec_mul(step->at, weight), oms_dec_mul(given, step->share->weight)) >= 0)
			break;
		given = step->is_end ? oms_dec_sub(given, step->at) : oms_dec_add(given, step->at);
		weight = step->is_end ? oms_dec_sub(weight, step->share->weight) : oms_dec_add(weight, step->share->weight);
	}
	s->unit = weight;
	for (Share *share = s->shares; share < s->shares + s->count; share++)
	{
		Numeric		reached = oms_dec_sub(oms_dec_mul(given, share->weight), oms_dec_mul(weight, share->begins));
		Numeric		cap = oms_dec_mul(weight, oms_dec_sub(share->ends, share->begins));

		share->ideal = oms_dec_max(oms_dec_min(reached, cap), oms_dec_zero());
	}
}

/* ------------------------------------------------------------------------
 * lots
 * ------------------------------------------------------------------------
 */

static void
share_give(Sharing *s, Share *share, Numeric quantity)
{
	ShareMember *member = share->member;

	member->quantity = oms_dec_add(member->quantity, quantity);
	share->remainder = oms_dec_sub(share->remainder, oms_dec_mul(quantity, s->unit));
	s->left = oms_dec_sub(s->left, quantity);
}

static Numeric
share_room(const Share *share)
{
	return oms_dec_sub(oms_dec_sub(share->ends, share->begins), share->member->quantity);
}

/* Give everyone the whole lots of its ideal.  False: there is not so much. */
static bool
share_round_down(Sharing *s)
{
	Numeric		step = oms_dec_mul(s->lot, s->unit);

	s->left = s->quantity;
	for (Share *share = s->shares; share < s->shares + s->count; share++)
	{
		share->member->quantity = oms_dec_zero();
		share->remainder = share->ideal;
		share_give(s, share, oms_dec_mul(oms_dec_count(share->ideal, step), s->lot));
	}
	return oms_dec_sign(s->left) >= 0;
}

/*
 * Lot by lot to the largest remainder.  All remainders are less than a lot apart, so that is turn by turn, in the same order
 * each time; whom a lot does not fit any more is left out.
 */
static void
share_give_lots(Sharing *s)
{
	Share	  **takers = palloc(s->count * sizeof(Share *));
	int			taking = s->count;

	qsort(s->shares, s->count, sizeof(Share), share_by_remainder);
	for (int i = 0; i < taking; i++)
		takers[i] = &s->shares[i];
	while (taking > 0 && oms_dec_cmp(s->left, s->lot) >= 0)
	{
		int			took = 0;

		for (int i = 0; i < taking && oms_dec_cmp(s->left, s->lot) >= 0; i++)
			if (oms_dec_cmp(share_room(takers[i]), s->lot) >= 0)
			{
				share_give(s, takers[i], s->lot);
				takers[took++] = takers[i];
			}
		taking = took;
	}
}

/* What is left is less than a lot, or a lot fits nobody: whole to the largest remainder, and what is beyond its cap to the next. */
static void
share_give_odd_lot(Sharing *s)
{
	qsort(s->shares, s->count, sizeof(Share), share_by_remainder);
	for (Share *share = s->shares; share < s->shares + s->count && oms_dec_sign(s->left) > 0; share++)
	{
		Numeric		piece = oms_dec_min(s->left, share_room(share));

		if (oms_dec_sign(piece) > 0)
		{
			share_give(s, share, piece);
			share->member->odd_lot = true;
		}
	}
}

/* Who takes part, without a share yet, and how much they can take together. */
static void
share_begin(Sharing *s, ShareMember *members, int count, ShareMethod method, Numeric quantity)
{
	Numeric		room = oms_dec_zero();

	s->shares = palloc0(count * sizeof(Share));
	for (ShareMember *member = members; member < members + count; member++)
	{
		Numeric		cap = oms_dec_max(member->cap, oms_dec_zero());
		Numeric		begins = member->from_method ? member->from_method : oms_dec_zero();
		Numeric		weight = method == SHARE_PRO_RATA ? member->weight : oms_dec_one();

		member->quantity = oms_dec_zero();
		member->odd_lot = false;
		if (oms_dec_sign(weight) <= 0)
			continue;
		s->shares[s->count++] = (Share) {.member = member, .weight = weight, .begins = begins, .ends = oms_dec_add(begins, cap)};
		room = oms_dec_add(room, cap);
	}
	s->quantity = oms_dec_min(quantity, room);
}

Numeric
oms_share_allocate(ShareMember *members, int count, ShareMethod method, Numeric lot, Numeric quantity)
{
	Sharing		s = {.lot = lot};

	share_begin(&s, members, count, method, quantity);
	if (oms_dec_sign(s.quantity) <= 0)
		return quantity;
	if (method == SHARE_PRIORITY)
		share_in_order(&s);
	else
		share_by_weight(&s, false);
	if (!share_round_down(&s))
	{
		share_by_weight(&s, true);
		share_round_down(&s);
	}
	share_give_lots(&s);
	share_give_odd_lot(&s);
	return oms_dec_sub(quantity, s.quantity);
}

Numeric
oms_share_reduce(ShareMember *members, int count, Numeric lot, Numeric quantity)
{
	for (ShareMember *member = members; member < members + count; member++)
	{
		member->weight = member->cap = member->quantity;
		member->from_method = NULL;
	}
	return oms_share_allocate(members, count, SHARE_PRO_RATA, lot, quantity);
}

Numeric
oms_share_lot(const ShareMember *members, int count, const List *quantities)
{
	const ShareMember *first = NULL;
	int			decimals = 0;
	ListCell   *lc;

	for (const ShareMember *member = members; member < members + count; member++)
		if (member->round_lot && oms_dec_sign(member->round_lot) > 0 && (first == NULL || share_compare(member, first) < 0))
			first = member;
	if (first)
		return first->round_lot;
	foreach(lc, quantities)
		decimals = Max(decimals, oms_dec_scale(oms_dec_trim(lfirst(lc))));
	return oms_dec_unit(decimals);
}

/* ------------------------------------------------------------------------
 * values
 * ------------------------------------------------------------------------
 */

static Numeric
share_part(Numeric value, Numeric quantity, Numeric whole)
{
	return oms_dec_sign(quantity) == 0 ? oms_dec_zero() : oms_dec_div(oms_dec_mul(value, quantity), whole, SHARE_VALUE_SCALE);
}

Numeric
oms_share_value(ShareMember *members, int count, Numeric pool_value, Numeric pool_quantity)
{
	ShareMember *largest = NULL;
	Numeric		quantity = oms_dec_zero();
	Numeric		total;
	Numeric		rest;

	for (ShareMember *member = members; member < members + count; member++)
	{
		int			more = largest ? oms_dec_cmp(member->quantity, largest->quantity) : 1;

		if (more > 0 || (more == 0 && share_compare(member, largest) < 0))
			largest = member;
		quantity = oms_dec_add(quantity, member->quantity);
	}
	if (oms_dec_sign(quantity) != 0 && oms_dec_cmp(quantity, pool_quantity) == 0)
		total = oms_dec_trim(pool_value);
	else
		total = share_part(pool_value, quantity, pool_quantity);
	rest = total;
	for (ShareMember *member = members; member < members + count; member++)
	{
		member->value = share_part(pool_value, member->quantity, pool_quantity);
		rest = oms_dec_sub(rest, member->value);
	}
	if (largest)
		largest->value = oms_dec_add(largest->value, rest);
	return total;
}

/* ------------------------------------------------------------------------
 * entries
 * ------------------------------------------------------------------------
 */

static int
share_by_member(const void *a, const void *b)
{
	return share_compare(*(ShareMember *const *) a, *(ShareMember *const *) b);
}

/* A member's entry; its last one carries the rest of its value. */
static ShareEntry *
share_entry(const ShareMember *member, Numeric quantity, Numeric quantity_left, Numeric value_left)
{
	ShareEntry *entry = palloc0(sizeof(ShareEntry));

	entry->quantity = quantity;
	entry->value = oms_dec_cmp(quantity, quantity_left) == 0 ? value_left : share_part(member->value, quantity, member->quantity);
	return entry;
}

List *
oms_share_entries(const Numeric *available, int executions, const ShareMember *members, int count)
{
	const ShareMember **ordered = palloc(count * sizeof(ShareMember *));
	List	   *entries = NIL;
	int			execution = 0;
	Numeric		there = executions > 0 ? available[0] : NULL;

	for (int i = 0; i < count; i++)
		ordered[i] = &members[i];
	qsort(ordered, count, sizeof(ShareMember *), share_by_member);
	for (int i = 0; i < count; i++)
	{
		Numeric		quantity = ordered[i]->quantity;
		Numeric		value = ordered[i]->value;

		while (oms_dec_sign(quantity) > 0)
		{
			ShareEntry *entry;

			if (execution == executions)
				oms_damaged("an allocation gives more than its executions have");
			if (oms_dec_sign(there) > 0)
			{
				entry = share_entry(ordered[i], oms_dec_min(quantity, there), quantity, value);
				entry->execution = execution;
				entry->member = ordered[i] - members;
				entries = lappend(entries, entry);
				quantity = oms_dec_sub(quantity, entry->quantity);
				value = oms_dec_sub(value, entry->value);
				there = oms_dec_sub(there, entry->quantity);
			}
			else if (++execution < executions)
				there = available[execution];
		}
	}
	return entries;
}

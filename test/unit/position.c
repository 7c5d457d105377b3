/*
 * Positions as text: what breaks if one does not come back as it was, if one that was cut, mistyped or made up is taken, or if
 * reading it goes beyond its end; and sets of transactions.
 */
#include "unit.h"

#include "query/position.h"

static uint64 few[] = {3, 5, 1000, UINT64CONST(1) << 40};
static uint64 none[1];

static Position
sample(void)
{
	return (Position) {
		.object = "execution", .newest = 7, .server = 0xdeadbeef, .incarnation = 6, .open = true, .by_sequence = true,
		.from = {.end = 1001, .nhidden = 3, .hidden = few},
		.to = {.end = (UINT64CONST(1) << 40) + 1, .nhidden = 4, .hidden = few},
		.place = PG_INT64_MAX, .count = PG_UINT64_MAX
	};
}

static bool
same_set(const XidSet *a, const XidSet *b)
{
	return a->end == b->end && a->nhidden == b->nhidden && memcmp(a->hidden, b->hidden, sizeof(uint64) * a->nhidden) == 0;
}

static void
check_text(void)
{
	Position	p = sample();
	Position	q;
	StringInfoData text;
	int			taken = 0;

	initStringInfo(&text);
	oms_position_write(&p, &text);
	ok(oms_position_read(text.data, text.len, &q), "a position is read");
	ok(strcmp(p.object, q.object) == 0 && p.newest == q.newest && p.server == q.server && p.incarnation == q.incarnation &&
	   q.open && q.by_sequence && p.place == q.place && p.count == q.count && same_set(&p.from, &q.from) && same_set(&p.to, &q.to),
	   "as it was written");
	for (int length = 0; length < text.len; length++)
		taken += oms_position_read(text.data, length, &q);
	for (int i = 0; i < text.len; i++)
	{
		char		was = text.data[i];

		for (int c = 0; c < 256; c++)
		{
			text.data[i] = (char) c;
			taken += (char) c != was && oms_position_read(text.data, text.len, &q);
		}
		text.data[i] = was;
	}
	ok(taken == 0, "none that was cut or has another byte");
	p = (Position) {.object = "", .from = {.hidden = none}, .to = {.end = XIDS_ALL, .hidden = none}};
	oms_position_write(&p, &text);
	ok(oms_position_read(text.data, text.len, &q) && q.to.end == XIDS_ALL && q.from.end == 0 && !q.open, "the first one");
	p.incarnation = 1;
	oms_position_write(&p, &text);
	ok(!oms_position_read(text.data, text.len, &q), "none of an incarnation that did not exist where it was given");
}

static void
check_sets(void)
{
	XidSet		set = {.end = 1001, .nhidden = 3, .hidden = few};
	XidSet		cut = oms_xids_cut(&set, 6);
	XidSet		all = {.end = XIDS_ALL};
	XidSet		more = {.end = 1002, .nhidden = 1, .hidden = few + 1};

	ok(oms_xids_see(&set, 4) && !oms_xids_see(&set, 5) && !oms_xids_see(&set, 1001) && oms_xids_see(&all, 5), "what a set sees");
	ok(cut.end == 6 && cut.nhidden == 2 && oms_xids_see(&cut, 4) && !oms_xids_see(&cut, 6), "what is left of it");
	ok(oms_xids_cover(&more, &set) && oms_xids_cover(&all, &set) && oms_xids_cover(&set, &cut), "what covers it");
	ok(!oms_xids_cover(&set, &more) && !oms_xids_cover(&cut, &set), "and what does not");
}

UNIT_TEST(position)
{
	check_text();
	check_sets();
}

/*
 * gateway/test/live_engine.c
 *     The engine as the gateway uses it: states in the order of their versions, snapshots that are merged, views that are shared,
 *     limits, and rights.
 *
 * Broken by: a state that comes twice and counts twice, a gap that is passed over, a merge that touches what is as it was or keeps what
 * is gone, a view that shows what nobody allowed, one that goes while somebody looks at it.
 */
#include <stdlib.h>

#include "bytes.h"
#include "live.h"
#include "tap.h"

static Live *live;

static LiveResult
put(LiveObject object, const char *id, const char *version, const char *account, const char *quantity, bool whole, Refused *refused)
{
	const Schema *schema = live_store(live, object)->schema;
	Span		cells[FIELDS_MAX] = {{NULL, 0}};

	cells[schema->id] = span_of(id);
	cells[schema->version] = span_of(version);
	cells[schema_field(schema, span_of("rootId"))] = span_of(id);
	if (account != NULL)
		cells[schema_field(schema, span_of("account"))] = span_of(account);
	if (quantity != NULL)
		cells[schema_field(schema, span_of(object == LIVE_EXECUTIONS ? "quantity" : "orderQty"))] = span_of(quantity);
	return live_put(live, object, cells, whole, refused);
}

static View *
open_view(const char *rights, const char *where, Refused *refused)
{
	ViewSpec	spec = {.rights = span_of(rights), .where = span_of(where), .order_by = span_of("\"-orderQty\"")};

	return live_open(live, LIVE_ORDERS, &spec, refused);
}

static void
is_seen(View *view, const char *wanted, const char *name)
{
	Text		ids = {0};
	Lines		lines;
	Line		line[10];
	uint32_t	count;

	lines_begin(&lines, view, NULL);
	count = lines_read(&lines, 0, 10, line);
	lines_end(&lines);
	for (uint32_t i = 0; i < count; i++)
	{
		Span		id = store_id(view->store, line[i].row);

		text_printf(&ids, "%s%.*s", i > 0 ? " " : "", (int) id.len, id.data);
	}
	is_str(ids.data != NULL ? ids.data : "", wanted, "%s", name);
	text_free(&ids);
}

static void
check_versions(void)
{
	Refused		refused = {.detail = ""};
	View	   *view = open_view("{}", "{\"account\":\"A\"}", &refused);

	ok(live_build(live, 10), "nothing to build");
	is_int(put(LIVE_ORDERS, "o1", "1", "A", "100", false, &refused), LIVE_APPLIED, "a new one");
	is_int(put(LIVE_ORDERS, "o1", "1", "B", "999", false, &refused), LIVE_OLD, "the same once more");
	is_int(put(LIVE_ORDERS, "o1", "3", "B", "999", false, &refused), LIVE_GAP, "one before it is missing");
	is_int(put(LIVE_ORDERS, "o2", "2", "A", "50", false, &refused), LIVE_GAP, "or of one that is not here");
	is_seen(view, "o1", "and nothing of these is seen");
	is_int(put(LIVE_ORDERS, "o2", "7", "A", "200", true, &refused), LIVE_APPLIED, "as it stands it is taken");
	is_int(put(LIVE_ORDERS, "o1", "2", "A", "300", false, &refused), LIVE_APPLIED, "and what follows");
	is_seen(view, "o1 o2", "in their order");
	is_int(put(LIVE_ORDERS, "o1", "3", "B", "300", false, &refused), LIVE_APPLIED, "it changes hands");
	is_seen(view, "o2", "and is another's");
	is_int(put(LIVE_ORDERS, "o3", "1", "A", "1,5", false, &refused), LIVE_BAD, "one that cannot be read");
	ok(strstr(refused.detail, "orderQty") != NULL, "says what: %s", refused.detail);
	ok(live_remove(live, LIVE_ORDERS, span_of("o2")) && !live_remove(live, LIVE_ORDERS, span_of("o2")), "it goes once");
	is_seen(view, "", "and is gone");
	live_close(view);
}

static void
check_merge(void)
{
	Refused		refused;
	View	   *view = open_view("{}", "{\"account\":\"A\"}", &refused);
	Row			kept;
	uint32_t	stamp;

	live_build(live, 1000);
	for (int i = 0; i < 4; i++)
		put(LIVE_ORDERS, (const char *[]) {"m1", "m2", "m3", "m4"}[i], "1", "A", "10", false, &refused);
	stamp = live_store(live, LIVE_ORDERS)->stamps[store_find(live_store(live, LIVE_ORDERS), span_of("m1"))];
	kept = store_find(live_store(live, LIVE_ORDERS), span_of("m1"));
	live_merge_begin(live, LIVE_ORDERS);
	put(LIVE_ORDERS, "m1", "1", "A", "10", true, &refused);
	put(LIVE_ORDERS, "m2", "5", "A", "20", true, &refused);
	put(LIVE_ORDERS, "m5", "2", "A", "5", true, &refused);
	ok(!live_merge_end(live, LIVE_ORDERS, 2), "its end comes in slices");
	while (!live_merge_end(live, LIVE_ORDERS, 2))
		continue;
	is_seen(view, "m2 m1 m5", "a snapshot is what there is");
	is_int(live_store(live, LIVE_ORDERS)->stamps[kept], stamp, "what is as it was is not touched");
	is_int(live_store(live, LIVE_ORDERS)->count, 3, "and the rest is gone");
	/* The server that took over had not got all of it, and something else since. */
	live_merge_begin(live, LIVE_ORDERS);
	is_int(put(LIVE_ORDERS, "m1", "1", "A", "30", true, &refused), LIVE_APPLIED, "the same version, and something else");
	is_int(put(LIVE_ORDERS, "m2", "3", "A", "15", true, &refused), LIVE_APPLIED, "an older one");
	is_int(put(LIVE_ORDERS, "m5", "2", "A", "5", true, &refused), LIVE_OLD, "and one that is as it was");
	live_merge_end(live, LIVE_ORDERS, 100);
	is_seen(view, "m1 m2 m5", "are what there is");
	is_int(put(LIVE_ORDERS, "m2", "4", "A", "2", false, &refused), LIVE_APPLIED, "from where it goes on");
	is_seen(view, "m1 m5 m2", "and goes on");
	live_merge_begin(live, LIVE_ORDERS);
	live_merge_give_up(live);
	is_int(put(LIVE_ORDERS, "m2", "3", "A", "15", true, &refused), LIVE_OLD, "once it is over, what is older is old");
	put(LIVE_ORDERS, "m2", "5", "A", "20", false, &refused);
	put(LIVE_ORDERS, "m1", "2", "A", "10", false, &refused);
	live_close(view);
}

static void
check_rights(void)
{
	Refused		refused = {.status = 0};
	View	   *view;

	ok(open_view("", "{}", &refused) == NULL && refused.status == 403, "who says not what may be seen sees nothing");
	ok(open_view("null", "{}", &refused) == NULL && refused.status == 403, "nor does null say it");
	ok(open_view("{\"accoun\":\"A\"}", "{}", &refused) == NULL && refused.status == 400, "nor what cannot be read");
	view = open_view("{\"account\":[\"A\"]}", "{\"or\":[{\"account\":\"B\"},{\"orderQty\":{\"gte\":\"10\"}}]}", &refused);
	put(LIVE_ORDERS, "b1", "1", "B", "70", false, &refused);
	put(LIVE_ORDERS, "n1", "1", NULL, "80", false, &refused);
	while (!live_build(live, 1))
		continue;
	is_seen(view, "m2 m1", "no condition reaches beyond them, and what has no account is nobody's");
	is_int(view->totals.count, 2, "nor does the count");
	put(LIVE_ORDERS, "m2", "6", "B", "70", false, &refused);
	is_seen(view, "m1", "what leaves them is gone at once");
	live_close(view);
}

static void
check_shared(void)
{
	Refused		refused = {.status = 0};
	uint32_t	before;
	View	   *first;
	View	   *second;
	View	   *other;

	live_sweep(live);
	live_sweep(live);
	is_int(live_views(live), 0, "views that nobody looks at are let go");
	first = open_view("{}", "{\"account\":\"A\",\"orderQty\":{\"gt\":1.0}}", &refused);
	second = open_view("{\"and\":[]}", "{\"and\":[{\"orderQty\":{\"gt\":\"1\"}},{\"account\":[\"A\"]}]}", &refused);
	other = open_view("{\"account\":\"A\"}", "{\"orderQty\":{\"gt\":1.0}}", &refused);
	ok(first == second, "who asks the same looks at the same");
	ok(first != other && live_views(live) == 2, "under other rights it is another");
	ok(open_view("{}", "{\"orderQty\":1}", &refused) == NULL && refused.status == 503, "there may be no more views");
	live_close(first);
	live_close(other);
	live_build(live, 1000);
	before = first->rows.total;
	live_sweep(live);
	is_int(live_views(live), 2, "for a while it stays");
	live_sweep(live);
	is_int(live_views(live), 1, "not for ever");
	is_int(second->rows.total, before, "nor while anybody looks at it");
	live_close(second);
}

static void
check_limits(void)
{
	Refused		refused = {.status = 0};
	char		id[16];
	LiveResult	result = LIVE_APPLIED;

	for (int i = 0; i < 30 && result == LIVE_APPLIED; i++)
	{
		snprintf(id, sizeof(id), "x%d", i);
		result = put(LIVE_EXECUTIONS, id, "1", "A", "1", false, &refused);
	}
	is_int(result, LIVE_FULL, "there may be no more rows");
	is_int(live_store(live, LIVE_EXECUTIONS)->count, 20, "than that");
	is_int(put(LIVE_EXECUTIONS, "x0", "2", "A", "2", false, &refused), LIVE_APPLIED, "what is here goes on");
	is_int(put(LIVE_EXECUTIONS, "x99", "5", "A", "2", false, &refused), LIVE_FULL, "of what is left out nothing is missing");
	ok(live_bytes(live) > 100000, "and it is known what it takes");
	is_int(live_object(span_of("quotes")), LIVE_QUOTES, "a kind by its name");
	is_int(live_object(span_of("order_events")), LIVE_OBJECTS, "and no other");
}

/* A view that nobody looks at takes nobody's place. */
static void
check_room(void)
{
	Refused		refused = {.status = 0};
	View	   *first = open_view("{}", "{\"account\":\"R1\"}", &refused);
	View	   *second = open_view("{}", "{\"account\":\"R2\"}", &refused);
	View	   *third;

	ok(first != NULL && second != NULL, "as many as there may be");
	ok(open_view("{}", "{\"account\":\"R3\"}", &refused) == NULL && refused.status == 503, "and no more while they are looked at");
	live_close(first);
	third = open_view("{}", "{\"account\":\"R3\"}", &refused);
	ok(third != NULL, "but once nobody looks at one of them");
	is_int(live_views(live), 2, "which went for it");
	is_seen(second, "", "the other one is as it was");
	live_close(second);
	live_close(third);
}

int
main(void)
{
	live = live_make(&(HashKey) {3, 4}, &(LiveRules) {.max_rows = 20, .max_views = 2});
	check_versions();
	live_sweep(live);
	live_sweep(live);
	check_merge();
	live_sweep(live);
	live_sweep(live);
	check_rights();
	check_shared();
	check_limits();
	live_sweep(live);
	live_sweep(live);
	check_room();
	live_free(live);
	return done();
}

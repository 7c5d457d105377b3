/*
 * gateway/test/live_purged.c
 *     Trees that are gone: whatever was purged while the search went on, and in whatever slices, nothing of it is left and all else is.
 *
 * Broken by: a tree that comes while rows are passed over and is looked for from there on only, a search that ends with a kind, one that
 * takes what only begins likewise.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bytes.h"
#include "purged.h"
#include "tap.h"

#define ROOTS 60

static Live *live;
static bool gone[ROOTS];

static void
put(LiveObject object, const char *id, const char *root)
{
	const Schema *schema = live_store(live, object)->schema;
	Span		cells[FIELDS_MAX] = {{NULL, 0}};
	Refused		refused = {.status = 0};

	cells[schema->id] = span_of(id);
	cells[schema->version] = span_of("1");
	cells[schema_field(schema, span_of("rootId"))] = span_of(root);
	live_put(live, object, cells, false, &refused);
}

static void
fill(void)
{
	for (int i = 0; i < ROOTS * 7; i++)
	{
		char		id[16];
		char		root[16];

		snprintf(id, sizeof(id), i < ROOTS ? "r%d" : "x%d", i);
		snprintf(root, sizeof(root), "r%d", i % ROOTS);
		put((LiveObject) (i < ROOTS ? LIVE_ORDERS : i % LIVE_OBJECTS), id, root);
	}
}

/* Rows that are there, of trees that are gone or not. */
static int
left(bool of_gone)
{
	int			count = 0;

	for (int object = 0; object < LIVE_OBJECTS; object++)
	{
		const Store *store = live_store(live, (LiveObject) object);
		int			field = schema_field(store->schema, span_of("rootId"));

		for (Row row = 0; row < store->nrows; row++)
		{
			Value		root;

			if (!store_has(store, row))
				continue;
			store_value(store, row, field, &root);
			count += gone[atoi(root.text.data + 1)] == of_gone;
		}
	}
	return count;
}

int
main(void)
{
	unsigned	dice = 7;
	Purged	   *purged;
	int			trees = 0;
	bool		between = false;

	live = live_make(&(HashKey) {5, 6}, &(LiveRules) {0});
	purged = purged_make(live, &(HashKey) {7, 8});
	fill();
	ok(purged_is_done(purged) && purged_sweep(purged, 10), "nothing to look for");
	purged_add(purged, span_of("r"));
	purged_add(purged, span_of("r100"));
	while (!purged_sweep(purged, 5))
		continue;
	is_int(left(false), ROOTS * 7, "what only begins likewise stays");
	while (trees < 40)
	{
		char		root[16];
		int			tree = (int) ((dice = dice * 1103515245U + 12345U) >> 16) % ROOTS;

		snprintf(root, sizeof(root), "r%d", tree);
		purged_add(purged, span_of(root));
		trees += !gone[tree];
		gone[tree] = true;
		between |= purged_has(purged, span_of(root));
		for (unsigned slices = (dice >> 20) % 6; slices > 0; slices--)
			purged_sweep(purged, 17);
	}
	ok(between && !purged_has(purged, span_of("r100")), "what is looked for is known");
	while (!purged_sweep(purged, 17))
		continue;
	ok(purged_is_done(purged), "the search ends");
	is_int(left(true), 0, "nothing is left of what was purged");
	is_int(left(false), (ROOTS - trees) * 7, "and all of the rest");
	purged_add(purged, span_of("r1"));
	purged_clear(purged);
	ok(purged_is_done(purged) && !purged_has(purged, span_of("r1")), "it is given up");
	purged_free(purged);
	live_free(live);
	return done();
}

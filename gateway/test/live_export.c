/*
 * gateway/test/live_export.c
 *     A view as a CSV: what is read bit by bit while rows change, come and go is what was there when it began, byte for byte.
 *
 * Broken by: a row that is written as it is now, one whose number has become another's, one that left the view and is left out, a text that
 * a spreadsheet would reckon with, a number that is none any more.
 */
#include <stdlib.h>

#include "bytes.h"
#include "live.h"
#include "tap.h"

#define ROWS 300

static Live *live;
static unsigned dice = 11;

static unsigned
roll(unsigned sides)
{
	dice = dice * 1103515245U + 12345U;
	return (dice >> 16) % sides;
}

static void
put(unsigned order, const char *symbol, unsigned quantity)
{
	static unsigned versions[ROWS * 4];
	const Schema *schema = live_store(live, LIVE_ORDERS)->schema;
	Span		cells[FIELDS_MAX] = {{NULL, 0}};
	Refused		refused = {.status = 0};
	char		id[16];
	char		version[16];
	char		number[24];

	snprintf(id, sizeof(id), "o%u", order);
	snprintf(version, sizeof(version), "%u", ++versions[order]);
	snprintf(number, sizeof(number), "%u.50", quantity);
	cells[schema->id] = cells[schema->root] = span_of(id);
	cells[schema->version] = span_of(version);
	cells[schema_field(schema, span_of("symbol"))] = span_of(symbol);
	cells[schema_field(schema, span_of("orderQty"))] = span_of(number);
	live_put(live, LIVE_ORDERS, cells, true, &refused);
}

/* What is in the view or not, where it stands in it, and whether it is there at all. */
static void
change(void)
{
	unsigned	order = roll(ROWS * 2);
	char		id[16];

	snprintf(id, sizeof(id), "o%u", order);
	if (roll(4) == 0)
		live_remove(live, LIVE_ORDERS, span_of(id));
	else
		put(order, (const char *[]) {"A", "B", "=1+1", "\"x,y\""}[roll(4)], roll(1000));
}

static void
check_moments(const char *name, ViewSpec spec)
{
	static const int columns[] = {0, 10, 14, 3};
	Look		look = {.columns = columns, .ncolumns = 4};
	Refused		refused = {.status = 0};
	View	   *view;
	bool		same = true;

	spec.rights = span_of("{}");
	view = live_open(live, LIVE_ORDERS, &spec, &refused);
	while (!live_build(live, 100))
		continue;
	for (int round = 0; round < 20 && same; round++)
	{
		Export	   *whole = live_export_begin(live, view, &look);
		Export	   *sliced = live_export_begin(live, view, &look);
		Text		was = {0};
		Text		text = {0};

		export_read(whole, UINT32_MAX, &was);
		live_export_end(live, whole);
		while (!export_read(sliced, 1 + roll(40), &text))
			for (unsigned changes = roll(60); changes > 0; changes--)
				change();
		same = was.len == text.len && (was.len == 0 || memcmp(was.data, text.data, was.len) == 0);
		if (!same)
			printf("# expected %s\n# got %s\n", was.data, text.data);
		live_export_end(live, sliced);
		text_free(&was);
		text_free(&text);
	}
	ok(same, "%s: what is read in slices is what was there when it began", name);
	live_close(view);
}

static void
check_text(void)
{
	Refused		refused = {.status = 0};
	ViewSpec	spec = {.rights = span_of("{}"), .where = span_of("{\"orderQty\":\"12345678901234567890.50\"}")};
	const Schema *schema = live_store(live, LIVE_ORDERS)->schema;
	Span		cells[FIELDS_MAX] = {{NULL, 0}};
	int			columns[] = {0, 0, 0, 0, 0, 0, 0};
	static const char *const names[] = {"orderId", "symbol", "orderQty", "price", "createdAt", "flags", "text"};
	Look		look = {.columns = columns, .ncolumns = 7};
	Export	   *export;
	Text		text = {0};
	View	   *view;

	for (int i = 0; i < 7; i++)
		columns[i] = schema_field(schema, span_of(names[i]));
	cells[schema->id] = cells[schema->root] = span_of("-1+\"2");
	cells[schema->version] = span_of("1");
	cells[columns[1]] = span_of("@SUM(A1)");
	cells[columns[2]] = span_of("12345678901234567890.50");
	cells[columns[3]] = span_of("-0.25");
	cells[columns[4]] = span_of("2026-11-27T10:00:00.000000Z");
	cells[columns[5]] = span_of("[\"A\",\"B\"]");
	live_put(live, LIVE_ORDERS, cells, true, &refused);
	view = live_open(live, LIVE_ORDERS, &spec, &refused);
	while (!live_build(live, 100))
		continue;
	export = live_export_begin(live, view, &look);
	export_head(export, &text);
	ok(export_read(export, 5, &text), "all of it");
	is_str(text.data, "\xEF\xBB\xBF" "orderId,symbol,orderQty,price,createdAt,flags,text\r\n"
		   "\"'-1+\"\"2\",\"'@SUM(A1)\",12345678901234567890.50,-0.25,2026-11-27T10:00:00.000000Z,\"[\"\"A\"\",\"\"B\"\"]\",\r\n",
		   "texts are no formulas, and numbers are as they are");
	live_export_end(live, export);
	text_free(&text);
	look.ncolumns = 0;
	export = live_export_begin(live, view, &look);
	is_int(export->ncolumns, schema->nfields, "without columns it has all fields");
	live_export_end(live, export);
	live_close(view);
}

int
main(void)
{
	live = live_make(&(HashKey) {1, 2}, &(LiveRules) {0});
	for (unsigned order = 0; order < ROWS; order++)
		put(order, "A", roll(1000));
	check_moments("flat", (ViewSpec) {.where = span_of("{\"symbol\":[\"A\",\"=1+1\"]}"), .order_by = span_of("\"-orderQty\"")});
	check_moments("by groups", (ViewSpec) {.mode = VIEW_GROUP, .group_by = span_of("-symbol"), .order_by = span_of("\"orderQty\"")});
	check_moments("trees", (ViewSpec) {.mode = VIEW_TREE, .where = span_of("{\"orderQty\":{\"gte\":\"500\"}}"), .order_by = span_of("\"-orderQty\"")});
	check_text();
	live_free(live);
	return done();
}

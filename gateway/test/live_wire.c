/*
 * gateway/test/live_wire.c
 *     Rows as COPY and events give them, and what a client asks to look at.
 *
 * Broken by: an escape of COPY that is kept, a null that is a text, a state whose cells are others than the table's, a filter that
 * takes the place of another, an anchor that is forgotten, a member that nobody knows and nobody refuses.
 */
#include <stdlib.h>

#include "bytes.h"
#include "cells.h"
#include "request_look.h"
#include "tap.h"

static const Field fields[] = {
	{"rowId", "id", .type = FIELD_TEXT}, {"version", "version", .type = FIELD_NUMBER}, {"at", "at", .type = FIELD_TIME}, {"day", "day", .type = FIELD_DATE},
	{"flags", "flags", .type = FIELD_TEXTS}, {"closed", "closed", .type = FIELD_BOOLEAN}, {"doc", "doc", .type = FIELD_DOCUMENT}, {"note", "note", .type = FIELD_TEXT},
};
static const Schema schema = {.object = "rows", .fields = fields, .nfields = 8, .id = 0, .version = 1, .root = FIELD_NONE, .parent = FIELD_NONE, .currency = FIELD_NONE};

static void
are_cells(const Cells *cells, const char *const *wanted, const char *name)
{
	for (int i = 0; i < schema.nfields; i++)
	{
		char	   *got = cells->spans[i].data != NULL ? strndup(cells->spans[i].data, cells->spans[i].len) : NULL;

		is_str(got, wanted[i], "%s: %s", name, fields[i].name);
		free(got);
	}
}

static void
check_cells(void)
{
	static const char *const wanted[] = {"r\t1", "2", "2026-03-02T09:30:00.000000Z", NULL, "[\"A\"]", "t", "{\"a\": [1, \"\\\\\"]}", "a\\b\nc"};
	static const char *const wanted_of_state[] = {"r\t1", "2", "2026-03-02T09:30:00.000000Z", NULL, "[\"A\"]", "true", "{\"a\": [1, \"\\\\\"]}", "a\\b\nc"};
	static const char *const wrong[] = {
		"", "[]", "{\"rowId\":1}", "{\"version\":\"1\"}", "{\"rowId\":\"\\u12\"}", "{\"rowId\":\"x\"", "{\"rowId\":\"x\"}}", "{\"at\":5}", "{\"flags\":\"A\"}",
	};
	Cells		cells = {0};
	Refused		refused;
	Text		text = {0};

	cells_copy_query(&schema, &text);
	is_str(text.data, "COPY (SELECT id, version, pg_catalog.to_char(pg_catalog.timezone('UTC', at), 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), "
		   "pg_catalog.to_char(day, 'YYYY-MM-DD'), pg_catalog.to_jsonb(flags), closed, doc, note FROM oms.rows) TO STDOUT", "what is asked");
	ok(cells_of_copy(&schema, span_of("r\\t1\t2\t2026-03-02T09:30:00.000000Z\t\\N\t[\"A\"]\tt\t{\"a\": [1, \"\\\\\\\\\"]}\ta\\\\b\\nc"), &cells, &refused), "a line of it");
	are_cells(&cells, wanted, "COPY");
	ok(cells_of_copy(&schema, span_of("r\t1\t\\N\t\\N\t\\N\t\\N\t\\N\t"), &cells, &refused) && cells.spans[7].data != NULL && cells.spans[7].len == 0, "an empty text is one");
	ok(!cells_of_copy(&schema, span_of("r\t1"), &cells, &refused), "a line that is cut");
	ok(!cells_of_copy(&schema, span_of("r\t1\t\\N\t\\N\t\\N\t\\N\t\\N\t\tx"), &cells, &refused), "or too long");
	ok(!cells_of_copy(&schema, span_of("r\t1\t\\N\t\\N\t\\N\t\\N\t\\N\tx\\"), &cells, &refused), "or ends within an escape");
	ok(cells_of_state(&schema, span_of("{\"at\": \"2026-03-02T09:30:00.000000Z\", \"day\": null, \"doc\": {\"a\": [1, \"\\\\\"]}, \"note\": \"a\\\\b\\nc\", \"flags\": [\"A\"], \"other\": [[[{}]]], "
											"\"rowId\": \"r\\t1\", \"closed\": true, \"version\": 2}"), &cells, &refused), "a state");
	are_cells(&cells, wanted_of_state, "a state");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ok(!cells_of_state(&schema, span_of(wrong[i]), &cells, &refused), "no state: %s", wrong[i]);
	cells_free(&cells);
	text_free(&text);
}

static void
check_schemas(void)
{
	Live	   *live = live_make(&(HashKey) {1, 2}, &(LiveRules) {0});

	for (int object = 0; object < LIVE_OBJECTS; object++)
	{
		const Schema *kind = live_store(live, (LiveObject) object)->schema;
		bool		good = kind->fields[kind->id].type == FIELD_TEXT && !kind->fields[kind->id].few && kind->fields[kind->version].type == FIELD_NUMBER &&
			kind->fields[kind->currency].few && (kind->root == FIELD_NONE || !kind->fields[kind->root].few);

		for (int i = 0; i < kind->nfields; i++)
		{
			good &= schema_field(kind, span_of(kind->fields[i].name)) == i && !schema_elsewhere(kind, span_of(kind->fields[i].name));
			good &= !kind->fields[i].total || kind->fields[i].type == FIELD_NUMBER;
			good &= (kind->fields[i].type == FIELD_NAME) <= (kind->fields[i].names != NULL);
		}
		ok(good, "the fields of %s", kind->object);
	}
	live_free(live);
}

static Live *live;
static LookRequest request;
static Refused refused;

static bool
asked(const char *json)
{
	request_look_free(&request);
	refused = (Refused) {.detail = ""};
	return request_look_read(live, span_of(json), &request, &refused);
}

static void
check_requests(void)
{
	ok(asked("{\"object\":\"orders\",\"columns\":[]}"), "the least: %s", refused.detail);
	ok(request.object == LIVE_ORDERS && request.spec.mode == VIEW_FLAT && request.look.anchor == LOOK_FIRST && request.look.first == 0 && !request.look.frozen, "is the beginning of all");
	is_str(request.where.data, "{\"and\":[{}]}", "without a condition");
	ok(asked("{\"object\":\"orders\",\"gen\":7,\"where\":{\"closed\":false},\"filters\":{\"price\":\">100\",\"side\":\"BUY,SELL\"},\"search\":\"ab\",\"orderBy\":[\"-price\"],"
			 "\"columns\":[\"symbol\",\"price\"],\"first\":120000,\"count\":60,\"anchor\":{\"id\":\"o\\u0031\",\"offset\":3},\"frozen\":true}"), "much: %s", refused.detail);
	ok(strncmp(request.where.data, "{\"and\":[{\"closed\":false},{\"price\":{\"gt\":\"100\"}},{\"or\":[{\"side\":{\"eq\":\"BUY\"}},{\"side\":{\"eq\":\"SELL\"}}]},{\"and\":[{\"or\":[", 110) == 0,
	   "all hold: %s", request.where.data);
	ok(request.look.gen == 7 && request.look.first == 120000 && request.look.count == 60 && request.look.frozen && request.look.ncolumns == 2 &&
	   request.look.columns[1] == schema_field(&schema_orders, span_of("price")), "as it was said");
	ok(request.look.anchor == LOOK_ROW && span_is(request.look.id, "o1") && request.look.offset == 3, "at a row");
	ok(asked("{\"object\":\"executions\",\"mode\":\"group\",\"groupBy\":\"-symbol\",\"columns\":[\"execID\"],\"expand\":[null,\"nowhere\"],\"anchor\":{\"end\":true}}"), "groups: %s", refused.detail);
	ok(request.spec.mode == VIEW_GROUP && request.look.anchor == LOOK_END && request.opened.count == 1 && request.opened.heads[0] == 0, "of which one is open");
	for (int object = 0; object < LIVE_OBJECTS; object++)
	{
		char		json[200];
		View	   *view;

		snprintf(json, sizeof(json), "{\"object\":\"%s\",\"search\":\"x\",\"columns\":[\"id\",\"version\"]}", live_store(live, (LiveObject) object)->schema->object);
		ok(asked(json), "the search box of each: %s", refused.detail);
		request.spec.rights = span_of("{}");
		view = live_open(live, request.object, &request.spec, &refused);
		ok(view != NULL, "looks through fields that there are: %s", refused.detail);
		if (view != NULL)
			live_close(view);
	}
}

static void
check_refused(void)
{
	static const char *const wrong[] = {
		"", "[]", "{}", "{\"object\":\"order_events\",\"columns\":[]}", "{\"object\":1,\"columns\":[]}", "{\"object\":\"orders\"}", "{\"object\":\"orders\",\"columns\":[\"nothing\"]}",
		"{\"object\":\"orders\",\"columns\":[\"fix\"]}", "{\"object\":\"orders\",\"columns\":[1]}", "{\"object\":\"orders\",\"columns\":[],\"rights\":{}}",
		"{\"object\":\"orders\",\"columns\":[],\"count\":501}", "{\"object\":\"orders\",\"columns\":[],\"first\":-1}", "{\"object\":\"orders\",\"columns\":[],\"first\":99999999999999999999}",
		"{\"object\":\"orders\",\"columns\":[],\"where\":[]}", "{\"object\":\"orders\",\"columns\":[],\"filters\":[]}", "{\"object\":\"orders\",\"columns\":[],\"filters\":{\"price\":1}}",
		"{\"object\":\"orders\",\"columns\":[],\"filters\":{\"price\":\">\"}}", "{\"object\":\"orders\",\"columns\":[],\"search\":1}", "{\"object\":\"orders\",\"columns\":[],\"mode\":\"list\"}",
		"{\"object\":\"orders\",\"columns\":[],\"mode\":\"group\"}", "{\"object\":\"orders\",\"columns\":[],\"groupBy\":\"symbol\"}", "{\"object\":\"orders\",\"columns\":[],\"anchor\":{}}",
		"{\"object\":\"orders\",\"columns\":[],\"anchor\":{\"id\":1}}", "{\"object\":\"orders\",\"columns\":[],\"anchor\":{\"id\":\"x\",\"offset\":999}}",
		"{\"object\":\"orders\",\"columns\":[],\"mode\":\"tree\",\"expand\":{}}", "{\"object\":\"orders\",\"columns\":[],\"mode\":\"tree\",\"expand\":[1]}", "{\"object\":\"orders\",\"columns\":[]}x",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ok(!asked(wrong[i]) && refused.status >= 400, "refused: %s: %s", wrong[i], refused.detail);
	ok(asked("{\"object\":\"quotes\",\"columns\":[],\"mode\":\"tree\"}") && (request.spec.rights = span_of("{}"), live_open(live, LIVE_QUOTES, &request.spec, &refused)) == NULL, "quotes stand in no trees");
	ok(asked("{\"object\":\"orders\",\"columns\":[]}") && live_open(live, LIVE_ORDERS, &request.spec, &refused) == NULL && refused.status == 403, "what may be seen no client says");
}

int
main(void)
{
	check_cells();
	check_schemas();
	live = live_make(&(HashKey) {1, 2}, &(LiveRules) {0});
	check_requests();
	check_refused();
	request_look_free(&request);
	live_free(live);
	return done();
}

/*
 * gateway/fuzz/fuzz_live.c
 *     The live engine: states of orders as events have them, conditions, and what clients ask to look at. What it takes is written
 *     as JSON, and a condition's normal form reads back as itself.
 *
 * The first byte says what the rest is.
 */
#include "fuzz.h"

#include "bytes.h"
#include "cells.h"
#include "request_look.h"

static void
check_filter(Live *live, Span text)
{
	Refused		refused = {.status = 0};
	Filter	   *filter = filter_read(live_store(live, LIVE_ORDERS), text, &refused);
	Filter	   *again;
	Text		form = {0};
	Text		same = {0};

	if (filter == NULL)
	{
		check_refused(&refused);
		return;
	}
	filter_write(filter, &form);
	again = filter_read(live_store(live, LIVE_ORDERS), (Span) {form.data, form.len}, &refused);
	MUST(again != NULL);
	filter_write(again, &same);
	MUST(strcmp(form.data, same.data) == 0);
	for (Row row = 0; row < live_store(live, LIVE_ORDERS)->nrows; row++)
		MUST(filter_ask(filter, row) == filter_ask(again, row));
	text_free(&form);
	text_free(&same);
	filter_free(filter);
	filter_free(again);
}

static void
check_state(Live *live, Span text)
{
	Cells		cells = {0};
	Refused		refused = {.status = 0};
	Look		look = {.count = 10};
	int			columns[FIELDS_MAX];
	Seen	   *seen = calloc(1, sizeof(Seen));
	ViewSpec	spec = {.rights = span_of("{}"), .order_by = span_of("\"-price\"")};
	Text		out = {0};
	View	   *view;

	for (look.ncolumns = 0; look.ncolumns < schema_orders.nfields; look.ncolumns++)
		columns[look.ncolumns] = look.ncolumns;
	look.columns = columns;
	if (cells_of_state(&schema_orders, text, &cells, &refused) && live_put(live, LIVE_ORDERS, cells.spans, true, &refused) == LIVE_APPLIED)
	{
		view = live_open(live, LIVE_ORDERS, &spec, &refused);
		MUST(view != NULL);
		live_build(live, 1000);
		MUST(seen_difference(seen, view, &look, &out));
		MUST(view->totals.count == live_store(live, LIVE_ORDERS)->count);
		live_close(view);
	}
	text_free(&out);
	cells_free(&cells);
	free(seen);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Span		text = exact_copy(data + (size > 0), size - (size > 0));
	static const char order[] = "{\"orderId\": \"a\", \"rootId\": \"a\", \"version\": 1, \"symbol\": \"S\", \"price\": 1.5, \"flags\": [\"RULE\"], \"attributes\": {\"a\": [1, \"x\"]}}";
	LookRequest *request = calloc(1, sizeof(LookRequest));
	Refused		refused = {.status = 0};
	View	   *view;
	static Live *kept;
	Live	   *live = kept;

	MUST(request != NULL);
	/* What states leave is not the next input's; conditions and looks leave nothing. */
	if (live == NULL || (size > 0 && data[0] % 3 == 1))
	{
		live = live_make(&(HashKey) {1, 2}, &(LiveRules) {.max_rows = 10, .max_views = 10});
		check_state(live, span_of(order));
		kept = kept != NULL || (size > 0 && data[0] % 3 == 1) ? kept : live;
	}
	if (size == 0 || data[0] % 3 == 0)
		check_filter(live, text);
	else if (data[0] % 3 == 1)
		check_state(live, text);
	else
	{
		if (!request_look_read(live, text, request, &refused))
			check_refused(&refused);
		else
		{
			request->spec.rights = span_of("{}");
			view = live_open(live, request->object, &request->spec, &refused);
			if (view != NULL)
				live_close(view);
		}
		request_look_free(request);
	}
	free(request);
	live_sweep(live);
	live_sweep(live);
	if (live != kept)
		live_free(live);
	free((char *) text.data);
	return 0;
}

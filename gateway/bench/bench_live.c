/*
 * gateway/bench/bench_live.c
 *     The live engine at a million orders: memory, views, windows, updates under 1, 10 and 100 views.
 *
 *     make bench && bench/bench_live [ORDERS [UPDATES]]
 *
 * Says figures, times as those of the processor, and at the end whether every view is what building it anew gives. The orders are the same every time.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "instant.h"
#include "live.h"

#define VIEWS_MAX 100
#define ACCOUNTS 200
#define SYMBOLS 3000

typedef struct Bench
{
	Live	   *live;
	Store	   *orders;
	uint32_t	count;
	uint32_t   *versions;
	View	   *views[VIEWS_MAX];
	uint64_t	chance;
	int64_t		clock;
} Bench;

static uint32_t
chance(Bench *bench, uint32_t below)
{
	bench->chance = bench->chance * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t) ((bench->chance >> 32) % below);
}

/* Of the processor: what others do beside it does not count. */
static int64_t
cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static long
resident_mb(void)
{
	FILE	   *statm = fopen("/proc/self/statm", "r");
	long		size;
	long		pages = 0;

	if (statm != NULL && fscanf(statm, "%ld %ld", &size, &pages) != 2)
		pages = 0;
	if (statm != NULL)
		fclose(statm);
	return pages * 4 / 1024;
}

/* ------------------------------------------------------------------------
 * orders
 * ------------------------------------------------------------------------
 */

typedef struct Cells
{
	Span		spans[FIELDS_MAX];
	Text		text;
	size_t		starts[FIELDS_MAX];
} Cells;

__attribute__((format(printf, 3, 4))) static void
cell(Cells *cells, const char *name, const char *format,...)
{
	char		buffer[128];
	va_list		args;
	int			field = schema_field(&schema_orders, (Span) {name, strlen(name)});
	int			len;

	va_start(args, format);
	len = vsnprintf(buffer, sizeof(buffer), format, args);
	va_end(args);
	cells->starts[field] = cells->text.len;
	text_add(&cells->text, buffer, (size_t) len);
	cells->spans[field] = (Span) {"", (size_t) len};
}

static void
put(Bench *bench, uint32_t number, bool fill)
{
	static const char *const statuses[] = {"NEW", "PARTIALLY_FILLED", "FILLED", "CANCELLED"};
	static const char *const currencies[] = {"EUR", "USD", "GBP", "CHF"};
	static Cells cells;
	Refused		refused;
	uint32_t	quantity = 100 * (1 + number % 97);
	uint32_t	done = fill ? chance(bench, quantity + 1) : 0;
	const char *status = fill ? statuses[chance(bench, 4)] : statuses[number % 10 == 0 ? 0 : 2];
	Text		at = {0};

	memset(cells.spans, 0, sizeof(cells.spans));
	text_clear(&cells.text);
	cell(&cells, "orderId", "ORD-20261127-%010u", number);
	cell(&cells, "rootId", "ORD-20261127-%010u", number);
	cell(&cells, "version", "%u", ++bench->versions[number]);
	cell(&cells, "status", "%s", status);
	cell(&cells, "conditions", "[\"NEW\"]");
	cell(&cells, "clOrdID", "CL%012u", number);
	cell(&cells, "fixSession", "FIX.4.4:DESK->BROKER%u", number % 5);
	cell(&cells, "symbol", "SYM%04u", number * 7919 % SYMBOLS);
	cell(&cells, "side", "%s", number % 2 == 0 ? "BUY" : "SELL");
	cell(&cells, "ordType", "LIMIT");
	cell(&cells, "timeInForce", "DAY");
	cell(&cells, "orderQty", "%u", quantity);
	cell(&cells, "price", "%u.%02u", 1 + number * 31 % 500, number % 100);
	cell(&cells, "account", "ACC%03u", number * 104729 % ACCOUNTS);
	cell(&cells, "currency", "%s", currencies[number % 4]);
	cell(&cells, "destination", "XPAR");
	cell(&cells, "executedQuantity", "%u", done);
	cell(&cells, "leavesQuantity", "%u", quantity - done);
	cell(&cells, "workingQuantity", "0");
	cell(&cells, "unplacedQuantity", "%u", quantity - done);
	cell(&cells, "allocatedQuantity", "0");
	cell(&cells, "executedValue", "%u.25", done * 37);
	cell(&cells, "avgPx", "37.25");
	cell(&cells, "ownExecutedQuantity", "%u", done);
	cell(&cells, "reservedQuantity", "0");
	cell(&cells, "reviewQuantity", "0");
	cell(&cells, "childCount", "0");
	cell(&cells, "liveChildren", "0");
	instant_write(bench->clock++, &at);
	cell(&cells, "createdAt", "2026-11-27T08:%02u:%02u.%06uZ", number / 60000 % 60, number / 1000 % 60, number);
	cell(&cells, "updatedAt", "%s", at.data);
	cell(&cells, "closed", "%s", status[0] == 'F' || status[0] == 'C' ? "true" : "false");
	text_free(&at);
	for (int i = 0; i < schema_orders.nfields; i++)
		if (cells.spans[i].data != NULL)
			cells.spans[i].data = cells.text.data + cells.starts[i];
	if (live_put(bench->live, LIVE_ORDERS, cells.spans, false, &refused) != LIVE_APPLIED)
	{
		fprintf(stderr, "order %u: %s\n", number, refused.detail);
		exit(1);
	}
}

/* ------------------------------------------------------------------------
 * views
 * ------------------------------------------------------------------------
 */

static View *
open_view(Bench *bench, int number)
{
	static const char *const orders[] = {"\"-price\"", "\"-updatedAt\"", "\"symbol\"", "\"-leavesQuantity\"", "[\"-createdAt\"]"};
	char		where[200];
	char		rights[100] = "{}";
	Refused		refused = {.detail = ""};
	ViewSpec	spec;
	View	   *view;
	int64_t		start = cpu_us();

	snprintf(where, sizeof(where), number % 5 == 0 ? "{\"orderQty\":{\"gt\":\"%d\"}}" : number % 5 == 1 ? "{\"status\":[\"New\",\"PartiallyFilled\"],\"orderQty\":{\"gt\":\"%d\"}}" :
			 number % 5 == 2 ? "{\"price\":{\"gte\":\"%d.5\"}}" : number % 5 == 3 ? "{\"closed\":false,\"account\":\"ACC%03d\"}" : "{\"price\":{\"gte\":\"50\",\"lt\":\"60.%d\"}}", number);
	if (number % 3 == 2)
		snprintf(rights, sizeof(rights), "{\"account\":[\"ACC%03d\",\"ACC%03d\"]}", number, number + 1);
	spec = (ViewSpec) {.rights = {rights, strlen(rights)}, .where = {where, strlen(where)}, .order_by = {orders[number % 5], strlen(orders[number % 5])}};
	view = live_open(bench->live, LIVE_ORDERS, &spec, &refused);
	if (view == NULL)
	{
		fprintf(stderr, "%s: %s\n", where, refused.detail);
		exit(1);
	}
	while (!live_build(bench->live, number < 5 ? UINT32_MAX : 50000))
		continue;
	if (number < 5)
		printf("view %d: %u rows in %.0f ms, %zu kB: %s\n", number, view->rows.total, (double) (cpu_us() - start) / 1000, view_bytes(view) / 1024, view->identity.data);
	return view;
}

static void
measure_windows(Bench *bench, int views)
{
	const int	count = 20000;
	int64_t		start = cpu_us();
	Line		line[60];
	uint64_t	read = 0;

	for (int i = 0; i < count; i++)
	{
		View	   *view = bench->views[i % views];
		Lines		lines;

		lines_begin(&lines, view, NULL);
		if (lines.total > 0)
			read += lines_read(&lines, chance(bench, lines.total), 60, line);
		lines_end(&lines);
	}
	printf("a window of 60 at any rank: %.2f us (%d views, %.0f rows each)\n", (double) (cpu_us() - start) / count, views, (double) read / count);
}

static void
measure_updates(Bench *bench, int views, uint32_t updates)
{
	int64_t		start = cpu_us();

	for (uint32_t i = 0; i < updates; i++)
		put(bench, chance(bench, bench->count), true);
	printf("%u updates under %d views: %.2f us each, with making and reading its cells\n", updates, views, (double) (cpu_us() - start) / updates);
}

static void
measure_differences(Bench *bench, int views)
{
	static const int columns[] = {0, 4, 10, 11, 14, 16, 20, 24, 25, 46};
	static Seen seen[VIEWS_MAX];
	int64_t		us = 0;
	uint32_t	made = 0;
	Text		out = {0};
	size_t		bytes = 0;

	for (int i = 0; i < 20000; i++)
	{
		Look		look = {.gen = 1, .anchor = LOOK_TOP, .count = 60, .columns = columns, .ncolumns = 10};
		int64_t		start;

		put(bench, chance(bench, bench->count), true);
		start = cpu_us();
		text_clear(&out);
		made += seen_difference(&seen[i % views], bench->views[i % views], &look, &out);
		bytes += out.len;
		us += cpu_us() - start;
	}
	printf("a difference: %.2f us, %zu bytes, %u of 20000 had something to say\n", (double) us / 20000, bytes / (made > 0 ? made : 1), made);
	text_free(&out);
}

/* How many views are not what they would be if they were built now. */
static int
check(Bench *bench, int views)
{
	int			bad = 0;

	for (int i = 0; i < views; i += views > 10 ? 9 : 1)
	{
		const View *view = bench->views[i];
		Row		   *rows = must_alloc(view->rows.total * sizeof(Row));
		uint32_t	count = blocks_read(&view->rows, 0, view->rows.total, rows);
		uint32_t	holds = 0;
		BlocksOrder order = sorting_order(&view->sorting);

		for (Row row = 0; row < bench->orders->nrows; row++)
			holds += view_holds(bench->views[i], row);
		bad += holds != count || holds != view->totals.count;
		for (uint32_t j = 1; j < count; j++)
			if (order.cmp(order.context, rows[j - 1], rows[j]) >= 0 || !view_holds(bench->views[i], rows[j]))
			{
				bad++;
				break;
			}
		free(rows);
	}
	return bad;
}

int
main(int argc, char **argv)
{
	Bench		bench = {.count = argc > 1 ? (uint32_t) atol(argv[1]) : 1000000, .chance = 1, .clock = 1764230400000000};
	uint32_t	updates = argc > 2 ? (uint32_t) atol(argv[2]) : 100000;
	HashKey		key = {1, 2};
	int64_t		start = cpu_us();
	int			views = 0;
	int			bad;

	bench.live = live_make(&key, &(LiveRules) {0});
	bench.orders = live_store(bench.live, LIVE_ORDERS);
	bench.versions = must_alloc(bench.count * sizeof(uint32_t));
	memset(bench.versions, 0, bench.count * sizeof(uint32_t));
	for (uint32_t i = 0; i < bench.count; i++)
		put(&bench, i, false);
	printf("%u orders in %.2f s: %zu bytes each, %ld MB resident\n", bench.count, (double) (cpu_us() - start) / 1e6, live_bytes(bench.live) / bench.count, resident_mb());
	for (int more = 1; more <= VIEWS_MAX; more *= 10)
	{
		start = cpu_us();
		for (; views < more; views++)
			bench.views[views] = open_view(&bench, views);
		printf("%d views: built in %.2f s, %ld MB resident\n", views, (double) (cpu_us() - start) / 1e6, resident_mb());
		measure_windows(&bench, views);
		measure_updates(&bench, views, updates);
	}
	measure_differences(&bench, views);
	bad = check(&bench, views);
	printf("%d views differ from what they should be\n", bad);
	live_free(bench.live);
	free(bench.versions);
	return bad != 0;
}

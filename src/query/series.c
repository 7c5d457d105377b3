/*-------------------------------------------------------------------------
 *
 * series.c
 *	  oms.series(): figures by time, as rows that a chart draws.
 *
 * A measure is a row of a table: which objects or events it counts, when one of
 * them counts, and what is computed of those of one bucket.  The condition and the
 * group are a query's (query_sql.h).  What is counted is read with the caller's
 * rights; nothing is written or locked.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/moment.h"
#include "query/query_sql.h"
#include "query/spec_type.h"
#include "store/asset_classes.h"

PG_FUNCTION_INFO_V1(oms_series);
PG_FUNCTION_INFO_V1(oms_series_measures);

#define SERIES_BUCKETS_MAX	10000
#define SERIES_ROWS_MAX		100000
#define BUCKET_YEARS_MAX	10000

typedef struct Measure
{
	const char *name;
	const char *target;			/* as queries call it */
	const char *unit;
	const char *description;
	const char *at;				/* when one of its rows "o" counts */
	const char *value;			/* of those of one bucket */
	const char *where;			/* which of them count; NULL: all */
	const char *also;			/* what is asked besides, once for each: a row "x"; or NULL */
	bool		counts;			/* where there are none it is 0, and not null */
} Measure;

#define LIVE			"o.status IN ('VALIDATED', 'ALLOCATED')"
#define BOOKED(row)		"coalesce(" row ".booked_at, " row ".created_at)"

/* Of it, or where it is a root of its tree. */
#define FILL_AT(which) \
	"SELECT " which "(" BOOKED("e") ") AS at FROM oms.orders AS b JOIN oms.executions AS e ON e.order_id = b.id " \
	"WHERE b.root_id = o.root_id AND (b.id = o.id OR o.parent_id IS NULL) AND e.status IN ('VALIDATED', 'ALLOCATED')"
#define ACCEPTED_AT \
	"SELECT min(e.occurred_at) AS at FROM oms.order_events AS e WHERE e.aggregate_id = o.id AND e.event_type = 'OrderAccepted'"

#define LATENCY		"extract(epoch FROM x.at - o.created_at)"
#define LATENCY_AS(name, text, query, suffix, how, aggregate) \
	{name suffix, "orders", "seconds", text ": " how, "o.created_at", aggregate, "isfinite(x.at)", query}
#define LATENCIES(name, text, query) \
	LATENCY_AS(name, text, query, "", "average", "avg(" LATENCY ")"), \
	LATENCY_AS(name, text, query, "_p50", "median", "percentile_cont(0.5) WITHIN GROUP (ORDER BY " LATENCY ")"), \
	LATENCY_AS(name, text, query, "_p95", "95th percentile", "percentile_cont(0.95) WITHIN GROUP (ORDER BY " LATENCY ")"), \
	LATENCY_AS(name, text, query, "_max", "the longest", "max(" LATENCY ")")

#define EVENTS(name, text, event) \
	{name, "order_events", "events", text, "o.occurred_at", "count(*)", "o.event_type = '" event "'", .counts = true}

static const Measure measures[] = {
	{"orders", "orders", "orders", "Orders that were made", "o.created_at", "count(*)", .counts = true},
	{"order_quantity", "orders", "units", "Their quantity, as it is now", "o.created_at", "sum(o.order_qty)", .counts = true},
	{"order_value", "orders", "currency", "Quantity times price of those that have a price", "o.created_at", "sum(o.order_qty * o.price)", .counts = true},
	LATENCIES("acceptance_latency", "From an order's creation to its acceptance, where it was made as PENDING_NEW", ACCEPTED_AT),
	LATENCIES("first_fill_latency", "From an order's creation to the booking of its first fill, of a root's the first in its tree", FILL_AT("min")),
	LATENCIES("last_fill_latency", "From an order's creation to the booking of its last fill, of a root's the last in its tree", FILL_AT("max")),
	{"fills", "executions", "fills", "Fills that count, by when they were booked", BOOKED("o"), "count(*)", LIVE, .counts = true},
	{"executed_quantity", "executions", "units", "Their quantity", BOOKED("o"), "sum(o.quantity)", LIVE, .counts = true},
	{"executed_value", "executions", "currency", "Their quantity times price", BOOKED("o"), "sum(o.last_qty * o.last_px)", LIVE, .counts = true},
	{"average_price", "executions", "currency", "Their value / quantity, rounded to 10 decimals", BOOKED("o"),
	"trim_scale(round(sum(o.last_qty * o.last_px) / nullif(sum(o.quantity), 0), 10))", LIVE},
	{"reviews", "executions", "executions", "Executions that are in review now, by when they came", "o.created_at", "count(*)", "o.status = 'REVIEW'", .counts = true},
	{"quote_requests", "quote_requests", "requests", "Quote requests that were made", "o.created_at", "count(*)", .counts = true},
	{"quotes", "quotes", "quotes", "Quotes that came", "o.created_at", "count(*)", .counts = true},
	{"quotes_accepted", "quotes", "quotes", "Quotes that were accepted", "o.accepted_at", "count(*)", .counts = true},
	EVENTS("cancels", "Orders that were cancelled", "OrderCancelled"),
	EVENTS("rejects", "Orders that were rejected", "OrderRejected"),
	EVENTS("expiries", "Orders that have expired", "OrderExpired"),
	EVENTS("replacements", "Orders that were replaced", "OrderReplaced"),
};

typedef struct SeriesRequest
{
	const Measure *measure;
	QueryTarget target;
	SpecNode   *where;			/* bound; or NULL */
	bool		grouped;
	QueryField	group;
	Datum		edges;			/* timestamptz[]: where each bucket begins */
	Datum	   *starts;			/* the same */
	int			nbuckets;
	TimestampTz to;
} SeriesRequest;

static const Measure *
series_find(const char *name)
{
	for (int i = 0; i < lengthof(measures); i++)
		if (strcmp(measures[i].name, name) == 0)
			return &measures[i];
	return NULL;
}

/* ------------------------------------------------------------------------
 * what is asked for
 * ------------------------------------------------------------------------
 */

static Refusal *
series_check_times(const Interval *bucket, TimestampTz from, TimestampTz to)
{
	if (!oms_time_is_printable(from) || !oms_time_is_printable(to))
		return oms_refuse(OMS_BAD_QUERY, "\"from\" and \"to\" are of the years 1 to 9999");
	if (from >= to)
		return oms_refuse(OMS_BAD_QUERY, "\"from\" is not before \"to\"");
	/* months, days and a time of one sign, and only one of them, so that it is known how long a bucket is */
	if ((bucket->month != 0) + (bucket->day != 0) + (bucket->time != 0) != 1 || bucket->month < 0 || bucket->day < 0 || bucket->time < 0)
		return oms_with_hint(oms_refuse(OMS_BAD_QUERY, "a bucket is above zero, and one of months, days, or a time"), "Such as '1 month', '7 days' or '15 minutes'.");
	if (bucket->month > BUCKET_YEARS_MAX * MONTHS_PER_YEAR || bucket->day > BUCKET_YEARS_MAX * 366 || bucket->time > BUCKET_YEARS_MAX * 366 * USECS_PER_DAY)
		return oms_refuse(OMS_BAD_QUERY, "a bucket is at most %d years long", BUCKET_YEARS_MAX);
	return NULL;
}

/*
 * Buckets begin where people look for them, in the session's time zone: months at a
 * first, days at midnight, others so that one begins at midnight.  Each ends where
 * the next one begins, also where clocks change.  Days and months are counted
 * without a zone: where there is no midnight, one begins later, and only that one;
 * and where clocks go back over it the end may show an earlier day than the beginning.
 * They are made in the list of SELECT, so that no more are made than LIMIT takes.
 */
static const char series_edges_by_day[] =
"SELECT array_agg(DISTINCT b.edge ORDER BY b.edge) FROM (SELECT generate_series(date_trunc("
"CASE WHEN extract(month FROM $3) + extract(year FROM $3) = 0 THEN CASE WHEN extract(day FROM $3)::integer % 7 = 0 THEN 'week' ELSE 'day' END "
"WHEN extract(month FROM $3) = 0 THEN 'year' WHEN extract(month FROM $3)::integer % 3 = 0 THEN 'quarter' ELSE 'month' END, $1::timestamp), "
"greatest($1::timestamp, ($2 - interval '1 microsecond')::timestamp), $3)::timestamptz AS edge LIMIT $4) AS b";

static const char series_edges_by_time[] =
"SELECT array_agg(b.edge) FROM (SELECT generate_series(date_bin($3, $1, date_trunc('day', $1)), $2 - interval '1 microsecond', $3) AS edge LIMIT $4) AS b";

static Refusal *
series_edges(SeriesRequest *request, TimestampTz from, TimestampTz to, Interval *bucket)
{
	Oid			types[] = {TIMESTAMPTZOID, TIMESTAMPTZOID, INTERVALOID, INT4OID};
	Datum		values[] = {TimestampTzGetDatum(from), TimestampTzGetDatum(to), IntervalPGetDatum(bucket), Int32GetDatum(SERIES_BUCKETS_MAX + 1)};
	const char *query = bucket->time != 0 ? series_edges_by_time : series_edges_by_day;
	TimestampTz *first;
	bool		none;

	if (SPI_execute_with_args(query, lengthof(types), types, values, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "BUG: buckets cannot be counted");
	request->edges = PointerGetDatum(DatumGetArrayTypePCopy(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &none)));
	/* of a midnight that comes twice the second one may be meant */
	first = (TimestampTz *) ARR_DATA_PTR(DatumGetArrayTypeP(request->edges));
	*first = Min(*first, from);
	deconstruct_array(DatumGetArrayTypeP(request->edges), TIMESTAMPTZOID, 8, true, TYPALIGN_DOUBLE, &request->starts, NULL, &request->nbuckets);
	if (request->nbuckets > SERIES_BUCKETS_MAX)
		return oms_with_hint(oms_refuse(OMS_BAD_QUERY, "there are more than %d buckets", SERIES_BUCKETS_MAX), "Ask for a shorter time, or for longer buckets.");
	return NULL;
}

/* `where`: an oms_spec, or NULL: all. */
static Refusal *
series_read(SeriesRequest *request, const char *measure, Jsonb *where, const text *group)
{
	Refusal    *refusal;

	request->measure = series_find(measure);
	if (request->measure == NULL)
		return oms_with_hint(oms_refuse(OMS_BAD_QUERY, "there is no measure \"%s\"", oms_query_shown(measure, strlen(measure))),
							 "oms.series_measures() lists them.");
	refusal = oms_query_target(request->measure->target, strlen(request->measure->target), &request->target);
	if (refusal == NULL && where)
	{
		request->where = oms_spec_of(where);
		refusal = oms_spec_bind(&request->target, oms_asset_classes(), &request->where);
	}
	request->grouped = group != NULL;
	if (refusal == NULL && group)
		refusal = oms_query_value(&request->target, VARDATA_ANY(group), VARSIZE_ANY_EXHDR(group), "group_by", &request->group);
	return refusal;
}

/* ------------------------------------------------------------------------
 * what is found
 * ------------------------------------------------------------------------
 */

static void
series_write_sql(const SeriesRequest *request, QuerySql *sql)
{
	const Measure *m = request->measure;
	int			edges;

	oms_sql_init(sql, false);
	edges = oms_sql_param(sql, TIMESTAMPTZARRAYOID, request->edges);
	appendStringInfo(&sql->text, "SELECT width_bucket(%s, $%d), ", m->at, edges);
	if (request->grouped)
		oms_sql_as_text(sql, &request->group);
	else
		oms_sql_put(sql, "NULL::text");
	appendStringInfo(&sql->text, ", (%s)::numeric", m->value);
	oms_sql_from(sql, &request->target, request->where);
	if (m->also)
		appendStringInfo(&sql->text, " CROSS JOIN LATERAL (%s) AS x", m->also);
	appendStringInfo(&sql->text, " WHERE %s >= $%d AND %s < $%d", m->at, oms_sql_param(sql, TIMESTAMPTZOID, request->starts[0]),
					 m->at, oms_sql_param(sql, TIMESTAMPTZOID, TimestampTzGetDatum(request->to)));
	if (m->where)
		appendStringInfo(&sql->text, " AND %s", m->where);
	if (request->where)
	{
		oms_sql_put(sql, " AND ");
		oms_sql_where(sql, &request->target, request->where);
	}
	oms_sql_put(sql, " GROUP BY 1, 2 ORDER BY 1, 2");
}

static void
series_put(ReturnSetInfo *rsinfo, Datum start, Datum group, bool no_group, Datum value, bool no_value)
{
	Datum		values[] = {start, group, value};
	bool		nulls[] = {false, no_group, no_value};

	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* Without groups there is a row for every bucket: who draws a line through it sees where nothing was. */
static void
series_put_empty(const SeriesRequest *request, ReturnSetInfo *rsinfo, int from, int to)
{
	Datum		zero = NumericGetDatum(int64_to_numeric(0));

	for (int i = from; !request->grouped && i < to; i++)
		series_put(rsinfo, request->starts[i], (Datum) 0, true, zero, !request->measure->counts);
}

static Refusal *
series_run(const SeriesRequest *request, ReturnSetInfo *rsinfo)
{
	QuerySql	sql;
	SPIExecuteOptions options = {.read_only = true, .tcount = SERIES_ROWS_MAX + 1};
	int			next = 0;

	series_write_sql(request, &sql);
	options.params = oms_sql_params(&sql);
	if (SPI_execute_extended(sql.text.data, &options) != SPI_OK_SELECT)
		elog(ERROR, "BUG: a series is no SELECT");
	if (SPI_processed > SERIES_ROWS_MAX)
		return oms_with_hint(oms_refuse(OMS_BAD_QUERY, "there are more than %d rows", SERIES_ROWS_MAX), "Ask for a shorter time, longer buckets, or a group with fewer values.");
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		bool		nulls[3];
		int			bucket = DatumGetInt32(SPI_getbinval(row, desc, 1, &nulls[0])) - 1;
		Datum		group = SPI_getbinval(row, desc, 2, &nulls[1]);
		Datum		value = SPI_getbinval(row, desc, 3, &nulls[2]);

		CHECK_FOR_INTERRUPTS();
		series_put_empty(request, rsinfo, next, bucket);
		series_put(rsinfo, request->starts[bucket], group, nulls[1], value, nulls[2]);
		next = bucket + 1;
	}
	series_put_empty(request, rsinfo, next, request->nbuckets);
	return NULL;
}

/* (measure, bucket, from, to, spec, group_by); of null arguments spec and group_by are none, the others are OM010. */
Datum
oms_series(PG_FUNCTION_ARGS)
{
	SeriesRequest request = {0};
	Refusal    *refusal = NULL;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < 4 && refusal == NULL; i++)
		if (PG_ARGISNULL(i))
			refusal = oms_refuse(OMS_BAD_QUERY, "measure, bucket, \"from\" and \"to\" are not null");
	if (refusal == NULL)
		refusal = series_check_times(PG_GETARG_INTERVAL_P(1), PG_GETARG_TIMESTAMPTZ(2), PG_GETARG_TIMESTAMPTZ(3));
	if (refusal == NULL)
		refusal = series_read(&request, text_to_cstring(PG_GETARG_TEXT_PP(0)), PG_ARGISNULL(4) ? NULL : PG_GETARG_JSONB_P(4),
							  PG_ARGISNULL(5) ? NULL : PG_GETARG_TEXT_PP(5));
	if (refusal)
		oms_raise(refusal);
	request.to = PG_GETARG_TIMESTAMPTZ(3);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "BUG: SPI_connect()");
	refusal = series_edges(&request, PG_GETARG_TIMESTAMPTZ(2), request.to, PG_GETARG_INTERVAL_P(1));
	if (refusal == NULL)
		refusal = series_run(&request, (ReturnSetInfo *) fcinfo->resultinfo);
	if (refusal)
		oms_raise(refusal);
	SPI_finish();
	return (Datum) 0;
}

Datum
oms_series_measures(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < lengthof(measures); i++)
	{
		Datum		values[] = {
			CStringGetTextDatum(measures[i].name), CStringGetTextDatum(measures[i].target), CStringGetTextDatum(measures[i].unit), CStringGetTextDatum(measures[i].description),
		};
		bool		nulls[lengthof(values)] = {0};

		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

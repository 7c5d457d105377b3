/*-------------------------------------------------------------------------
 *
 * events_since.c
 *	  oms.events_since(): events for a reader who keeps only where he was.
 *
 * Events are given in windows: what the snapshot of now sees and that of the
 * last window did not, in the order of their sequence numbers.  A window is
 * never smaller than that, or a tree's events could come out of order: whoever
 * changes a tree after another has seen its commit, and so has every snapshot
 * that sees him, but his transaction's id may be the smaller one.
 *
 * A window is cut behind the newest transaction that it has events of.  What else
 * the snapshot takes for ended has no events; but its id may be drawn again after
 * a crash, if nothing of it had come to the disk, and must not count as read then.
 *
 * Events of an older incarnation (incarnation.c) are all there are, and are read
 * before those of the next one; their ids are compared with those of the reader's
 * snapshots of that incarnation, and with no others.  A position that was given by
 * a server that was lost, or was restored, says how many events of its last window
 * were read: what was lost are always the commits that came last, so if one that
 * was read is not here, one of those is missing.
 *
 * Waits for nobody, writes and locks nothing.  Reads with the caller's rights.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/xid8.h"

#include "base/errors.h"
#include "core/kind.h"
#include "query/event_window.h"
#include "query/snapshot_mark.h"
#include "query/xid_fate.h"
#include "store/incarnation.h"

PG_FUNCTION_INFO_V1(oms_events_since);
PG_FUNCTION_INFO_V1(oms_current_position);
PG_FUNCTION_INFO_V1(oms_position_is_reached);
PG_FUNCTION_INFO_V1(oms_position_sees);

#define EVENTS_DEFAULT		1000
#define EVENTS_MAX			100000

/* So many times what is asked for are sorted for each page; a larger window is read by sequence. */
#define SORTED_PAGES		4

typedef struct Reader
{
	int			kind;			/* or ALL_KINDS */
	const Incarnation *list;
	int			count;
	int			at;				/* in the list: the one that is being read */
	XidSet		now;
	Position	position;
	bool		to_now;			/* the open window ends at the snapshot of now */
	int64		left;			/* rows that are still wanted */
	StringInfoData text;
} Reader;

pg_noreturn static void
since_refuse(const char *message, const char *detail, const char *hint)
{
	ereport(ERROR,
			(errcode(OMS_BAD_QUERY),
			 errmsg("%s", message),
			 errdetail("%s", detail),
			 hint ? errhint("%s", hint) : 0));
}

/* What a reader asks for: a kind by its name, that of its table or of its events; null, "" and "all" are all. */
static int
since_kind(const char *object)
{
	if (object == NULL || object[0] == '\0' || strcmp(object, "all") == 0)
		return ALL_KINDS;
	for (int i = 0; i < oms_kind_count; i++)
		if (strcmp(object, oms_kinds[i].record->name) == 0 || strcmp(object, oms_kinds[i].record->table) == 0 ||
			strcmp(object, oms_kinds[i].events) == 0)
			return i;
	since_refuse(psprintf("there is no kind of object \"%s\"", object), "Events are of a kind, or of all.",
				 "SELECT object FROM oms.kinds() names them.");
}

static const char *
since_kind_name(int kind)
{
	return kind == ALL_KINDS ? "" : oms_kinds[kind].record->name;
}

/* ------------------------------------------------------------------------
 * is the position one of ours, and where does it stand?
 * ------------------------------------------------------------------------
 */

static const Incarnation *
since_newest(const Reader *r)
{
	return &r->list[r->count - 1];
}

/* Its transactions are judged by the snapshot of now; all others are through. */
static bool
since_is_current(const Reader *r)
{
	return r->at == r->count - 1 && since_newest(r)->is_here;
}

static int64
since_floor(const Reader *r)
{
	return oms_incarnation_floor(r->list, r->at);
}

static EventWindow
since_window(const Reader *r, int64 after, int64 until)
{
	return (EventWindow) {
		.kind = r->kind, .from = r->position.from, .to = r->position.to,
		.after = Max(after, since_floor(r)), .until = Min(until, oms_incarnation_ceiling(r->list, r->count, r->at))
	};
}

/* False: it is not here, or not yet. */
static bool
since_find_incarnation(Reader *r)
{
	for (r->at = 0; r->at < r->count; r->at++)
		if (r->list[r->at].number == r->position.incarnation)
			return true;
	return false;
}

pg_noreturn static void
since_refuse_lost(const Reader *r, const char *detail)
{
	const Incarnation *newest = since_newest(r);

	since_refuse("the position is of events that this database has not", detail,
				 psprintf("They were lost by a failover or a restore, or the position is another database's. What is here is of incarnation " INT64_FORMAT
						  " (oms.incarnations), which begins at sequence " INT64_FORMAT ": compare what was read with it, and begin anew with oms.current_position(), or with null.",
						  newest->number, newest->number == 0 ? 1 : newest->first_sequence));
}

/* Was it given in a history that this one goes on with? */
static bool
since_is_of_history(const Reader *r)
{
	bool		is = r->position.newest == 0;

	for (int i = 0; !is && i < r->count; i++)
		is = r->list[i].number >= r->position.newest && r->list[i].tag == r->position.server;
	return is;
}

/* The events of the window that were read are all here? */
static void
since_check_lost(Reader *r)
{
	const Position *p = &r->position;
	EventWindow window = since_window(r, 0, p->open ? p->place : PG_INT64_MAX);
	uint64		count = oms_window_measure(&window, PG_INT64_MAX).count;

	if (count != p->count)
		since_refuse_lost(r, psprintf("Of the " UINT64_FORMAT " events that were read last, " UINT64_FORMAT " are here.", p->count, count));
}

/* False: this server has not come so far, or this transaction's snapshot is older. */
static bool
since_is_reached(Reader *r)
{
	Position   *p = &r->position;
	bool		ours = p->server == oms_incarnation_server();

	if (!ours && !since_is_of_history(r))
	{
		if (RecoveryInProgress())
			return false;
		since_refuse_lost(r, "It was given by a server whose history is not in this one.");
	}
	if (!since_find_incarnation(r))
	{
		if (!ours || RecoveryInProgress() || IsolationUsesXactSnapshot())
			return false;
		since_refuse_lost(r, psprintf("It is of incarnation " INT64_FORMAT ".", p->incarnation));
	}
	if (!ours)
		since_check_lost(r);
	else if (since_is_current(r) && p->to.end != XIDS_ALL && !oms_xids_cover(&r->now, &p->to))
	{
		if (!RecoveryInProgress() && p->to.end > U64FromFullTransactionId(ReadNextFullTransactionId()))
			since_refuse_lost(r, "It has seen transactions that have not begun here.");
		return false;
	}
	return true;
}

/* ------------------------------------------------------------------------
 * windows
 * ------------------------------------------------------------------------
 */

static void
since_begin_incarnation(Reader *r, int at)
{
	r->at = at;
	r->position.incarnation = r->list[at].number;
	r->position.open = false;
	r->position.from = r->position.to = (XidSet) {0};
}

/* The next window of the incarnation.  False: it has no events. */
static bool
since_open(Reader *r)
{
	Position   *p = &r->position;
	bool		current = since_is_current(r);
	int64		many = r->left * SORTED_PAGES;
	WindowMeasure measure = {.first = since_floor(r) + 1};
	EventWindow window;

	p->from = p->to;
	p->to = current ? r->now : (XidSet) {.end = XIDS_ALL};
	p->open = true;
	p->by_sequence = p->from.end == 0;
	p->count = 0;
	p->place = since_floor(r);
	r->to_now = current;
	window = since_window(r, 0, PG_INT64_MAX);
	if (!p->by_sequence)
	{
		measure = oms_window_measure(&window, many + 1);
		if (measure.count == 0)
			return false;
		p->by_sequence = measure.count > many;
		if (p->by_sequence)
			p->place = Max(p->place, oms_window_measure(&window, PG_INT64_MAX).first - 1);
	}
	if (current)
	{
		if (p->by_sequence)
			measure.newest = Max(measure.newest, oms_window_newest(&window));
		if (measure.newest == 0)
			return false;
		p->to = oms_xids_cut(&p->to, Max(measure.newest + 1, p->from.end));
	}
	return true;
}

static void
since_put_row(Reader *r, HeapTuple tuple, TupleDesc desc, ReturnSetInfo *rsinfo, bool last)
{
	Datum		values[1 + EVENT_ROW_COLUMNS];
	bool		nulls[1 + EVENT_ROW_COLUMNS] = {0};
	Position   *p = &r->position;

	heap_deform_tuple(tuple, desc, values + 1, nulls + 1);
	p->place = DatumGetInt64(values[EVENT_ROW_SEQUENCE]);
	p->count++;
	p->open = !last;
	if (last)
		p->place = 0;
	oms_position_write(p, &r->text);
	values[0] = PointerGetDatum(cstring_to_text_with_len(r->text.data, r->text.len));
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	pfree(DatumGetPointer(values[0]));
}

static void
since_make_durable(const SPITupleTable *rows, int count)
{
	uint64	   *xids = palloc(sizeof(uint64) * Max(count, 1));

	for (int i = 0; i < count; i++)
	{
		bool		isnull;

		xids[i] = DatumGetUInt64(SPI_getbinval(rows->vals[i], rows->tupdesc, EVENT_ROW_XID, &isnull));
	}
	oms_xids_make_durable(xids, count);
	pfree(xids);
}

/* What is left of the window, as far as it is wanted.  True: it is read to its end. */
static bool
since_read(Reader *r, ReturnSetInfo *rsinfo)
{
	EventWindow window = since_window(r, r->position.place, PG_INT64_MAX);
	int			count = oms_window_read(&window, r->position.by_sequence, r->left);
	SPITupleTable *rows = SPI_tuptable;
	bool		whole = count < r->left;

	if (count > 0 && since_is_current(r))
		since_make_durable(rows, count);
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		/* of what is through no snapshot tells the end */
		since_put_row(r, rows->vals[i], rows->tupdesc, rsinfo, whole && i == count - 1 && r->position.to.end != XIDS_ALL);
	}
	r->left -= count;
	if (whole)
		r->position.open = false;
	SPI_freetuptable(rows);
	return whole;
}

static void
since_run(Reader *r, ReturnSetInfo *rsinfo)
{
	while (r->left > 0)
	{
		CHECK_FOR_INTERRUPTS();
		if ((r->position.open || since_open(r)) && !since_read(r, rsinfo))
			return;
		/* behind a window that ended at a snapshot there is another one, unless that was the one of now */
		if (r->to_now)
			return;
		if (r->position.to.end != XIDS_ALL)
			continue;
		if (r->at == r->count - 1)
			return;
		since_begin_incarnation(r, r->at + 1);
	}
}

static void
since_begin(Reader *r, const char *object)
{
	r->kind = since_kind(object);
	r->list = oms_incarnations(GetActiveSnapshot(), &r->count);
	r->now = oms_xids_of_snapshot(GetActiveSnapshot());
	initStringInfo(&r->text);
}

/* What is given from here on is given by us. */
static void
since_sign(Reader *r)
{
	r->position.object = since_kind_name(r->kind);
	r->position.newest = since_newest(r)->number;
	r->position.server = oms_incarnation_server();
}

/* Of the arguments; null is the default. */
static int64
since_limit(FunctionCallInfo fcinfo)
{
	int32		limit = PG_ARGISNULL(2) ? EVENTS_DEFAULT : PG_GETARG_INT32(2);

	if (limit < 1 || limit > EVENTS_MAX)
		since_refuse(psprintf("max_events cannot be %d", limit), psprintf("It is from 1 to %d.", EVENTS_MAX), NULL);
	return limit;
}

Datum
oms_events_since(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Reader		r = {0};
	bool		reached = true;

	InitMaterializedSRF(fcinfo, 0);
	since_begin(&r, PG_ARGISNULL(0) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(0)));
	r.left = since_limit(fcinfo);
	SPI_connect();
	if (PG_ARGISNULL(1))
		since_begin_incarnation(&r, 0);
	else
	{
		oms_position_take(PG_GETARG_TEXT_PP(1), &r.position);
		if (strcmp(r.position.object, since_kind_name(r.kind)) != 0)
			since_refuse(psprintf("the position is one of %s events", r.position.object[0] == '\0' ? "all" : oms_kind_by_name(r.position.object) ? r.position.object : "other"),
						 "Each object is read with positions of its own.", NULL);
		reached = since_is_reached(&r);
	}
	since_sign(&r);
	if (reached)
		since_run(&r, rsinfo);
	SPI_finish();
	return (Datum) 0;
}

/*
 * As if all that is committed now had been read: the last transaction with events
 * is the window, so that what was lost with it is noticed.
 */
Datum
oms_current_position(PG_FUNCTION_ARGS)
{
	Reader		r = {0};
	Position   *p = &r.position;
	EventWindow window;
	uint64		newest;

	since_begin(&r, PG_ARGISNULL(0) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(0)));
	SPI_connect();
	since_begin_incarnation(&r, r.count - 1);
	p->to = r.now;
	window = since_window(&r, 0, PG_INT64_MAX);
	newest = since_is_current(&r) ? oms_window_newest(&window) : 0;
	if (newest != 0)
	{
		p->to = oms_xids_cut(&p->to, newest + 1);
		p->from = oms_xids_cut(&p->to, newest);
		window = since_window(&r, 0, PG_INT64_MAX);
		p->count = oms_window_measure(&window, PG_INT64_MAX).count;
		oms_xids_make_durable(&newest, 1);
	}
	else if (!since_is_current(&r))
		p->from = p->to = (XidSet) {.end = XIDS_ALL};
	else
		p->to = p->from;
	since_sign(&r);
	oms_position_write(p, &r.text);
	SPI_finish();
	PG_RETURN_TEXT_P(cstring_to_text_with_len(r.text.data, r.text.len));
}

/* Has this snapshot all that a position covers?  What this database has lost is an error, as for who reads on from there. */
Datum
oms_position_is_reached(PG_FUNCTION_ARGS)
{
	Reader		r = {0};
	bool		reached;

	oms_position_take(PG_GETARG_TEXT_PP(0), &r.position);
	since_begin(&r, r.position.object);
	SPI_connect();
	reached = since_is_reached(&r);
	SPI_finish();
	PG_RETURN_BOOL(reached);
}

/* Kept for calls in one snapshot, in a memory of its own: a position is read once. */
typedef struct SeenFrom
{
	MemoryContext memory;
	SnapshotMark seen;
	char	   *text;
	int			length;
	Position	position;
	const Incarnation *list;
	int			count;
} SeenFrom;

static SeenFrom *
since_seen_from(FunctionCallInfo fcinfo, text *given)
{
	SeenFrom   *kept = fcinfo->flinfo->fn_extra;
	int			length = VARSIZE_ANY_EXHDR(given);
	MemoryContext memory;
	MemoryContext old;

	if (kept && oms_snapshot_is_same(&kept->seen, kept->memory) && kept->length == length && memcmp(kept->text, VARDATA_ANY(given), length) == 0)
		return kept;
	fcinfo->flinfo->fn_extra = NULL;
	if (kept)
		MemoryContextDelete(kept->memory);
	memory = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "oms_state position", ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(memory);
	kept = palloc0(sizeof(SeenFrom));
	kept->memory = memory;
	kept->length = length;
	kept->text = pnstrdup(VARDATA_ANY(given), length);
	(void) oms_snapshot_is_same(&kept->seen, memory);
	oms_position_take(given, &kept->position);
	kept->list = oms_incarnations(GetActiveSnapshot(), &kept->count);
	fcinfo->flinfo->fn_extra = kept;
	MemoryContextSwitchTo(old);
	return kept;
}

/* Is an event (its sequence and xid) among those that were read at a position? */
Datum
oms_position_sees(PG_FUNCTION_ARGS)
{
	SeenFrom   *kept = since_seen_from(fcinfo, PG_GETARG_TEXT_PP(0));
	int64		sequence = PG_GETARG_INT64(1);
	uint64		xid = U64FromFullTransactionId(DatumGetFullTransactionId(PG_GETARG_DATUM(2)));
	const Position *p = &kept->position;
	int64		number = kept->list[oms_incarnation_at(kept->list, kept->count, sequence)].number;

	if (number != p->incarnation)
		PG_RETURN_BOOL(number < p->incarnation);
	PG_RETURN_BOOL(oms_xids_see(&p->from, xid) || (oms_xids_see(&p->to, xid) && (!p->open || sequence <= p->place)));
}

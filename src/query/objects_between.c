/*-------------------------------------------------------------------------
 *
 * objects_between.c
 *	  oms.objects_between(): what was changed between two positions.
 *
 * Of each object the newest of its events that are seen at the one position and
 * not at the other: what an anchor is made of, and what it is held against.  It is
 * the same for ever, as events are: which transactions a position sees stands in it.
 *
 * Positions of two incarnations are further apart: what was left of the older one,
 * those between, and the younger one as far as it was seen.  A beginning of an
 * incarnation that is not here is the beginning of all; of an end that is not here
 * what is missing is for the caller to say.  A beginning in the middle of a window is
 * that window's: what was read of it comes again.
 *
 * Waits for nobody, writes and locks nothing.  Reads with the caller's rights.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/snapmgr.h"

#include "query/event_window.h"
#include "store/incarnation.h"

PG_FUNCTION_INFO_V1(oms_objects_between);

/* What both positions leave of an incarnation. */
static EventWindow
between_window(const Incarnation *list, int count, int at, const Position *since, const Position *until)
{
	return (EventWindow) {
		.kind = ALL_KINDS,
		.from = list[at].number != since->incarnation ? (XidSet) {0} : since->open ? since->from : since->to,
		.to = list[at].number == until->incarnation ? until->to : (XidSet) {.end = XIDS_ALL},
		.after = oms_incarnation_floor(list, at),
		.until = oms_incarnation_ceiling(list, count, at)
	};
}

static bool
between_knows(const Incarnation *list, int count, int64 number)
{
	for (int at = 0; at < count; at++)
		if (list[at].number == number)
			return true;
	return false;
}

Datum
oms_objects_between(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Position	since = {0};	/* incarnation 0, nothing seen: the beginning */
	Position	until;
	const Incarnation *list;
	int			count;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(1))
		return (Datum) 0;
	if (!PG_ARGISNULL(0))
		oms_position_take(PG_GETARG_TEXT_PP(0), &since);
	oms_position_take(PG_GETARG_TEXT_PP(1), &until);
	list = oms_incarnations(GetActiveSnapshot(), &count);
	if (!between_knows(list, count, since.incarnation))
		since = (Position) {0};
	SPI_connect();
	for (int at = 0; at < count; at++)
	{
		EventWindow window;

		CHECK_FOR_INTERRUPTS();
		if (list[at].number < since.incarnation || list[at].number > until.incarnation)
			continue;
		window = between_window(list, count, at, &since, &until);
		oms_window_objects(&window, rsinfo);
	}
	SPI_finish();
	return (Datum) 0;
}

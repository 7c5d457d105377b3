/*-------------------------------------------------------------------------
 *
 * position.c
 *	  How far a reader of events has come.
 *
 * A position is not a number: sequence numbers become visible in another order
 * than they are drawn in.  It is what snapshots are made of, the transactions
 * whose events were read; an event has the id of its transaction, so whatever
 * else becomes visible later is told apart exactly, however long it took.
 *
 * In text it is base64url of: format (1), checksum of what follows (4), and
 * numbers of variable length, 7 bits a byte, the lists as differences.  The
 * checksum finds what was cut or mistyped and hides nothing: a forged position
 * is only another place to begin at.
 *
 * Reads and writes no table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "utils/snapmgr.h"

#include "base/base64url.h"
#include "base/errors.h"
#include "query/position.h"

#define POSITION_FORMAT		1
#define POSITION_HEAD		(1 + sizeof(uint32))
#define POSITION_TEXT_MAX	(4 * 1024 * 1024)

/* ------------------------------------------------------------------------
 * sets of transactions
 * ------------------------------------------------------------------------
 */

/* An id of a snapshot is never far from the next one. */
static uint64
position_full_xid(TransactionId xid, FullTransactionId next)
{
	return U64FromFullTransactionId(next) + (int32) (xid - XidFromFullTransactionId(next));
}

static int
position_compare_xids(const void *a, const void *b)
{
	uint64		x = *(const uint64 *) a;
	uint64		y = *(const uint64 *) b;

	return x < y ? -1 : x > y;
}

/*
 * In recovery all running ids, of transactions and of subtransactions, stand in
 * subxip; those of transactions stand there however many there are.  What this
 * transaction does is not committed, though its own snapshot shows it.
 */
XidSet
oms_xids_of_snapshot(Snapshot snapshot)
{
	FullTransactionId next = ReadNextFullTransactionId();
	FullTransactionId own = GetTopFullTransactionIdIfAny();
	const TransactionId *running = snapshot->takenDuringRecovery ? snapshot->subxip : snapshot->xip;
	int			count = snapshot->takenDuringRecovery ? snapshot->subxcnt : (int) snapshot->xcnt;
	XidSet		set = {.end = position_full_xid(snapshot->xmax, next)};

	set.hidden = palloc(sizeof(uint64) * (count + 1));
	for (int i = 0; i < count; i++)
	{
		uint64		xid = position_full_xid(running[i], next);

		if (xid < set.end)
			set.hidden[set.nhidden++] = xid;
	}
	if (FullTransactionIdIsValid(own) && U64FromFullTransactionId(own) < set.end)
		set.hidden[set.nhidden++] = U64FromFullTransactionId(own);
	qsort(set.hidden, set.nhidden, sizeof(uint64), position_compare_xids);
	return set;
}

bool
oms_xids_see(const XidSet *set, uint64 xid)
{
	return xid < set->end &&
		(set->nhidden == 0 || bsearch(&xid, set->hidden, set->nhidden, sizeof(uint64), position_compare_xids) == NULL);
}

XidSet
oms_xids_cut(const XidSet *set, uint64 end)
{
	XidSet		cut = {.end = Min(set->end, end), .hidden = set->hidden};

	while (cut.nhidden < set->nhidden && set->hidden[cut.nhidden] < cut.end)
		cut.nhidden++;
	return cut;
}

/* The id before `end` is seen: a set ends behind one that is. */
bool
oms_xids_cover(const XidSet *set, const XidSet *part)
{
	if (part->end > set->end)
		return false;
	for (int i = 0; i < set->nhidden && set->hidden[i] < part->end; i++)
		if (oms_xids_see(part, set->hidden[i]))
			return false;
	return true;
}

/* ------------------------------------------------------------------------
 * as text
 * ------------------------------------------------------------------------
 */

static void
position_put(StringInfo out, uint64 number)
{
	for (; number >= 128; number >>= 7)
		appendStringInfoCharMacro(out, (char) (number | 128));
	appendStringInfoCharMacro(out, (char) number);
}

static void
position_put_set(StringInfo out, const XidSet *set)
{
	uint64		before = set->end;

	position_put(out, set->end);
	position_put(out, set->nhidden);
	for (int i = set->nhidden - 1; i >= 0; i--)
	{
		position_put(out, before - set->hidden[i]);
		before = set->hidden[i];
	}
}

void
oms_position_write(const Position *position, StringInfo text)
{
	StringInfoData out;
	uint32		check = 0;

	initStringInfo(&out);
	appendStringInfoChar(&out, POSITION_FORMAT);
	appendBinaryStringInfo(&out, (char *) &check, sizeof(check));
	position_put(&out, strlen(position->object));
	appendStringInfoString(&out, position->object);
	position_put(&out, position->newest);
	position_put(&out, position->server);
	position_put(&out, position->incarnation);
	position_put(&out, position->open | position->by_sequence << 1);
	position_put_set(&out, &position->from);
	position_put_set(&out, &position->to);
	position_put(&out, position->place);
	position_put(&out, position->count);
	check = pg_hton32(hash_bytes((unsigned char *) out.data + POSITION_HEAD, out.len - POSITION_HEAD));
	memcpy(out.data + 1, &check, sizeof(check));
	resetStringInfo(text);
	enlargeStringInfo(text, BASE64URL_LENGTH(out.len));
	text->len = oms_base64url_encode(out.data, out.len, text->data);
	text->data[text->len] = '\0';
	pfree(out.data);
}

/* What is left of the bytes; `bad` once they were not what was asked for. */
typedef struct PositionRest
{
	const char *at;
	const char *end;
	bool		bad;
} PositionRest;

static uint64
position_get(PositionRest *rest, uint64 max)
{
	uint64		number = 0;

	for (int shift = 0; shift < 64 && rest->at < rest->end; shift += 7)
	{
		unsigned char byte = *rest->at++;

		number |= (uint64) (byte & 127) << shift;
		if (byte < 128)
		{
			rest->bad |= number > max;
			return rest->bad ? 0 : number;
		}
	}
	rest->bad = true;
	return 0;
}

static char *
position_get_text(PositionRest *rest)
{
	int			length = position_get(rest, rest->end - rest->at);
	char	   *text;

	/* the length itself took a byte */
	if (length > rest->end - rest->at)
	{
		rest->bad = true;
		length = 0;
	}
	text = pnstrdup(rest->at, length);
	rest->at += length;
	return text;
}

/* Each takes a byte at least, so a list is never longer than the text. */
static void
position_get_set(PositionRest *rest, XidSet *set)
{
	uint64		before;

	set->end = position_get(rest, XIDS_ALL);
	set->nhidden = position_get(rest, rest->end - rest->at);
	set->hidden = palloc(sizeof(uint64) * Max(set->nhidden, 1));
	before = set->end;
	for (int i = set->nhidden - 1; i >= 0; i--)
	{
		uint64		step = position_get(rest, before);

		rest->bad |= step == 0;
		before -= step;
		set->hidden[i] = before;
	}
}

bool
oms_position_read(const char *text, int length, Position *position)
{
	char	   *bytes;
	int			count;
	int			flags;
	uint32		check;
	PositionRest rest;

	if (length > POSITION_TEXT_MAX)
		return false;
	bytes = palloc(BASE64URL_BYTES(length));
	count = oms_base64url_decode(text, length, bytes);
	if (count < (int) POSITION_HEAD || bytes[0] != POSITION_FORMAT)
		return false;
	memcpy(&check, bytes + 1, sizeof(check));
	if (pg_ntoh32(check) != hash_bytes((unsigned char *) bytes + POSITION_HEAD, count - POSITION_HEAD))
		return false;
	rest = (PositionRest) {.at = bytes + POSITION_HEAD, .end = bytes + count};
	position->object = position_get_text(&rest);
	position->newest = position_get(&rest, PG_INT64_MAX);
	position->server = position_get(&rest, PG_UINT32_MAX);
	position->incarnation = position_get(&rest, PG_INT64_MAX);
	flags = position_get(&rest, 3);
	position->open = flags & 1;
	position->by_sequence = flags >> 1;
	position_get_set(&rest, &position->from);
	position_get_set(&rest, &position->to);
	position->place = position_get(&rest, PG_INT64_MAX);
	position->count = position_get(&rest, PG_UINT64_MAX);
	return !rest.bad && rest.at == rest.end && position->incarnation <= position->newest;
}

void
oms_position_take(const text *given, Position *position)
{
	if (!oms_position_read(VARDATA_ANY(given), VARSIZE_ANY_EXHDR(given), position))
		ereport(ERROR,
				(errcode(OMS_BAD_QUERY),
				 errmsg("the position is damaged"),
				 errdetail("It is not what oms.events_since() gives."),
				 errhint("Give back a position as it came, or null to begin with the first event.")));
}

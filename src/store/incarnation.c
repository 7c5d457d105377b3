/*-------------------------------------------------------------------------
 *
 * incarnation.c
 *	  Which life of the database an event and a transaction's id belong to.
 *
 * A transaction's id means something only in the cluster that drew it, and in
 * one history of it: a dump brings rows whose ids are another cluster's, and
 * after a failover ids are drawn again that the lost server had drawn.  So the
 * first command after a restore, a promotion or pg_upgrade writes a row of
 * oms.incarnations, with the number of its first event.
 *
 * Nobody waits for anybody: commands that begin at the same moment write a row
 * each, with one number, and the lowest first_sequence of them counts.  That is
 * right, because a row and the events of its transaction become visible
 * together: whoever sees an event sees a row whose first_sequence is no larger,
 * and whoever sees a committed row draws larger numbers.  Numbers of an older
 * incarnation are smaller than all of a newer one, for the sequence only ever
 * goes on.
 *
 * The sole writer of oms.incarnations.  Locks: AccessShareLock on it while it is
 * read.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "access/xlogrecovery.h"
#include "catalog/pg_type_d.h"
#include "common/hashfn.h"
#include "common/string.h"
#include "miscadmin.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "store/config_table.h"
#include "store/incarnation.h"
#include "store/shard.h"

enum IncarnationColumn
{
	INCARNATION_NUMBER,
	INCARNATION_SYSTEM,
	INCARNATION_TIMELINE,
	INCARNATION_FIRST_SEQUENCE,
	INCARNATION_DATABASE,
	INCARNATION_RELATION,
	INCARNATION_STARTED_AT,
	INCARNATION_COLUMNS
};

static const TableColumn incarnation_columns[INCARNATION_COLUMNS] = {
	[INCARNATION_NUMBER] = {"number", INT8OID},
	[INCARNATION_SYSTEM] = {"system_identifier", INT8OID},
	[INCARNATION_TIMELINE] = {"timeline", INT4OID},
	[INCARNATION_FIRST_SEQUENCE] = {"first_sequence", INT8OID},
	[INCARNATION_DATABASE] = {"database", OIDOID},
	[INCARNATION_RELATION] = {"relation", OIDOID},
	[INCARNATION_STARTED_AT] = {"started_at", TIMESTAMPTZOID},
};

static const TableDef incarnation_table = {"incarnations", INCARNATION_COLUMNS, incarnation_columns, 0, NULL, NULL};

/* What tells a server, and in it a store that was dropped and restored. */
typedef struct Server
{
	uint64		system;
	TimeLineID	timeline;		/* of a standby: as far as it has come */
	Oid			database;
	Oid			relation;
} Server;

const TableDef *
oms_incarnation_table(void)
{
	return &incarnation_table;
}

static Server
incarnation_server(void)
{
	Server		server = {
		.system = GetSystemIdentifier(), .database = MyDatabaseId, .relation = oms_relation(OMS_INCARNATIONS)
	};

	if (RecoveryInProgress())
		(void) GetXLogReplayRecPtr(&server.timeline);
	else
		server.timeline = GetWALInsertionTimeLine();
	return server;
}

static uint32
incarnation_tag(const Server *server)
{
	uint64		tag = hash_bytes_uint32_extended(server->timeline, server->system);

	tag = hash_bytes_uint32_extended(server->database, tag);
	return (uint32) hash_bytes_uint32_extended(server->relation, tag);
}

static Datum
incarnation_value(Relation rel, TupleTableSlot *slot, int column)
{
	return oms_config_column(rel, slot, incarnation_columns[column].name, incarnation_columns[column].type, NULL);
}

static Incarnation
incarnation_take(Relation rel, TupleTableSlot *slot, const Server *here)
{
	Server		server = {
		.system = (uint64) DatumGetInt64(incarnation_value(rel, slot, INCARNATION_SYSTEM)),
		.timeline = DatumGetInt32(incarnation_value(rel, slot, INCARNATION_TIMELINE)),
		.database = DatumGetObjectId(incarnation_value(rel, slot, INCARNATION_DATABASE)),
		.relation = DatumGetObjectId(incarnation_value(rel, slot, INCARNATION_RELATION))
	};
	bool		isnull;
	TransactionId xmin = DatumGetTransactionId(slot_getsysattr(slot, MinTransactionIdAttributeNumber, &isnull));

	return (Incarnation) {
		.number = DatumGetInt64(incarnation_value(rel, slot, INCARNATION_NUMBER)),
		.first_sequence = DatumGetInt64(incarnation_value(rel, slot, INCARNATION_FIRST_SEQUENCE)),
		.tag = incarnation_tag(&server),
		.is_here = server.system == here->system && server.timeline == here->timeline &&
		server.database == here->database && server.relation == here->relation,
		.is_lasting = !TransactionIdIsCurrentTransactionId(xmin)
	};
}

/* Several rows of one number are one incarnation. */
static int
incarnation_put(Incarnation *list, int count, const Incarnation *one)
{
	int			at = count;

	while (at > 0 && list[at - 1].number > one->number)
		at--;
	if (at > 0 && list[at - 1].number == one->number)
	{
		list[at - 1].first_sequence = Min(list[at - 1].first_sequence, one->first_sequence);
		list[at - 1].is_lasting |= one->is_lasting;
		return count;
	}
	memmove(list + at + 1, list + at, sizeof(Incarnation) * (count - at));
	list[at] = *one;
	return count + 1;
}

typedef struct IncarnationList
{
	Server		here;
	Incarnation *members;
	int			count;
	int			room;
} IncarnationList;

static void
incarnation_take_row(void *arg, Relation rel, TupleTableSlot *slot)
{
	IncarnationList *list = arg;
	Incarnation one = incarnation_take(rel, slot, &list->here);

	if (list->count == list->room)
		list->members = repalloc(list->members, sizeof(Incarnation) * (list->room *= 2));
	list->count = incarnation_put(list->members, list->count, &one);
}

Incarnation *
oms_incarnations(Snapshot snapshot, int *count)
{
	Relation	rel = oms_config_open(OMS_INCARNATIONS);
	IncarnationList list = {incarnation_server(), palloc(sizeof(Incarnation) * 8), 1, 8};

	list.members[0] = (Incarnation) {.number = 0, .first_sequence = PG_INT64_MIN};
	oms_config_scan(rel, snapshot, incarnation_take_row, &list);
	table_close(rel, AccessShareLock);
	*count = list.count;
	return list.members;
}

int
oms_incarnation_at(const Incarnation *list, int count, int64 sequence)
{
	int			at = count - 1;

	while (at > 0 && list[at].first_sequence > sequence)
		at--;
	return at;
}

int64
oms_incarnation_floor(const Incarnation *list, int at)
{
	return list[at].number == 0 ? 0 : list[at].first_sequence - 1;
}

int64
oms_incarnation_ceiling(const Incarnation *list, int count, int at)
{
	return at + 1 < count ? list[at + 1].first_sequence - 1 : PG_INT64_MAX;
}

uint32
oms_incarnation_server(void)
{
	Server		here = incarnation_server();

	return incarnation_tag(&here);
}

/* ------------------------------------------------------------------------
 * of this session
 * ------------------------------------------------------------------------
 */

/* That of this server, once its row is seen to be committed.  A session that may write outlives no promotion. */
static Incarnation known;
static Oid	known_in = InvalidOid;

Incarnation
oms_incarnation_now(void)
{
	Oid			relation = oms_relation(OMS_INCARNATIONS);
	Incarnation *list;
	Incarnation newest;
	int			count;

	if (likely(known_in == relation))
		return known;

	list = oms_incarnations(SnapshotSelf, &count);
	newest = list[count - 1];
	pfree(list);
	if (!newest.is_here)
		return (Incarnation) {.number = newest.number + 1};
	if (newest.is_lasting)
	{
		known = newest;
		known_in = relation;
	}
	else
		newest.is_lasting = true;	/* ours, and there */
	return newest;
}

int64
oms_incarnation_of(int64 sequence)
{
	Incarnation now = oms_incarnation_now();
	Incarnation *list;
	int			count;
	int64		number;

	if (now.is_lasting && sequence >= now.first_sequence)
		return now.number;
	list = oms_incarnations(SnapshotSelf, &count);
	number = list[oms_incarnation_at(list, count, sequence)].number;
	pfree(list);
	return number;
}

void
oms_incarnation_write(TableSet *tables, int64 number, int64 first_sequence, TimestampTz now)
{
	Server		here = incarnation_server();
	Datum		values[INCARNATION_COLUMNS];
	bool		nulls[INCARNATION_COLUMNS] = {0};

	values[INCARNATION_NUMBER] = Int64GetDatum(number);
	values[INCARNATION_SYSTEM] = Int64GetDatum((int64) here.system);
	values[INCARNATION_TIMELINE] = Int32GetDatum(here.timeline);
	values[INCARNATION_FIRST_SEQUENCE] = Int64GetDatum(first_sequence);
	values[INCARNATION_DATABASE] = ObjectIdGetDatum(here.database);
	values[INCARNATION_RELATION] = ObjectIdGetDatum(here.relation);
	values[INCARNATION_STARTED_AT] = TimestampTzGetDatum(now);
	oms_table_insert(oms_tables_get(tables, OMS_INCARNATIONS), values, nulls, NULL);
}

/* ------------------------------------------------------------------------
 * tokens
 * ------------------------------------------------------------------------
 */

void
oms_token_write(const Token *token, char *text)
{
	char		shard[16] = "";

	if (token->shard != OMS_NO_SHARD)
		snprintf(shard, sizeof(shard), "%d:", token->shard);
	snprintf(text, TOKEN_LENGTH, "%s" INT64_FORMAT "." UINT64_FORMAT, shard, token->incarnation, token->xid);
}

/* Only as it is written. */
bool
oms_token_read(const char *text, Token *token)
{
	char		again[TOKEN_LENGTH];
	const char *rest = strchr(text, ':');
	char	   *end;

	token->shard = rest ? strtoint(text, NULL, 10) : OMS_NO_SHARD;
	token->incarnation = strtoi64(rest ? rest + 1 : text, &end, 10);
	token->xid = *end == '.' ? strtou64(end + 1, NULL, 10) : 0;
	oms_token_write(token, again);
	return strcmp(text, again) == 0 && token->shard >= OMS_NO_SHARD && token->incarnation >= 0 &&
		(TransactionIdIsNormal((TransactionId) token->xid) || token->xid > MaxTransactionId);
}

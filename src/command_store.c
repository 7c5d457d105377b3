/*-------------------------------------------------------------------------
 *
 * command_store.c
 *	  The ids that commands are recognised by, and refused commands.
 *
 * The sole writer of oms.commands, oms.cl_ord_ids, oms.counterparty_order_ids
 * and oms.rejected_commands.  Takes no row lock; a claim waits for a rival that
 * has inserted the same id and not committed yet.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "command_store.h"
#include "digest.h"
#include "guc.h"

enum CommandColumn
{
	COMMAND_ACTOR,
	COMMAND_ID,
	COMMAND_RECORDED_AT,
	COMMAND_AGGREGATE_ID,
	COMMAND_SEQUENCES,
	COMMAND_HASH,
	COMMAND_CONTENT_HASH,
	COMMAND_COLUMNS
};

/* Three texts: a session, an id, and the order it names. */
enum IdColumn
{
	ID_SESSION,
	ID_ID,
	ID_ORDER_ID,
	ID_COLUMNS
};

static void
read_sequences(Datum datum, KnownCommand *known)
{
	Datum	   *elements;

	deconstruct_array(DatumGetArrayTypeP(datum), INT8OID, sizeof(int64), FLOAT8PASSBYVAL,
					  TYPALIGN_DOUBLE, &elements, NULL, &known->nsequences);
	known->sequences = palloc(sizeof(int64) * Max(known->nsequences, 1));
	for (int i = 0; i < known->nsequences; i++)
		known->sequences[i] = DatumGetInt64(elements[i]);
}

bool
oms_command_is_expired(const KnownCommand *known)
{
	return known->recorded_at < GetCurrentTimestamp() - (TimestampTz) oms_guc_command_retention_s * USECS_PER_SEC;
}

bytea *
oms_command_content_hash(Jsonb *command)
{
	int			length;
	char	   *text = oms_json_canonical(command, &length);
	bytea	   *hash = oms_digest(NULL, text, length, NULL);

	pfree(text);
	return hash;
}

/*
 * Version 0.1.0 kept 64 bits of a hash that is easy to collide: what an event
 * carries goes before it, and it alone tells only of a command without events.
 */
bool
oms_command_is_same(const KnownCommand *known, Jsonb *command, Jsonb *recorded)
{
	if (known->content_hash)
	{
		bytea	   *hash = oms_command_content_hash(command);

		return VARSIZE_ANY_EXHDR(known->content_hash) == VARSIZE_ANY_EXHDR(hash) &&
			memcmp(VARDATA_ANY(known->content_hash), VARDATA_ANY(hash), VARSIZE_ANY_EXHDR(hash)) == 0;
	}
	if (recorded)
		return oms_json_equal(recorded, command);
	return known->command_hash == DatumGetInt64(DirectFunctionCall2(jsonb_hash_extended, JsonbPGetDatum(command),
																	Int64GetDatum(0)));
}

KnownCommand *
oms_command_find(EState *estate, const char *actor, const char *command_id)
{
	Table	   *table = oms_table_open(estate, oms_relation(OMS_COMMANDS));
	Datum		keys[2] = {CStringGetTextDatum(actor), CStringGetTextDatum(command_id)};
	KnownCommand *known = NULL;

	if (oms_table_find(table, oms_relation(OMS_COMMANDS_PKEY), 2, keys))
	{
		Datum	   *values = table->slot->tts_values;
		bool	   *nulls = table->slot->tts_isnull;

		slot_getallattrs(table->slot);
		known = palloc0(sizeof(KnownCommand));
		known->recorded_at = DatumGetTimestampTz(values[COMMAND_RECORDED_AT]);
		if (!nulls[COMMAND_AGGREGATE_ID])
			known->aggregate_id = TextDatumGetCString(values[COMMAND_AGGREGATE_ID]);
		if (!nulls[COMMAND_SEQUENCES])
			read_sequences(values[COMMAND_SEQUENCES], known);
		if (!nulls[COMMAND_HASH])
			known->command_hash = DatumGetInt64(values[COMMAND_HASH]);
		if (!nulls[COMMAND_CONTENT_HASH])
			known->content_hash = DatumGetByteaPCopy(values[COMMAND_CONTENT_HASH]);
		known->tid = table->slot->tts_tid;
	}
	oms_table_close(table);
	return known;
}

bool
oms_command_claim(Table *commands, const char *actor, const Command *command, TimestampTz now,
				  const char *aggregate_id, const Event *events, int nevents, ItemPointer tid)
{
	Datum		values[COMMAND_COLUMNS];
	bool		nulls[COMMAND_COLUMNS] = {0};
	Datum	   *sequences = palloc(sizeof(Datum) * Max(nevents, 1));

	for (int i = 0; i < nevents; i++)
		sequences[i] = Int64GetDatum(events[i].sequence);
	values[COMMAND_ACTOR] = CStringGetTextDatum(actor);
	values[COMMAND_ID] = CStringGetTextDatum(command->command_id);
	values[COMMAND_RECORDED_AT] = TimestampTzGetDatum(now);
	values[COMMAND_AGGREGATE_ID] = CStringGetTextDatum(aggregate_id);
	values[COMMAND_SEQUENCES] = PointerGetDatum(construct_array(sequences, nevents, INT8OID, sizeof(int64),
															  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	nulls[COMMAND_HASH] = true;
	values[COMMAND_CONTENT_HASH] = PointerGetDatum(oms_command_content_hash(command->raw));
	nulls[COMMAND_SEQUENCES] = nevents == 0;
	return oms_table_claim(commands, oms_relation(OMS_COMMANDS_PKEY), values, nulls, tid);
}

static void
set_text(Datum *value, bool *isnull, const char *text)
{
	*isnull = text == NULL;
	*value = text ? CStringGetTextDatum(text) : (Datum) 0;
}

void
oms_rejection_keep(EState *estate, const Caller *caller, Jsonb *command, const char *command_id,
				   const char *command_type, const Refusal *refusal)
{
	Table	   *table = oms_table_open(estate, oms_relation(OMS_REJECTED_COMMANDS));
	Datum		values[11];
	bool		nulls[11] = {0};
	const char *texts[] = {
		caller->actor, caller->role, command_id, command_type, unpack_sql_state(refusal->sqlstate),
		refusal->message, refusal->detail, refusal->hint, refusal->rule
	};

	values[0] = TimestampTzGetDatum(GetCurrentTimestamp());
	for (int i = 0; i < lengthof(texts); i++)
		set_text(&values[i + 1], &nulls[i + 1], texts[i]);
	values[10] = JsonbPGetDatum(command);
	oms_table_insert(table, values, nulls, NULL);
	oms_table_close(table);
}

static void
id_row(const char *session, const char *id, const char *order_id, Datum *values)
{
	values[ID_SESSION] = CStringGetTextDatum(session);
	values[ID_ID] = CStringGetTextDatum(id);
	values[ID_ORDER_ID] = CStringGetTextDatum(order_id);
}

char *
oms_cl_ord_id_find(EState *estate, const char *session, const char *cl_ord_id)
{
	Table	   *table = oms_table_open(estate, oms_relation(OMS_CL_ORD_IDS));
	Datum		keys[2] = {CStringGetTextDatum(session), CStringGetTextDatum(cl_ord_id)};
	char	   *order_id = NULL;
	bool		isnull;

	if (oms_table_find(table, oms_relation(OMS_CL_ORD_IDS_PKEY), 2, keys))
		order_id = TextDatumGetCString(slot_getattr(table->slot, ID_ORDER_ID + 1, &isnull));
	oms_table_close(table);
	return order_id;
}

bool
oms_cl_ord_id_claim(Table *cl_ord_ids, const char *session, const char *cl_ord_id,
					const char *order_id, ItemPointer tid)
{
	Datum		values[ID_COLUMNS];
	static const bool nulls[ID_COLUMNS] = {0};

	id_row(session, cl_ord_id, order_id, values);
	return oms_table_claim(cl_ord_ids, oms_relation(OMS_CL_ORD_IDS_PKEY), values, nulls, tid);
}

typedef struct FoundOrders
{
	char	   *order_id;
	int			count;
} FoundOrders;

static void
found_order(TupleTableSlot *slot, void *arg)
{
	FoundOrders *found = arg;
	bool		isnull;

	if (found->count++ == 0)
		found->order_id = TextDatumGetCString(slot_getattr(slot, ID_ORDER_ID + 1, &isnull));
}

char *
oms_counterparty_id_find(EState *estate, const char *session, const char *id, bool *more)
{
	Table	   *table = oms_table_open(estate, oms_relation(OMS_COUNTERPARTY_ORDER_IDS));
	Datum		keys[2] = {CStringGetTextDatum(session), CStringGetTextDatum(id)};
	FoundOrders found = {0};

	oms_table_each(table, oms_relation(OMS_COUNTERPARTY_ORDER_IDS_PKEY), 2, keys, found_order, &found);
	oms_table_close(table);
	*more = found.count > 1;
	return found.order_id;
}

bool
oms_counterparty_id_claim(Table *ids, const char *session, const char *id, const char *order_id,
						  ItemPointer tid)
{
	Datum		values[ID_COLUMNS];
	static const bool nulls[ID_COLUMNS] = {0};

	id_row(session, id, order_id, values);
	return oms_table_claim(ids, oms_relation(OMS_COUNTERPARTY_ORDER_IDS_PKEY), values, nulls, tid);
}

/*-------------------------------------------------------------------------
 *
 * table_row.c
 *	  The row that a writer is about to store.
 *
 * Ours over what there is of users: their defaults in a new row, what stands in an
 * old one.  A trigger may change theirs, and none of ours.
 *
 * Locks: none.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/toast_compression.h"
#include "access/toast_internals.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "executor/nodeModifyTable.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "store/table_row.h"

/* What an insert puts into a column of a user. */
typedef struct UserDefault
{
	AttrNumber	attnum;
	ExprState  *value;			/* NULL: null, which a domain may refuse */
	Oid			type;
} UserDefault;

bool
oms_row_has_generated(Table *table)
{
	TupleConstr *constr = RelationGetDescr(table->rel)->constr;

	return constr && constr->has_generated_stored;
}

void
oms_row_find_defaults(Table *table)
{
	TupleDesc	desc = RelationGetDescr(table->rel);
	Bitmapset  *ours = NULL;

	for (int i = 0; i < table->def->ncolumns; i++)
		ours = bms_add_member(ours, table->layout->attnums[i]);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		UserDefault *def;
		Expr	   *expr;

		if (att->attisdropped || att->attgenerated || bms_is_member(att->attnum, ours))
			continue;
		def = palloc0(sizeof(UserDefault));
		def->attnum = att->attnum;
		def->type = att->atttypid;
		expr = (Expr *) build_column_default(table->rel, att->attnum);
		if (expr)
			def->value = ExecInitExpr(expression_planner(expr), NULL);
		table->defaults = lappend(table->defaults, def);
	}
}

static void
table_put_defaults(Table *table, TupleTableSlot *slot)
{
	ExprContext *econtext = GetPerTupleExprContext(table->work->estate);
	ListCell   *cell;

	memset(slot->tts_isnull, true, sizeof(bool) * slot->tts_tupleDescriptor->natts);
	foreach(cell, table->defaults)
	{
		UserDefault *def = lfirst(cell);
		int			i = def->attnum - 1;

		if (def->value)
			slot->tts_values[i] = ExecEvalExprSwitchContext(def->value, econtext, &slot->tts_isnull[i]);
		else if (get_typtype(def->type) == TYPTYPE_DOMAIN)
			domain_check((Datum) 0, true, def->type, NULL, NULL);
	}
}

static void
table_put_old_row(TupleTableSlot *slot, TupleTableSlot *old)
{
	TupleDesc	desc = slot->tts_tupleDescriptor;

	slot_getallattrs(old);
	for (int i = 0; i < desc->natts; i++)
	{
		slot->tts_values[i] = old->tts_values[i];
		slot->tts_isnull[i] = old->tts_isnull[i] || TupleDescAttr(desc, i)->attisdropped;
	}
}

void
oms_row_form(Table *table, TupleTableSlot *old, const Datum *values, const bool *nulls)
{
	TupleTableSlot *slot = table->out;

	ExecClearTuple(slot);
	if (!table->layout->all_ours && old)
		table_put_old_row(slot, old);
	else if (!table->layout->all_ours)
		table_put_defaults(table, slot);
	if (table->layout->in_order)
	{
		memcpy(slot->tts_values, values, sizeof(Datum) * table->def->ncolumns);
		memcpy(slot->tts_isnull, nulls, sizeof(bool) * table->def->ncolumns);
	}
	else
		for (int i = 0; i < table->def->ncolumns; i++)
		{
			int			place = table->layout->attnums[i] - 1;

			slot->tts_values[place] = values[i];
			slot->tts_isnull[place] = nulls[i];
		}
	ExecStoreVirtualTuple(slot);
	table->row_facts = oms_layout_facts(table->layout, table->def, values, nulls);
}

/*
 * PostgreSQL compresses what makes a row longer than 2 kB; what is written by the
 * million and is a little shorter gains as much.  Not with pglz: it takes ten times as
 * long, and is left to the rows that PostgreSQL has in mind.
 */
Datum
oms_row_compress(const Table *table, int column, Datum value)
{
#ifdef USE_LZ4
	Form_pg_attribute att = TupleDescAttr(RelationGetDescr(table->rel), table->layout->attnums[column] - 1);
	char		method = CompressionMethodIsValid(att->attcompression) ? att->attcompression : default_toast_compression;

	if (method == TOAST_LZ4_COMPRESSION && (att->attstorage == TYPSTORAGE_EXTENDED || att->attstorage == TYPSTORAGE_MAIN))
	{
		Datum		compressed = toast_compress_datum(value, method);

		if (DatumGetPointer(compressed) != NULL)
			return compressed;
	}
#endif
	return value;
}

/*
 * The tuple to store, if no trigger has made one.  The slot goes on with the
 * values that it was formed of: there is nothing to be taken apart again.
 */
static void
table_form_tuple(TupleTableSlot *slot)
{
	TupleDesc	desc = slot->tts_tupleDescriptor;
	MemoryContext old;

	if (((HeapTupleTableSlot *) slot)->tuple != NULL)
		return;
	/* the slot gives it back with its next row, when the memory of this one may be gone */
	old = MemoryContextSwitchTo(slot->tts_mcxt);
	ExecStoreHeapTuple(heap_form_tuple(desc, slot->tts_values, slot->tts_isnull), slot, true);
	MemoryContextSwitchTo(old);
	slot->tts_nvalid = desc->natts;
}

bool
oms_row_is_same(Form_pg_attribute att, Datum a, bool a_null, Datum b, bool b_null)
{
	if (a_null || b_null)
		return a_null == b_null;
	return datum_image_eq(a, b, att->attbyval, att->attlen);
}

void
oms_row_suppressed(Table *table, const char *event)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("a trigger before %s on \"%s\" suppressed a row of a command", event,
					RelationGetRelationName(table->rel)),
			 errhint("A trigger may refuse a command by raising an error."),
			 errtable(table->rel)));
}

static char *
table_value_text(Form_pg_attribute att, Datum value, bool isnull)
{
	Oid			output;
	bool		is_varlena;

	if (isnull)
		return pstrdup("null");
	getTypeOutputInfo(att->atttypid, &output, &is_varlena);
	return OidOutputFunctionCall(output, value);
}

void
oms_row_check_ours(Table *table, const Datum *values, const bool *nulls)
{
	TupleTableSlot *slot = table->out;

	slot_getallattrs(slot);
	for (int i = 0; i < table->def->ncolumns; i++)
	{
		int			place = table->layout->attnums[i] - 1;
		Form_pg_attribute att = TupleDescAttr(slot->tts_tupleDescriptor, place);

		if (oms_row_is_same(att, values[i], nulls[i], slot->tts_values[place], slot->tts_isnull[place]))
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("a trigger changed column \"%s\" of \"%s\"", NameStr(att->attname),
						RelationGetRelationName(table->rel)),
				 errdetail("The command wrote %s, the trigger %s.", table_value_text(att, values[i], nulls[i]),
						   table_value_text(att, slot->tts_values[place], slot->tts_isnull[place])),
				 errhint("A trigger may change columns that were added to the table, or refuse a command by raising an error."),
				 errtablecol(table->rel, att->attnum)));
	}
}

void
oms_row_complete(Table *table)
{
	EState	   *estate = table->work->estate;

	if (oms_row_has_generated(table))
		ExecComputeStoredGenerated(table->info, estate, table->out, CMD_INSERT);
	if (RelationGetDescr(table->rel)->constr)
		ExecConstraints(table->info, table->out, estate);
	/* the partition is the one of the row's moment, which no trigger can have changed */
	table_form_tuple(table->out);
	estate->es_output_cid = GetCurrentCommandId(true);
}

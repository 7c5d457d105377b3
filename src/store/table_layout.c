/*-------------------------------------------------------------------------
 *
 * table_layout.c
 *	  Which column of a relation is which of ours, and which index finds what.
 *
 * Columns are known by their names and indexes by their columns, never by a
 * position or an index's name: a DBA may add and drop columns, build an index
 * anew under another name, and attach a partition that is laid out differently.
 * What is found is kept until an invalidation of the relation; whoever uses it
 * holds a lock on the relation, under which columns cannot change.
 *
 * Writes no table.  Locks: AccessShareLock on indexes while they are looked at.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_collation_d.h"
#include "catalog/pg_index.h"
#include "catalog/pg_opfamily_d.h"
#include "catalog/pg_operator_d.h"
#include "catalog/pg_type_d.h"
#include "nodes/makefuncs.h"
#include "nodes/pg_list.h"
#include "optimizer/optimizer.h"
#include "storage/lockdefs.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "store/table_layout.h"

static HTAB *layouts = NULL;

static void
layout_forget(Datum arg, Oid relid)
{
	TableLayout *layout;

	if (layouts == NULL)
		return;
	if (OidIsValid(relid))
	{
		layout = hash_search(layouts, &relid, HASH_FIND, NULL);
		if (layout)
			layout->valid = false;
	}
	else
	{
		HASH_SEQ_STATUS all;

		hash_seq_init(&all, layouts);
		while ((layout = hash_seq_search(&all)) != NULL)
			layout->valid = false;
	}
}

void
oms_layout_init(void)
{
	CacheRegisterRelcacheCallback(layout_forget, (Datum) 0);
}

/* ------------------------------------------------------------------------
 * columns
 * ------------------------------------------------------------------------
 */

/* Nothing but the type we write: a typmod would have to be applied, a domain to be checked. */
static void
layout_check_column(const TableDef *def, const TableColumn *column, Form_pg_attribute att)
{
	if (att == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table oms.%s has no column \"%s\"", def->name, column->name),
				 errhint("Columns of oms_state can be neither dropped nor renamed. After an update of its library, run ALTER EXTENSION oms_state UPDATE.")));
	if (att->atttypid != column->type || att->atttypmod != -1)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("column \"%s\" of table oms.%s has type %s, not %s", column->name, def->name,
						format_type_with_typemod(att->atttypid, att->atttypmod),
						format_type_be(column->type)),
				 errhint("Change it back: types of oms_state's columns are its own.")));
	if (att->attgenerated)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("column \"%s\" of table oms.%s is generated", column->name, def->name),
				 errhint("ALTER TABLE oms.%s ALTER COLUMN %s DROP EXPRESSION", def->name, column->name)));
}

/* By name; `hint` is where it stands when nobody has changed the table. */
static Form_pg_attribute
layout_find_column(TupleDesc desc, const char *name, int hint)
{
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, (hint + i) % desc->natts);

		if (!att->attisdropped && strcmp(NameStr(att->attname), name) == 0)
			return att;
	}
	return NULL;
}

void
oms_layout_columns(TupleDesc desc, const TableDef *def, AttrNumber *attnums)
{
	Assert(def->ncolumns <= TABLE_COLUMNS_MAX);
	for (int i = 0; i < def->ncolumns; i++)
	{
		Form_pg_attribute att = layout_find_column(desc, def->columns[i].name, i);

		layout_check_column(def, &def->columns[i], att);
		attnums[i] = att->attnum;
	}
}

/* ------------------------------------------------------------------------
 * indexes of some rows
 * ------------------------------------------------------------------------
 */

/* As the planner has it, that it holds or does not; NULL: nothing to reason by.  Its columns have passed layout_check_column(). */
static Expr *
layout_clause(Relation rel, const TableFact *fact, bool holds)
{
	Form_pg_attribute att = layout_find_column(RelationGetDescr(rel), fact->column, 0);
	Expr	   *column;

	if (att == NULL)
		elog(ERROR, "BUG: no column \"%s\" of a fact", fact->column);
	column = (Expr *) makeVar(1, att->attnum, att->atttypid, att->atttypmod, att->attcollation, 0);
	if (fact->is == NULL)
	{
		NullTest   *test = makeNode(NullTest);

		test->arg = column;
		test->nulltesttype = holds ? IS_NULL : IS_NOT_NULL;
		test->location = -1;
		return (Expr *) test;
	}
	if (att->atttypid == BOOLOID)
		return holds == (strcmp(fact->is, "true") == 0) ? column : make_notclause(column);
	/* it may be null, then */
	if (!holds)
		return NULL;
	return make_opclause(TextEqualOperator, BOOLOID, false, column,
						 (Expr *) makeConst(TEXTOID, -1, att->attcollation, -1, CStringGetTextDatum(fact->is), false, false),
						 InvalidOid, att->attcollation);
}

static bool
layout_fact_holds(const TableFact *fact, Oid type, Datum value, bool isnull)
{
	const text *found;

	if (isnull || fact->is == NULL)
		return isnull && fact->is == NULL;
	if (type == BOOLOID)
		return DatumGetBool(value) == (strcmp(fact->is, "true") == 0);
	found = (const text *) DatumGetPointer(value);
	return VARSIZE_ANY_EXHDR(found) == strlen(fact->is) && memcmp(VARDATA_ANY(found), fact->is, strlen(fact->is)) == 0;
}

int
oms_layout_facts(const TableLayout *layout, const TableDef *def, const Datum *values, const bool *nulls)
{
	int			facts = 0;

	if (layout->nfacts == 0)
		return FACTS_UNKNOWN;
	for (int i = 0; i < layout->nfacts; i++)
	{
		int			place = layout->facts[i];

		if (layout_fact_holds(&def->facts[i], def->columns[place].type, values[place], nulls[place]))
			facts |= 1 << i;
	}
	return facts;
}

static void
layout_find_facts(TableLayout *layout, const TableDef *def)
{
	layout->nfacts = 0;
	for (const TableFact *fact = def->facts; fact && fact->column; fact++)
	{
		int			place = 0;

		Assert(layout->nfacts < TABLE_FACTS_MAX);
		while (strcmp(def->columns[place].name, fact->column) != 0)
			place++;
		layout->facts[layout->nfacts++] = place;
	}
	layout->npartial = 0;
	layout->weighed = 0;
}

static int
layout_partial(const TableLayout *layout, Oid index)
{
	for (int i = 0; i < layout->npartial; i++)
		if (layout->partial[i] == index)
			return i;
	return -1;
}

static void
layout_weigh_index(TableLayout *layout, Relation index, List *clauses, int facts)
{
	List	   *predicate = RelationGetIndexPredicate(index);
	int			place = layout_partial(layout, RelationGetRelid(index));

	if (predicate == NIL || (place < 0 && layout->npartial == INDEXES_PARTIAL_MAX))
		return;
	if (place < 0)
		layout->partial[place = layout->npartial++] = RelationGetRelid(index);
	if (predicate_refuted_by(predicate, clauses, true))
		layout->lacks[facts] |= 1 << place;
	else if (predicate_implied_by(predicate, clauses, false))
		layout->has[facts] |= 1 << place;
}

void
oms_layout_weigh(TableLayout *layout, Relation rel, const TableDef *def, int facts)
{
	List	   *clauses = NIL;
	List	   *indexes;
	ListCell   *cell;

	if (facts == FACTS_UNKNOWN || (layout->weighed & (1U << facts)))
		return;
	layout->has[facts] = layout->lacks[facts] = 0;
	for (int i = 0; i < layout->nfacts; i++)
	{
		Expr	   *clause = layout_clause(rel, &def->facts[i], (facts & (1 << i)) != 0);

		if (clause)
			clauses = lappend(clauses, clause);
	}
	indexes = RelationGetIndexList(rel);
	foreach(cell, indexes)
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);

		layout_weigh_index(layout, index, clauses, facts);
		index_close(index, AccessShareLock);
	}
	list_free(indexes);
	layout->weighed |= 1U << facts;
}

IndexVerdict
oms_layout_verdict(const TableLayout *layout, Oid index, int facts)
{
	int			place = layout_partial(layout, index);

	if (place < 0)
		return INDEX_ASKS;
	return layout->lacks[facts] & (1 << place) ? INDEX_LACKS_ROW : layout->has[facts] & (1 << place) ? INDEX_HAS_ROW : INDEX_ASKS;
}

bool
oms_layout_agree(const TableLayout *layout, int open_for, int facts)
{
	return open_for == facts || open_for == FACTS_UNKNOWN ||
		(layout->has[open_for] == layout->has[facts] && layout->lacks[open_for] == layout->lacks[facts]);
}

TableLayout *
oms_layout_of(Relation rel, const TableDef *def)
{
	Oid			relid = RelationGetRelid(rel);
	TableLayout *layout;
	bool		found;

	if (layouts == NULL)
	{
		HASHCTL		ctl = {.keysize = sizeof(Oid), .entrysize = sizeof(TableLayout), .hcxt = TopMemoryContext};

		layouts = hash_create("oms_state table layouts", 32, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	layout = hash_search(layouts, &relid, HASH_ENTER, &found);
	if (found && layout->valid)
		return layout;
	layout->valid = false;
	oms_layout_columns(RelationGetDescr(rel), def, layout->attnums);
	/* each attribute is one of ours, then, and none is dropped */
	layout->all_ours = layout->in_order = RelationGetDescr(rel)->natts == def->ncolumns;
	for (int i = 0; layout->in_order && i < def->ncolumns; i++)
		layout->in_order = layout->attnums[i] == i + 1;
	memset(layout->keys, 0, sizeof(layout->keys));
	layout_find_facts(layout, def);
	layout->valid = true;
	return layout;
}

/* ------------------------------------------------------------------------
 * indexes
 * ------------------------------------------------------------------------
 */

static bool
layout_is_deterministic(Oid collation)
{
	return !OidIsValid(collation) || collation == C_COLLATION_OID || collation == DEFAULT_COLLATION_OID ||
		get_collation_isdeterministic(collation);
}

/* Are its first columns those of the key, in any order, compared as we compare? */
static bool
layout_has_columns(Relation index, const KeyLayout *key)
{
	Form_pg_index form = index->rd_index;

	if (index->rd_rel->relam != BTREE_AM_OID || form->indnkeyatts < key->ncolumns)
		return false;
	for (int k = 0; k < key->ncolumns; k++)
	{
		int			i = 0;

		while (i < key->ncolumns && form->indkey.values[i] != key->attnums[k])
			i++;
		if (i == key->ncolumns || !layout_is_deterministic(index->rd_indcollation[i]) ||
			(index->rd_opfamily[i] != TEXT_BTREE_FAM_OID && index->rd_opfamily[i] != INTEGER_BTREE_FAM_OID))
			return false;
	}
	return true;
}

static bool
layout_begins_with(Relation index, const KeyLayout *key)
{
	return layout_has_columns(index, key) && heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, NULL);
}

/* Is it an index of some rows, and are all that the key asks for among them? */
static bool
layout_has_asked_for(Relation rel, Relation index, const TableKey *def, const KeyLayout *key)
{
	List	   *predicate = layout_has_columns(index, key) ? RelationGetIndexPredicate(index) : NIL;

	return predicate && predicate_implied_by(predicate, list_make1(layout_clause(rel, &def->only, true)), false);
}

bool
oms_layout_is_arbiter(Relation index, const KeyLayout *key)
{
	Form_pg_index form = index->rd_index;

	return form->indisunique && form->indimmediate && form->indisready &&
		form->indnkeyatts == key->ncolumns && layout_begins_with(index, key);
}

static bool
layout_is_usable(Relation rel, Relation index, const TableKey *def, const KeyLayout *key, bool partial)
{
	if (!index->rd_index->indisvalid)
		return false;
	if (partial)
		return layout_has_asked_for(rel, index, def, key);
	return def->unique ? oms_layout_is_arbiter(index, key) : layout_begins_with(index, key);
}

/* `partial`: one of no more rows than it must have. */
static Oid
layout_find_index(Relation rel, const TableKey *def, const KeyLayout *key, bool partial)
{
	List	   *indexes = RelationGetIndexList(rel);
	ListCell   *cell;
	Oid			found = InvalidOid;

	foreach(cell, indexes)
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);

		if (layout_is_usable(rel, index, def, key, partial))
			found = lfirst_oid(cell);
		index_close(index, AccessShareLock);
		if (OidIsValid(found))
			break;
	}
	list_free(indexes);
	return found;
}

static AttrNumber
layout_key_column(Relation rel, const char *name, int hint)
{
	Form_pg_attribute att = layout_find_column(RelationGetDescr(rel), name, hint);

	if (att == NULL)
		elog(ERROR, "BUG: no column \"%s\" of a key", name);
	return att->attnum;
}

static char *
layout_column_list(const TableKey *def)
{
	char	   *list = pstrdup(def->columns[0]);

	for (int i = 1; i < KEY_COLUMNS_MAX && def->columns[i]; i++)
		list = psprintf("%s, %s", list, def->columns[i]);
	return list;
}

const KeyLayout *
oms_layout_key(TableLayout *layout, Relation rel, const TableDef *table, int which)
{
	const TableKey *def = &table->keys[which];
	KeyLayout  *key = &layout->keys[which];

	Assert(which < Min(table->nkeys, TABLE_KEYS_MAX));
	if (key->known)
		return key;
	key->ncolumns = 0;
	for (int i = 0; i < KEY_COLUMNS_MAX && def->columns[i]; i++)
		key->attnums[key->ncolumns++] = layout_key_column(rel, def->columns[i], i);
	key->moment = def->moment ? layout_key_column(rel, def->moment, 0) : 0;
	key->index = def->only.column ? layout_find_index(rel, def, key, true) : InvalidOid;
	if (!OidIsValid(key->index))
		key->index = layout_find_index(rel, def, key, false);
	if (def->unique && !OidIsValid(key->index))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" has no unique index on (%s)", RelationGetRelationName(rel), layout_column_list(def)),
				 errdetail("Rows are looked up by a valid, immediate, unique btree index on exactly these columns, without predicate and expressions."),
				 errhint("CREATE UNIQUE INDEX ON oms.%s (%s)", quote_identifier(RelationGetRelationName(rel)),
						 layout_column_list(def))));
	/* what was invalidated meanwhile is looked up again by whoever opens the table next */
	key->known = layout->valid;
	return key;
}

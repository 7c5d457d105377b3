/*-------------------------------------------------------------------------
 *
 * asset_classes.c
 *	  The asset classes of oms.asset_classes.
 *
 * Keeps what the table says (config_table.c), sorted by name; a row of the caller's
 * takes the place of the shipped one of its name.  What a class does is said in
 * core/.  A row that is none (somebody has got round the trigger) is a class with a
 * fault: only what is of that class is refused.  Writes and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/errors.h"
#include "store/asset_classes.h"
#include "store/config_rows.h"

PG_FUNCTION_INFO_V1(oms_check_asset_class);

static struct
{
	MemoryContext context;		/* of all that is kept */
	List	   *rows;			/* of AssetClass */
	AssetClasses classes;
}			kept;

/* In the current memory context. */
static AssetClass *
asset_class_of_row(Relation rel, TupleTableSlot *slot)
{
	char	   *name = TextDatumGetCString(oms_config_column(rel, slot, "name", TEXTOID, NULL));
	Jsonb	   *definition = oms_config_document(rel, slot, "definition");
	AssetClass *class = oms_class_read(name, definition);

	class->builtin = DatumGetBool(oms_config_column(rel, slot, "builtin", BOOLOID, NULL));
	class->enabled = DatumGetBool(oms_config_column(rel, slot, "enabled", BOOLOID, NULL));
	class->version = DatumGetInt64(oms_config_column(rel, slot, "version", INT8OID, NULL));
	return class;
}

static void
asset_classes_begin(ConfigTable *table)
{
	kept.rows = NIL;
	kept.classes = (AssetClasses) {.edition = kept.classes.edition + 1};
	if (kept.context == NULL)
		kept.context = AllocSetContextCreate(CacheMemoryContext, "oms.asset_classes", ALLOCSET_DEFAULT_SIZES);
	MemoryContextReset(kept.context);
}

static void
asset_classes_take(ConfigTable *table, Relation rel, TupleTableSlot *slot)
{
	MemoryContext old = MemoryContextSwitchTo(kept.context);

	kept.rows = lappend(kept.rows, asset_class_of_row(rel, slot));
	MemoryContextSwitchTo(old);
}

/* A user's before the shipped one of the same name. */
static int
asset_class_compare(const ListCell *a, const ListCell *b)
{
	const AssetClass *first = lfirst(a);
	const AssetClass *second = lfirst(b);
	int			order = strcmp(first->name, second->name);

	return order != 0 ? order : (int) first->builtin - (int) second->builtin;
}

static void
asset_classes_end(ConfigTable *table)
{
	MemoryContext old = MemoryContextSwitchTo(kept.context);
	AssetClasses hidden = {palloc(sizeof(AssetClass *) * (list_length(kept.rows) + 1)), 0};
	ListCell   *cell;

	list_sort(kept.rows, asset_class_compare);
	kept.classes.members = palloc(sizeof(AssetClass *) * (list_length(kept.rows) + 1));
	foreach(cell, kept.rows)
	{
		AssetClass *class = lfirst(cell);
		int			count = kept.classes.count;
		bool		is_hidden = count > 0 && strcmp(kept.classes.members[count - 1]->name, class->name) == 0;
		AssetClasses *into = is_hidden ? &hidden : &kept.classes;

		into->members[into->count++] = class;
	}
	oms_classes_link(&kept.classes, &hidden);
	MemoryContextSwitchTo(old);
}

static ConfigTable asset_classes_table = {.which = OMS_ASSET_CLASSES, .begin = asset_classes_begin, .take = asset_classes_take, .end = asset_classes_end};

void
oms_asset_classes_init(void)
{
	oms_config_init(&asset_classes_table);
}

const AssetClasses *
oms_asset_classes(void)
{
	oms_config_know(&asset_classes_table);
	return &kept.classes;
}

/* Before a row of the table: is it a class?  Whether what it extends is there, is asked when the row is. */
Datum
oms_check_asset_class(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	bool		is_update;
	AssetClass *class;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(trigger->tg_event) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("oms.check_asset_class() was not called by the trigger manager before a row")));
	is_update = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
	class = asset_class_of_row(trigger->tg_relation, is_update ? trigger->tg_newslot : trigger->tg_trigslot);
	if (class->fault)
		ereport(ERROR,
				(errcode(OMS_BAD_CONFIGURATION),
				 errmsg("the definition of asset class \"%s\" cannot be used", class->name),
				 errdetail("%s: %s.", class->fault->path[0] ? class->fault->path : "The whole", class->fault->message)));
	return PointerGetDatum(is_update ? trigger->tg_newtuple : trigger->tg_trigtuple);
}

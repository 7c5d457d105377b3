/*-------------------------------------------------------------------------
 *
 * config_def.c
 *	  The tables of configuration whose changes are events: which they are.
 *
 * A new one is a row of oms_config_defs[] (doc/adding.md); sql/48_configuration.sql
 * gives it its triggers.  Writes and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "base/errors.h"
#include "base/moment.h"
#include "store/config_def.h"

const ConfigDef oms_config_defs[] = {
	{"validation_rules", "ValidationRule", {"name"},
	{"object", "command_type", "asset_class", "predicate", "message", "severity", "when_missing", "examples", "enabled"}},
	{"routing_rules", "RoutingRule", {"name"}, {"priority", "predicate", "action", "reason", "examples", "enabled"}},
	{"placement_policies", "PlacementPolicy", {"name"},
	{"priority", "predicate", "destinations", "max_quantity", "min_quantity", "lot", "slices", "slice_interval", "cl_ord_id_pattern", "examples", "enabled"}},
	{"fix_sessions", "FixSession", {"session"}, {"direction", "account", "enabled", "last_look"}},
	{"limits", "Limit", {"account", "symbol", "what"}, {"amount"}},
	{"restricted_list", "Restriction", {"symbol", "account"}, {"reason"}},
	{"allowed_order_types", "AllowedOrderType", {"destination", "ord_type"}, {0}},
	{"trading_halts", "TradingHalt", {"name"}, {"symbol", "account", "destination", "since", "until", "reason", "enabled"}},
	{"asset_classes", "AssetClass", {"name"}, {"definition", "enabled"}},
	{0}
};

/* By name and schema: whoever makes a trigger on a table of his own with our functions has no configuration. */
const ConfigDef *
oms_config_def(Relation rel)
{
	if (RelationGetNamespace(rel) != get_namespace_oid("oms", true))
		return NULL;
	for (const ConfigDef *def = oms_config_defs; def->table; def++)
		if (strcmp(def->table, RelationGetRelationName(rel)) == 0)
			return def;
	return NULL;
}

static Datum
config_def_value(Relation rel, HeapTuple row, const char *name, Oid *type, bool *isnull)
{
	TupleDesc	desc = RelationGetDescr(rel);
	int			number = SPI_fnumber(desc, name);

	if (number <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("oms.%s has no column \"%s\"", RelationGetRelationName(rel), name)));
	*type = TupleDescAttr(desc, number - 1)->atttypid;
	return heap_getattr(row, number, desc, isnull);
}

pg_noreturn static void
config_def_bad_type(Relation rel, const char *name, Oid type)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("\"%s\" of oms.%s is of type %s", name, RelationGetRelationName(rel), format_type_be(type)),
			 errdetail("It did not come with that type.")));
}

Datum
oms_config_value(Relation rel, HeapTuple row, const char *name, Oid type, bool *isnull)
{
	Oid			found;
	Datum		value = config_def_value(rel, row, name, &found, isnull);

	if (found != type)
		config_def_bad_type(rel, name, found);
	return value;
}

bool
oms_config_is_builtin(Relation rel, HeapTuple row)
{
	bool		isnull;

	return SPI_fnumber(RelationGetDescr(rel), "builtin") > 0 &&
		DatumGetBool(oms_config_value(rel, row, "builtin", BOOLOID, &isnull)) && !isnull;
}

char *
oms_config_id(const ConfigDef *def, Relation rel, HeapTuple row)
{
	StringInfoData id;

	initStringInfo(&id);
	for (int i = 0; def->key[i]; i++)
	{
		bool		isnull;
		Datum		value = oms_config_value(rel, row, def->key[i], TEXTOID, &isnull);

		if (i > 0)
			appendStringInfoChar(&id, '/');
		for (const char *c = isnull ? "" : TextDatumGetCString(value); *c; c++)
		{
			if (*c == '/' || *c == '\\')
				appendStringInfoChar(&id, '\\');
			appendStringInfoChar(&id, *c);
		}
	}
	return id.data;
}

char *
oms_config_field(const char *column)
{
	char	   *field = pstrdup(column);
	char	   *to = field;

	for (const char *from = column; *from; from++)
	{
		if (from[0] == '_' && from[1] != '\0')
			*to++ = pg_ascii_toupper((unsigned char) *++from);
		else
			*to++ = *from;
	}
	*to = '\0';
	return field;
}

/* As oms.verify() writes them, in SQL: ISO 8601, whatever the session has set. */
static char *
config_def_interval_text(Interval *value)
{
	struct pg_itm itm;
	char		text[MAXDATELEN + 1];

#if PG_VERSION_NUM >= 170000
	if (INTERVAL_NOT_FINITE(value))
		return INTERVAL_IS_NOBEGIN(value) ? "-infinity" : "infinity";
#endif
	interval2itm(*value, &itm);
	EncodeInterval(&itm, INTSTYLE_ISO_8601, text);
	return pstrdup(text);
}

/* What is infinite is its name. */
static void
config_def_write_time(JsonWriter *w, const char *field, TimestampTz value, const char *column)
{
	if (TIMESTAMP_NOT_FINITE(value))
		oms_json_string(w, field, TIMESTAMP_IS_NOBEGIN(value) ? "-infinity" : "infinity");
	else if (oms_time_is_printable(value))
		oms_json_time(w, field, value);
	else
		ereport(ERROR,
				(errcode(OMS_BAD_CONFIGURATION),
				 errmsg("\"%s\" is not in the years 1 to 9999", column)));
}

/* A number that JSON cannot have is its name, too. */
static void
config_def_write(JsonWriter *w, const char *field, Datum value, Oid type, Relation rel, const char *column)
{
	switch (type)
	{
		case TEXTOID:
			oms_json_string(w, field, TextDatumGetCString(value));
			break;
		case BOOLOID:
			oms_json_bool(w, field, DatumGetBool(value));
			break;
		case INT4OID:
			oms_json_int(w, field, DatumGetInt32(value));
			break;
		case INT8OID:
			oms_json_int(w, field, DatumGetInt64(value));
			break;
		case NUMERICOID:
			if (numeric_is_nan(DatumGetNumeric(value)) || numeric_is_inf(DatumGetNumeric(value)))
				oms_json_string(w, field, DatumGetCString(DirectFunctionCall1(numeric_out, value)));
			else
				oms_json_numeric(w, field, DatumGetNumeric(value));
			break;
		case JSONBOID:
			oms_json_jsonb(w, field, DatumGetJsonbP(value));
			break;
		case TIMESTAMPTZOID:
			config_def_write_time(w, field, DatumGetTimestampTz(value), column);
			break;
		case INTERVALOID:
			oms_json_string(w, field, config_def_interval_text(DatumGetIntervalP(value)));
			break;
		default:
			config_def_bad_type(rel, column, type);
	}
}

static void
config_def_write_columns(JsonWriter *w, const char *const *columns, Relation rel, HeapTuple row)
{
	for (; *columns; columns++)
	{
		Oid			type;
		bool		isnull;
		Datum		value = config_def_value(rel, row, *columns, &type, &isnull);

		if (!isnull)
			config_def_write(w, oms_config_field(*columns), value, type, rel, *columns);
	}
}

Jsonb *
oms_config_state(const ConfigDef *def, Relation rel, HeapTuple row, int64 version)
{
	JsonWriter	w = {0};

	oms_json_open_object(&w);
	config_def_write_columns(&w, def->key, rel, row);
	config_def_write_columns(&w, def->columns, rel, row);
	oms_json_int(&w, "version", version);
	oms_json_close_object(&w);
	return oms_json_finish(&w);
}

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
#include "utils/array.h"
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
	{"trading_calendars", "TradingCalendar", {"name"}, {"zone", "known_from", "known_until", "expiry_delay", "source", "source_version"}},
	{"calendar_hours", "CalendarHours", {"calendar", "iso_dow", "valid_from"},
	{"closed", "open_day_offset", "open_time", "close_day_offset", "close_time", "breaks"}},
	{"calendar_days", "CalendarDay", {"calendar", "day"},
	{"closed", "open_day_offset", "open_time", "close_day_offset", "close_time", "breaks", "reason"}},
	{"calendar_assignments", "CalendarAssignment", {"destination", "symbol", "asset_class"}, {"calendar"}},
	{"asset_classes", "AssetClass", {"name"}, {"definition", "enabled"}},
	{"retention_policies", "RetentionPolicy", {"name"},
	{"object", "asset_class", "account", "status", "root_id", "age", "action", "hold", "enabled"}},
	{"services", "Service", {"name"}, {"definition", "enabled"}},
	{"anomaly_features", "AnomalyFeature", {"name"},
	{"object", "event_types", "measure", "label", "peers", "side", "scale", "budget", "half_life_days", "peers_max", "enabled"}},
	{"account_grants", "AccountGrant", {"role", "account"}, {"asset_classes", "enabled"}},
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

/* As oms.verify() writes it, in SQL: ISO 8601, whatever the session has set. */
static char *
config_def_date_text(DateADT value)
{
	struct pg_tm tm = {0};
	char		text[MAXDATELEN + 1];

	if (DATE_NOT_FINITE(value))
		EncodeSpecialDate(value, text);
	else
	{
		j2date(value + POSTGRES_EPOCH_JDATE, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
		EncodeDateOnly(&tm, USE_ISO_DATES, text);
	}
	return pstrdup(text);
}

static char *
config_def_key_text(Relation rel, const char *column, Oid type, Datum value)
{
	switch (type)
	{
		case TEXTOID:
			return TextDatumGetCString(value);
		case INT4OID:
			return psprintf("%d", DatumGetInt32(value));
		case DATEOID:
			return config_def_date_text(DatumGetDateADT(value));
		default:
			config_def_bad_type(rel, column, type);
	}
}

char *
oms_config_id(const ConfigDef *def, Relation rel, HeapTuple row)
{
	StringInfoData id;

	initStringInfo(&id);
	for (int i = 0; def->key[i]; i++)
	{
		Oid			type;
		bool		isnull;
		Datum		value = config_def_value(rel, row, def->key[i], &type, &isnull);

		if (i > 0)
			appendStringInfoChar(&id, '/');
		for (const char *c = isnull ? "" : config_def_key_text(rel, def->key[i], type, value); *c; c++)
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

static void
config_def_write_texts(JsonWriter *w, const char *field, ArrayType *value)
{
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	deconstruct_array(value, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
	oms_json_key(w, field);
	oms_json_open_array(w);
	for (int i = 0; i < count; i++)
	{
		if (nulls[i])
			oms_json_scalar(w, NULL, &(JsonbValue) {.type = jbvNull});
		else
			oms_json_string(w, NULL, TextDatumGetCString(elements[i]));
	}
	oms_json_close_array(w);
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
		case DATEOID:
			oms_json_string(w, field, config_def_date_text(DatumGetDateADT(value)));
			break;
		case TIMESTAMPTZOID:
			config_def_write_time(w, field, DatumGetTimestampTz(value), column);
			break;
		case TEXTARRAYOID:
			config_def_write_texts(w, field, DatumGetArrayTypeP(value));
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

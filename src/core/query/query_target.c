/*-------------------------------------------------------------------------
 *
 * query_target.c
 *	  What can be asked for, and the fields of each.
 *
 * Pure.  Nothing is listed here but what an event is beside its object: fields are
 * the columns of the record descriptions, so that a column that is added can be
 * asked for at once.  No name that is not of one of those gets into a query.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "nodes/pg_list.h"

#include "base/near.h"
#include "core/query/query_target.h"

/* The columns of an event table that stand in no payload, or that an index may have. */
static const RecordColumn target_event_columns[] = {
	{"sequence", "sequence", FIELD_COUNT, .required = true},
	{"aggregateId", "aggregate_id", FIELD_TEXT, .required = true},
	{"version", "version", FIELD_COUNT, .required = true},
	{"rootId", "root_id", FIELD_TEXT, .required = true},
	{"treeVersion", "tree_version", FIELD_COUNT, .required = true},
	{"eventType", "event_type", FIELD_TEXT, .required = true},
	{"occurredAt", "occurred_at", FIELD_TIME, .required = true},
	{"actor", "actor", FIELD_TEXT, .required = true},
	{"role", "role", FIELD_TEXT, .required = true},
	{"via", "via", FIELD_TEXT},
	{"account", "account", FIELD_TEXT},
	{"commandId", "command_id", FIELD_TEXT, .required = true},
	{"transition", "transition", FIELD_COUNT, .required = true},
	{"payload", "payload", FIELD_JSON, .required = true},
};

/* What oms.order_tree has besides the columns of oms.orders. */
static const QueryField target_tree_fields[] = {
	{.name = "depth", .column = "depth", .sql_type = INT4OID, .type = QUERY_NUMBER, .of_tree = true, .npath = 1, .path = {"depth"}},
	{.name = "path", .column = "path", .sql_type = TEXTARRAYOID, .type = QUERY_TEXTS, .of_tree = true, .npath = 1, .path = {"path"}},
};

static const QueryType target_types[] = {
	[FIELD_TEXT] = QUERY_TEXT, [FIELD_NUMERIC] = QUERY_NUMBER, [FIELD_COUNT] = QUERY_NUMBER, [FIELD_COUNT_OR_NULL] = QUERY_NUMBER,
	[FIELD_TIME] = QUERY_TIME, [FIELD_DATE] = QUERY_DATE, [FIELD_JSON] = QUERY_DOCUMENT, [FIELD_NAME] = QUERY_NAME,
	[FIELD_NAMES] = QUERY_TEXTS, [FIELD_BOOL] = QUERY_BOOLEAN,
};

static const char *const target_type_names[] = {
	[QUERY_TEXT] = "a text", [QUERY_NAME] = "a name", [QUERY_NUMBER] = "a number", [QUERY_BOOLEAN] = "true or false",
	[QUERY_DATE] = "a date", [QUERY_TIME] = "a time", [QUERY_TEXTS] = "a list of texts", [QUERY_EVER] = "all names that it ever had",
	[QUERY_DOCUMENT] = "a document",
	[QUERY_ANY] = "a text, number or boolean",
};

static const char *const target_type_words[] = {
	[QUERY_TEXT] = "text", [QUERY_NAME] = "name", [QUERY_NUMBER] = "number", [QUERY_BOOLEAN] = "boolean", [QUERY_DATE] = "date",
	[QUERY_TIME] = "time", [QUERY_TEXTS] = "texts", [QUERY_EVER] = "names", [QUERY_DOCUMENT] = "document", [QUERY_ANY] = "any",
};

const char *
oms_query_type_name(QueryType type)
{
	return target_type_names[type];
}

const char *
oms_query_type_word(QueryType type)
{
	return target_type_words[type];
}

char *
oms_query_shown(const char *name, int length)
{
	return pnstrdup(name, pg_mbcliplen(name, length, OMS_NEAR_MAX));
}

/* ------------------------------------------------------------------------
 * targets
 * ------------------------------------------------------------------------
 */

static QueryTarget
target_of(const KindDef *kind, QueryRows rows)
{
	QueryTarget target = {kind->record->table, rows, kind, kind->record->table, kind->id_field};

	if (rows == QUERY_EVENTS)
	{
		target.name = target.relation = kind->events;
		target.key = "sequence";
	}
	else if (rows == QUERY_TREE)
		target.name = psprintf("%s_tree", kind->record->name);
	return target;
}

/* Only a kind whose objects stand below their like has trees of them. */
static bool
target_exists(const KindDef *kind, QueryRows rows)
{
	return rows != QUERY_TREE || (kind->parent != 0 && kind->parent_kind == kind->kind);
}

bool
oms_query_target_number(int number, QueryTarget *target)
{
	for (QueryRows rows = QUERY_OBJECTS; rows <= QUERY_TREE; rows++)
		for (int i = 0; i < oms_kind_count; i++)
			if (target_exists(&oms_kinds[i], rows) && number-- == 0)
			{
				*target = target_of(&oms_kinds[i], rows);
				return true;
			}
	return false;
}

/* Singular or plural: what the table is called, or the kind; order_event and order_events. */
static bool
target_has_name(const QueryTarget *target, const char *squeezed)
{
	char	   *name = oms_squeezed(target->name, strlen(target->name));
	int			length = strlen(name);
	const char *kind = target->kind->record->name;

	if (strcmp(name, squeezed) == 0)
		return true;
	if (target->rows == QUERY_OBJECTS)
		return strcmp(oms_squeezed(kind, strlen(kind)), squeezed) == 0;
	return target->rows == QUERY_EVENTS && strlen(squeezed) == length - 1 && strncmp(name, squeezed, length - 1) == 0;
}

/* By the name of its table, letter by letter, as most callers write it: every query begins here. */
static bool
target_find_table(const char *name, int length, QueryTarget *target)
{
	for (QueryRows rows = QUERY_OBJECTS; rows <= QUERY_EVENTS; rows++)
		for (int i = 0; i < oms_kind_count; i++)
		{
			*target = target_of(&oms_kinds[i], rows);
			if (strlen(target->name) == length && memcmp(target->name, name, length) == 0)
				return true;
		}
	return false;
}

Refusal *
oms_query_target(const char *name, int length, QueryTarget *target)
{
	char	   *squeezed;
	List	   *names = NIL;
	StringInfoData known;
	Refusal    *refusal;

	if (target_find_table(name, length, target))
		return NULL;
	squeezed = oms_squeezed(name, Min(length, OMS_NEAR_MAX));
	initStringInfo(&known);
	for (QueryRows rows = QUERY_OBJECTS; rows <= QUERY_TREE; rows++)
		for (int i = 0; i < oms_kind_count; i++)
		{
			if (!target_exists(&oms_kinds[i], rows))
				continue;
			*target = target_of(&oms_kinds[i], rows);
			if (length <= OMS_NEAR_MAX && target_has_name(target, squeezed))
				return NULL;
			names = lappend(names, unconstify(char *, target->name));
			appendStringInfo(&known, "%s%s", known.len ? ", " : "", target->name);
		}
	refusal = oms_with_detail(oms_refuse(OMS_BAD_QUERY, "there is no object \"%s\" to ask for", oms_query_shown(name, length)),
							  "There are: %s.", known.data);
	return oms_with_hint(refusal, oms_did_you_mean(names, name, length));
}

/* ------------------------------------------------------------------------
 * fields
 * ------------------------------------------------------------------------
 */

static void
target_set_type(const RecordColumn *column, QueryField *field)
{
	field->type = target_types[column->type];
	if (column->type == FIELD_TEXT && column->names)
		field->type = QUERY_NAME;
	else if (column->type == FIELD_JSON && column->shape == SHAPE_TEXTS)
		field->type = QUERY_TEXTS;
	field->names = column->names;
	field->open = column->type == FIELD_TEXT;
}

/* As a column of its table, the one of that number. */
static void
target_set_column(const RecordColumn *column, int number, QueryField *field)
{
	*field = (QueryField) {
		.name = column->json,
		.number = number,
		.column = column->column,
		.sql_type = oms_record_column_type(column),
		.not_null = column->required,
		.npath = 1,
		.path = {column->json},
	};
	target_set_type(column, field);
}

/* By its name in JSON; NULL: none. */
static const RecordColumn *
target_find(const RecordColumn *columns, int count, const char *name, int length)
{
	for (int i = 0; i < count; i++)
		if (columns[i].json && strlen(columns[i].json) == length && memcmp(columns[i].json, name, length) == 0)
			return &columns[i];
	return NULL;
}

/* A column of the kind's record; "id" is its id, unless it has a column of that name. */
static const RecordColumn *
target_find_of_kind(const KindDef *kind, const char *name, int length)
{
	const RecordColumn *column = target_find(kind->record->columns, kind->record->ncolumns, name, length);

	if (column == NULL && length == 2 && memcmp(name, "id", 2) == 0)
		return target_find_of_kind(kind, kind->id_field, strlen(kind->id_field));
	return column;
}

/* What follows a document's name, in parts between dots; false where a part is empty, or there are too many. */
static bool
target_add_path(QueryField *field, const char *rest)
{
	char	   *parts = pstrdup(rest);

	while (parts)
	{
		char	   *dot = strchr(parts, '.');

		if (dot)
			*dot = '\0';
		if (*parts == '\0' || field->npath == QUERY_PATH_MAX)
			return false;
		field->path[field->npath++] = parts;
		parts = dot ? dot + 1 : NULL;
	}
	return true;
}

static void
target_set_any(QueryField *field)
{
	field->type = QUERY_ANY;
	field->names = NULL;
	field->not_null = false;
}

/* A field of the kind inside of `field`, a document: the state, or a command, which has fields of its own too. */
static bool
target_descend(const KindDef *kind, const char *rest, bool strict, QueryField *field)
{
	int			length = strcspn(rest, ".");
	const RecordColumn *column = target_find_of_kind(kind, rest, length);

	target_set_any(field);
	if (column == NULL)
		return !strict && target_add_path(field, rest);
	field->path[field->npath++] = column->json;
	target_set_type(column, field);
	if (rest[length] == '\0')
		return true;
	if (field->type != QUERY_DOCUMENT)
		return false;
	target_set_any(field);
	return target_add_path(field, rest + length + 1);
}

static bool
target_event_field(const KindDef *kind, const char *name, QueryField *field)
{
	const RecordColumn *payload = &target_event_columns[lengthof(target_event_columns) - 1];
	const RecordColumn *column = target_find(target_event_columns, lengthof(target_event_columns), name, strlen(name));

	if (column == NULL && (strcmp(name, "id") == 0 || strcmp(name, kind->id_field) == 0))
		column = &target_event_columns[1];
	if (column)
	{
		target_set_column(column, column - target_event_columns, field);
		return true;
	}
	target_set_column(payload, payload - target_event_columns, field);
	if (strncmp(name, "state.", 6) == 0 || strncmp(name, "command.", 8) == 0)
	{
		bool		of_state = name[0] == 's';

		field->path[field->npath++] = of_state ? "state" : "command";
		return target_descend(kind, strchr(name, '.') + 1, of_state, field);
	}
	target_set_any(field);
	return strncmp(name, "payload.", 8) == 0 && target_add_path(field, name + 8);
}

static bool
target_object_field(const QueryTarget *target, const char *name, QueryField *field)
{
	int			length = strcspn(name, ".");
	const RecordColumn *column = target_find_of_kind(target->kind, name, length);

	if (column)
	{
		target_set_column(column, column - target->kind->record->columns, field);
		if (name[length] == '\0')
			return true;
		if (field->type != QUERY_DOCUMENT)
			return false;
		target_set_any(field);
		return target_add_path(field, name + length + 1);
	}
	for (int i = 0; i < lengthof(target_tree_fields) && target->rows == QUERY_TREE; i++)
		if (strcmp(target_tree_fields[i].name, name) == 0)
		{
			*field = target_tree_fields[i];
			field->number = target->kind->record->ncolumns + i;
			return true;
		}
	return false;
}

static bool
target_row_field(const QueryTarget *target, const char *name, QueryField *field)
{
	if (target->rows == QUERY_EVENTS)
		return target_event_field(target->kind, name, field);
	return target_object_field(target, name, field);
}

/* Names that an object goes by are claimed in a table of their own, and stay there: it is found by the ids that they lead to. */
static bool
target_ever_field(const QueryTarget *target, const char *name, QueryField *field)
{
	for (int i = 0; i < NAME_COUNT; i++)
	{
		const NameDef *names = &oms_names[i];

		if (names->kind != target->kind->kind || names->ever == NULL || strcmp(names->ever, name) != 0)
			continue;
		if (!target_row_field(target, target->kind->id_field, field))
			return false;
		field->name = names->ever;
		field->type = QUERY_EVER;
		field->ever = names;
		return true;
	}
	return false;
}

/* The names of all fields, for who wrote another. */
static List *
target_field_names(const QueryTarget *target, bool of_state)
{
	List	   *names = NIL;
	QueryField	field;

	for (int i = 0; i < oms_query_column_count(target); i++)
		if (oms_query_column(target, i, &field))
			names = lappend(names, of_state ? psprintf("state.%s", field.name) : unconstify(char *, field.name));
	for (int i = 0; i < NAME_COUNT && !of_state; i++)
		if (oms_names[i].kind == target->kind->kind && oms_names[i].ever)
			names = lappend(names, unconstify(char *, oms_names[i].ever));
	return names;
}

static Refusal *
target_unknown_field(const QueryTarget *target, const char *name, int length, const char *at)
{
	List	   *names = target_field_names(target, false);
	QueryTarget objects = target_of(target->kind, QUERY_OBJECTS);
	Refusal    *refusal = oms_refuse(OMS_BAD_QUERY, "unknown field \"%s\" of %s", oms_query_shown(name, length), target->name);

	if (target->rows == QUERY_EVENTS)
		names = list_concat(names, target_field_names(&objects, true));
	refusal = oms_with_detail(refusal, "It stands at %s.", at);
	return oms_with_hint(refusal, oms_did_you_mean(names, name, length));
}

Refusal *
oms_query_field(const QueryTarget *target, const char *name, int length, const char *at, QueryField *field)
{
	char	   *copy;

	if (length > QUERY_NAME_MAX)
		return target_unknown_field(target, name, length, at);
	copy = pnstrdup(name, length);
	if (!target_row_field(target, copy, field) && !target_ever_field(target, copy, field))
		return target_unknown_field(target, name, length, at);
	if (field->npath > 1)
		field->name = copy;
	return NULL;
}

Refusal *
oms_query_value(const QueryTarget *target, const char *name, int length, const char *at, QueryField *field)
{
	Refusal    *refusal = oms_query_field(target, name, length, at, field);

	if (refusal == NULL && field->type == QUERY_EVER)
		refusal = oms_with_detail(oms_refuse(OMS_BAD_QUERY, "field \"%s\" can only be asked for in a condition", field->name), "It stands at %s.", at);
	return refusal;
}

int
oms_query_column_count(const QueryTarget *target)
{
	if (target->rows == QUERY_EVENTS)
		return lengthof(target_event_columns);
	return target->kind->record->ncolumns + (target->rows == QUERY_TREE ? lengthof(target_tree_fields) : 0);
}

bool
oms_query_column(const QueryTarget *target, int number, QueryField *field)
{
	const RecordDef *record = target->kind->record;
	const RecordColumn *columns = target->rows == QUERY_EVENTS ? target_event_columns : record->columns;

	if (target->rows == QUERY_TREE && number >= record->ncolumns)
	{
		*field = target_tree_fields[number - record->ncolumns];
		field->number = number;
		return true;
	}
	if (columns[number].json)
		target_set_column(&columns[number], number, field);
	return columns[number].json != NULL;
}

/* ------------------------------------------------------------------------
 * asset classes
 * ------------------------------------------------------------------------
 */

/* How many parts lead to the state in which the fields of an object stand. */
static int
target_state_depth(const QueryTarget *target)
{
	return target->rows == QUERY_EVENTS ? 2 : 0;
}

static bool
target_is_at(const QueryTarget *target, const QueryField *field, const char *name, int npath)
{
	int			depth = target_state_depth(target);

	return field->npath == depth + npath && strcmp(field->path[depth], name) == 0 && (depth == 0 || strcmp(field->path[1], "state") == 0);
}

bool
oms_query_is_class(const QueryTarget *target, const QueryField *field)
{
	return target_is_at(target, field, "assetClass", 1);
}

void
oms_query_field_of_class(const QueryTarget *target, const AssetClass *class, QueryField *field)
{
	static const QueryType types[] = {
		[0] = QUERY_TEXT, [ATTRIBUTE_TEXT] = QUERY_TEXT, [ATTRIBUTE_NUMBER] = QUERY_NUMBER, [ATTRIBUTE_BOOLEAN] = QUERY_BOOLEAN,
		[ATTRIBUTE_DATE] = QUERY_DATE, [ATTRIBUTE_TIME] = QUERY_TIME, [ATTRIBUTE_ENUMERATION] = QUERY_TEXT, [ATTRIBUTE_PATTERN] = QUERY_TEXT,
	};
	const AttributeSet *set = &class->sets[ATTRIBUTES_OF_ORDER];

	if (!target_is_at(target, field, "attributes", 2))
		return;
	for (int i = 0; i < set->count; i++)
		if (strcmp(set->members[i].name, field->path[field->npath - 1]) == 0)
		{
			field->attribute = &set->members[i];
			field->type = types[field->attribute->type];
		}
}

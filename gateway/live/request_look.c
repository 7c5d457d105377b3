/*
 * gateway/live/request_look.c
 *     What a client wants to look at.
 */
#include "request_look.h"

#include <string.h>

#include "bytes.h"
#include "filter_row.h"
#include "json_parts.h"

typedef struct LookReader
{
	Live	   *live;
	LookRequest *request;
	const Schema *schema;
	Refused    *refused;
	Span		members[16];	/* of look_members */
} LookReader;

typedef enum LookMember
{
	LM_OBJECT, LM_GEN, LM_WHERE, LM_FILTERS, LM_SEARCH, LM_ORDER_BY, LM_MODE, LM_GROUP_BY, LM_COLUMNS, LM_FIRST, LM_COUNT, LM_ANCHOR, LM_EXPAND,
	LM_FROZEN,
	LOOK_MEMBERS
} LookMember;

static const char *const look_members[LOOK_MEMBERS] = {
	[LM_OBJECT] = "object", [LM_GEN] = "gen", [LM_WHERE] = "where", [LM_FILTERS] = "filters", [LM_SEARCH] = "search", [LM_ORDER_BY] = "orderBy",
	[LM_MODE] = "mode", [LM_GROUP_BY] = "groupBy", [LM_COLUMNS] = "columns", [LM_FIRST] = "first", [LM_COUNT] = "count", [LM_ANCHOR] = "anchor",
	[LM_EXPAND] = "expand", [LM_FROZEN] = "frozen",
};

/* What the search box looks through: texts that people know. */
static const char *const look_searched[LIVE_OBJECTS][8] = {
	[LIVE_ORDERS] = {"orderId", "clOrdID", "symbol", "account", "counterpartyOrderID", "text", NULL},
	[LIVE_EXECUTIONS] = {"executionId", "execID", "orderId", "clOrdID", "symbol", "account", "text", NULL},
	[LIVE_QUOTE_REQUESTS] = {"quoteRequestId", "quoteReqID", "symbol", "account", "text", NULL},
	[LIVE_QUOTES] = {"quoteId", "quoteID", "quoteReqID", "symbol", "account", "dealer", "text", NULL},
};

static bool
look_number(LookReader *reader, LookMember member, uint32_t most, uint32_t *number)
{
	Span		value = reader->members[member];
	uint64_t	read = 0;

	if (value.data == NULL)
		return true;
	for (size_t i = 0; i < value.len; i++)
	{
		if (value.data[i] < '0' || value.data[i] > '9' || read > most)
			return refuse(reader->refused, 400, "%s is a number up to %u", look_members[member], most);
		read = read * 10 + (uint64_t) (value.data[i] - '0');
	}
	*number = (uint32_t) read;
	return read <= most || refuse(reader->refused, 400, "%s is a number up to %u", look_members[member], most);
}

static bool
look_string(LookReader *reader, const char *name, Span value, Text *out)
{
	text_clear(out);
	text_add(out, "", 0);
	return parts_string(value, out) || refuse(reader->refused, 400, "%s is a text", name);
}

static bool
look_filters(LookReader *reader)
{
	Text	   *where = &reader->request->where;
	JsonParts	parts;
	Span		key;
	Span		value;
	Text		field = {0};
	Text		typed = {0};
	bool		good = parts_begin(&parts, reader->members[LM_FILTERS]) || refuse(reader->refused, 400, "filters is an object");

	while (good && parts_next(&parts, &key, &value))
	{
		text_puts(where, ",");
		good = look_string(reader, "a field", (Span) {key.data - 1, key.len + 2}, &field) && look_string(reader, "a filter", value, &typed) &&
			filter_row(reader->schema, (Span) {field.data, field.len}, (Span) {typed.data, typed.len}, where, reader->refused);
	}
	text_free(&field);
	text_free(&typed);
	return good && (parts_end(&parts) || refuse(reader->refused, 400, "filters is an object"));
}

/* All that is asked holds together. */
static bool
look_where(LookReader *reader)
{
	LookRequest *request = reader->request;
	Span		where = reader->members[LM_WHERE];
	Text		typed = {0};
	bool		good = true;

	if (where.data != NULL && where.data[0] != '{')
		return refuse(reader->refused, 400, "where is an object");
	text_puts(&request->where, "{\"and\":[");
	text_add(&request->where, where.data != NULL ? where.data : "{}", where.data != NULL ? where.len : 2);
	if (reader->members[LM_FILTERS].data != NULL && !look_filters(reader))
		return false;
	if (reader->members[LM_SEARCH].data != NULL)
	{
		text_puts(&request->where, ",");
		good = look_string(reader, "search", reader->members[LM_SEARCH], &typed) &&
			filter_search(look_searched[request->object], (Span) {typed.data, typed.len}, &request->where, reader->refused);
		text_free(&typed);
	}
	text_puts(&request->where, "]}");
	request->spec.where = (Span) {request->where.data, request->where.len};
	return good;
}

static bool
look_mode(LookReader *reader)
{
	static const char *const modes[] = {[VIEW_FLAT] = "\"flat\"", [VIEW_TREE] = "\"tree\"", [VIEW_GROUP] = "\"group\""};
	Span		mode = reader->members[LM_MODE];
	Span		group = reader->members[LM_GROUP_BY];
	int			found = VIEW_FLAT;

	while (mode.data != NULL && found <= VIEW_GROUP && !span_is(mode, modes[found]))
		found++;
	if (found > VIEW_GROUP)
		return refuse(reader->refused, 400, "mode is flat, tree or group");
	reader->request->spec.mode = (ViewMode) found;
	if ((group.data != NULL) != (found == VIEW_GROUP) || (group.data != NULL && (group.len < 3 || group.data[0] != '"')))
		return refuse(reader->refused, 400, "groupBy is a field, where mode is group");
	/* Names of fields have no escapes. */
	if (group.data != NULL)
		reader->request->spec.group_by = (Span) {group.data + 1, group.len - 2};
	reader->request->spec.order_by = reader->members[LM_ORDER_BY];
	return true;
}

static bool
look_columns(LookReader *reader)
{
	Look	   *look = &reader->request->look;
	JsonParts	parts;
	Span		element;
	char		buffer[SHOWN_SIZE];

	look->columns = reader->request->columns;
	if (!parts_begin_array(&parts, reader->members[LM_COLUMNS]))
		return refuse(reader->refused, 400, "columns is an array of fields");
	while (parts_element(&parts, &element))
	{
		Span		name = element.len > 2 && element.data[0] == '"' ? (Span) {element.data + 1, element.len - 2} : (Span) {NULL, 0};
		int			field = schema_field(reader->schema, name);

		if (field == FIELD_NONE)
			return refuse(reader->refused, schema_elsewhere(reader->schema, name) ? 422 : 400, "columns: %s is no field of %s that is kept in memory",
						  shown(element, buffer), reader->schema->object);
		if (look->ncolumns == FIELDS_MAX)
			return refuse(reader->refused, 400, "more than %d columns", FIELDS_MAX);
		reader->request->columns[look->ncolumns++] = field;
	}
	return parts_end(&parts) || refuse(reader->refused, 400, "columns is an array of fields");
}

static bool
look_anchor(LookReader *reader)
{
	Span		anchor = reader->members[LM_ANCHOR];
	Look	   *look = &reader->request->look;
	Span		value;

	look->anchor = LOOK_FIRST;
	if (anchor.data == NULL)
		return true;
	if (parts_find(anchor, "top", &value) && span_is(value, "true"))
		look->anchor = LOOK_TOP;
	else if (parts_find(anchor, "end", &value) && span_is(value, "true"))
		look->anchor = LOOK_END;
	else if (parts_find(anchor, "id", &value))
	{
		look->anchor = LOOK_ROW;
		if (!look_string(reader, "anchor.id", value, &reader->request->id))
			return false;
		look->id = (Span) {reader->request->id.data, reader->request->id.len};
		reader->members[LM_ANCHOR] = (Span) {NULL, 0};
		if (parts_find(anchor, "offset", &value))
			reader->members[LM_ANCHOR] = value;
		return look_number(reader, LM_ANCHOR, LOOK_LINES_MAX, &look->offset);
	}
	else
		return refuse(reader->refused, 400, "anchor is {\"top\":true}, {\"end\":true} or {\"id\":...}");
	return true;
}

/* The head that is meant: ROW_NONE where it is not here. */
static uint32_t
look_head(const LookReader *reader, Span text, bool null)
{
	const Store *store = live_store(reader->live, reader->request->object);
	Span		name = reader->request->spec.group_by;
	int			group;
	uint32_t	code;

	if (reader->request->spec.mode != VIEW_GROUP)
		return null ? ROW_NONE : store_find(store, text);
	if (name.data[0] == '-')
		name = (Span) {name.data + 1, name.len - 1};
	group = schema_field(reader->schema, name);
	if (group == FIELD_NONE || !reader->schema->fields[group].few)
		return ROW_NONE;
	if (null)
		return 0;
	code = dictionary_find(&store->columns[group].dictionary, text);
	return code == CODE_NONE ? ROW_NONE : code + 1;
}

static bool
look_expand(LookReader *reader)
{
	Opened	   *opened = &reader->request->opened;
	JsonParts	parts;
	Span		element;
	Text		text = {0};
	bool		good = true;

	if (reader->members[LM_EXPAND].data == NULL)
		return true;
	reader->request->look.opened = opened;
	if (!parts_begin_array(&parts, reader->members[LM_EXPAND]))
		return refuse(reader->refused, 400, "expand is an array");
	while (good && parts_element(&parts, &element))
	{
		bool		null = span_is(element, "null");
		uint32_t	head;

		good = null || look_string(reader, "what is expanded", element, &text);
		if (good && opened->count == LINES_OPEN_MAX)
			good = refuse(reader->refused, 400, "more than %d are expanded", LINES_OPEN_MAX);
		head = good ? look_head(reader, (Span) {text.data, text.len}, null) : ROW_NONE;
		if (head != ROW_NONE && reader->request->spec.mode == VIEW_GROUP)
			opened_add_group(opened, head);
		else if (head != ROW_NONE)
			opened_add_row(opened, live_store(reader->live, reader->request->object), head);
	}
	text_free(&text);
	return good && (parts_end(&parts) || refuse(reader->refused, 400, "expand is an array"));
}

static bool
look_members_read(LookReader *reader, Span json)
{
	JsonParts	parts;
	Span		key;
	Span		value;
	char		buffer[SHOWN_SIZE];

	if (!parts_begin(&parts, json))
		return refuse(reader->refused, 400, "a view is an object");
	while (parts_next(&parts, &key, &value))
	{
		int			member = 0;

		while (member < LOOK_MEMBERS && !parts_means(key, look_members[member]))
			member++;
		if (member == LOOK_MEMBERS)
			return refuse(reader->refused, 400, "a view has no %s", shown(key, buffer));
		reader->members[member] = span_is(value, "null") ? (Span) {NULL, 0} : value;
	}
	return parts_end(&parts) || refuse(reader->refused, 400, "a view is an object");
}

bool
request_look_read(Live *live, Span json, LookRequest *request, Refused *refused)
{
	LookReader	reader = {.live = live, .request = request, .refused = refused};
	Span		object;

	*request = (LookRequest) {.look.count = LOOK_LINES_MAX};
	if (!look_members_read(&reader, json))
		return false;
	object = reader.members[LM_OBJECT];
	request->object = object.len > 2 ? live_object((Span) {object.data + 1, object.len - 2}) : LIVE_OBJECTS;
	if (request->object == LIVE_OBJECTS)
		return refuse(refused, 400, "object is orders, executions, quote_requests or quotes");
	reader.schema = live_store(live, request->object)->schema;
	request->look.frozen = span_is(reader.members[LM_FROZEN], "true");
	return look_number(&reader, LM_GEN, UINT32_MAX, &request->look.gen) && look_number(&reader, LM_FIRST, UINT32_MAX, &request->look.first) &&
		look_number(&reader, LM_COUNT, LOOK_LINES_MAX, &request->look.count) && look_where(&reader) && look_mode(&reader) &&
		look_columns(&reader) && look_anchor(&reader) && look_expand(&reader);
}

void
request_look_free(LookRequest *request)
{
	text_free(&request->where);
	text_free(&request->id);
}

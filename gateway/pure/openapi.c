/*
 * gateway/pure/openapi.c
 *     The OpenAPI document.
 *
 * Where the catalog says which objects there are, a route with {object} is written once for each of them: generated clients get a
 * function and a type each. What is known of a value and no more is said: texts may be dates in FIX's form, numbers may be given as texts.
 */
#include "openapi.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "routes.h"

void
openapi_add(OpenApiFields *fields, const char *owner, const char *object, const char *name, const char *type, bool required, Span names)
{
	OpenApiField *field;

	if (fields->count % 64 == 0)
		fields->fields = must_realloc(fields->fields, (fields->count + 64) * sizeof *field);
	field = &fields->fields[fields->count++];
	*field = (OpenApiField) {.owner = must_strdup(owner), .object = object != NULL ? must_strdup(object) : NULL, .name = must_strdup(name),
	.type = must_strdup(type), .required = required};
	if (names.len > 0)
		text_add(&field->names, names.data, names.len);
}

void
openapi_clear(OpenApiFields *fields)
{
	for (size_t i = 0; i < fields->count; i++)
	{
		free(fields->fields[i].owner);
		free(fields->fields[i].object);
		free(fields->fields[i].name);
		free(fields->fields[i].type);
		text_free(&fields->fields[i].names);
	}
	free(fields->fields);
	*fields = (OpenApiFields) {0};
}

static void
openapi_string(Text *out, const char *string)
{
	text_json(out, string, strlen(string));
}

/* "quote_request" and "quote_requests" are "quote-requests" in a path, and "QuoteRequests" in the name of a type. */
static void
openapi_path_name(Text *out, const char *object, bool plural)
{
	for (const char *c = object; *c != '\0'; c++)
		text_add(out, *c == '_' ? "-" : c, 1);
	if (plural)
		text_puts(out, "s");
}

static void
openapi_type_name(Text *out, const char *object)
{
	bool		up = true;

	for (const char *c = object; *c != '\0'; c++)
	{
		char		letter = up && *c >= 'a' && *c <= 'z' ? (char) (*c - 'a' + 'A') : *c;

		up = *c == '_';
		if (!up)
			text_add(out, &letter, 1);
	}
}

/* ---- types ---- */

#define TEXT_SCHEMA "{\"type\": \"string\"}"
#define NUMBER_SCHEMA "{\"oneOf\": [{\"type\": \"number\"}, {\"type\": \"string\"}]}"
#define OBJECT_SCHEMA "{\"type\": \"object\", \"additionalProperties\": true}"

/* Types of commands and of queries have no name in common that means two things. What is not here is a text. */
static const struct
{
	const char *type;
	const char *given;			/* in a command */
	const char *told;			/* in a state */
}			openapi_types[] = {
	{"quantity", NUMBER_SCHEMA, NULL}, {"price", NUMBER_SCHEMA, NULL}, {"decimal", NUMBER_SCHEMA, NULL}, {"integer", "{\"type\": \"integer\"}", NULL},
	{"quantity or zero", NUMBER_SCHEMA, NULL},
	{"boolean", "{\"type\": \"boolean\"}", "{\"type\": \"boolean\"}"}, {"object", OBJECT_SCHEMA, NULL},
	{"array of objects", "{\"type\": \"array\", \"items\": " OBJECT_SCHEMA "}", NULL},
	{"array of orders with quantities", "{\"type\": \"array\", \"items\": " OBJECT_SCHEMA "}", NULL},
	{"array of identifiers", "{\"type\": \"array\", \"items\": " TEXT_SCHEMA "}", NULL},
	{"number", NULL, "{\"type\": \"number\"}"}, {"date", TEXT_SCHEMA, "{\"type\": \"string\", \"format\": \"date\"}"},
	{"time", TEXT_SCHEMA, "{\"type\": \"string\", \"format\": \"date-time\"}"}, {"texts", NULL, "{\"type\": \"array\", \"items\": " TEXT_SCHEMA "}"},
	{"document", NULL, "{}"}, {"any", NULL, "{}"},
};

static void
openapi_value(Text *out, const OpenApiField *field, bool given)
{
	const char *schema = TEXT_SCHEMA;

	for (size_t i = 0; i < sizeof openapi_types / sizeof openapi_types[0]; i++)
		if (strcmp(openapi_types[i].type, field->type) == 0)
			schema = given ? openapi_types[i].given : openapi_types[i].told;
	openapi_string(out, field->name);
	text_puts(out, ": ");
	if (field->names.len > 0 && strcmp(field->type, "name") == 0)
		text_printf(out, "{\"type\": \"string\", \"x-names\": %s}", field->names.data);
	else
		text_puts(out, schema != NULL ? schema : TEXT_SCHEMA);
}

/* The fields of one owner from here on; *next: behind them. */
static void
openapi_object(Text *out, const OpenApiFields *fields, size_t first, size_t *next, bool given)
{
	size_t		required = 0;
	bool		types = given;

	text_puts(out, "{\"type\": \"object\", \"properties\": {");
	if (given)
		text_printf(out, "\"commandType\": {\"type\": \"string\", \"enum\": [\"%s\"]}", fields->fields[first].owner);
	for (*next = first; *next < fields->count && strcmp(fields->fields[*next].owner, fields->fields[first].owner) == 0; (*next)++)
	{
		if (strcmp(fields->fields[*next].name, "commandType") == 0)
			continue;
		if (types || *next > first)
			text_puts(out, ", ");
		types = true;
		openapi_value(out, &fields->fields[*next], given);
	}
	if (!given)
		text_puts(out, ", \"cursor\": {\"type\": \"string\"}");
	text_puts(out, "}");
	if (given)
	{
		text_puts(out, ", \"required\": [\"commandType\"");
		required = 1;
	}
	for (size_t i = first; i < *next && given; i++)
		if (fields->fields[i].required)
		{
			text_puts(out, required++ > 0 ? ", " : ", \"required\": [");
			openapi_string(out, fields->fields[i].name);
		}
	text_puts(out, required > 0 ? "], \"additionalProperties\": true}" : ", \"additionalProperties\": true}");
}

/* The components: a type for each command, for the commands of each object, and for the rows of each object. */
static void
openapi_types_of(Text *out, const OpenApiCatalog *catalog)
{
	size_t		next;

	for (size_t i = 0; i < catalog->commands.count; i = next)
	{
		text_puts(out, ", ");
		openapi_string(out, catalog->commands.fields[i].owner);
		text_puts(out, ": ");
		openapi_object(out, &catalog->commands, i, &next, true);
	}
	for (size_t i = 0; i < catalog->commands.count;)
	{
		const char *object = catalog->commands.fields[i].object;
		const char *owner = NULL;

		text_puts(out, ", \"CommandOf");
		openapi_type_name(out, object);
		text_puts(out, "\": {\"oneOf\": [");
		for (; i < catalog->commands.count && strcmp(catalog->commands.fields[i].object, object) == 0; i++)
		{
			if (owner != NULL && strcmp(owner, catalog->commands.fields[i].owner) == 0)
				continue;
			text_printf(out, "%s{\"$ref\": \"#/components/schemas/%s\"}", owner != NULL ? ", " : "", catalog->commands.fields[i].owner);
			owner = catalog->commands.fields[i].owner;
		}
		text_puts(out, "], \"discriminator\": {\"propertyName\": \"commandType\"}}");
	}
	for (size_t i = 0; i < catalog->queries.count; i = next)
	{
		text_puts(out, ", \"RowOf");
		openapi_type_name(out, catalog->queries.fields[i].owner);
		text_puts(out, "\": ");
		openapi_object(out, &catalog->queries, i, &next, false);
	}
}

static const char fixed_types[] =
"\"Result\": {\"type\": \"object\", \"required\": [\"status\"], \"additionalProperties\": true, \"properties\": {\"status\": {\"type\": \"string\"}, \"commandId\": {\"type\": \"string\"},"
" \"duplicate\": {\"type\": \"boolean\"}, \"token\": {\"type\": \"string\"}, \"events\": {\"type\": \"array\", \"items\": " OBJECT_SCHEMA "}, \"state\": " OBJECT_SCHEMA ","
" \"orders\": {\"type\": \"array\", \"items\": " OBJECT_SCHEMA "}, \"results\": {\"type\": \"array\", \"items\": " OBJECT_SCHEMA "}}},\n"
" \"Refusal\": {\"type\": \"object\", \"description\": \"What PostgreSQL refused: status REJECTED and error. What the gateway refused by itself: RFC 9457.\", \"additionalProperties\": true,"
" \"properties\": {\"status\": {\"oneOf\": [{\"type\": \"string\"}, {\"type\": \"integer\"}]}, \"commandId\": {\"type\": \"string\"}, \"commandType\": {\"type\": \"string\"},"
" \"error\": {\"type\": \"object\", \"properties\": {\"sqlstate\": {\"type\": \"string\"}, \"message\": {\"type\": \"string\"}, \"detail\": {\"type\": \"string\"},"
" \"hint\": {\"type\": \"string\"}, \"rule\": {\"type\": \"string\"}}}, \"type\": {\"type\": \"string\"}, \"title\": {\"type\": \"string\"}, \"detail\": {\"type\": \"string\"},"
" \"requestId\": {\"type\": \"string\"}, \"outcome\": {\"type\": \"string\"}}},\n"
" \"Specification\": {\"type\": \"object\", \"properties\": {\"where\": " OBJECT_SCHEMA ", \"orderBy\": {\"oneOf\": [{\"type\": \"string\"}, {\"type\": \"array\", \"items\": " TEXT_SCHEMA "}]},"
" \"limit\": {\"type\": \"integer\"}, \"after\": {\"type\": \"string\"}, \"select\": {\"type\": \"array\", \"items\": " TEXT_SCHEMA "}}},\n"
" \"Anything\": " OBJECT_SCHEMA;

/* ---- operations ---- */

typedef struct Operation
{
	const Route *route;
	const char *object;			/* instead of {object}, or NULL: it stays */
	bool		plural;			/* object has no s of its own in a path */
	const OpenApiFields *fields;	/* of the rows; of count 0: unknown */
	size_t		first;
	size_t		parameters;		/* written so far */
} Operation;

/* Its body is a command of the object in its path. */
static bool
openapi_is_command(const Route *route)
{
	return route->action == ROUTE_COMMAND || route->action == ROUTE_PREVIEW;
}

static void
openapi_parameter(Text *out, Operation *operation, const char *place, const char *name, size_t name_len, const char *schema, const char *description)
{
	text_puts(out, operation->parameters++ > 0 ? ", {\"name\": " : ", \"parameters\": [{\"name\": ");
	text_json(out, name, name_len);
	text_printf(out, ", \"in\": \"%s\", \"required\": %s, \"schema\": %s", place, strcmp(place, "path") == 0 ? "true" : "false", schema);
	if (description != NULL)
	{
		text_puts(out, ", \"description\": ");
		openapi_string(out, description);
	}
	text_puts(out, "}");
}

static void
openapi_query(Text *out, Operation *operation, unsigned asks, const char *name, const char *schema, const char *description)
{
	if ((operation->route->asks & asks) != 0)
		openapi_parameter(out, operation, "query", name, strlen(name), schema, description);
}

/* A condition for each field of the object that is no document: equals, or one of. */
static void
openapi_conditions(Text *out, Operation *operation)
{
	const OpenApiFields *fields = operation->fields;

	if ((operation->route->asks & ASKS_WHERE) == 0 || operation->route->action != ROUTE_LIST)
		return;
	for (size_t i = operation->first; i < fields->count && strcmp(fields->fields[i].owner, fields->fields[operation->first].owner) == 0; i++)
		if (strcmp(fields->fields[i].type, "document") != 0)
			openapi_parameter(out, operation, "query", fields->fields[i].name, strlen(fields->fields[i].name), "{\"type\": \"array\", \"items\": " TEXT_SCHEMA "}", NULL);
}

static void
openapi_parameters(Text *out, Operation *operation)
{
	const Route *route = operation->route;

	for (const char *at = strchr(route->path, '{'); at != NULL; at = strchr(at + 1, '{'))
	{
		size_t		len = strcspn(at + 1, "}");

		if (operation->object == NULL || strncmp(at, "{object}", 8) != 0)
			openapi_parameter(out, operation, "path", at + 1, len, TEXT_SCHEMA, NULL);
	}
	openapi_conditions(out, operation);
	openapi_query(out, operation, ASKS_PAGE, "orderBy", TEXT_SCHEMA, "Fields with commas between; a - before one: descending");
	openapi_query(out, operation, ASKS_PAGE, "limit", "{\"type\": \"integer\", \"minimum\": 0}", NULL);
	openapi_query(out, operation, ASKS_PAGE, "after", TEXT_SCHEMA, "The cursor of a row: the page behind it");
	openapi_query(out, operation, ASKS_COUNT, "count", "{\"type\": \"string\", \"enum\": [\"none\", \"exact\", \"estimated\"]}", "How many there are stands in Total-Count");
	openapi_query(out, operation, ASKS_SELECT, "select", TEXT_SCHEMA, "Fields with commas between");
	openapi_query(out, operation, ASKS_AT, "at", "{\"type\": \"string\", \"format\": \"date-time\"}", "As it was then");
	openapi_query(out, operation, ASKS_ATOMIC, "atomic",
				  route->action == ROUTE_FIX ? "{\"type\": \"boolean\", \"default\": false}" : "{\"type\": \"boolean\", \"default\": true}",
				  route->action == ROUTE_FIX ? "Of an array alone" : NULL);
	if (route->writes && route->body == BODY_JSON)
		openapi_parameter(out, operation, "header", "Idempotency-Key", strlen("Idempotency-Key"), TEXT_SCHEMA, "The commandId");
	if (openapi_is_command(route))
		openapi_parameter(out, operation, "header", "If-Match", strlen("If-Match"), TEXT_SCHEMA, "The expectedVersion in quotes");
	if (operation->parameters > 0)
		text_puts(out, "]");
}

static void
openapi_body(Text *out, const Operation *operation)
{
	const Route *route = operation->route;

	if (route->body == BODY_NONE)
		return;
	text_puts(out, ", \"requestBody\": {\"required\": true, \"content\": {");
	if (route->body == BODY_FIX)
		text_puts(out, "\"application/json\": {\"schema\": {\"type\": \"array\", \"items\": " TEXT_SCHEMA "}}, \"text/plain\": {\"schema\": " TEXT_SCHEMA "}, \"application/octet-stream\": {\"schema\": {\"type\": \"string\", \"format\": \"binary\"}}");
	else
	{
		text_puts(out, "\"application/json\": {\"schema\": ");
		if (route->action == ROUTE_COMMANDS)
			text_puts(out, "{\"type\": \"array\", \"items\": {\"$ref\": \"#/components/schemas/Anything\"}}");
		else
		{
			text_puts(out, "{\"$ref\": \"#/components/schemas/");
			if (openapi_is_command(route) && operation->object != NULL)
			{
				text_puts(out, "CommandOf");
				openapi_type_name(out, operation->object);
			}
			else
				text_puts(out, route->action == ROUTE_SEARCH ? "Specification" : "Anything");
			text_puts(out, "\"}");
		}
		text_puts(out, "}");
	}
	text_puts(out, "}}");
}

static void
openapi_row(Text *out, const Operation *operation)
{
	text_puts(out, "{\"$ref\": \"#/components/schemas/");
	if (operation->fields != NULL && operation->object != NULL && operation->route->action != ROUTE_HISTORY && operation->route->action != ROUTE_PLACEMENT)
	{
		text_puts(out, "RowOf");
		openapi_type_name(out, operation->route->action == ROUTE_TREE ? "order_tree" : operation->object);
	}
	else
		text_puts(out, operation->route->writes ? "Result" : "Anything");
	text_puts(out, "\"}");
}

static void
openapi_answers(Text *out, const Operation *operation)
{
	const Route *route = operation->route;
	bool		rows = (route->gives & FORMAT_CSV) != 0 || route->action == ROUTE_COMMANDS;

	text_puts(out, ", \"responses\": {\"200\": {\"description\": \"OK\", \"content\": {\"application/json\": {\"schema\": ");
	text_puts(out, rows ? "{\"type\": \"array\", \"items\": " : "");
	openapi_row(out, operation);
	text_puts(out, rows ? "}}" : "}");
	if ((route->gives & FORMAT_NDJSON) != 0)
		text_puts(out, ", \"application/x-ndjson\": {\"schema\": " TEXT_SCHEMA "}, \"text/csv\": {\"schema\": " TEXT_SCHEMA "}");
	text_puts(out, "}}, \"default\": {\"description\": \"Refused\", \"content\": {\"application/problem+json\": {\"schema\": {\"$ref\": \"#/components/schemas/Refusal\"}}}}}");
}

static void
openapi_method(Text *out, Operation *operation)
{
	const Route *route = operation->route;

	for (const char *c = route->method; *c != '\0'; c++)
	{
		char		small = (char) (*c - 'A' + 'a');

		text_add(out, &small, 1);
	}
	text_printf(out, "\": {\"operationId\": \"%s", route->operation);
	if (operation->object != NULL)
	{
		text_puts(out, "_");
		text_puts(out, operation->object);
	}
	text_puts(out, "\", \"summary\": ");
	openapi_string(out, route->summary);
	if (route->description != NULL)
	{
		text_puts(out, ", \"description\": ");
		openapi_string(out, route->description);
	}
	openapi_parameters(out, operation);
	openapi_body(out, operation);
	openapi_answers(out, operation);
	text_puts(out, "}");
}

/* All methods of the path of this route, for one object or (NULL) any. */
static void
openapi_path(Text *out, const Operation *like, size_t *paths)
{
	const char *path = like->route->path;
	const char *name = like->object != NULL ? strstr(path, "{object}") : NULL;
	bool		first = true;

	text_puts(out, (*paths)++ > 0 ? ",\n \"" : "\n \"");
	text_add(out, path, name != NULL ? (size_t) (name - path) : strlen(path));
	if (name != NULL)
	{
		openapi_path_name(out, like->object, like->plural);
		text_puts(out, name + strlen("{object}"));
	}
	text_puts(out, "\": {");
	for (const Route *route = routes; route->method != NULL; route++)
	{
		Operation	operation = *like;

		if (strcmp(route->path, path) != 0)
			continue;
		operation.route = route;
		text_puts(out, first ? "\"" : ", \"");
		openapi_method(out, &operation);
		first = false;
	}
	text_puts(out, "}");
}

/* Which objects have this route. */
static bool
openapi_has(const Route *route, const OpenApiField *field)
{
	size_t		len = strlen(field->owner);
	bool		events = len > strlen("_events") && strcmp(field->owner + len - strlen("_events"), "_events") == 0;

	switch (route->action)
	{
		case ROUTE_TREE:
		case ROUTE_PLACEMENT:
			return strcmp(field->owner, "orders") == 0;
		case ROUTE_OBJECT:
		case ROUTE_HISTORY:
			return !events && strstr(field->owner, "_tree") == NULL;
		default:
			return true;
	}
}

static void
openapi_paths_of(Text *out, const OpenApiCatalog *catalog, const Route *route, size_t *paths)
{
	bool		commands = openapi_is_command(route);
	const OpenApiFields *fields = commands ? &catalog->commands : &catalog->queries;

	if (strstr(route->path, "{object}") == NULL || fields->count == 0)
	{
		openapi_path(out, &(Operation) {.route = route, .fields = &(OpenApiFields) {0}}, paths);
		return;
	}
	for (size_t i = 0; i < fields->count; i++)
	{
		const OpenApiField *field = &fields->fields[i];
		const OpenApiField *before = i > 0 ? &fields->fields[i - 1] : NULL;
		const char *object = commands ? field->object : field->owner;

		if (before != NULL && strcmp(object, commands ? before->object : before->owner) == 0)
			continue;
		if (commands || openapi_has(route, field))
			openapi_path(out, &(Operation) {.route = route, .object = object, .plural = commands, .fields = commands ? NULL : fields, .first = i}, paths);
	}
}

void
openapi_write(const OpenApiCatalog *catalog, Text *out)
{
	size_t		paths = 0;

	text_puts(out, "{\"openapi\": \"3.0.3\", \"info\": {\"title\": \"oms_state\", \"version\": ");
	openapi_string(out, catalog->version);
	text_puts(out, ", \"description\": \"Commands, FIX messages, services and queries of an order management system.\"},\n"
			  "\"security\": [{}, {\"bearer\": []}, {\"session\": []}],\n\"paths\": {");
	for (const Route *route = routes; route->method != NULL; route++)
	{
		bool		written = route->gives == 0;

		for (const Route *other = routes; other < route; other++)
			written = written || strcmp(other->path, route->path) == 0;
		if (!written)
			openapi_paths_of(out, catalog, route, &paths);
	}
	text_puts(out, "},\n\"components\": {\"securitySchemes\": {\"bearer\": {\"type\": \"http\", \"scheme\": \"bearer\"},"
			  " \"session\": {\"type\": \"apiKey\", \"in\": \"cookie\", \"name\": \"__Host-oms\"}},\n\"schemas\": {");
	text_puts(out, fixed_types);
	openapi_types_of(out, catalog);
	text_puts(out, "}}}\n");
}

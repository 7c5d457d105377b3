/*
 * gateway/pure/routes.c
 *     The routes.
 *
 * A route is a row. The first whose path fits is it; several rows may have one path, each with a method.
 */
#include "routes.h"

#include <stdio.h>

#include "bytes.h"

#define FORMATS_OF_ROWS (FORMAT_JSON | FORMAT_NDJSON | FORMAT_CSV)
#define ASKS_LIST (ASKS_WHERE | ASKS_PAGE | ASKS_COUNT | ASKS_SELECT)

const Route routes[] = {
	{.method = "POST", .path = "/commands/{object}", .action = ROUTE_COMMAND, .writes = true, .body = BODY_JSON, .gives = FORMAT_JSON,
		.operation = "command", .summary = "One command",
		.description = "The command's type belongs to the object. `Idempotency-Key` is its `commandId`, `If-Match: \"7\"` its `expectedVersion`. "
	"What is refused is kept in `oms.rejected_commands`."},
	{.method = "POST", .path = "/commands/{object}/preview", .action = ROUTE_PREVIEW, .writes = true, .body = BODY_JSON, .gives = FORMAT_JSON,
		.operation = "preview", .summary = "What a command would do",
		.description = "As the command, but nothing is done or kept: `preview` is true in the result, which has the states that there would be and no events. A refusal is the command's."},
	{.method = "POST", .path = "/commands", .action = ROUTE_COMMANDS, .writes = true, .body = BODY_JSON, .asks = ASKS_ATOMIC, .gives = FORMAT_JSON,
		.operation = "commands", .summary = "Several commands, in their order",
		.description = "Atomic: the first refusal refuses all. Else each has its own result, accepted or rejected."},
	{.method = "POST", .path = "/fix", .action = ROUTE_FIX, .writes = true, .body = BODY_FIX, .asks = ASKS_ATOMIC, .gives = FORMAT_JSON,
		.operation = "fix", .summary = "One raw FIX message, or an array of them",
		.description = "Between the fields stands SOH or `|`. Of an array (`application/json`, a text for each message) each has its own result, in their order; atomic: the first refusal refuses all."},
	{.method = "POST", .path = "/services/{name}", .action = ROUTE_SERVICE, .writes = true, .body = BODY_JSON, .gives = FORMAT_JSON,
		.operation = "service", .summary = "A business service", .description = "The body has its arguments."},
	{.method = "GET", .path = "/queries/{object}", .action = ROUTE_LIST, .asks = ASKS_LIST, .gives = FORMATS_OF_ROWS,
		.operation = "list", .summary = "What meets the conditions, page by page",
		.description = "Any field is a parameter: `clOrdID=XYZ` equals, said again it is one of, `orderQty[gte]=100` has an operator "
	"(`eq`, `ne`, `lt`, `lte`, `gt`, `gte`, `in`, `like`, `ilike`, `isNull`). Each row has its `cursor`; where there may be more, a `Link` header leads to the next page."},
	{.method = "POST", .path = "/queries/{object}", .action = ROUTE_SEARCH, .body = BODY_JSON, .asks = ASKS_COUNT, .gives = FORMATS_OF_ROWS,
		.operation = "search", .summary = "The same, asked by a whole specification", .description = NULL},
	{.method = "GET", .path = "/queries/{object}/{id}", .action = ROUTE_OBJECT, .asks = ASKS_SELECT | ASKS_AT, .gives = FORMAT_JSON,
		.operation = "object", .summary = "One object, now or as it was",
		.description = "`ETag` is its version, for an `If-Match` of the next command."},
	{.method = "GET", .path = "/queries/{object}/{id}/tree", .action = ROUTE_TREE, .asks = ASKS_PAGE | ASKS_SELECT | ASKS_AT, .gives = FORMATS_OF_ROWS,
		.operation = "tree", .summary = "The tree of an order, from its root down", .description = NULL},
	{.method = "GET", .path = "/queries/{object}/{id}/history", .action = ROUTE_HISTORY, .asks = ASKS_LIST, .gives = FORMATS_OF_ROWS,
		.operation = "history", .summary = "The events of an object, the first one first", .description = NULL},
	{.method = "GET", .path = "/queries/{object}/{id}/placement", .action = ROUTE_PLACEMENT, .gives = FORMAT_JSON,
		.operation = "placement", .summary = "What the placement policy would make now of what is unplaced of a client order",
		.description = "`children` are what `PlaceOrderCommand` takes; null where no policy places it."},
	{.method = "GET", .path = "/desk/{list}", .action = ROUTE_DESK, .gives = FORMAT_JSON,
		.operation = "desk", .summary = "What waits for the desk, the longest first",
		.description = "`queue`, `review` or `rejected`: the first 500 rows of `oms.desk_queue` and `oms.execution_review`, the newest 500 of `oms.rejected_commands`, with the columns as names."},
	{.method = "GET", .path = "/desk/review/{id}", .action = ROUTE_REVIEW, .gives = FORMAT_JSON,
		.operation = "review", .summary = "One execution that waits in review, beside its order", .description = "The row of `oms.execution_review`, with the columns as names; 404 where it does not wait."},
	{.method = "GET", .path = "/catalogue", .action = ROUTE_CATALOGUE, .gives = FORMAT_JSON,
		.operation = "catalogue", .summary = "Commands with their fields, which of them the caller may give, state machines, services, names",
		.description = "For programs that are driven by data. `may` is true, false, or the accounts (with a % at the end: all that begin so) for which he may."},
	{.method = "GET", .path = "/openapi.json", .action = ROUTE_OPENAPI, .gives = FORMAT_JSON,
		.operation = "openapi", .summary = "This document", .description = NULL},
	{.method = "POST", .path = "/session", .action = ROUTE_LOGIN, .body = BODY_JSON, .gives = FORMAT_JSON,
		.operation = "login", .summary = "Log in with a user and a password of PostgreSQL", .description = "The answer sets the session's cookie."},
	{.method = "GET", .path = "/session", .action = ROUTE_SESSION, .gives = FORMAT_JSON,
		.operation = "session", .summary = "Who am I", .description = NULL},
	{.method = "DELETE", .path = "/session", .action = ROUTE_LOGOUT, .gives = FORMAT_JSON,
		.operation = "logout", .summary = "Log out", .description = NULL},
	{.method = "POST", .path = "/live", .action = ROUTE_LIVE_OPEN, .body = BODY_JSON, .gives = FORMAT_JSON,
		.operation = "liveOpen", .summary = "Opens a stream of what changes", .description = "`views` may open views at once. The answer has its `id`, which is of use to the same user alone."},
	{.method = "GET", .path = "/live/{id}", .action = ROUTE_LIVE_STREAM, .gives = FORMAT_JSON,
		.operation = "liveStream", .summary = "The stream: server-sent events", .description = "Each message has what is different in the views since the one before."},
	{.method = "POST", .path = "/live/{id}/views", .action = ROUTE_LIVE_VIEWS, .body = BODY_JSON, .gives = FORMAT_JSON,
		.operation = "liveViews", .summary = "Opens, moves, changes or closes views of a stream", .description = "Where one is refused, nothing has changed."},
	{.method = "GET", .path = "/live/{id}/views/{view}.csv", .action = ROUTE_LIVE_EXPORT, .gives = FORMAT_CSV,
		.operation = "liveExport", .summary = "All rows of a view, as they stand now", .description = "In its order, with its columns, as one CSV."},
	{.method = "GET", .path = "/", .action = ROUTE_PAGE, .operation = "page", .summary = "The blotter"},
	{.method = "GET", .path = "/assets/{build}/{name}", .action = ROUTE_ASSET, .operation = "asset", .summary = "What the page is made of"},
	{.method = NULL}
};

/* What stands behind the name of a part; nothing where it is none. */
static Span
routes_ending(Span own)
{
	const char *end = own.data[0] == '{' ? memchr(own.data, '}', own.len) + 1 : own.data + own.len;

	return (Span) {end, (size_t) (own.data + own.len - end)};
}

/* Whether two paths have the same parts, each with its letters, where the pattern has no name. */
static bool
routes_fit(const char *pattern, Span path)
{
	Span		theirs = {path.data + 1, path.len - 1};
	Span		ours = span_of(pattern + 1);
	bool		last;

	if (span_is(path, pattern))
		return true;
	do
	{
		bool		their_last = theirs.len == 0 || memchr(theirs.data, '/', theirs.len) == NULL;
		Span		part = span_cut(&theirs, '/');
		Span		own;

		last = memchr(ours.data, '/', ours.len) == NULL;
		own = span_cut(&ours, '/');
		if (last != their_last || part.len == 0)
			return false;
		if (own.data[0] != '{' && (part.len != own.len || memcmp(part.data, own.data, own.len) != 0))
			return false;
		own = routes_ending(own);
		if (part.len <= own.len || memcmp(part.data + part.len - own.len, own.data, own.len) != 0)
			return false;
	} while (!last);
	return true;
}

static bool
routes_read(const Route *route, Span path, RouteMatch *match, Refused *refused)
{
	Span		theirs = {path.data + 1, path.len - 1};
	Span		ours = span_of(route->path + 1);

	match->route = route;
	match->nparameters = 0;
	while (ours.len > 0)
	{
		Span		part = span_cut(&theirs, '/');
		Span		own = span_cut(&ours, '/');
		Text		value = {0};
		bool		good;

		if (own.data[0] != '{')
			continue;
		part.len -= routes_ending(own).len;
		good = bytes_decode(part, false, &value);
		if (good && value.len < ROUTE_PARAMETER_SIZE)
			memcpy(match->parameters[match->nparameters++], value.data, value.len + 1);
		else if (good)
			refuse(refused, 414, "%.*s in the path has more than %d bytes", (int) own.len, own.data, ROUTE_PARAMETER_SIZE - 1);
		else
			refuse(refused, 400, "%.*s in the path is no percent-encoded text", (int) own.len, own.data);
		good = good && value.len < ROUTE_PARAMETER_SIZE;
		text_free(&value);
		if (!good)
			return false;
	}
	return true;
}

/* GET answers HEAD too. */
static bool
routes_method_is(const Route *route, const char *method)
{
	return strcmp(route->method, method) == 0 || (strcmp(route->method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

bool
route_find(const char *method, Span path, RouteMatch *match, Refused *refused)
{
	char		allow[sizeof(refused->allow)] = "";
	char		buffer[SHOWN_SIZE];

	if (path.len == 0 || path.data[0] != '/')
		return refuse(refused, 404, "no such route");
	for (const Route *route = routes; route->method != NULL; route++)
	{
		size_t		len = strlen(allow);

		if (!routes_fit(route->path, path))
			continue;
		if (routes_method_is(route, method))
			return routes_read(route, path, match, refused);
		snprintf(allow + len, sizeof(allow) - len, "%s%s%s", len > 0 ? ", " : "", route->method, strcmp(route->method, "GET") == 0 ? ", HEAD" : "");
	}
	if (allow[0] == '\0')
		return refuse(refused, 404, "no such route: %s", shown(path, buffer));
	refuse(refused, 405, "this route takes %s", allow);
	memcpy(refused->allow, allow, sizeof(allow));
	return false;
}

/*
 * gateway/test/routes.c
 *     The table of routes, what finds them, and the forms that answers have.
 *
 * Broken by: a path that fits a longer or a shorter pattern, a parameter that is cut or not decoded, 404 for 405, an Accept header
 * whose qualities are not heard.
 */
#include "routes.h"

#include "bytes.h"
#include "tap.h"

static RouteMatch match;
static Refused refused;

static bool
find(const char *method, const char *path)
{
	refused = (Refused) {.status = 0};
	return route_find(method, span_of(path), &match, &refused);
}

static void
check_found(void)
{
	ok(find("POST", "/commands/orders") && match.route->action == ROUTE_COMMAND, "a command");
	is_str(match.parameters[0], "orders", "its object");
	ok(find("POST", "/commands") && match.route->action == ROUTE_COMMANDS && match.nparameters == 0, "several");
	ok(find("POST", "/fix") && match.route->action == ROUTE_FIX, "FIX");
	ok(find("POST", "/services/SubmitClientOrder") && match.route->action == ROUTE_SERVICE, "a service");
	ok(find("GET", "/queries/orders") && match.route->action == ROUTE_LIST, "a list");
	ok(find("HEAD", "/queries/orders") && match.route->action == ROUTE_LIST, "its head");
	ok(find("POST", "/queries/orders") && match.route->action == ROUTE_SEARCH && !match.route->writes, "a search, which writes nothing");
	ok(find("GET", "/queries/orders/a%2Fb%20%C3%A4") && match.route->action == ROUTE_OBJECT && match.nparameters == 2, "an object");
	is_str(match.parameters[1], "a/b \xC3\xA4", "its id, decoded");
	ok(find("GET", "/queries/orders/a+b"), "a plus in a path");
	is_str(match.parameters[1], "a+b", "is one");
	ok(find("GET", "/queries/orders/x/tree") && match.route->action == ROUTE_TREE, "a tree");
	ok(find("GET", "/queries/orders/x/history") && match.route->action == ROUTE_HISTORY, "a history");
	ok(find("POST", "/commands/orders/preview") && match.route->action == ROUTE_PREVIEW && match.route->writes, "a preview, which goes where commands go");
	ok(find("GET", "/queries/orders/x/placement") && match.route->action == ROUTE_PLACEMENT && !match.route->writes, "a proposal");
	ok(find("GET", "/desk/queue") && match.route->action == ROUTE_DESK, "a list of the desk");
	ok(find("GET", "/desk/review/x%2Fy") && match.route->action == ROUTE_REVIEW, "one of it");
	is_str(match.parameters[0], "x/y", "by its id");
	ok(find("GET", "/catalogue") && match.route->action == ROUTE_CATALOGUE, "the catalogue");
	ok(find("GET", "/openapi.json") && match.route->action == ROUTE_OPENAPI, "the document");
	ok(find("GET", "/live/0a/views/v1.csv") && match.route->action == ROUTE_LIVE_EXPORT && match.nparameters == 2, "a part with an ending");
	is_str(match.parameters[1], "v1", "without it");
	ok(find("GET", "/live/0a/views/v.csv.csv"), "which is the last one");
	is_str(match.parameters[1], "v.csv", "and no other");
	ok(find("POST", "/session") && match.route->action == ROUTE_LOGIN, "a login");
	ok(find("GET", "/session") && match.route->action == ROUTE_SESSION, "a session");
	ok(find("GET", "/") && match.route->action == ROUTE_PAGE && match.nparameters == 0, "the page");
	ok(find("GET", "/assets/ab12/main.js") && match.route->action == ROUTE_ASSET, "a part of it");
	is_str(match.parameters[1], "main.js", "by its name");
	ok(find("DELETE", "/session") && match.route->action == ROUTE_LOGOUT, "its end");
}

static void
check_missing(void)
{
	static const char *const none[] = {"", "x", "//", "/commands/", "/commands//", "/command", "/commandsx", "/commands/orders/x", "/queries", "/queries/", "/queries//x",
		"/queries/orders/", "/queries/orders/x/", "/queries/orders/x/trees", "/queries/orders/x/tree/", "/queries/orders/x/tree/y", "/Fix", "/fix/", "/openapi", "/live/0a/views/v1", "/live/0a/views/.csv", "/live/0a/views/v1.csv/", "/live/0a/views/v1.CSV", "/assets/x", "/assets/x/", "/assets//x", "/assets/x/y/z", "/index.html"};
	static const char *const damaged[] = {"/queries/%/x", "/queries/%4/x", "/queries/%zz/x", "/queries/orders/%00", "/queries/orders/a%0Ab", "/queries/orders/%C3",
		"/queries/orders/%7F", "/queries/orders/%ED%A0%80", "/services/a%"};
	char		path[ROUTE_PARAMETER_SIZE + 40];

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		ok(!find("GET", none[i]) && refused.status == 404, "no route: %s", none[i]);
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++)
		ok(!find(strncmp(damaged[i], "/services", 9) == 0 ? "POST" : "GET", damaged[i]) && refused.status == 400, "no path: %s", damaged[i]);
	ok(!find("PUT", "/queries/orders") && refused.status == 405, "another method");
	is_str(refused.allow, "GET, HEAD, POST", "those that there are");
	ok(!find("GET", "/fix") && refused.status == 405, "another one");
	is_str(refused.allow, "POST", "a single one");
	ok(!find("PATCH", "/session"), "three of them");
	is_str(refused.allow, "POST, GET, HEAD, DELETE", "all are said");
	ok(!find("get", "/openapi.json") && refused.status == 405, "methods have their case");
	snprintf(path, sizeof(path), "/queries/orders/%0*d", ROUTE_PARAMETER_SIZE - 1, 0);
	ok(find("GET", path) && strlen(match.parameters[1]) == ROUTE_PARAMETER_SIZE - 1, "the longest parameter");
	snprintf(path, sizeof(path), "/queries/orders/%0*d", ROUTE_PARAMETER_SIZE, 0);
	ok(!find("GET", path) && refused.status == 414, "one more");
}

/* What the server and the document rely on. */
static void
check_table(void)
{
	for (const Route *route = routes; route->method != NULL; route++)
	{
		int			names = 0;

		for (const char *at = route->path; *at != '\0'; at++)
			names += *at == '{';
		ok(names <= ROUTE_PARAMETERS_MAX, "%s %s: not too many parameters", route->method, route->path);
		ok(route->operation != NULL && route->summary != NULL && (route->gives == 0 || route->action == ROUTE_LIVE_EXPORT || (route->gives & FORMAT_JSON) != 0), "%s %s: is described, and gives JSON or is a file", route->method, route->path);
		ok(!route->writes || strcmp(route->method, "POST") == 0, "%s %s: only POST writes", route->method, route->path);
		ok((route->body == BODY_NONE) == (strcmp(route->method, "POST") != 0), "%s %s: POST has a body, and nothing else", route->method, route->path);
		for (const Route *other = routes; other < route; other++)
			ok(strcmp(other->operation, route->operation) != 0, "%s is one operation", route->operation);
	}
}

static unsigned
chosen(const char *accept, unsigned offered)
{
	unsigned	format = 0;

	refused = (Refused) {.status = 0};
	return format_choose(accept != NULL ? span_of(accept) : (Span) {NULL, 0}, offered, &format, &refused) ? format : 0;
}

static void
check_formats(void)
{
	const unsigned all = FORMAT_JSON | FORMAT_NDJSON | FORMAT_CSV;

	is_int(chosen(NULL, all), FORMAT_JSON, "no Accept");
	is_int(chosen("", all), FORMAT_JSON, "an empty one");
	is_int(chosen("*/*", all), FORMAT_JSON, "anything");
	is_int(chosen("text/csv", all), FORMAT_CSV, "CSV");
	is_int(chosen("Text/CSV; charset=utf-8", all), FORMAT_CSV, "with a parameter");
	is_int(chosen("text/*", all), FORMAT_CSV, "some text");
	is_int(chosen("application/x-ndjson, */*;q=0.1", all), FORMAT_NDJSON, "lines, else anything");
	is_int(chosen("application/json;q=0.5, text/csv;q=0.9", all), FORMAT_CSV, "what is liked best");
	is_int(chosen("application/json;q=0.900, text/csv;q=0.9", all), FORMAT_JSON, "JSON of two");
	is_int(chosen("*/*, application/json;q=0", all), FORMAT_NDJSON, "anything but JSON");
	is_int(chosen("text/html, application/xhtml+xml, */*;q=0.8", all), FORMAT_JSON, "a browser");
	is_int(chosen("text/html", all), 0, "what we have not");
	is_int(refused.status, 406, "is 406");
	is_int(chosen("text/csv", FORMAT_JSON), 0, "what this route has not");
	is_int(chosen("text/csv;q=0", all), 0, "what is ruled out");
	is_int(chosen("text/csv;q=1.5", all), 0, "a quality that is none");
	is_int(chosen("text/csv;q=x", all), 0, "another");
	is_int(chosen("texts/*", all), 0, "a range of something else");
	is_str(format_type(FORMAT_NDJSON), "application/x-ndjson", "the header of lines");
	ok(format_is(span_of("application/json"), "application/json"), "a type");
	ok(format_is(span_of("Application/JSON ; charset=\"UTF-8\""), "application/json"), "in UTF-8");
	ok(!format_is(span_of("application/json; charset=latin1"), "application/json"), "not in another encoding");
	ok(!format_is(span_of("application/jsonp"), "application/json"), "another type");
	ok(!format_is((Span) {NULL, 0}, "application/json"), "none");
}

int
main(void)
{
	check_found();
	check_missing();
	check_table();
	check_formats();
	return done();
}

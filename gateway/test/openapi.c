/*
 * gateway/test/openapi.c
 *     The OpenAPI document: that it is JSON, has each route once, and a path and a type for each object that the catalog has. That it is
 *     OpenAPI too, test/t/139_gateway_openapi.pl asks another.
 *
 * Broken by: a comma too many or too few, a route that is left out or stands there twice, a type that is named and not there.
 */
#include "openapi.h"

#include <stdlib.h>

#include "bytes.h"
#include "json_parts.h"
#include "json_scan.h"
#include "routes.h"
#include "tap.h"

static bool
is_json(const Text *text)
{
	char	   *room = malloc(SCAN_ROOM(text->len));
	JsonScan	scan;
	ScanValue	value;
	bool		good;

	scan_begin(&scan, text->data, text->len, room);
	good = scan_value(&scan, &value) && scan_end(&scan);
	free(room);
	return good;
}

static int
count(const char *text, const char *what)
{
	int			n = 0;

	for (const char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what))
		n++;
	return n;
}

/* Each "#/components/schemas/X" is there. */
static void
check_references(const Text *document)
{
	static const char prefix[] = "\"#/components/schemas/";
	int			missing = 0;

	for (const char *at = strstr(document->data, prefix); at != NULL; at = strstr(at + 1, prefix))
	{
		char		name[200];

		snprintf(name, sizeof(name), "\"%.*s\": {", (int) strcspn(at + strlen(prefix), "\""), at + strlen(prefix));
		if (strstr(document->data, name) == NULL)
		{
			printf("# no %s\n", name);
			missing++;
		}
	}
	is_int(missing, 0, "what is referred to is there");
}

static void
check_routes_alone(void)
{
	OpenApiCatalog catalog = {.version = "1\"2"};
	Text		out = {0};

	openapi_write(&catalog, &out);
	ok(is_json(&out), "the routes alone are JSON");
	for (const Route *route = routes; route->method != NULL; route++)
	{
		char		what[200];

		snprintf(what, sizeof(what), "\"operationId\": \"%s\"", route->operation);
		is_int(count(out.data, what), route->gives != 0, "%s once, or it is the page", route->operation);
		snprintf(what, sizeof(what), "\"%s\": {", route->path);
		is_int(count(out.data, what), route->gives != 0, "%s once, or of the page", route->path);
	}
	check_references(&out);
	text_free(&out);
}

static void
check_catalog(void)
{
	OpenApiCatalog catalog = {.version = "1"};
	Text		out = {0};
	Span		names = span_of("[\"BUY\", \"SELL\"]");
	Span		none = {NULL, 0};

	openapi_add(&catalog.commands, "CreateOrderCommand", "order", "orderQty", "quantity", false, none);
	openapi_add(&catalog.commands, "CreateOrderCommand", "order", "sy\"mbol", "identifier", true, none);
	openapi_add(&catalog.commands, "CancelOrderCommand", "order", "orderId", "identifier", true, none);
	openapi_add(&catalog.commands, "CreateQuoteRequestCommand", "quote_request", "legs", "array of objects", false, none);
	openapi_add(&catalog.queries, "orders", NULL, "orderId", "text", true, none);
	openapi_add(&catalog.queries, "orders", NULL, "side", "name", false, names);
	openapi_add(&catalog.queries, "orders", NULL, "attributes", "document", false, none);
	openapi_add(&catalog.queries, "order_tree", NULL, "depth", "number", true, none);
	openapi_add(&catalog.queries, "quote_requests", NULL, "quoteRequestId", "text", true, none);
	openapi_add(&catalog.queries, "order_events", NULL, "sequence", "number", true, none);
	openapi_write(&catalog, &out);
	ok(is_json(&out), "with a catalog it is JSON too");
	is_int(count(out.data, "{object}"), 0, "each object has its own paths");
	is_int(count(out.data, "\"/commands/orders\": {"), 1, "commands of orders");
	is_int(count(out.data, "\"/commands/quote-requests\": {"), 1, "and of quote requests");
	is_int(count(out.data, "\"/queries/quote-requests/{id}/history\": {"), 1, "their history");
	is_int(count(out.data, "/tree\": {"), 1, "a tree of orders alone");
	is_int(count(out.data, "\"items\": {\"$ref\": \"#/components/schemas/RowOfOrderTree\"}"), 3, "whose rows are those of trees");
	is_int(count(out.data, "\"/queries/order-events/{id}"), 0, "events have no ids");
	ok(strstr(out.data, "\"required\": [\"commandType\", \"sy\\\"mbol\"]") != NULL, "what is required");
	ok(strstr(out.data, "\"x-names\": [\"BUY\", \"SELL\"]") != NULL, "what a field may be called");
	ok(strstr(out.data, "\"CommandOfOrder\": {\"oneOf\": [{\"$ref\": \"#/components/schemas/CreateOrderCommand\"}, {\"$ref\": \"#/components/schemas/CancelOrderCommand\"}]") != NULL, "the commands of an object");
	is_int(count(out.data, "\"name\": \"attributes\""), 0, "a document is no condition");
	is_int(count(out.data, "\"name\": \"side\", \"in\": \"query\""), 1, "a field is one");
	check_references(&out);
	openapi_clear(&catalog.commands);
	openapi_clear(&catalog.queries);
	text_free(&out);
}

int
main(void)
{
	check_routes_alone();
	check_catalog();
	return done();
}

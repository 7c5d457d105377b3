/*
 * Services in the core: what is wrong with a definition, and what the expressions of a good one
 * are worth.  What breaks if a step may refer to one that is done later or for each of several, if a
 * field, path or type is not held against its command's, if services may come back to
 * themselves, or if what is not there becomes a null, or another element's.
 */
#include "unit.h"

#include "utils/fmgrprotos.h"

#include "core/service.h"

static Jsonb *
json(const char *text)
{
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}

static const char *
fault_of(const Service *service)
{
	return service->fault ? psprintf("%s: %s", service->fault->path, service->fault->message) : "good";
}

/* ------------------------------------------------------------------------
 * what is wrong with one
 * ------------------------------------------------------------------------
 */

#define CANCEL			"{\"name\": \"c\", \"command\": \"CancelOrderCommand\", \"with\": {\"orderId\": {\"argument\": \"id\"}}}"
#define ARGUMENTS		"\"arguments\": {\"id\": {\"type\": \"identifier\", \"required\": true}, \"n\": {\"type\": \"quantity\"}, \"at\": {\"type\": \"time\"}, " \
						"\"ids\": {\"type\": \"identifiers\"}, \"slices\": {\"type\": \"objects\", \"members\": {\"q\": {\"type\": \"quantity\"}}}}"
#define STEPS(steps)	"{" ARGUMENTS ", \"steps\": [" steps "]}"
#define CREATES			"\"name\": \"b\", \"command\": \"CreateOrderCommand\", \"without\": [\"parentId\"]"
#define ROUTE			"{\"name\": \"r\", \"builtin\": \"route\"}"
#define BEGINS(command, steps) "{\"begin\": {" command "}, \"steps\": [" steps "]}"
#define WITH(fields)	STEPS("{\"name\": \"r\", \"command\": \"ReplaceOrderCommand\", \"with\": {\"orderId\": \"A\", " fields "}}")
#define BEHIND(fields)	STEPS(CANCEL ", {\"name\": \"r\", \"command\": \"ReplaceOrderCommand\", \"with\": {\"orderId\": \"A\", " fields "}}")
#define EACH(list, rest) STEPS("{\"name\": \"r\", \"for_each\": " list ", \"command\": \"ReplaceOrderCommand\", \"with\": {\"orderId\": \"A\"" rest)

static const struct
{
	const char *definition;
	const char *fault;
}			definitions[] = {
	{STEPS(CANCEL), "good"},
	{"[]", ": a definition is an object"},
	{"{}", ": a service needs steps"},
	{"{\"steps\": []}", "steps: it must be an array of 1 to 100 elements"},
	{"{\"step\": [], \"steps\": [" CANCEL "]}", "steps.1.with.orderId.argument: the service has no argument \"id\""},
	{"{" ARGUMENTS ", \"step\": [], \"steps\": [" CANCEL "]}", "step: there is no such key; there are description, arguments, begin, steps, result"},
	/* arguments */
	{"{\"arguments\": {\"a\": {}}, \"steps\": [" CANCEL "]}", "arguments.a: it needs a type"},
	{"{\"arguments\": {\"a\": {\"type\": \"side\"}}, \"steps\": [" CANCEL "]}", "arguments.a.type: it must be one of identifier, text, quantity, quantityOrZero, price, "
	"decimal, integer, time, date, boolean, object, identifiers, objects"},
	{"{\"arguments\": {\"a b\": {\"type\": \"text\"}}, \"steps\": [" CANCEL "]}", "arguments.a b: a name begins with a letter and has letters, digits and _, at most 48"},
	{"{\"arguments\": {\"commandId\": {\"type\": \"text\"}}, \"steps\": [" CANCEL "]}", "arguments: \"commandId\" is an argument of every service"},
	{"{\"arguments\": {\"a\": {\"type\": \"text\", \"members\": {}}}, \"steps\": [" CANCEL "]}",
	"arguments.a.members: only what is an object, or a list of objects, has members"},
	/* steps */
	{STEPS("{\"name\": \"c\"}"), "steps.1: a step is one of command, builtin and service"},
	{STEPS("{\"command\": \"CancelOrderCommand\", \"with\": {\"orderId\": \"A\"}}"), "steps.1: a step needs a name"},
	{STEPS("{\"name\": \"c/d\", \"command\": \"CancelOrderCommand\"}"), "steps.1.name: a name begins with a letter and has letters, digits and _"},
	{STEPS(CANCEL ", " CANCEL), "steps.2.name: another step has the name \"c\""},
	{STEPS("{\"name\": \"c\", \"command\": \"CancelOrder\"}"), "steps.1.command: there is no such command"},
	{STEPS("{\"name\": \"c\", \"command\": \"CancelOrderCommand\", \"service\": \"S\"}"), "steps.1.service: a step is one of command, builtin and service"},
	{STEPS("{\"name\": \"c\", \"command\": \"CancelOrderCommand\"}"), "steps.1: CancelOrderCommand needs \"orderId\""},
	{STEPS("{\"name\": \"c\", \"command\": \"CreateOrderCommand\", \"with\": {\"symbol\": \"X\"}}"), "good"},
	/* fields */
	{WITH("\"orderQty\": {\"argument\": \"n\"}"), "good"},
	{WITH("\"orderQty\": {\"argument\": \"m\"}"), "steps.1.with.orderQty.argument: the service has no argument \"m\""},
	{WITH("\"orderQty\": {\"argument\": \"id\"}"), "steps.1.with.orderQty: it is a text, and must be a number"},
	{WITH("\"orderQty\": {\"argument\": \"slices\"}"), "steps.1.with.orderQty: it is a list of objects, and must be a number"},
	{WITH("\"expireTime\": {\"argument\": \"at\"}"), "good"},
	{WITH("\"expireTime\": {\"argument\": \"id\"}"), "steps.1.with.expireTime: it is a text, and must be a time"},
	{WITH("\"clOrdID\": {\"argument\": \"n\"}"), "steps.1.with.clOrdID: it is a number, and must be a text"},
	{WITH("\"clOrdID\": {\"concat\": [{\"argument\": \"id\"}, \"-\", {\"argument\": \"n\"}]}"), "good"},
	{WITH("\"clOrdID\": {\"concat\": [{\"argument\": \"ids\"}]}"), "steps.1.with.clOrdID.concat.1: it is a list of texts, and is no part of a text"},
	{WITH("\"orderQty\": 5, \"price\": \"7.5\""), "good"},
	{WITH("\"orderQty\": -5"), "steps.1.with.orderQty: field \"orderQty\" is not a valid quantity above zero: It is -5."},
	{WITH("\"possDupFlag\": \"Y\""), "steps.1.with.possDupFlag: field \"possDupFlag\" is not a valid boolean: It is a string."},
	{WITH("\"bogus\": 5"), "steps.1.with.bogus: ReplaceOrderCommand has no such field"},
	{WITH("\"minQty\": 5"), "good"},
	{WITH("\"fixMessage\": \"8=\""), "steps.1.with.fixMessage: ReplaceOrderCommand has no such field"},
	{WITH("\"commandId\": \"mine\""), "steps.1.with.commandId: the service gives it itself"},
	{WITH("\"attributes\": {\"step\": \"q\"}"), "steps.1.with.attributes.step: there is no step \"q\" before this one"},
	{WITH("\"attributes\": {\"constant\": {\"step\": \"q\"}}"), "good"},
	{WITH("\"attributes\": {\"steps\": \"q\"}"), "good"},
	{WITH("\"text\": {\"argument\": \"id\", \"step\": \"r\"}"), "steps.1.with.text.step: an expression is one of constant, argument, step, each and concat"},
	{WITH("\"text\": {\"argument\": null}"), "steps.1.with.text: an expression is one of constant, argument, step, each and concat"},
	{WITH("\"text\": {\"argument\": \"id\", \"other\": 1}"), "steps.1.with.text.other: there is no such key; there are constant, argument, step, each, concat, path"},
	/* paths */
	{BEHIND("\"orderQty\": {\"step\": \"c\", \"path\": \"state.leavesQuantity\"}"), "good"},
	{BEHIND("\"orderQty\": {\"step\": \"c\", \"path\": \"state.clOrdID\"}"), "steps.2.with.orderQty: it is a text, and must be a number"},
	{BEHIND("\"orderQty\": {\"step\": \"c\", \"path\": \"state.leaves\"}"), "steps.2.with.orderQty.path: there is no \"leaves\""},
	{BEHIND("\"orderQty\": {\"step\": \"c\", \"path\": \"leavesQuantity\"}"), "steps.2.with.orderQty.path: there is no \"leavesQuantity\""},
	{BEHIND("\"orderQty\": {\"step\": \"c\", \"path\": \"state.attributes.anything.below\"}"), "good"},
	{BEHIND("\"orderQty\": {\"step\": \"c\", \"path\": \"state.symbol.below\"}"), "steps.2.with.orderQty.path: what should have \"below\" is a text, and no object"},
	{BEHIND("\"text\": {\"step\": \"c\", \"path\": \"error.message\"}"), "good"},
	{BEHIND("\"text\": {\"step\": \"c\", \"path\": \"state..id\"}"), "steps.2.with.text.path: a path is up to 8 keys with points between them"},
	{BEHIND("\"text\": {\"step\": \"c\"}"), "steps.2.with.text: it is an object, and must be a text"},
	{BEHIND("\"text\": {\"constant\": \"c\", \"path\": \"x\"}"), "steps.2.with.text.path: only what an argument, a step or an element has is reached by a path"},
	{WITH("\"text\": {\"step\": \"r\", \"path\": \"state.text\"}"), "steps.1.with.text.step: step \"r\" is not done yet"},
	{STEPS("{\"name\": \"r\", \"command\": \"CancelOrderCommand\", \"with\": {\"orderId\": {\"step\": \"c\", \"path\": \"state.orderId\"}}}, " CANCEL),
	"steps.1.with.orderId.step: there is no step \"c\" before this one"},
	/* loops */
	{EACH("{\"argument\": \"slices\"}", ", \"orderQty\": {\"each\": \"s\", \"path\": \"q\"}}, \"as\": \"s\"}"), "good"},
	{EACH("{\"argument\": \"slices\"}", ", \"orderQty\": {\"each\": \"s\", \"path\": \"p\"}}, \"as\": \"s\"}"), "steps.1.with.orderQty.path: there is no \"p\""},
	{EACH("{\"argument\": \"slices\"}", ", \"orderQty\": {\"each\": \"s\"}}, \"as\": \"s\"}"), "steps.1.with.orderQty: it is an object, and must be a number"},
	{EACH("{\"argument\": \"slices\"}", ", \"orderQty\": {\"each\": \"t\"}}, \"as\": \"s\"}"), "steps.1.with.orderQty.each: no step around this is done for each \"t\""},
	{EACH("{\"argument\": \"ids\"}", ", \"orderQty\": {\"each\": \"s\"}}, \"as\": \"s\"}"), "steps.1.with.orderQty: it is a text, and must be a number"},
	{EACH("{\"argument\": \"ids\"}", "}}"), "steps.1: for_each needs \"as\": a name for the element"},
	{EACH("{\"argument\": \"id\"}", "}, \"as\": \"s\"}"), "steps.1.for_each: it is a text, and no list"},
	{EACH("[1, 2]", ", \"orderQty\": {\"each\": \"s\"}}, \"as\": \"s\"}"), "good"},
	{EACH("1", "}, \"as\": \"s\"}"), "steps.1.for_each: it is no list"},
	{EACH("{\"each\": \"s\"}", "}, \"as\": \"s\"}"), "steps.1.for_each.each: no step around this is done for each \"s\""},
	{EACH("[1]", "}, \"as\": \"s\"}, {\"name\": \"t\", \"command\": \"CancelOrderCommand\", \"with\": {\"orderId\": {\"step\": \"r\", \"path\": \"state.orderId\"}}}"),
	"steps.2.with.orderId.step: step \"r\" is done for each of several: it has no one answer here"},
	{EACH("[1]", "}, \"as\": \"s\", \"on_refusal\": {\"steps\": [{\"name\": \"t\", \"command\": \"UpdateOrderCommand\", \"with\": "
		  "{\"orderId\": \"A\", \"text\": {\"step\": \"r\", \"path\": \"error.message\"}}}]}}"), "good"},
	{EACH("[1]", "}, \"as\": \"s\", \"on_refusal\": {\"steps\": [" CANCEL "]}}, {\"name\": \"t\", \"command\": \"UpdateOrderCommand\", \"with\": "
		  "{\"orderId\": \"A\", \"text\": {\"step\": \"c\", \"path\": \"state.text\"}}}"),
	"steps.2.with.text.step: step \"c\" is done for each of several: it has no one answer here"},
	{STEPS("{\"name\": \"r\", \"command\": \"CancelOrderCommand\", \"with\": {\"orderId\": \"A\"}, \"as\": \"s\"}"), "steps.1.as: it names the elements of for_each, which is missing"},
	/* conditions and refusals */
	{STEPS("{\"name\": \"r\", \"command\": \"CancelOrderCommand\", \"when\": \"cur.order_qty > 5\", \"with\": {\"orderId\": \"A\"}}"), "good"},
	{STEPS("{\"name\": \"r\", \"command\": \"CancelOrderCommand\", \"when\": {\"argument\": \"n\"}, \"with\": {\"orderId\": \"A\"}}"), "good"},
	{STEPS("{\"name\": \"r\", \"command\": \"CancelOrderCommand\", \"when\": true, \"with\": {\"orderId\": \"A\"}}"),
	"steps.1.when: it must be a predicate, or an expression that is no constant"},
	{STEPS("{\"name\": \"r\", \"service\": \"S\", \"when\": \"true\"}"), "steps.1.when: a predicate is asked of a command, and the step is none"},
	{STEPS("{\"name\": \"r\", \"service\": \"S\", \"on_refusal\": \"CONTINUE\"}"), "steps.1.on_refusal: where what is no command is refused, what it is a step of is refused: FAIL"},
	{STEPS("{\"name\": \"r\", \"service\": \"S\", \"on_refusal\": \"FAIL\"}"), "good"},
	{STEPS("{\"name\": \"r\", \"command\": \"CancelOrderCommand\", \"with\": {\"orderId\": \"A\"}, \"on_refusal\": \"STOP\"}"),
	"steps.1.on_refusal: it must be FAIL, CONTINUE, or an object of steps"},
	{STEPS("{\"name\": \"r\", \"command\": \"CancelOrderCommand\", \"with\": {\"orderId\": \"A\"}, \"on_refusal\": {}}"),
	"steps.1.on_refusal: it must be FAIL, CONTINUE, or an object of steps"},
	/* what a service begins with, and built-in steps */
	{BEGINS(CREATES, ROUTE), "good"},
	{BEGINS(CREATES, "{\"name\": \"r\", \"command\": \"CancelOrderCommand\", \"with\": {\"orderId\": {\"argument\": \"orderId\"}}}"), "good"},
	{BEGINS(CREATES, "{\"name\": \"r\", \"command\": \"CancelOrderCommand\", \"with\": {\"orderId\": {\"argument\": \"parentId\"}}}"),
	"steps.1.with.orderId.argument: the service has no argument \"parentId\""},
	{BEGINS(CREATES, "{\"name\": \"r\", \"command\": \"CancelOrderCommand\", \"with\": {\"orderId\": {\"argument\": \"orderQty\"}}}"),
	"steps.1.with.orderId: it is a number, and must be a text"},
	{BEGINS("\"name\": \"b\"", ROUTE), "begin: it needs a name and a command"},
	{BEGINS("\"name\": \"b\", \"command\": \"CreateOrderCommand\", \"without\": [\"fixMessage\"]", ROUTE), "begin.without: the command has no field \"fixMessage\""},
	{BEGINS("\"name\": \"b\", \"command\": \"CancelOrderCommand\", \"without\": [\"orderId\"]", ROUTE), "begin.without: \"orderId\" cannot be left out"},
	{BEGINS("\"name\": \"b\", \"command\": \"CancelOrderCommand\"", ROUTE), "steps.1: its service must begin with CreateOrderCommand"},
	{"{\"arguments\": {\"id\": {\"type\": \"identifier\"}}, \"begin\": {" CREATES "}}", "begin: what begins with a command takes its fields, and no other arguments"},
	{"{\"begin\": {" CREATES "}}", "good"},
	{BEGINS(CREATES, "{\"name\": \"b\", \"builtin\": \"route\"}"), "steps.1.name: another step has the name \"b\""},
	{BEGINS(CREATES, ROUTE ", {\"name\": \"place\", \"command\": \"CancelOrderCommand\", \"with\": {\"orderId\": \"A\"}}"),
	"steps.2.name: step \"r\" gives a command by the name \"place\""},
	{BEGINS(CREATES, "{\"name\": \"desk\", \"command\": \"CancelOrderCommand\", \"with\": {\"orderId\": \"A\"}}, " ROUTE), "steps.2: another step has the name \"desk\""},
	{BEGINS(CREATES, ROUTE ", {\"name\": \"s\", \"builtin\": \"route\"}"), "steps.2: step \"r\" gives a command by the name \"place\""},
	{BEGINS(CREATES, "{\"name\": \"r\", \"builtin\": \"route\", \"for_each\": [1], \"as\": \"x\"}"), "steps.1: it is done once, and not for each of several"},
	{BEGINS(CREATES, "{\"name\": \"r\", \"builtin\": \"route\", \"with\": {\"orderId\": \"A\"}}"), "steps.1.with.orderId: route has no such field"},
	{BEGINS(CREATES, "{\"name\": \"r\", \"builtin\": \"route\", \"when\": \"true\"}"), "steps.1.when: a predicate is asked of a command, and the step is none"},
	{BEGINS(CREATES, "{\"name\": \"r\", \"builtin\": \"none\"}"), "steps.1.builtin: there is no such built-in step"},
	{BEGINS(CREATES, "{\"name\": \"r\", \"builtin\": \"route\", \"command\": \"CancelOrderCommand\"}"), "steps.1.builtin: a step is one of command, builtin and service"},
	/* results */
	{"{" ARGUMENTS ", \"steps\": [" CANCEL "], \"result\": {\"left\": {\"step\": \"c\", \"path\": \"state.leavesQuantity\"}}}", "good"},
	{"{" ARGUMENTS ", \"steps\": [" CANCEL "], \"result\": {\"left\": {\"step\": \"d\", \"path\": \"state.leavesQuantity\"}}}",
	"result.left.step: there is no step \"d\" before this one"},
};

static void
try_definitions(void)
{
	for (int i = 0; i < lengthof(definitions); i++)
		is_text(fault_of(oms_service_read("S", json(definitions[i].definition))), definitions[i].fault, definitions[i].definition);
	is_text(fault_of(oms_service_read("a-b", json(STEPS(CANCEL)))),
			": the name of a service begins with a letter and has letters, digits and _, at most 48", "a name is an identifier");
}

/* ------------------------------------------------------------------------
 * services in services
 * ------------------------------------------------------------------------
 */

static Services
services_of(const char *const *definitions_of, int count)
{
	Services	services = {palloc(sizeof(Service *) * count), count};

	for (int i = 0; i < count; i++)
	{
		services.members[i] = oms_service_read(psprintf("S%c", 'A' + i), json(definitions_of[i]));
		services.members[i]->enabled = true;
	}
	oms_services_link(&services);
	return services;
}

#define CALLS(name)		"{\"arguments\": {\"x\": {\"type\": \"quantity\"}}, \"steps\": [{\"name\": \"s\", \"service\": \"" name "\"}]}"
#define GIVES(fields)	STEPS("{\"name\": \"s\", \"service\": \"SA\", \"with\": {" fields "}}")

static void
try_links(void)
{
	static const char *const given[] = {
		STEPS(CANCEL), GIVES("\"id\": \"A\""), GIVES("\"n\": 5"), GIVES("\"id\": \"A\", \"m\": 5"), GIVES("\"id\": {\"argument\": \"n\"}"),
		GIVES("\"id\": \"A\", \"commandId\": \"c\""), CALLS("SZ"), CALLS("SG"), CALLS("SI"), CALLS("SK"), CALLS("SJ")
	};
	static const char *const faults[] = {
		"good", "good", "step s: SA needs \"id\"", "step s.m: SA has no such argument", "step s.id: it is a number, and must be a text",
		"step s.commandId: the service gives it itself", "step s: there is no service \"SZ\"", "step s: service \"SG\" cannot be used",
		"step s: service \"SI\" comes back to this one", "step s: service \"SK\" cannot be used", "step s: service \"SJ\" comes back to this one"
	};
	Services	services = services_of(given, lengthof(given));
	const char *chain[12];

	for (int i = 0; i < lengthof(given); i++)
		is_text(fault_of(services.members[i]), faults[i], psprintf("S%c is %s", 'A' + i, faults[i]));
	for (int i = 0; i < lengthof(chain); i++)
		chain[i] = i == 0 ? STEPS("{\"name\": \"c\", \"command\": \"CancelOrderCommand\", \"with\": {\"orderId\": \"A\"}}") :
			psprintf("{\"steps\": [{\"name\": \"s\", \"service\": \"S%c\", \"with\": {%s}}]}", 'A' + i - 1, i == 1 ? "\"id\": \"A\"" : "");
	services = services_of(chain, lengthof(chain));
	is_text(fault_of(services.members[7]), "good", "eight services in each other are done");
	is_text(fault_of(services.members[8]), "step s: services stand in services at most 8 deep", "… and nine are not");
	ok(oms_service_find(&services, "SC") == services.members[2] && oms_service_find(&services, "SCC") == NULL, "one is found by its name");
}

/* ------------------------------------------------------------------------
 * what expressions are worth
 * ------------------------------------------------------------------------
 */

static const char *
given_to(ServiceFrame *frame, const ServiceStep *step)
{
	JsonWriter	w = {0};
	int			length;

	oms_json_open_object(&w);
	oms_service_write(frame, step->with, &w);
	oms_json_close_object(&w);
	return oms_json_text(oms_json_finish(&w), &length);
}

static void
try_values(void)
{
	Service    *service = oms_service_read("S", json(STEPS(CANCEL ", {\"name\": \"r\", \"for_each\": {\"argument\": \"slices\"}, \"as\": \"s\", \"when\": {\"each\": \"s\", \"path\": \"q\"}, "
									   "\"command\": \"ReplaceOrderCommand\", \"with\": {\"orderId\": {\"step\": \"c\", \"path\": \"state.orderId\"}, \"orderQty\": {\"each\": \"s\", \"path\": \"q\"}, "
									   "\"price\": {\"argument\": \"n\"}, \"text\": {\"concat\": [{\"argument\": \"id\"}, \": \", {\"argument\": \"n\"}, {\"argument\": \"at\"}]}, \"pending\": null}, "
									   "\"on_refusal\": {\"steps\": [{\"name\": \"u\", \"command\": \"UpdateOrderCommand\", \"with\": {\"orderId\": \"A\", "
									   "\"text\": {\"concat\": [{\"step\": \"r\", \"path\": \"error.message\"}, {\"each\": \"s\", \"path\": \"q\"}]}}}]}}")));
	ServiceFrame frame;
	List	   *elements;

	/* no field of it is pending */
	is_text(fault_of(service), "steps.2.with.pending: ReplaceOrderCommand has no such field", "a field that is not there is no more so where it is null");
	service = oms_service_read("S", json(STEPS(CANCEL ", {\"name\": \"r\", \"for_each\": {\"argument\": \"slices\"}, \"as\": \"s\", \"when\": {\"each\": \"s\", \"path\": \"q\"}, "
									   "\"command\": \"ReplaceOrderCommand\", \"with\": {\"orderId\": {\"step\": \"c\", \"path\": \"state.orderId\"}, \"orderQty\": {\"each\": \"s\", \"path\": \"q\"}, "
									   "\"price\": {\"argument\": \"n\"}, \"text\": {\"concat\": [{\"argument\": \"id\"}, \": \", {\"argument\": \"n\"}, {\"argument\": \"at\"}]}}, "
									   "\"on_refusal\": {\"steps\": [{\"name\": \"u\", \"command\": \"UpdateOrderCommand\", \"with\": {\"orderId\": \"A\", "
									   "\"text\": {\"concat\": [{\"step\": \"r\", \"path\": \"error.message\"}, {\"each\": \"s\", \"path\": \"q\"}]}}}]}}")));
	is_text(fault_of(service), "good", "the service is one");
	oms_service_begin(&frame, service, json("{\"id\": \"A\", \"n\": 7.50, \"slices\": [{\"q\": 3}, {}, {\"q\": 4}]}"));
	is_text(given_to(&frame, service->all[0]), "{\"orderId\": \"A\"}", "what an argument is");
	is_text(given_to(&frame, service->all[1]), "{\"text\": \"A: 7.50\", \"price\": 7.50}", "what was not done, and what is not there, is not given");
	frame.answers[0] = json("{\"state\": {\"orderId\": \"B\", \"leavesQuantity\": 5}}");
	ok(oms_service_elements(&frame, service->all[1], &elements) == NULL && list_length(elements) == 3, "a list has its elements");
	oms_service_enter(&frame, service->all[1], linitial(elements));
	ok(oms_service_is_done(&frame, service->all[1]), "what is there holds");
	is_text(given_to(&frame, service->all[1]), "{\"text\": \"A: 7.50\", \"price\": 7.50, \"orderId\": \"B\", \"orderQty\": 3}", "what a step answered, and of an element");
	frame.answers[1] = json("{\"error\": {\"message\": \"no: \"}}");
	is_text(given_to(&frame, service->all[2]), "{\"text\": \"no: 3\", \"orderId\": \"A\"}", "what follows a refusal has it, and the element");
	oms_service_enter(&frame, service->all[1], lsecond(elements));
	ok(!oms_service_is_done(&frame, service->all[1]), "what is not there does not hold");
	is_text(given_to(&frame, service->all[2]), "{\"text\": \"\", \"orderId\": \"A\"}", "what was answered for another element is forgotten");
}

static const struct
{
	const char *arguments;
	const char *refused;
}			calls[] = {
	{"{\"id\": \"A\"}", NULL},
	{"{\"id\": \"A\", \"n\": \"7.5\", \"at\": \"2026-03-02T09:30:00Z\", \"ids\": [\"a\"], \"slices\": [{\"q\": 1}, {}], \"commandId\": \"c\"}", NULL},
	{"{\"id\": \"A\", \"n\": null}", NULL},
	{"7", "the arguments of S must be a JSON object: "},
	{"{}", "S needs \"id\": It must be a valid identifier."},
	{"{\"id\": null}", "S needs \"id\": It must be a valid identifier."},
	{"{\"id\": \"A\", \"m\": 1}", "unknown argument \"m\" of S: It knows n, at, id, ids, slices, commandId, correlationId, causationId."},
	{"{\"id\": \"A\", \"n\": 0}", "field \"n\" is not a valid quantity above zero: It is 0."},
	{"{\"id\": \"A\", \"at\": \"now\"}", "field \"at\" is not a valid time with zone: It must be a time with a zone as 2026-03-02T09:30:00Z, or FIX's 20260302-09:30:00."},
	{"{\"id\": \"A\", \"ids\": [1]}", "?"},
	{"{\"id\": \"A\", \"slices\": [{\"q\": 1}, {\"p\": 1}]}", "unknown argument \"p\" of each of \"slices\" of S: It knows q."},
	{"{\"id\": \"A\", \"slices\": [{\"q\": true}]}", "field \"q\" is not a valid quantity above zero: It is a boolean."},
};

static void
try_arguments(void)
{
	Service    *service = oms_service_read("S", json(STEPS(CANCEL)));

	for (int i = 0; i < lengthof(calls); i++)
	{
		Refusal    *refusal = oms_service_check_arguments(service, json(calls[i].arguments));
		const char *got = refusal ? psprintf("%s: %s", refusal->message, refusal->detail ? refusal->detail : "") : "taken";

		if (calls[i].refused && strcmp(calls[i].refused, "?") == 0)
			ok(refusal && refusal->sqlstate == OMS_MALFORMED, "%s is refused", calls[i].arguments);
		else
			is_text(got, calls[i].refused ? calls[i].refused : "taken", calls[i].arguments);
	}
}

UNIT_TEST(service)
{
	try_definitions();
	try_links();
	try_values();
	try_arguments();
}

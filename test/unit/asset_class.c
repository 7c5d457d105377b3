/*
 * Asset classes alone: which definitions are none, and where; what becomes of
 * attributes.  What breaks if a definition is stored that no command could be held
 * against, if a pattern may take for ever, if a value is kept in another form than
 * the views read, or if what a class has inherited is lost.
 */
#include "unit.h"

#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"

#include "base/json.h"
#include "core/asset_class.h"

static Jsonb *
json_of(const char *text)
{
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}

/* ------------------------------------------------------------------------
 * definitions
 * ------------------------------------------------------------------------
 */

#define ONE(attribute) "{\"attributes\": {\"a\": " attribute "}}"

static const struct
{
	const char *definition;
	const char *fault;			/* path and message; "" where there is none; a % at its end: and so on */
}			definitions[] = {
	{"{}", ""},
	{"[]", ": a definition is an object"},
	{"{\"kind\": 1}", "kind: there is no such key; there are extends, %"},
	{"{\"closed\": \"yes\"}", "closed: it must be true or false"},
	{"{\"closed\": null, \"attributes\": null}", ""},
	{"{\"securityTypes\": []}", "securityTypes: it must be an array of 1 to 1000 elements"},
	{"{\"securityTypes\": [\"\"]}", "securityTypes: it must be a text of 1 to 48 bytes"},
	{"{\"products\": [0]}", "products: it must be a whole number from 1 on"},
	{"{\"products\": [1.5]}", "products: it must be a whole number from 1 on"},
	{"{\"products\": [4.0, 4]}", ""},
	{"{\"attributes\": []}", "attributes: it must be an object of at most 200 attributes"},
	{"{\"attributes\": {\"\": {\"type\": \"text\"}}}", "attributes.: the name of an attribute %"},
	{"{\"attributes\": {\"a b\": {\"type\": \"text\"}}}", "attributes.a b: the name of an attribute %"},
	{"{\"attributes\": {\"a\\\"; DROP TABLE oms.orders --\": {\"type\": \"text\"}}}", "attributes.a\"; DROP TABLE oms.orders --: the name of an attribute %"},
	{"{\"attributes\": {\"select\": {\"type\": \"text\"}, \"order\": {\"type\": \"text\"}}}", ""},
	{"{\"attributes\": {\"fooBar\": {\"type\": \"text\"}, \"foo_bar\": {\"type\": \"text\"}}}", "attributes.foo_bar: \"fooBar\" would have the same column \"foo_bar\""},
	{ONE("1"), "attributes.a: it must be an object that says of which type it is"},
	{ONE("{}"), "attributes.a: it needs a type: one of text, number, boolean, date, time, enumeration, pattern"},
	{ONE("{\"type\": \"money\"}"), "attributes.a.type: it must be one of text, %"},
	{ONE("{\"type\": \"text\", \"typ\": 1}"), "attributes.a.typ: there is no such key; there are type, required, mutable, tag, description, allowed, codes, pattern, min, max, default"},
	{ONE("{\"type\": \"text\", \"tag\": -1}"), "attributes.a.tag: it must be a whole number from 1 on"},
	{ONE("{\"type\": \"enumeration\"}"), "attributes.a: an enumeration needs the values that are allowed"},
	{ONE("{\"type\": \"enumeration\", \"allowed\": [\"A\", \"A\"]}"), "attributes.a.allowed: one value stands there twice"},
	{ONE("{\"type\": \"enumeration\", \"allowed\": [\"A\", \"\"]}"), "attributes.a.allowed: its texts must have 1 to 1024 bytes"},
	{ONE("{\"type\": \"enumeration\", \"allowed\": [\"A\", 1]}"), "attributes.a.allowed: it must be a text of at most 65536 bytes"},
	{ONE("{\"type\": \"enumeration\", \"allowed\": [\"A\"], \"codes\": {\"1\": \"B\"}}"), "attributes.a.codes: a code must have %"},
	{ONE("{\"type\": \"enumeration\", \"allowed\": [\"A\"], \"default\": \"B\"}"), "attributes.a.default: it must be one of the allowed values"},
	{ONE("{\"type\": \"enumeration\", \"allowed\": [\"A\"], \"codes\": {\"1\": \"A\"}, \"default\": \"1\"}"), ""},
	{ONE("{\"type\": \"number\", \"allowed\": [1, \"1.0\"]}"), "attributes.a.allowed: one value stands there twice"},
	{ONE("{\"type\": \"number\", \"min\": 2, \"max\": 1}"), "attributes.a.max: it is less than min"},
	{ONE("{\"type\": \"number\", \"min\": 2, \"default\": 1}"), "attributes.a.default: it must be at least 2"},
	{ONE("{\"type\": \"number\", \"codes\": {\"1\": \"A\"}}"), "attributes.a.codes: it must be an object %"},
	{ONE("{\"type\": \"boolean\", \"min\": 2}"), "attributes.a.min: a boolean has no bounds"},
	{ONE("{\"type\": \"date\", \"min\": \"soon\"}"), "attributes.a.min: it must be a date as 2026-03-02"},
	{ONE("{\"type\": \"date\", \"min\": \"20260101\", \"max\": \"2025-12-31\"}"), "attributes.a.max: it is less than min"},
	{ONE("{\"type\": \"time\", \"min\": \"2026-03-02T09:30:00+01:00\", \"max\": \"2026-03-02T09:00:00Z\"}"), ""},
	{ONE("{\"type\": \"text\", \"max\": \"many\"}"), "attributes.a.max: it must be a decimal number of at most 38 digits"},
	{ONE("{\"type\": \"text\", \"pattern\": \"a\"}"), "attributes.a.pattern: only an attribute of type pattern has one"},
	{ONE("{\"type\": \"pattern\"}"), "attributes.a: it needs a pattern"},
	{ONE("{\"type\": \"pattern\", \"pattern\": \"(\"}"), "attributes.a.pattern: it is no regular expression: %"},
	{ONE("{\"type\": \"pattern\", \"pattern\": \"a)|(?:b\"}"), "attributes.a.pattern: it is no regular expression: %"},
	{ONE("{\"type\": \"pattern\", \"pattern\": \"(a*)*\\\\1\"}"), "attributes.a.pattern: it must not refer back to what it matched, nor look ahead or behind"},
	{ONE("{\"type\": \"pattern\", \"pattern\": \"(?=a)a\"}"), "attributes.a.pattern: it must not refer back %"},
	{ONE("{\"type\": \"pattern\", \"pattern\": \"***=a\"}"), "attributes.a.pattern: it cannot be held against all of a text: %"},
	{ONE("{\"type\": \"pattern\", \"pattern\": \"((a{1,99}){1,99}){1,99}\"}"), "attributes.a.pattern: its counted parts would be repeated more than 1000 times"},
	{ONE("{\"type\": \"pattern\", \"pattern\": \"(a|a)*(a|a)*(a|a)*b\"}"), ""},
	{ONE("{\"type\": \"pattern\", \"pattern\": \"[A-Z]{2}[A-Z0-9]{9}[0-9]\"}"), ""},
	{"{\"notional\": \"size\"}", "notional: \"size\" is no attribute of type number"},
	{"{\"notional\": 0}", "notional: it must be a number above zero, or the name of an attribute"},
	{"{\"notional\": \"size\", \"attributes\": {\"size\": {\"type\": \"number\"}}}", ""},
	{"{\"extends\": \"c\"}", "extends: there is no shipped class \"c\""},
	{"{\"extends\": \"nobody\"}", "extends: there is no class \"nobody\""},
};

static char *
fault_of(const AssetClass *class)
{
	return class->fault ? psprintf("%s: %s", class->fault->path, class->fault->message) : "";
}

static const AssetClasses none = {NULL, 0};

static void
test_definitions(void)
{
	for (int i = 0; i < lengthof(definitions); i++)
	{
		AssetClass *class = oms_class_read("c", json_of(definitions[i].definition));
		AssetClasses classes = {&class, 1};
		const char *wanted = definitions[i].fault;
		int			length = strlen(wanted);
		char	   *got;

		oms_classes_link(&classes, &none);
		got = fault_of(class);
		if (length > 0 && wanted[length - 1] == '%' && strncmp(got, wanted, length - 1) == 0)
			got = unconstify(char *, wanted);
		is_text(got, wanted, definitions[i].definition);
	}
	is_text(fault_of(oms_class_read("", json_of("{}"))), ": the name of a class begins with a letter and has letters, digits and _, at most 48", "a class without a name");
	ok(oms_class_read("a-b", json_of("{}"))->fault != NULL, "a name that is no identifier");
}

static void
test_sizes(void)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoString(&text, "{\"attributes\": {");
	for (int i = 0; i < 201; i++)
		appendStringInfo(&text, "%s\"a%d\": {\"type\": \"text\"}", i ? ", " : "", i);
	appendStringInfoString(&text, "}}");
	is_text(fault_of(oms_class_read("c", json_of(text.data))), "attributes: it must be an object of at most 200 attributes", "201 attributes");
	resetStringInfo(&text);
	appendStringInfoString(&text, "{\"attributes\": {\"a\": {\"type\": \"enumeration\", \"allowed\": [\"");
	for (int i = 0; i < 300; i++)
		appendStringInfo(&text, "%s%01000d", i ? "\", \"" : "", i);
	appendStringInfoString(&text, "\"]}}}");
	is_text(fault_of(oms_class_read("c", json_of(text.data))), ": a definition has at most 262144 bytes", "300 kB");
}

/* ------------------------------------------------------------------------
 * one extends the other
 * ------------------------------------------------------------------------
 */

static AssetClasses
classes_of(int count, ...)
{
	AssetClasses classes = {palloc(sizeof(AssetClass *) * count), count};
	va_list		args;

	va_start(args, count);
	for (int i = 0; i < count; i++)
	{
		const char *name = va_arg(args, const char *);

		classes.members[i] = oms_class_read(name, json_of(va_arg(args, const char *)));
		classes.members[i]->enabled = true;
	}
	va_end(args);
	return classes;
}

static char *
attributes_of(const AssetClass *class)
{
	StringInfoData out;

	initStringInfo(&out);
	for (int i = 0; i < class->sets[ATTRIBUTES_OF_ORDER].count; i++)
	{
		const AttributeDef *def = &class->sets[ATTRIBUTES_OF_ORDER].members[i];

		appendStringInfo(&out, "%s%s.%s%s", i ? " " : "", def->class_name, def->name, def->required ? "!" : "");
	}
	return out.data;
}

static void
test_extends(void)
{
	AssetClasses classes = classes_of(4,
									  "a", "{\"extends\": \"b\", \"attributes\": {\"x\": {\"type\": \"number\", \"required\": true}, \"z\": {\"type\": \"date\"}}}",
									  "b", "{\"closed\": true, \"notional\": \"x\", \"attributes\": {\"x\": {\"type\": \"number\"}, \"y\": {\"type\": \"text\"}}}",
									  "c", "{\"extends\": \"a\", \"attributes\": {\"y\": {\"type\": \"number\"}}}",
									  "d", "{\"extends\": \"c\"}");
	AssetClasses cycle = classes_of(4, "a", "{\"extends\": \"b\"}", "b", "{\"extends\": \"c\"}", "c", "{\"extends\": \"b\"}", "d", "{}");
	AssetClasses own = classes_of(2, "f", "{\"extends\": \"f\", \"attributes\": {\"m\": {\"type\": \"text\", \"required\": true}}}", "g", "{\"extends\": \"f\"}");
	AssetClasses shipped = classes_of(1, "f", "{\"attributes\": {\"l\": {\"type\": \"text\"}, \"m\": {\"type\": \"text\"}}}");
	AssetClasses columns = classes_of(2, "a", "{\"attributes\": {\"fooBar\": {\"type\": \"text\"}}}", "b", "{\"extends\": \"a\", \"attributes\": {\"foo_bar\": {\"type\": \"text\"}}}");

	oms_classes_link(&classes, &none);
	is_text(attributes_of(classes.members[0]), "a.x! b.y a.z", "the parent's first, and its own in their places");
	is_text(attributes_of(classes.members[1]), "b.x b.y", "the parent has its own");
	ok(classes.members[0]->closed && strcmp(classes.members[0]->factor_attribute, "x") == 0, "what the parent is, it is");
	is_text(fault_of(classes.members[2]), "attributes.y: class \"b\", which it extends, has it as text", "another type");
	is_text(fault_of(classes.members[3]), "extends: class \"c\" cannot be used: attributes.y: class \"b\", which it extends, has it as text", "one that cannot be used");
	ok(oms_class_is_a(classes.members[0], "b") && !oms_class_is_a(classes.members[1], "a"), "what extends is one, and not the other way round");
	oms_classes_link(&cycle, &none);
	ok(cycle.members[0]->fault && cycle.members[1]->fault && cycle.members[2]->fault && !cycle.members[3]->fault, "a circle, and what leads into it");
	is_text(fault_of(cycle.members[2]), "extends: it comes back to class \"b\"", "… and where");
	oms_classes_link(&own, &shipped);
	is_text(attributes_of(own.members[0]), "f.l f.m!", "a class may extend the shipped one of its name");
	is_text(attributes_of(own.members[1]), "f.l f.m!", "… and others then extend it");
	oms_classes_link(&columns, &none);
	is_text(fault_of(columns.members[1]), "attributes.foo_bar: \"fooBar\" would have the same column \"foo_bar\"", "a column of the parent");
}

static void
test_depth(void)
{
	AssetClasses classes = {palloc(sizeof(AssetClass *) * 40), 40};

	for (int i = 0; i < 40; i++)
		classes.members[i] = oms_class_read(psprintf("c%02d", i), json_of(i < 39 ? psprintf("{\"extends\": \"c%02d\"}", i + 1) : "{}"));
	oms_classes_link(&classes, &none);
	ok(classes.members[0]->fault != NULL, "forty one above the other are too many");
}

static void
test_instruments(void)
{
	AssetClasses classes = classes_of(4, "bond", "{\"securityTypes\": [\"CORP\", \"GOVT\"], \"products\": [3, 6]}", "broken", "{\"extends\": \"x\", \"securityTypes\": [\"OPT\"]}",
									  "fx", "{\"currencyPairs\": true, \"securityTypes\": [\"FOR\"]}", "mine", "{\"securityTypes\": [\"FOR\"]}");
	static const struct
	{
		const char *type;
		const char *product;
		const char *symbol;
		const char *class;
	}			cases[] = {
		{"CORP", NULL, "X", "bond"}, {NULL, "6", "EUR/USD", "bond"}, {NULL, NULL, "EUR/USD", "fx"}, {NULL, NULL, "EURUSD", "none"},
		{NULL, NULL, "EUR/USDX", "none"}, {"CS", "6", "EUR/USD", "none"}, {"OPT", NULL, NULL, "none"}, {"FOR", NULL, NULL, "mine"}, {NULL, NULL, NULL, "none"}
	};

	classes.members[2]->builtin = true;
	oms_classes_link(&classes, &none);
	for (int i = 0; i < lengthof(cases); i++)
	{
		const AssetClass *class = oms_class_of_instrument(&classes, cases[i].type, cases[i].product, cases[i].symbol);

		is_text(class ? class->name : "none", cases[i].class, psprintf("case %d of an instrument", i));
	}
	classes.members[3]->enabled = false;
	is_text(oms_class_of_instrument(&classes, "FOR", NULL, NULL)->name, "fx", "one that is not enabled is for nothing");
}

/* ------------------------------------------------------------------------
 * values
 * ------------------------------------------------------------------------
 */

#define TEN \
	"{\"attributes\": {" \
	"\"text\": {\"type\": \"text\", \"min\": 2, \"max\": 3}," \
	"\"number\": {\"type\": \"number\", \"min\": 0, \"allowed\": [1, 2.5, -1]}," \
	"\"flag\": {\"type\": \"boolean\", \"default\": false}," \
	"\"day\": {\"type\": \"date\", \"min\": \"2026-01-01\"}," \
	"\"moment\": {\"type\": \"time\"}," \
	"\"kind\": {\"type\": \"enumeration\", \"allowed\": [\"PUT\", \"CALL\"], \"codes\": {\"0\": \"PUT\", \"1\": \"CALL\"}}," \
	"\"isin\": {\"type\": \"pattern\", \"pattern\": \"[A-Z]{2}[0-9]+|none\", \"mutable\": false}," \
	"\"since\": {\"type\": \"date\", \"mutable\": false}," \
	"\"need\": {\"type\": \"number\", \"required\": true}}}"

static const struct
{
	const char *given;
	const char *result;
	const char *problems;
}			makes[] = {
	{"{\"need\": 1}", "{\"flag\": false, \"need\": 1}", ""},
	{"{}", "{\"flag\": false}", "need null wants a value: it is required"},
	{"{\"need\": null, \"flag\": null}", "{\"flag\": false}", "need null wants a value: it is required"},
	{"{\"need\": \"1.50\", \"mine\": {\"a\": [1, {\"b\": null}]}, \"flag\": \"Y\"}", "{\"flag\": true, \"mine\": {\"a\": [1, {\"b\": null}]}, \"need\": 1.5}", ""},
	{"{\"need\": \"1e3\"}", "{\"flag\": false, \"need\": \"1e3\"}", "need 1e3 wants a decimal number of at most 38 digits"},
	{"{\"need\": 1e40}", "{\"flag\": false, \"need\": 10000000000000000000000000000000000000000}",
	"need 10000000000000000000000000000000000000000 wants a decimal number of at most 38 digits"},
	{"{\"need\": [1]}", "{\"flag\": false, \"need\": [1]}", "need an array wants a decimal number of at most 38 digits"},
	{"{\"need\": 1, \"text\": \"a\"}", "{\"flag\": false, \"need\": 1, \"text\": \"a\"}", "text a wants from 2 to 3 characters"},
	{"{\"need\": 1, \"text\": \"\\u00e4\\u00f6\\u00fc\"}", "{\"flag\": false, \"need\": 1, \"text\": \"\303\244\303\266\303\274\"}", ""},
	{"{\"need\": 1, \"number\": \"2.50\"}", "{\"flag\": false, \"need\": 1, \"number\": 2.5}", ""},
	{"{\"need\": 1, \"number\": 3}", "{\"flag\": false, \"need\": 1, \"number\": 3}", "number 3 wants one of the allowed values (1, 2.5, -1)"},
	{"{\"need\": 1, \"number\": -1}", "{\"flag\": false, \"need\": 1, \"number\": -1}", "number -1 wants at least 0 (1, 2.5, -1)"},
	{"{\"need\": 1, \"flag\": \"true\"}", "{\"flag\": \"true\", \"need\": 1}", "flag true wants true or false"},
	{"{\"need\": 1, \"day\": \"20260302\"}", "{\"day\": \"2026-03-02\", \"flag\": false, \"need\": 1}", ""},
	{"{\"need\": 1, \"day\": \"2025-12-31\"}", "{\"day\": \"2025-12-31\", \"flag\": false, \"need\": 1}", "day 2025-12-31 wants at least 2026-01-01"},
	{"{\"need\": 1, \"day\": \"2026-02-30\"}", "{\"day\": \"2026-02-30\", \"flag\": false, \"need\": 1}", "day 2026-02-30 wants a date as 2026-03-02"},
	{"{\"need\": 1, \"moment\": \"20260302-09:30:00\"}", "{\"flag\": false, \"need\": 1, \"moment\": \"2026-03-02T09:30:00.000000Z\"}", ""},
	{"{\"need\": 1, \"kind\": 1}", "{\"flag\": false, \"kind\": \"CALL\", \"need\": 1}", ""},
	{"{\"need\": 1, \"kind\": \"0\"}", "{\"flag\": false, \"kind\": \"PUT\", \"need\": 1}", ""},
	{"{\"need\": 1, \"kind\": \"put\"}", "{\"flag\": false, \"kind\": \"put\", \"need\": 1}", "kind put wants one of the allowed values (PUT, CALL)"},
	{"{\"need\": 1, \"isin\": \"DE123\"}", "{\"flag\": false, \"isin\": \"DE123\", \"need\": 1}", ""},
	{"{\"need\": 1, \"isin\": \"DE123x\"}", "{\"flag\": false, \"isin\": \"DE123x\", \"need\": 1}", "isin DE123x wants a text that matches [A-Z]{2}[0-9]+|none"},
	{"{\"need\": 1, \"isin\": \"xnone\"}", "{\"flag\": false, \"isin\": \"xnone\", \"need\": 1}", "isin xnone wants a text that matches [A-Z]{2}[0-9]+|none"},
	{"{\"text\": 1, \"need\": true}", "{\"flag\": false, \"need\": true, \"text\": 1}", "need true wants a decimal number of at most 38 digits; text 1 wants a text of at most 65536 bytes"},
};

static const struct
{
	const char *given;
	const char *before;
	const char *result;
	const char *problems;
}			changes[] = {
	{"{\"text\": \"ab\"}", NULL, "{\"text\": \"ab\"}", ""},
	{"{\"text\": null}", "{\"text\": \"ab\"}", "{\"text\": null}", ""},
	{"{\"need\": null}", "{\"need\": 1}", "{\"need\": null}", "need null wants a value: it is required"},
	{"{\"isin\": \"DE1\"}", "{\"isin\": \"DE1\"}", "{\"isin\": \"DE1\"}", ""},
	{"{\"isin\": \"DE2\"}", "{\"isin\": \"DE1\"}", "{\"isin\": \"DE2\"}", "isin DE2 wants DE1, as it is: it cannot be changed"},
	{"{\"isin\": null}", "{\"isin\": \"DE1\"}", "{\"isin\": null}", "isin null wants DE1, as it is: it cannot be changed"},
	{"{\"isin\": \"DE2\"}", "{\"isin\": null}", "{\"isin\": \"DE2\"}", ""},
	{"{\"since\": \"20260302\"}", "{\"since\": \"20260302\"}", "{\"since\": \"2026-03-02\"}", ""},
	{"{\"since\": \"2026-03-03\"}", "{\"since\": \"20260302\"}", "{\"since\": \"2026-03-03\"}", "since 2026-03-03 wants 20260302, as it is: it cannot be changed"},
	{"{\"since\": \"2026-03-03\"}", "{\"since\": 5}", "{\"since\": \"2026-03-03\"}", "since 2026-03-03 wants 5, as it is: it cannot be changed"},
};

static char *
problems_text(const List *problems)
{
	StringInfoData out;
	ListCell   *cell;

	initStringInfo(&out);
	foreach(cell, problems)
	{
		const AttributeProblem *p = lfirst(cell);

		appendStringInfo(&out, "%s%s %s wants %s", out.len ? "; " : "", p->attribute, p->given ? p->given : "null", p->wanted);
		if (p->allowed)
			appendStringInfo(&out, " (%s)", p->allowed);
	}
	return out.data;
}

static char *
json_text(Jsonb *json)
{
	int			length;

	return json ? oms_json_text(json, &length) : "none";
}

static AssetClass *
class_of(const char *definition)
{
	AssetClass *class = oms_class_read("c", json_of(definition));

	ok(class->fault == NULL, "a class: %s", fault_of(class));
	return class;
}

static void
test_values(void)
{
	AssetClass *class = class_of(TEN);
	AssetClass *closed = class_of("{\"closed\": true, \"attributes\": {\"a\": {\"type\": \"text\"}}}");
	List	   *problems;

	for (int i = 0; i < lengthof(makes); i++)
	{
		is_text(json_text(oms_class_make(class, ATTRIBUTES_OF_ORDER, json_of(makes[i].given), NULL, &problems)), makes[i].result, makes[i].given);
		is_text(problems_text(problems), makes[i].problems, "… and what is wrong");
	}
	for (int i = 0; i < lengthof(changes); i++)
	{
		is_text(json_text(oms_class_change(class, ATTRIBUTES_OF_ORDER, json_of(changes[i].given), changes[i].before ? json_of(changes[i].before) : NULL, &problems)),
				changes[i].result, changes[i].given);
		is_text(problems_text(problems), changes[i].problems, "… and what is wrong");
	}
	is_text(json_text(oms_class_make(class, ATTRIBUTES_OF_ORDER, NULL, json_of("{\"need\": \"2\", \"day\": \"old\", \"flag\": true, \"other\": 1}"), &problems)),
			"{\"flag\": true, \"need\": 2}", "what is not given is as its parent has it, where that can be");
	is_text(problems_text(problems), "", "… and nothing is wrong");
	is_text(json_text(oms_class_make(closed, ATTRIBUTES_OF_ORDER, NULL, NULL, &problems)), "none", "nothing given, and no default");
	is_text(json_text(oms_class_make(closed, ATTRIBUTES_OF_ORDER, json_of("{\"a\": \"1\", \"b\": 2, \"c\": null}"), NULL, &problems)), "{\"a\": \"1\", \"b\": 2, \"c\": null}", "a closed class");
	is_text(problems_text(problems), "b 2 wants no such attribute (a)", "… has no others");
}

UNIT_TEST(asset_class)
{
	test_definitions();
	test_sizes();
	test_extends();
	test_depth();
	test_instruments();
	test_values();
}

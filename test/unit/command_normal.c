/*
 * The normal form of a command: what rules are asked about.  What breaks if a
 * spelling of a value is one that a rule does not know: enumerations, decimals,
 * times, nulls; or if something is lost on the way.
 */
#include "unit.h"

#include "core/command_normal.h"

static const struct
{
	const char *sent;
	const char *normal;
}			cases[] = {
	{"{\"commandType\": \"CreateOrderCommand\", \"symbol\": \"X\", \"side\": \"1\", \"orderQty\": \"100.00\", \"ordType\": \"stop limit\", \"price\": 1.50}",
	"{\"side\": \"BUY\", \"price\": 1.5, \"symbol\": \"X\", \"ordType\": \"STOP_LIMIT\", \"orderQty\": 100, \"commandType\": \"CreateOrderCommand\"}"},
	{"{\"commandType\": \"CreateOrderCommand\", \"side\": \"sell_short\", \"account\": null, \"pending\": true, \"attributes\": {\"orderQty\": \"1.0\", \"none\": null}}",
	"{\"side\": \"SELL_SHORT\", \"pending\": true, \"attributes\": {\"none\": null, \"orderQty\": \"1.0\"}, \"commandType\": \"CreateOrderCommand\"}"},
	{"{\"commandType\": \"CreateOrderCommand\", \"expireTime\": \"20260302-09:30:00\", \"transactTime\": \"2026-03-02T10:30:00+01:00\", \"expireDate\": \"20260303\"}",
	"{\"expireDate\": \"2026-03-03\", \"expireTime\": \"2026-03-02T09:30:00.000000Z\", \"commandType\": \"CreateOrderCommand\", \"transactTime\": \"2026-03-02T09:30:00.000000Z\"}"},
	/* a field of FIX that has no column */
	{"{\"commandType\": \"CreateOrderCommand\", \"handlInst\": \"1\"}",
	"{\"handlInst\": \"1\", \"commandType\": \"CreateOrderCommand\"}"},
};

static Jsonb *
json_of(const char *text)
{
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}

UNIT_TEST(command_normal)
{
	Command		command;
	int			length;

	for (int i = 0; i < lengthof(cases); i++)
	{
		Refusal    *refusal = oms_command_parse(json_of(cases[i].sent), false, &command);

		is_text(refusal ? refusal->message : oms_json_text(oms_command_normal(&command), &length), cases[i].normal, cases[i].sent);
	}
	(void) oms_command_parse(json_of("{\"commandType\": \"PlaceOrderCommand\", \"orderId\": \"A\", \"commandId\": \"c\", \"children\": [{\"orderQty\": \"10.0\", \"ordType\": \"2\"}]}"), false, &command);
	is_text(oms_json_text(oms_command_normal(&command.children[0]), &length),
			"{\"ordType\": \"LIMIT\", \"orderQty\": 10, \"parentId\": \"A\", \"commandId\": \"c\", \"commandType\": \"CreateOrderCommand\"}", "a slice is the command that it is");
}

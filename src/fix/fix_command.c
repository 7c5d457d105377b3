/*-------------------------------------------------------------------------
 *
 * fix_command.c
 *	  The fields of a FIX message as the fields of a command.
 *
 * Pure.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/decimal.h"
#include "fix/fix_command.h"
#include "fix/fix_private.h"
#include "fix/fix_tags.h"

const FixCommandTag oms_fix_command_tags[] = {
	{1, "account"}, {6, "avgPx"}, {11, "clOrdID"}, {14, "cumQty"}, {15, "currency"}, {17, "execID"},
	{19, "execRefID"}, {30, "lastMkt"}, {31, "lastPx"}, {32, "lastQty"}, {37, "orderID"},
	{38, "orderQty"}, {39, "ordStatus"}, {40, "ordType"}, {41, "origClOrdID"}, {44, "price"},
	{54, "side"}, {55, "symbol"}, {58, "text"}, {59, "timeInForce"}, {60, "transactTime"},
	{75, "tradeDate"}, {99, "stopPx"}, {100, "destination"}, {126, "expireTime"}, {150, "execType"},
	{151, "leavesQty"}, {152, "cashOrderQty"}, {432, "expireDate"}, {442, "multiLegReportingType"}, {0}
};

const FixCommandTag oms_fix_quote_tags[] = {
	{1, "account"}, {11, "clOrdID"}, {15, "currency"}, {38, "orderQty"}, {44, "price"}, {54, "side"}, {55, "symbol"},
	{58, "text"}, {59, "timeInForce"}, {60, "transactTime"}, {62, "validUntilTime"}, {63, "settlType"}, {64, "settlDate"},
	{117, "quoteID"}, {126, "expireTime"}, {131, "quoteReqID"}, {132, "bidPx"}, {133, "offerPx"}, {134, "bidSize"},
	{135, "offerSize"}, {188, "bidSpotRate"}, {189, "bidForwardPoints"}, {190, "offerSpotRate"}, {191, "offerForwardPoints"},
	{299, "quoteEntryID"}, {302, "quoteSetID"}, {537, "quoteType"}, {631, "midPx"}, {632, "bidYield"}, {633, "midYield"},
	{634, "offerYield"}, {647, "minBidSize"}, {648, "minOfferSize"}, {0}
};

static bool
fix_command_is_zero(const FixTag *tag)
{
	Numeric		value;

	return oms_dec_parse(tag->value, tag->length, &value) && oms_dec_sign(value) == 0;
}

const char *
oms_fix_command_field(int tag)
{
	for (const FixCommandTag *t = oms_fix_command_tags; t->tag != 0 && t->tag <= tag; t++)
		if (t->tag == tag)
			return t->field;
	return NULL;
}

static const char *
fix_command_field_of_tag(int tag, const CommandDef *def)
{
	const FixField *other;
	const char *name = oms_fix_command_field(tag);
	const CommandField *field = name ? oms_command_field(def, name) : NULL;

	if (field)
		return field->name;
	other = oms_fix_field_by_tag(tag, def->fix_messages);
	return other ? other->name : NULL;
}

/*
 * FIX states what does not apply as 0 or, of an id, as "NONE" and the like: no
 * quantity above zero, and no id, is then given.
 */
static bool
fix_command_applies(const FixTag *tag, const CommandDef *def, const char *name)
{
	const CommandField *field = oms_command_field(def, name);

	if (field == NULL)
		return true;
	if (tag->tag == TAG_CL_ORD_ID || tag->tag == TAG_ORIG_CL_ORD_ID || tag->tag == TAG_ORDER_ID ||
		tag->tag == TAG_EXEC_REF_ID)
		return !oms_fix_is_none(tag->tag, tag->value, tag->length);
	return field->type != CMD_QTY || !fix_command_is_zero(tag);
}

static void
fix_command_put_tags(JsonWriter *w, const FixMessage *message, const CommandDef *def)
{
	for (int i = 0; i < message->ntags; i++)
	{
		const FixTag *tag = &message->tags[i];
		const char *name;

		/* what stands in a group, and the same once more, is not the message's own */
		if (tag->length == 0 || !oms_fix_tag_is_own(tag->tag) || oms_fix_find(message, tag->tag) != tag)
			continue;
		/* a new order has no OrderID yet; one that has comes from a report (of a telephoned order) */
		if (tag->tag == TAG_ORDER_ID && strcmp(message->msg_type, "D") == 0)
			continue;
		/* of a report this would be kept beside the raw message as it came, which has it */
		if (tag->length > TEXT_LENGTH_MAX && message->def && (message->def->traits & FIX_REPORT))
			continue;
		name = fix_command_field_of_tag(tag->tag, def);
		if (name && fix_command_applies(tag, def, name))
			oms_json_string_len(w, name, tag->value, tag->length);
	}
}

JsonWriter
oms_fix_command(const FixMessage *message, const CommandDef *def)
{
	JsonWriter	w = {0};

	oms_json_open_object(&w);
	oms_json_string(&w, "commandType", def->name);
	fix_command_put_tags(&w, message, def);
	return w;
}

void
oms_fix_put_origin(JsonWriter *w, const FixMessage *message)
{
	if (message->session)
		oms_json_string(w, "fixSession", message->session);
	if (message->kept_in)
	{
		oms_json_string(w, "fixMessageIn", message->kept_in);
		return;
	}
	oms_json_string(w, message->base64 ? "fixMessageBase64" : "fixMessage", message->raw);
	if (message->encoding)
		oms_json_string(w, "fixEncoding", message->encoding);
}

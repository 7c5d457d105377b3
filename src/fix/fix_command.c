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

/* What a command of one kind makes of a tag: a field that it has, or one that is kept by its FIX name. */
typedef struct FixTagField
{
	const char *name;			/* NULL: it makes nothing of it */
	const CommandField *field;	/* NULL: kept */
} FixTagField;

/*
 * Both are learned from the lists when they are first asked for, and stay: which
 * tags may be fields of commands, numbered from 1; and, by kind of command, what
 * each of them is there.
 */
#define TAG_LAST	2964
#define TAGS_MAX	512

static uint16 command_tag_numbers[TAG_LAST + 1];
static int	command_ntags = 0;
static FixTagField *command_tag_fields[COMMAND_TYPE_COUNT];

static void
fix_command_number_tag(int tag)
{
	if (tag > TAG_LAST || command_ntags == TAGS_MAX)
		elog(ERROR, "BUG: there is no room for tag %d among those of commands", tag);
	if (command_tag_numbers[tag] == 0)
		command_tag_numbers[tag] = ++command_ntags;
}

const char *
oms_fix_command_field(int tag)
{
	for (const FixCommandTag *t = oms_fix_command_tags; t->tag != 0 && t->tag <= tag; t++)
		if (t->tag == tag)
			return t->field;
	return NULL;
}

static FixTagField
fix_command_find_tag(int tag, const CommandDef *def)
{
	const char *name = oms_fix_command_field(tag);
	const CommandField *field = name ? oms_command_field(def, name) : NULL;
	const FixField *kept = field ? NULL : oms_fix_field_by_tag(tag, def->fix_messages);

	if (kept)
		return (FixTagField) {kept->name, oms_command_field(def, kept->name)};
	return (FixTagField) {field ? field->name : NULL, field};
}

static void
fix_command_learn_tags(const CommandDef *def)
{
	FixTagField *fields;

	for (const FixCommandTag *t = oms_fix_command_tags; t->tag != 0; t++)
		fix_command_number_tag(t->tag);
	for (const FixField *f = oms_fix_fields; f->tag != 0; f++)
		fix_command_number_tag(f->tag);
	fields = MemoryContextAllocZero(TopMemoryContext, sizeof(FixTagField) * (command_ntags + 1));
	for (int tag = 0; tag <= TAG_LAST; tag++)
		if (command_tag_numbers[tag] != 0)
			fields[command_tag_numbers[tag]] = fix_command_find_tag(tag, def);
	command_tag_fields[def->type] = fields;
}

static const FixTagField *
fix_command_tag(int tag, const CommandDef *def)
{
	if (command_tag_fields[def->type] == NULL)
		fix_command_learn_tags(def);
	return &command_tag_fields[def->type][tag <= TAG_LAST ? command_tag_numbers[tag] : 0];
}

/* "10000" is no zero, and need not become a number to be told so. */
static bool
fix_command_is_zero(const FixTag *tag)
{
	Numeric		value;

	if (oms_fix_number(tag) > 0)
		return false;
	return oms_dec_parse(tag->value, tag->length, &value) && oms_dec_sign(value) == 0;
}

/*
 * FIX states what does not apply as 0 or, of an id, as "NONE" and the like: no
 * quantity above zero, and no id, is then given.
 */
static bool
fix_command_applies(const FixTag *tag, const CommandField *field)
{
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
		const FixTagField *known = fix_command_tag(tag->tag, def);

		/* what stands in a group, and the same once more, is not the message's own */
		if (known->name == NULL || tag->length == 0 || !oms_fix_tag_is_own(tag->tag) || !oms_fix_is_found(message, tag))
			continue;
		/* a new order has no OrderID yet; one that has comes from a report (of a telephoned order) */
		if (tag->tag == TAG_ORDER_ID && strcmp(message->msg_type, "D") == 0)
			continue;
		/* of a report this would be kept beside the raw message as it came, which has it */
		if (tag->length > TEXT_LENGTH_MAX && message->def && (message->def->traits & FIX_REPORT))
			continue;
		if (fix_command_applies(tag, known->field))
			oms_json_string_len(w, known->name, tag->value, tag->length);
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

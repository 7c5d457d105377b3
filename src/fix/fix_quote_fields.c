/*-------------------------------------------------------------------------
 *
 * fix_quote_fields.c
 *	  The fields of the messages of quotes as the fields of commands.
 *
 * Pure.  What stands in an instance of a group, or in groups of it, is told by
 * its tag: FIX gives legs, parties and underlyings tags of their own.
 *
 * Source: FIX 4.4 (Errata 20030618) volume 3; FIX 5.0 SP2 with its extension packs.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/decimal.h"
#include "fix/fix_quote.h"

#define FIELDS_MAX 128

/* The fields of a leg, under their FIX names in the array `legs`. */
static const FixCommandTag leg_tags[] = {
	{556, "legCurrency"}, {566, "legPrice"}, {587, "legSettlType"}, {588, "legSettlDate"}, {600, "legSymbol"},
	{602, "legSecurityID"}, {603, "legSecurityIDSource"}, {608, "legCFICode"}, {609, "legSecurityType"},
	{610, "legMaturityMonthYear"}, {611, "legMaturityDate"}, {612, "legStrikePrice"}, {613, "legOptAttribute"},
	{614, "legContractMultiplier"}, {615, "legCouponRate"}, {616, "legSecurityExchange"}, {617, "legIssuer"},
	{620, "legSecurityDesc"}, {623, "legRatioQty"}, {624, "legSide"}, {637, "legLastPx"}, {654, "legRefID"},
	{681, "legBidPx"}, {684, "legOfferPx"}, {685, "legOrderQty"}, {686, "legPriceType"}, {687, "legQty"},
	{690, "legSwapType"}, {764, "legSecuritySubType"}, {1067, "legBidForwardPoints"}, {1068, "legOfferForwardPoints"},
	{1358, "legPutOrCall"}, {2346, "legMidPx"}, {0}
};

/* What else is read of groups. */
static const int party_tags[] = {TAG_PARTY_ID, TAG_PARTY_ROLE, TAG_ROOT_PARTY_ID, TAG_ROOT_PARTY_ROLE, TAG_QUOTE_SET_VALID_UNTIL_TIME, 0};

/* PartyRole (452) of who quotes: executing firm, liquidity provider, market maker. */
static const char *const dealer_roles[] = {"1", "35", "66"};

const FixCode oms_fix_request_reject_reasons[] = {
	{"1", "UNKNOWN_SYMBOL"}, {"2", "EXCHANGE_CLOSED"}, {"3", "QUOTE_REQUEST_EXCEEDS_LIMIT"}, {"4", "TOO_LATE_TO_ENTER"},
	{"5", "INVALID_PRICE"}, {"6", "NOT_AUTHORIZED_TO_REQUEST_QUOTE"}, {"7", "NO_MATCH_FOR_INQUIRY"},
	{"8", "NO_MARKET_FOR_INSTRUMENT"}, {"9", "NO_INVENTORY"}, {"10", "PASS"}, {"11", "INSUFFICIENT_CREDIT"},
	{"12", "EXCEEDED_CLIP_SIZE_LIMIT"}, {"13", "EXCEEDED_MAX_NOTIONAL_ORDER_AMT"}, {"14", "EXCEEDED_DV01_PV01_LIMIT"},
	{"15", "EXCEEDED_CS01_LIMIT"}, {"99", "OTHER"}, {0}
};

const FixCode oms_fix_quote_reject_reasons[] = {
	{"1", "UNKNOWN_SYMBOL"}, {"2", "EXCHANGE_CLOSED"}, {"3", "QUOTE_EXCEEDS_LIMIT"}, {"4", "TOO_LATE_TO_ENTER"},
	{"5", "UNKNOWN_QUOTE"}, {"6", "DUPLICATE_QUOTE"}, {"7", "INVALID_BID_ASK_SPREAD"}, {"8", "INVALID_PRICE"},
	{"9", "NOT_AUTHORIZED_TO_QUOTE_SECURITY"}, {"10", "PRICE_EXCEEDS_CURRENT_PRICE_BAND"}, {"11", "QUOTE_LOCKED"},
	{"12", "INVALID_OR_UNKNOWN_SECURITY_ISSUER"}, {"13", "INVALID_OR_UNKNOWN_ISSUER_OF_UNDERLYING_SECURITY"},
	{"14", "NOTIONAL_VALUE_EXCEEDS_THRESHOLD"}, {"16", "REFERENCE_PRICE_NOT_AVAILABLE"}, {"17", "INSUFFICIENT_CREDIT_LIMIT"},
	{"18", "EXCEEDED_CLIP_SIZE_LIMIT"}, {"19", "EXCEEDED_MAX_NOTIONAL_ORDER_AMT"}, {"20", "EXCEEDED_DV01_PV01_LIMIT"},
	{"21", "EXCEEDED_CS01_LIMIT"}, {"99", "OTHER"}, {0}
};

const char *
oms_fix_code_name(const FixCode *codes, const char *code)
{
	for (; code && codes->code; codes++)
		if (strcmp(codes->code, code) == 0)
			return codes->name;
	return code;
}

static const char *
fields_name_among(const FixCommandTag *tags, int tag)
{
	while (tags->tag != 0 && tags->tag < tag)
		tags++;
	return tags->tag == tag ? tags->field : NULL;
}

static bool
fields_is_among(const int *tags, int tag)
{
	while (tags && *tags != 0 && *tags != tag)
		tags++;
	return tags && *tags == tag;
}

bool
oms_fix_quote_reads(int tag)
{
	return oms_fix_tag_is_of_quotes(tag) || fields_is_among(party_tags, tag) || fields_name_among(leg_tags, tag) != NULL;
}

bool
oms_fix_quote_decides(int tag)
{
	return tag != TAG_TEXT && (tag == TAG_PARTY_ID || fields_name_among(oms_fix_quote_tags, tag) != NULL);
}

/* ------------------------------------------------------------------------
 * commands
 * ------------------------------------------------------------------------
 */

typedef struct QuoteFields
{
	JsonWriter	w;
	const FixMessage *message;
	const CommandDef *def;
	const int  *skip;
	int			put[FIELDS_MAX];
	int			nput;
} QuoteFields;

/*
 * The field of the command that the tag is, or one that is kept by its FIX name.
 * What makes a quote, and cannot be replaced, is not said of its newer versions.
 */
static const char *
fields_name(const CommandDef *def, int tag)
{
	const char *name = fields_name_among(oms_fix_quote_tags, tag);
	const FixField *kept;

	if (name && oms_command_field(def, name))
		return name;
	if (name && def->type == COMMAND_REPLACE_QUOTE && oms_command_field(&oms_command_defs[COMMAND_CREATE_QUOTE], name))
		return NULL;
	kept = oms_fix_field_by_tag(tag, def->fix_messages);
	return kept ? kept->name : NULL;
}

/* FIX states a quantity that does not apply as 0, and an id as "NONE". */
static bool
fields_applies(const CommandDef *def, const char *name, const FixTag *tag)
{
	const CommandField *field = oms_command_field(def, name);
	Numeric		value;

	if (field && field->type == CMD_ID)
		return tag->tag == TAG_SYMBOL || !oms_fix_is_none(tag->tag, tag->value, tag->length);
	/* nobody hits a quote for nothing */
	return field == NULL || field->type != CMD_QTY || def->type == COMMAND_ACCEPT_QUOTE || !oms_dec_parse(tag->value, tag->length, &value) || oms_dec_sign(value) != 0;
}

static void
fields_put(QuoteFields *f, const FixTag *tag)
{
	const char *name;

	if (tag->length == 0 || tag->length > TEXT_LENGTH_MAX || fields_is_among(f->skip, tag->tag) || f->nput == FIELDS_MAX)
		return;
	for (int i = 0; i < f->nput; i++)
		if (f->put[i] == tag->tag)
			return;
	name = fields_name(f->def, tag->tag);
	if (name == NULL || !fields_applies(f->def, name, tag))
		return;
	oms_json_string_len(&f->w, name, tag->value, tag->length);
	f->put[f->nput++] = tag->tag;
}

static void
fields_put_legs(JsonWriter *w, const FixMessage *message, const FixSpan *span)
{
	FixSpan    *legs;
	int			n = oms_fix_spans(message, TAG_NO_LEGS, span, &legs);

	if (n == 0)
		return;
	oms_json_key(w, "legs");
	oms_json_open_array(w);
	for (int i = 0; i < n; i++)
	{
		oms_json_open_object(w);
		for (const FixCommandTag *t = leg_tags; t->tag != 0; t++)
		{
			const FixTag *tag = oms_fix_find_in(message, &legs[i], t->tag);

			if (tag && tag->length > 0)
				oms_json_string_len(w, t->field, tag->value, tag->length);
		}
		oms_json_close_object(w);
	}
	oms_json_close_array(w);
}

/* Who was used to FIX 4.1 says of all symbols what he says before them; what a symbol says itself goes first. */
static void
fields_put_before(QuoteFields *f, const int *own)
{
	const FixMessage *message = f->message;
	const FixTag *symbols = oms_fix_find(message, TAG_NO_RELATED_SYM);

	for (const FixTag *tag = message->tags; tag < symbols; tag++)
		if (oms_fix_tag_is_of_quotes(tag->tag) && !oms_fix_tag_is_envelope(tag->tag) && !fields_is_among(own, tag->tag) &&
			oms_fix_is_found(message, tag))
			fields_put(f, tag);
}

JsonWriter
oms_fix_quote_command(const FixMessage *message, CommandType type, const FixSpan *span, const int *skip)
{
	QuoteFields f = {.message = message, .def = &oms_command_defs[type], .skip = skip};
	const int  *own = message->def->own;

	oms_json_open_object(&f.w);
	oms_json_string(&f.w, "commandType", f.def->name);
	for (int i = 0; own && own[i] != 0; i++)
	{
		const FixTag *tag = oms_fix_find(message, own[i]);

		if (tag)
			fields_put(&f, tag);
	}
	for (int i = span ? span->first : 0; i < (span ? span->end : message->ntags); i++)
	{
		const FixTag *tag = &message->tags[i];

		if (!oms_fix_tag_is_of_quotes(tag->tag) || oms_fix_tag_is_envelope(tag->tag) || (own && fields_is_among(own, tag->tag)))
			continue;
		if (span ? oms_fix_is_in_span(message, span, tag) : oms_fix_is_found(message, tag))
			fields_put(&f, tag);
	}
	if (span && type == COMMAND_CREATE_QUOTE_REQUEST)
		fields_put_before(&f, own);
	if (oms_command_field(f.def, "legs"))
		fields_put_legs(&f.w, message, span);
	return f.w;
}

/* ------------------------------------------------------------------------
 * parties
 * ------------------------------------------------------------------------
 */

static bool
fields_is_dealer(const char *role)
{
	for (int i = 0; role && i < lengthof(dealer_roles); i++)
		if (strcmp(dealer_roles[i], role) == 0)
			return true;
	return false;
}

static List *
fields_dealers(const FixMessage *message, const FixSpan *span, int count_tag, int id_tag, int role_tag)
{
	FixSpan    *parties;
	int			n = oms_fix_spans(message, count_tag, span, &parties);
	List	   *dealers = NIL;

	for (int i = 0; i < n; i++)
	{
		char	   *id = oms_fix_get_in(message, &parties[i], id_tag);

		if (id && strlen(id) <= ID_LENGTH_MAX && fields_is_dealer(oms_fix_get_in(message, &parties[i], role_tag)))
			dealers = lappend(dealers, id);
	}
	return dealers;
}

char *
oms_fix_dealer_party(const FixMessage *message, const FixSpan *span)
{
	List	   *dealers = fields_dealers(message, span, TAG_NO_PARTY_IDS, TAG_PARTY_ID, TAG_PARTY_ROLE);

	return dealers == NIL ? NULL : linitial(dealers);
}

char *
oms_fix_sender(const FixMessage *message)
{
	char	   *behalf = oms_fix_get(message, TAG_ON_BEHALF_OF_COMP_ID);

	return behalf && strlen(behalf) <= ID_LENGTH_MAX ? behalf : oms_fix_get(message, TAG_SENDER_COMP_ID);
}

char *
oms_fix_dealer(const FixMessage *message)
{
	char	   *party = oms_fix_dealer_party(message, NULL);

	return party ? party : oms_fix_sender(message);
}

void
oms_fix_put_dealers(JsonWriter *w, const FixMessage *message, const FixSpan *span)
{
	List	   *dealers = fields_dealers(message, span, TAG_NO_PARTY_IDS, TAG_PARTY_ID, TAG_PARTY_ROLE);
	ListCell   *cell;

	if (dealers == NIL)
		dealers = fields_dealers(message, NULL, TAG_NO_ROOT_PARTY_IDS, TAG_ROOT_PARTY_ID, TAG_ROOT_PARTY_ROLE);
	if (dealers == NIL)
		return;
	oms_json_key(w, "dealers");
	oms_json_open_array(w);
	foreach(cell, dealers)
		oms_json_string(w, NULL, lfirst(cell));
	oms_json_close_array(w);
}

/* ------------------------------------------------------------------------
 * figures
 * ------------------------------------------------------------------------
 */

static bool
fields_is_zero(const FixTag *tag)
{
	Numeric		value;

	return tag && oms_dec_parse(tag->value, tag->length, &value) && oms_dec_sign(value) == 0;
}

/* A price of 0 is one only if a size is stated with it; a size of 0 takes any price back. */
static bool
fields_quotes_side(const FixMessage *message, const FixSpan *span, int px_tag, int size_tag)
{
	const FixTag *px = oms_fix_find_in(message, span, px_tag);
	const FixTag *size = oms_fix_find_in(message, span, size_tag);

	if (px == NULL || px->length == 0 || fields_is_zero(size))
		return false;
	return !fields_is_zero(px) || (size && size->length > 0);
}

QuotedSides
oms_fix_quoted_sides(const FixMessage *message, const FixSpan *span)
{
	static const int others[] = {188, 189, 190, 191, 631, 632, 633, 634};
	QuotedSides sides;

	sides.bid = fields_quotes_side(message, span, TAG_BID_PX, TAG_BID_SIZE);
	sides.offer = fields_quotes_side(message, span, TAG_OFFER_PX, TAG_OFFER_SIZE);
	sides.any = sides.bid || sides.offer;
	/* who states prices of 0 takes them back, whatever else he says */
	if (sides.any || oms_fix_find_in(message, span, TAG_BID_PX) || oms_fix_find_in(message, span, TAG_OFFER_PX))
		return sides;
	for (int i = 0; i < lengthof(others) && !sides.any; i++)
	{
		const FixTag *tag = oms_fix_find_in(message, span, others[i]);

		sides.any = tag && tag->length > 0;
	}
	return sides;
}

Refusal *
oms_fix_check_instances(const FixMessage *message, int count_tag, int instances)
{
	if (instances > FIX_QUOTE_ENTRIES_MAX)
		return oms_fix_damaged("The groups of tag %d have %d instances; the most is %d.", count_tag, instances, FIX_QUOTE_ENTRIES_MAX);
	if (!oms_fix_counts_agree(message, count_tag))
		return oms_fix_damaged("A group of tag %d has another number of instances than it says.", count_tag);
	return NULL;
}

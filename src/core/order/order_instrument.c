/*-------------------------------------------------------------------------
 *
 * order_instrument.c
 *	  What tells one contract from another, beside the symbol.
 *
 * Pure: values in, values out.  Source: FIX 4.4 (Errata 20030618) volume 1,
 * component block Instrument.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/decimal.h"
#include "base/json.h"
#include "core/order/order_instrument.h"

char *
oms_fix_text(Jsonb *fix, const char *name)
{
	JsonbValue	hold;
	JsonbValue *v = fix ? oms_json_get(fix, name, &hold) : NULL;

	if (v == NULL)
		return NULL;
	if (v->type == jbvNumeric)
		return oms_dec_text(v->val.numeric);
	return v->type == jbvString ? pnstrdup(v->val.string.val, v->val.string.len) : NULL;
}

Numeric
oms_round_lot(Jsonb *attributes)
{
	char	   *text = oms_fix_text(attributes, "roundLot");
	Numeric		lot;

	return text && oms_dec_parse(text, strlen(text), &lot) ? lot : NULL;
}

typedef enum InstrumentMatch
{
	MATCH_TEXT,
	MATCH_ID,					/* in the scheme of securityIDSource (22): an ISIN is never equal to a symbol of the exchange */
	MATCH_DECIMAL,				/* 100 and 100.00 are one strike */
	MATCH_MONTH,				/* a month, and a day or week of it, may be one contract */
	MATCH_NOTHING				/* it goes with another */
} InstrumentMatch;

static const struct
{
	const char *name;
	InstrumentMatch match;
}			instrument_fields[] = {
	{"securityID", MATCH_ID},	/* 48 */
	{"securityIDSource", MATCH_NOTHING},	/* 22 */
	{"securityType", MATCH_TEXT},	/* 167 */
	{"maturityMonthYear", MATCH_MONTH}, /* 200 */
	{"maturityDate", MATCH_TEXT},	/* 541 */
	{"putOrCall", MATCH_TEXT},	/* 201 */
	{"strikePrice", MATCH_DECIMAL}, /* 202 */
	{"securityExchange", MATCH_TEXT},	/* 207 */
	{"priceType", MATCH_NOTHING}	/* 423 */
};

static bool
instrument_is_same(const char *a, const char *b, InstrumentMatch match)
{
	Numeric		x,
				y;

	if (strcmp(a, b) == 0)
		return true;
	if (match == MATCH_DECIMAL)
		return oms_dec_parse(a, strlen(a), &x) && oms_dec_parse(b, strlen(b), &y) && oms_dec_cmp(x, y) == 0;
	return match == MATCH_MONTH && strncmp(a, b, Min(strlen(a), strlen(b))) == 0;
}

static bool
instrument_has_other_scheme(Jsonb *a, Jsonb *b)
{
	char	   *source = oms_fix_text(a, "securityIDSource");
	char	   *other = source ? oms_fix_text(b, "securityIDSource") : NULL;

	return other && strcmp(source, other) != 0;
}

bool
oms_instrument_differs(Jsonb *a, Jsonb *b, int *next, InstrumentDifference *difference)
{
	while (a && b && *next < lengthof(instrument_fields))
	{
		InstrumentMatch match = instrument_fields[*next].match;

		difference->field = instrument_fields[(*next)++].name;
		if (match == MATCH_NOTHING)
			continue;
		difference->a = oms_fix_text(a, difference->field);
		difference->b = difference->a ? oms_fix_text(b, difference->field) : NULL;
		if (difference->b && !instrument_is_same(difference->a, difference->b, match) &&
			!(match == MATCH_ID && instrument_has_other_scheme(a, b)))
			return true;
	}
	return false;
}

const char *
oms_instrument_field(int *next)
{
	return *next < lengthof(instrument_fields) ? instrument_fields[(*next)++].name : NULL;
}

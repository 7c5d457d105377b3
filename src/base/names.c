/*-------------------------------------------------------------------------
 *
 * names.c
 *	  Tables of names: a C value, our name for it, and FIX's code.
 *
 * Pure.  The sets of values are those of FIX 5.0 SP2 with its extension packs;
 * where an older version has a code that was dropped since, it stands here too.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "base/names.h"

const OmsName	oms_side_names[] = {
	{1, "BUY", "1"},
	{2, "SELL", "2"},
	{3, "BUY_MINUS", "3"},
	{4, "SELL_PLUS", "4"},
	{5, "SELL_SHORT", "5"},
	{6, "SELL_SHORT_EXEMPT", "6"},
	{7, "UNDISCLOSED", "7"},
	{8, "CROSS", "8"},
	{9, "CROSS_SHORT", "9"},
	{10, "CROSS_SHORT_EXEMPT", "A"},
	{11, "AS_DEFINED", "B"},
	{12, "OPPOSITE", "C"},
	{13, "SUBSCRIBE", "D"},
	{14, "REDEEM", "E"},
	{15, "LEND", "F"},
	{16, "BORROW", "G"},
	{17, "SELL_UNDISCLOSED", "H"},
	{0}
};

const OmsName	oms_ord_type_names[] = {
	{1, "MARKET", "1"},
	{2, "LIMIT", "2"},
	{3, "STOP", "3", "STOP_LOSS"},
	{4, "STOP_LIMIT", "4"},
	{5, "MARKET_ON_CLOSE", "5"},
	{6, "WITH_OR_WITHOUT", "6"},
	{7, "LIMIT_OR_BETTER", "7"},
	{8, "LIMIT_WITH_OR_WITHOUT", "8"},
	{9, "ON_BASIS", "9"},
	{10, "ON_CLOSE", "A"},
	{11, "LIMIT_ON_CLOSE", "B"},
	{12, "FOREX_MARKET", "C"},
	{13, "PREVIOUSLY_QUOTED", "D"},
	{14, "PREVIOUSLY_INDICATED", "E"},
	{15, "FOREX_LIMIT", "F"},
	{16, "FOREX_SWAP", "G"},
	{17, "FOREX_PREVIOUSLY_QUOTED", "H"},
	{18, "FUNARI", "I"},
	{19, "MARKET_IF_TOUCHED", "J"},
	{20, "MARKET_WITH_LEFTOVER_AS_LIMIT", "K"},
	{21, "PREVIOUS_FUND_VALUATION_POINT", "L"},
	{22, "NEXT_FUND_VALUATION_POINT", "M"},
	{23, "PEGGED", "P"},
	{24, "COUNTER_ORDER_SELECTION", "Q"},
	{25, "STOP_ON_BID_OR_OFFER", "R"},
	{26, "STOP_LIMIT_ON_BID_OR_OFFER", "S"},
	{0}
};

const OmsName	oms_time_in_force_names[] = {
	{1, "DAY", "0"},
	{2, "GOOD_TILL_CANCEL", "1", "GTC"},
	{3, "AT_THE_OPENING", "2", "OPG"},
	{4, "IMMEDIATE_OR_CANCEL", "3", "IOC"},
	{5, "FILL_OR_KILL", "4", "FOK"},
	{6, "GOOD_TILL_CROSSING", "5", "GTX"},
	{7, "GOOD_TILL_DATE", "6", "GTD"},
	{8, "AT_THE_CLOSE", "7", "ATC"},
	{9, "GOOD_THROUGH_CROSSING", "8"},
	{10, "AT_CROSSING", "9"},
	{11, "GOOD_FOR_TIME", "A", "GFT"},
	{12, "GOOD_FOR_AUCTION", "B", "GFA"},
	{13, "GOOD_FOR_MONTH", "C", "GFM"},
	{0}
};

const OmsName	oms_restatement_names[] = {
	{1, "GT_CORPORATE_ACTION", "0"},
	{2, "GT_RENEWAL", "1", "GT_RENEWAL_RESTATEMENT"},
	{3, "VERBAL_CHANGE", "2"},
	{4, "REPRICING_OF_ORDER", "3"},
	{5, "BROKER_OPTION", "4"},
	{6, "PARTIAL_DECLINE_OF_ORDER_QTY", "5"},
	{7, "CANCEL_ON_TRADING_HALT", "6"},
	{8, "CANCEL_ON_SYSTEM_FAILURE", "7"},
	{9, "MARKET_OPTION", "8"},
	{10, "CANCELED_NOT_BEST", "9"},
	{11, "WAREHOUSE_RECAP", "10"},
	{12, "PEG_REFRESH", "11"},
	{14, "CANCEL_ON_CONNECTION_LOSS", "12"},
	{15, "CANCEL_ON_LOGOUT", "13"},
	{16, "ASSIGN_TIME_PRIORITY", "14"},
	{17, "CANCELLED_FOR_TRADE_PRICE_VIOLATION", "15"},
	{18, "CANCELLED_FOR_CROSS_IMBALANCE", "16"},
	{19, "CANCELLED_BY_SELF_MATCH_PREVENTION", "17", "CXLD_SMP"},
	{20, "CANCELLED_AS_AGGRESSOR_BY_SELF_MATCH_PREVENTION", "18", "CXLD_SMP_AGGRESSIVE"},
	{21, "CANCELLED_AS_PASSIVE_BY_SELF_MATCH_PREVENTION", "19", "CXLD_SMP_PASSIVE"},
	{22, "CANCELLED_BOTH_BY_SELF_MATCH_PREVENTION", "20", "CXLD_SMP_AGGRESSIVE_PASSIVE"},
	{13, "OTHER", "99"},
	{0}
};

const OmsName	oms_comm_type_names[] = {
	{1, "PER_UNIT", "1"},
	{2, "PERCENT", "2"},
	{3, "ABSOLUTE", "3"},
	{4, "PERCENTAGE_WAIVED_CASH_DISCOUNT", "4"},
	{5, "PERCENTAGE_WAIVED_ENHANCED_UNITS", "5"},
	{6, "POINTS_PER_BOND_OR_CONTRACT", "6"},
	{0}
};

const OmsName	oms_last_capacity_names[] = {
	{1, "AGENT", "1"},
	{2, "CROSS_AS_AGENT", "2"},
	{3, "CROSS_AS_PRINCIPAL", "3"},
	{4, "PRINCIPAL", "4"},
	{0}
};

const OmsName	oms_dk_reason_names[] = {
	{1, "UNKNOWN_SYMBOL", "A"},
	{2, "WRONG_SIDE", "B"},
	{3, "QUANTITY_EXCEEDS_ORDER", "C"},
	{4, "NO_MATCHING_ORDER", "D"},
	{5, "PRICE_EXCEEDS_LIMIT", "E"},
	{6, "CALCULATION_DIFFERENCE", "F"},
	{7, "OTHER", "Z"},
	{0}
};

/* Equal but for case, spaces, underscores and hyphens. In ASCII, whatever the locale: in Turkish an i has no I above it. */
static bool
names_same_name(const char *name, const char *text, size_t length)
{
	size_t		i = 0;

	for (;;)
	{
		while (*name == '_')
			name++;
		while (i < length && (text[i] == '_' || text[i] == ' ' || text[i] == '-'))
			i++;
		if (*name == '\0' || i >= length)
			return *name == '\0' && i >= length;
		if (pg_ascii_toupper((unsigned char) text[i]) != (unsigned char) *name)
			return false;
		name++;
		i++;
	}
}

const OmsName *
oms_name_find(const OmsName *names, const char *text, size_t length)
{
	for (const OmsName *n = names; n->name != NULL; n++)
	{
		if (n->fix && strlen(n->fix) == length && memcmp(n->fix, text, length) == 0)
			return n;
		if (names_same_name(n->name, text, length) || (n->other && names_same_name(n->other, text, length)))
			return n;
	}
	return NULL;
}

const char *
oms_name_of(const OmsName *names, int value)
{
	for (const OmsName *n = names; n->name != NULL; n++)
		if (n->value == value)
			return n->name;
	elog(ERROR, "BUG: value %d has no name", value);
}

char *
oms_names_list(const OmsName *names)
{
	StringInfoData list;

	initStringInfo(&list);
	for (const OmsName *n = names; n->name != NULL; n++)
		if (n == names || n->value != n[-1].value)
			appendStringInfo(&list, "%s%s", list.len ? ", " : "", n->name);
	return list.data;
}

bool
oms_id_is_none(const char *text, size_t length)
{
	static const char *const none[] = {"NONE", "UNKNOWN", "N/A", "[N/A]"};

	for (int i = 0; i < lengthof(none); i++)
		if (strlen(none[i]) == length && pg_strncasecmp(none[i], text, length) == 0)
			return true;
	return length == 0;
}

bool
oms_order_id_is_none(const char *text, size_t length)
{
	return oms_id_is_none(text, length) || (length == 1 && *text == '0');
}

bool
oms_same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/*-------------------------------------------------------------------------
 *
 * fix_fields.c
 *	  Fields of FIX that are kept by name without a column of their own.
 *
 * Pure data.  FIX 4.4 volume 6 (field definitions): what the messages D, F, G
 * and 8, 9 may carry besides the members of Command.  By tag, and each under
 * its name in camelCase; a repeating group is one field, as array of objects, from
 * SQL callers; from a FIX message only its count (the event has the raw message).  FillExecID is
 * kept of a fill that is one part of a trade (fix_fills.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "core/command.h"

const FixField oms_fix_fields[] = {
	{12, "commission", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{13, "commType", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{18, "execInst", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{20, "execTransType", FIX_MSG_REPORT},
	{21, "handlInst", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{22, "securityIDSource", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{23, "IOIID", FIX_MSG_ORDER},
	{29, "lastCapacity", FIX_MSG_REPORT},
	{47, "rule80A", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{48, "securityID", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{63, "settlType", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{64, "settlDate", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{65, "symbolSfx", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{70, "allocID", FIX_MSG_ORDER},
	{75, "tradeDate", FIX_MSG_ORDER},
	{76, "execBroker", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{77, "positionEffect", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{78, "noAllocs", FIX_MSG_ORDER},
	{81, "processCode", FIX_MSG_ORDER},
	{100, "exDestination", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{102, "cxlRejReason", FIX_MSG_REPORT},
	{103, "ordRejReason", FIX_MSG_REPORT},
	{106, "issuer", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{107, "securityDesc", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{109, "clientID", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{110, "minQty", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{111, "maxFloor", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{114, "locateReqd", FIX_MSG_ORDER},
	{117, "quoteID", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{118, "netMoney", FIX_MSG_REPORT},
	{119, "settlCurrAmt", FIX_MSG_REPORT},
	{120, "settlCurrency", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{121, "forexReq", FIX_MSG_ORDER},
	{136, "noMiscFees", FIX_MSG_REPORT},
	{140, "prevClosePx", FIX_MSG_ORDER},
	{155, "settlCurrFxRate", FIX_MSG_REPORT},
	{156, "settlCurrFxRateCalc", FIX_MSG_REPORT},
	{157, "numDaysInterest", FIX_MSG_REPORT},
	{158, "accruedInterestRate", FIX_MSG_REPORT},
	{159, "accruedInterestAmt", FIX_MSG_REPORT},
	{167, "securityType", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{168, "effectiveTime", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{192, "orderQty2", FIX_MSG_ORDER},
	{193, "settlDate2", FIX_MSG_ORDER},
	{194, "lastSpotRate", FIX_MSG_REPORT},
	{195, "lastForwardPoints", FIX_MSG_REPORT},
	{198, "secondaryOrderID", FIX_MSG_REPORT},
	{200, "maturityMonthYear", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{201, "putOrCall", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{202, "strikePrice", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{203, "coveredOrUncovered", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{206, "optAttribute", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{207, "securityExchange", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{210, "maxShow", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{211, "pegOffsetValue", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{223, "couponRate", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{229, "tradeOriginationDate", FIX_MSG_ORDER},
	{230, "exDate", FIX_MSG_REPORT},
	{231, "contractMultiplier", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{232, "noStipulations", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{236, "yield", FIX_MSG_REPORT},
	{336, "tradingSessionID", FIX_MSG_REPORT},
	{376, "complianceID", FIX_MSG_ORDER},
	{377, "solicitedFlag", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{378, "execRestatementReason", FIX_MSG_REPORT},
	{381, "grossTradeAmt", FIX_MSG_REPORT},
	{382, "noContraBrokers", FIX_MSG_REPORT},
	{386, "noTradingSessions", FIX_MSG_ORDER},
	{388, "discretionInst", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{389, "discretionOffsetValue", FIX_MSG_ORDER},
	{423, "priceType", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{424, "dayOrderQty", FIX_MSG_REPORT},
	{425, "dayCumQty", FIX_MSG_REPORT},
	{426, "dayAvgPx", FIX_MSG_REPORT},
	{427, "GTBookingInst", FIX_MSG_ORDER},
	{434, "cxlRejResponseTo", FIX_MSG_REPORT},
	{439, "clearingFirm", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{440, "clearingAccount", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{442, "multiLegReportingType", FIX_MSG_REPORT},
	{453, "noPartyIDs", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{454, "noSecurityAltID", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{460, "product", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{461, "CFICode", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{468, "roundingDirection", FIX_MSG_ORDER},
	{469, "roundingModulus", FIX_MSG_ORDER},
	{479, "commCurrency", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{480, "cancellationRights", FIX_MSG_ORDER},
	{481, "moneyLaunderingStatus", FIX_MSG_ORDER},
	{483, "transBkdTime", FIX_MSG_REPORT},
	{494, "designation", FIX_MSG_ORDER},
	{497, "fundRenewWaiv", FIX_MSG_ORDER},
	{513, "registID", FIX_MSG_ORDER},
	{516, "orderPercent", FIX_MSG_ORDER},
	{518, "noContAmts", FIX_MSG_REPORT},
	{526, "secondaryClOrdID", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{527, "secondaryExecID", FIX_MSG_REPORT},
	{528, "orderCapacity", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{529, "orderRestrictions", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{541, "maturityDate", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{544, "cashMargin", FIX_MSG_ORDER},
	{548, "crossID", FIX_MSG_REPORT},
	{549, "crossType", FIX_MSG_REPORT},
	{551, "origCrossID", FIX_MSG_REPORT},
	{555, "noLegs", FIX_MSG_REPORT},
	{571, "tradeReportID", FIX_MSG_REPORT},
	{581, "accountType", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{582, "custOrderCapacity", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{583, "clOrdLinkID", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{586, "origOrdModTime", FIX_MSG_ORDER},
	{589, "dayBookingInst", FIX_MSG_ORDER},
	{590, "bookingUnit", FIX_MSG_ORDER},
	{591, "preallocMethod", FIX_MSG_ORDER},
	{625, "tradingSessionSubID", FIX_MSG_REPORT},
	{635, "clearingFeeIndicator", FIX_MSG_ORDER},
	{636, "workingIndicator", FIX_MSG_REPORT},
	{640, "price2", FIX_MSG_ORDER},
	{651, "underlyingLastPx", FIX_MSG_REPORT},
	{652, "underlyingLastQty", FIX_MSG_REPORT},
	{660, "acctIDSource", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{669, "lastParPx", FIX_MSG_REPORT},
	{693, "quoteRespID", FIX_MSG_REPORT},
	{711, "noUnderlyings", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{762, "securitySubType", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{768, "noTrdRegTimestamps", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{775, "bookingType", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{790, "ordStatusReqID", FIX_MSG_REPORT},
	{828, "trdType", FIX_MSG_REPORT},
	{829, "trdSubType", FIX_MSG_REPORT},
	{835, "pegMoveType", FIX_MSG_ORDER},
	{836, "pegOffsetType", FIX_MSG_ORDER},
	{837, "pegLimitType", FIX_MSG_ORDER},
	{838, "pegRoundDirection", FIX_MSG_ORDER},
	{840, "pegScope", FIX_MSG_ORDER},
	{841, "discretionMoveType", FIX_MSG_ORDER},
	{842, "discretionOffsetType", FIX_MSG_ORDER},
	{843, "discretionLimitType", FIX_MSG_ORDER},
	{844, "discretionRoundDirection", FIX_MSG_ORDER},
	{846, "discretionScope", FIX_MSG_ORDER},
	{847, "targetStrategy", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{848, "targetStrategyParameters", FIX_MSG_ORDER},
	{849, "participationRate", FIX_MSG_ORDER},
	{851, "lastLiquidityInd", FIX_MSG_REPORT},
	{854, "qtyType", FIX_MSG_ORDER},
	{864, "noEvents", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{880, "trdMatchID", FIX_MSG_REPORT},
	{911, "totNumReports", FIX_MSG_REPORT},
	{912, "lastRptRequested", FIX_MSG_REPORT},
	{943, "timeBracket", FIX_MSG_REPORT},
	{947, "strikeCurrency", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{957, "noStrategyParameters", FIX_MSG_ORDER},
	{1003, "tradeID", FIX_MSG_REPORT},
	{1028, "manualOrderIndicator", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{1040, "secondaryTradeID", FIX_MSG_REPORT},
	{1090, "maxPriceLevels", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{1138, "displayQty", FIX_MSG_ORDER | FIX_MSG_REPORT},
	{1362, "noFills", FIX_MSG_REPORT},
	{1363, "fillExecID", FIX_MSG_REPORT},
	{0}
};

const FixField *
oms_fix_field_by_tag(int tag, uint32 messages)
{
	for (const FixField *f = oms_fix_fields; f->tag != 0 && f->tag <= tag; f++)
		if (f->tag == tag && (f->messages & messages))
			return f;
	return NULL;
}

const FixField *
oms_fix_field_by_name(const char *name, size_t length, uint32 messages)
{
	for (const FixField *f = oms_fix_fields; f->tag != 0; f++)
		if ((f->messages & messages) && strlen(f->name) == length &&
			memcmp(f->name, name, length) == 0)
			return f;
	return NULL;
}

/*-------------------------------------------------------------------------
 *
 * quote_terms.h
 *	  What a quote offers, and what commands say of quotes and requests.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_QUOTE_TERMS_H
#define OMS_QUOTE_TERMS_H

#include "postgres.h"
#include "datatype/timestamp.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

/*
 * The figures of a quote, all of them decimals or NULL: they come and go together.
 * Source: FIX 4.4 (Errata 20030618) volume 3, "Quote".
 */
typedef struct QuoteFigures
{
	Numeric		bid_px;			/* BidPx (132) */
	Numeric		offer_px;		/* OfferPx (133) */
	Numeric		bid_size;		/* BidSize (134), in the quote's currency */
	Numeric		offer_size;		/* OfferSize (135) */
	Numeric		min_bid_size;	/* MinBidSize (647) */
	Numeric		min_offer_size; /* MinOfferSize (648) */
	Numeric		mid_px;			/* MidPx (631) */
	Numeric		bid_yield;		/* BidYield (632) */
	Numeric		mid_yield;		/* MidYield (633) */
	Numeric		offer_yield;	/* OfferYield (634) */
	Numeric		bid_spot_rate;	/* BidSpotRate (188) */
	Numeric		offer_spot_rate;	/* OfferSpotRate (190) */
	Numeric		bid_forward_points; /* BidForwardPoints (189) */
	Numeric		offer_forward_points;	/* OfferForwardPoints (191) */
} QuoteFigures;

/* What a command says besides the fields that orders have too. */
typedef struct QuoteTerms
{
	char	   *object_id;		/* quoteId: ours */
	char	   *request_id;		/* quoteRequestId: ours */
	char	   *quote_id;		/* QuoteID (117) */
	char	   *quote_req_id;	/* QuoteReqID (131) */
	char	   *quote_set_id;	/* QuoteSetID (302) and QuoteEntryID (299) of an entry of a mass quote */
	char	   *quote_entry_id;
	char	   *dealer;
	char	   *quote_type;		/* QuoteType (537) */
	char	   *resp_type;		/* QuoteRespType (694) */
	char	   *settl_type;		/* SettlType (63); SettlDate (64) is the command's */
	QuoteFigures figures;
	TimestampTz valid_until_time;	/* ValidUntilTime (62) */
	int			multiple_quotes;	/* Tristate */
	Jsonb	   *dealers;		/* who is asked, as texts */
	Jsonb	   *legs;			/* NoLegs (555), as objects */
} QuoteTerms;

/* Is anything offered at all? */
static inline bool
oms_quote_figures_given(const QuoteFigures *figures)
{
	return figures->bid_px || figures->offer_px || figures->mid_px || figures->bid_yield || figures->offer_yield ||
		figures->mid_yield || figures->bid_spot_rate || figures->offer_spot_rate || figures->bid_forward_points ||
		figures->offer_forward_points;
}

/* Sizes alone offer nothing. */
static inline bool
oms_quote_sizes_given(const QuoteFigures *figures)
{
	return figures->bid_size || figures->offer_size || figures->min_bid_size || figures->min_offer_size;
}

#endif							/* OMS_QUOTE_TERMS_H */

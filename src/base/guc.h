/*-------------------------------------------------------------------------
 *
 * guc.h
 *	  The settings of oms_state.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_GUC_H
#define OMS_GUC_H

#include "postgres.h"
#include "nodes/pg_list.h"
#include "utils/date.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

extern int	oms_guc_command_retention_s;	/* seconds */
extern int	oms_guc_slot_alert_size_mb; /* megabytes; -1 is never */
extern int	oms_guc_slot_alert_age_s;	/* seconds; -1 is never */

extern int	oms_guc_command_size_kb;	/* kilobytes */

extern bool oms_guc_four_eyes;	/* of executions */
extern bool oms_guc_allocation_four_eyes;
extern bool oms_guc_book_waiting_fills;
extern int	oms_guc_duplicate_window_s; /* seconds; 0 is never */
extern int	oms_guc_quote_lifetime_s;	/* seconds */
extern bool oms_guc_require_asset_class;
extern bool oms_guc_submit_client_orders;
extern bool oms_guc_flag_overdue;	/* what is due and live at a counterparty is flagged, and not expired */
extern char *oms_guc_correlation_id;	/* of commands that say none; empty: none */
extern int	oms_guc_query_limit;	/* rows of a page that says no limit */
extern int	oms_guc_query_limit_max;	/* … and the most that one may ask for */

extern void oms_guc_init(void);

/* The roles whose reports of fills are a venue's own: a list of names. */
extern List *oms_guc_feed_roles(void);

/* The part of an order's quantity by which fills may exceed it: 0.01 is one per cent. */
extern Numeric oms_guc_overfill_tolerance(void);

/* The encoding of FIX messages that do not say theirs. */
extern int	oms_guc_fix_encoding(void);

/* By how much a fill may be beyond the limit: in units of the price, or as a part of the limit. */
typedef struct PriceTolerance
{
	Numeric		amount;
	bool		is_part;		/* given in per cent: 0.01 is one */
} PriceTolerance;

extern const PriceTolerance *oms_guc_price_tolerance(void);

/* The trading day of a moment, until calendars say it. */
extern DateADT oms_trading_day(TimestampTz time);

#endif							/* OMS_GUC_H */

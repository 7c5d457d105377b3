/*-------------------------------------------------------------------------
 *
 * oms_state.h
 *	  Public header: the values that other extensions share with oms_state.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_STATE_H
#define OMS_STATE_H

#define OMS_STATE_SCHEMA_VERSION 2	/* of an event's payload; those of version 1 stay readable */

/* OrdStatus (FIX tag 39).  Shown is the one that wins FIX's precedence. */
typedef enum OmsOrderStatus
{
	OMS_ORDER_PENDING_NEW = 1,
	OMS_ORDER_NEW,
	OMS_ORDER_PARTIALLY_FILLED,
	OMS_ORDER_FILLED,
	OMS_ORDER_DONE_FOR_DAY,
	OMS_ORDER_CANCELLED,
	OMS_ORDER_PENDING_CANCEL,
	OMS_ORDER_PENDING_REPLACE,
	OMS_ORDER_STOPPED,
	OMS_ORDER_SUSPENDED,
	OMS_ORDER_REJECTED,
	OMS_ORDER_EXPIRED,
	OMS_ORDER_CALCULATED,
	OMS_ORDER_ACCEPTED_FOR_BIDDING
} OmsOrderStatus;

#define OMS_ORDER_STATUS_COUNT	14

typedef enum OmsExecutionStatus
{
	OMS_EXECUTION_REVIEW = 1,	/* no quantity moved */
	OMS_EXECUTION_VALIDATED,	/* live, not wholly allocated */
	OMS_EXECUTION_ALLOCATED,	/* live, wholly allocated */
	OMS_EXECUTION_CORRECTED,
	OMS_EXECUTION_BUSTED,
	OMS_EXECUTION_REJECTED
} OmsExecutionStatus;

#endif							/* OMS_STATE_H */

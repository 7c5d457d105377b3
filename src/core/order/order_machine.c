/*-------------------------------------------------------------------------
 *
 * order_machine.c
 *	  The life of an order as a table.
 *
 * Pure.  No other file decides by an order's status.
 *
 * Sources: FIX 4.4 (Errata 20030618) volume 4, "Order State Change Matrices"
 * and the precedence of OrdStatus in "Execution Report" (p. 10-11).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/decimal.h"
#include "core/kind.h"
#include "core/order/order.h"

/* what ends with a cancel, an expiry or a rejection */
#define ENDS	(COND_DONE_FOR_DAY | COND_STOPPED | COND_SUSPENDED | \
				 COND_PENDING_CANCEL | COND_PENDING_REPLACE)
/* what an acceptance leaves behind */
#define UNACCEPTED	(COND_PENDING_NEW | COND_ACCEPTED_FOR_BIDDING)
/* an expiry that was none is taken back */
#define REVIVED		.forbids = COND_CLOSED & ~COND_EXPIRED, .sets = COND_NEW, .clears = COND_EXPIRED | UNACCEPTED

static const Transition order_rows[] = {
	{.number = 101, .trigger = TRIGGER_CREATE,
		.sets = COND_NEW, .event_type = "OrderCreated",
	.sentence = "A new order is accepted as it is created."},
	{.number = 102, .trigger = TRIGGER_CREATE_PENDING,
		.sets = COND_PENDING_NEW, .event_type = "OrderCreated",
	.sentence = "A new order waits for its acceptance."},

	{.number = 111, .trigger = TRIGGER_ACCEPT,
		.requires = COND_PENDING_NEW, .forbids = COND_CLOSED, .sets = COND_NEW, .clears = UNACCEPTED,
		.event_type = "OrderAccepted",
	.sentence = "A waiting order is accepted."},
	{.number = 112, .trigger = TRIGGER_ACCEPT,
		.requires = COND_ACCEPTED_FOR_BIDDING, .forbids = COND_CLOSED, .sets = COND_NEW, .clears = UNACCEPTED,
		.event_type = "OrderAccepted",
	.sentence = "An order accepted for bidding is accepted for execution."},
	{.number = 113, .trigger = TRIGGER_ACCEPT, .reported = true,
		.requires = COND_SUSPENDED, .forbids = COND_CLOSED, .facts = FACT_STATES_WORKING,
		.clears = COND_SUSPENDED, .event_type = "OrderResumed",
	.sentence = "A suspended order is reported as working again."},
	{.number = 114, .trigger = TRIGGER_ACCEPT_FOR_BIDDING,
		.requires = COND_PENDING_NEW, .forbids = COND_CLOSED, .sets = COND_ACCEPTED_FOR_BIDDING,
		.clears = COND_PENDING_NEW, .event_type = "OrderAccepted",
	.sentence = "A waiting order is accepted for bidding."},
	{.number = 115, .trigger = TRIGGER_ACCEPT, .reported = true, .requires = COND_EXPIRED, .facts = FACT_REVIVES, REVIVED,
		.event_type = "OrderRevived",
	.sentence = "A good-till order that was reported as expired, before its time, is reported as working: it lives again."},
	{.number = 116, .trigger = TRIGGER_ACCEPT,
		.forbids = COND_CLOSED, .facts = FACT_STATES_QTY, .event_type = "OrderAccepted",
	.sentence = "The quantity of an accepted cash order is stated."},
	{.number = 118, .trigger = TRIGGER_ACCEPT, .reported = true, .event_type = "OrderReported",
	.sentence = "A report repeats an acceptance: nothing but the stated figures is kept."},
	{.number = 119, .trigger = TRIGGER_ACCEPT_FOR_BIDDING, .reported = true, .event_type = "OrderReported",
	.sentence = "A report repeats an acceptance for bidding: nothing but the stated figures is kept."},

	{.number = 121, .trigger = TRIGGER_REJECT,
		.forbids = COND_CLOSED, .facts = FACT_NO_FILLS, .sets = COND_REJECTED,
		.clears = ENDS | UNACCEPTED | COND_NEW, .event_type = "OrderRejected",
	.sentence = "An order without fills is rejected, which ends all that was pending."},
	{.number = 122, .trigger = TRIGGER_REJECT, .reported = true,
		.forbids = COND_CLOSED, .sets = COND_REJECTED, .clears = ENDS | UNACCEPTED, .event_type = "OrderRejected",
	.sentence = "A rejection is reported of an order that has fills: the order ends, the fills stay."},
	{.number = 129, .trigger = TRIGGER_REJECT, .reported = true, .event_type = "OrderReported",
	.sentence = "A rejection is reported of an order that is closed: only the stated figures are kept."},

	{.number = 130, .trigger = TRIGGER_REQUEST_CANCEL, .reported = true, .facts = FACT_ANSWERED,
		.event_type = "OrderReported",
	.sentence = "A cancel that was answered before is reported as pending: only the stated figures are kept."},
	{.number = 131, .trigger = TRIGGER_REQUEST_CANCEL,
		.forbids = COND_CLOSED, .facts = FACT_NOT_FILLED, .event_type = "OrderCancelRequested",
	.sentence = "A cancel is requested and shows as pending."},
	{.number = 132, .trigger = TRIGGER_REQUEST_CANCEL, .reported = true,
		.forbids = COND_CLOSED, .event_type = "OrderCancelRequested",
	.sentence = "A counterparty reports a filled order as pending cancel."},
	{.number = 133, .trigger = TRIGGER_RECORD_CANCEL_REQUEST, .event_type = "OrderCancelRequested",
	.sentence = "A cancel request is recorded until it is answered; the status does not change."},
	{.number = 139, .trigger = TRIGGER_REQUEST_CANCEL, .reported = true, .event_type = "OrderReported",
	.sentence = "A closed order is reported as pending cancel: only the stated figures are kept."},

	{.number = 141, .trigger = TRIGGER_CANCEL,
		.forbids = COND_CLOSED, .facts = FACT_NOT_FILLED, .sets = COND_CANCELLED, .clears = ENDS,
		.event_type = "OrderCancelled",
	.sentence = "An open order is cancelled, which ends all that was pending."},
	{.number = 142, .trigger = TRIGGER_CANCEL, .reported = true,
		.forbids = COND_CLOSED, .sets = COND_CANCELLED, .clears = ENDS, .event_type = "OrderCancelled",
	.sentence = "A cancel is reported of a filled order: it stays Filled, and Canceled shows after a bust."},
	{.number = 149, .trigger = TRIGGER_CANCEL, .reported = true,
		.clears = ENDS, .event_type = "OrderReported",
	.sentence = "A cancel is reported of an order that is closed already: what was pending ends."},

	{.number = 151, .trigger = TRIGGER_REJECT_CANCEL, .facts = FACT_REQUEST_OPEN,
		.event_type = "OrderCancelRejected",
	.sentence = "A cancel request is rejected: what it hid comes back."},
	{.number = 159, .trigger = TRIGGER_REJECT_CANCEL, .reported = true, .event_type = "OrderReported",
	.sentence = "A rejection of a cancel request that is not open: only the stated figures are kept."},

	{.number = 160, .trigger = TRIGGER_REQUEST_REPLACE, .reported = true, .facts = FACT_ANSWERED,
		.event_type = "OrderReported",
	.sentence = "A replacement that was answered before is reported as pending: only the stated figures are kept."},
	{.number = 161, .trigger = TRIGGER_REQUEST_REPLACE,
		.forbids = COND_CLOSED, .facts = FACT_NOT_FILLED, .event_type = "OrderReplaceRequested",
	.sentence = "A replacement is requested and shows as pending."},
	{.number = 162, .trigger = TRIGGER_REQUEST_REPLACE,
		.forbids = COND_CLOSED, .facts = FACT_GROWS | FACT_FILLED,
		.event_type = "OrderReplaceRequested",
	.sentence = "An increase of a filled order is requested and shows as pending."},
	{.number = 163, .trigger = TRIGGER_REQUEST_REPLACE, .reported = true,
		.forbids = COND_CLOSED, .event_type = "OrderReplaceRequested",
	.sentence = "A counterparty reports a filled order as pending replace."},
	{.number = 164, .trigger = TRIGGER_RECORD_REPLACE_REQUEST, .event_type = "OrderReplaceRequested",
	.sentence = "A replace request is recorded until it is answered; the status does not change."},
	{.number = 167, .trigger = TRIGGER_REPLACE, .reported = true, .facts = FACT_ANSWERED,
		.event_type = "OrderReported",
	.sentence = "A replacement that was in force before is reported again or late: only the stated figures are kept."},
	{.number = 169, .trigger = TRIGGER_REQUEST_REPLACE, .reported = true, .event_type = "OrderReported",
	.sentence = "A closed order is reported as pending replace: only the stated figures are kept."},

	{.number = 170, .trigger = TRIGGER_REPLACE, .reported = true,
		.requires = COND_PENDING_NEW, .forbids = COND_CLOSED, .sets = COND_NEW, .clears = COND_PENDING_NEW,
		.event_type = "OrderReplaced",
	.sentence = "A replacement is reported of a waiting order, which implies its acceptance."},
	{.number = 171, .trigger = TRIGGER_REPLACE,
		.forbids = COND_CLOSED, .facts = FACT_NOT_FILLED, .event_type = "OrderReplaced",
	.sentence = "An open order gets new terms; a quantity below the executed one stops it there."},
	{.number = 172, .trigger = TRIGGER_REPLACE,
		.forbids = COND_CLOSED, .facts = FACT_GROWS | FACT_FILLED, .event_type = "OrderReplaced",
	.sentence = "A filled order is increased and works again."},
	{.number = 173, .trigger = TRIGGER_REPLACE, .reported = true,
		.forbids = COND_CLOSED, .event_type = "OrderReplaced",
	.sentence = "A replacement is reported of a filled order."},
	{.number = 174, .trigger = TRIGGER_REPLACE, .reported = true, .requires = COND_EXPIRED, .facts = FACT_REVIVES, REVIVED,
		.event_type = "OrderReplaced",
	.sentence = "A replacement is reported of a good-till order that was reported as expired, before its time: it lives again."},
	{.number = 179, .trigger = TRIGGER_REPLACE, .reported = true, .event_type = "OrderReported",
	.sentence = "A replacement is reported of a closed order: only the stated figures are kept."},

	{.number = 181, .trigger = TRIGGER_REJECT_REPLACE, .facts = FACT_REQUEST_OPEN,
		.event_type = "OrderReplaceRejected",
	.sentence = "A replace request is rejected: what it hid comes back."},
	{.number = 189, .trigger = TRIGGER_REJECT_REPLACE, .reported = true, .event_type = "OrderReported",
	.sentence = "A rejection of a replace request that is not open: only the stated figures are kept."},

	{.number = 191, .trigger = TRIGGER_SUSPEND,
		.forbids = COND_CLOSED | COND_SUSPENDED, .facts = FACT_NOT_FILLED,
		.sets = COND_SUSPENDED | COND_NEW, .clears = UNACCEPTED, .event_type = "OrderSuspended",
	.sentence = "An open order is suspended."},
	{.number = 199, .trigger = TRIGGER_SUSPEND, .reported = true, .event_type = "OrderReported",
	.sentence = "A suspension is reported of an order that is suspended or no longer open: only the stated figures are kept."},

	{.number = 201, .trigger = TRIGGER_RESUME,
		.requires = COND_SUSPENDED, .forbids = COND_CLOSED, .clears = COND_SUSPENDED,
		.event_type = "OrderResumed",
	.sentence = "A suspended order works again: what the suspension hid comes back."},
	{.number = 203, .trigger = TRIGGER_RESUME,
		.requires = COND_STOPPED, .forbids = COND_CLOSED, .clears = COND_STOPPED,
		.event_type = "OrderResumed",
	.sentence = "A guarantee ends and the order works again."},
	{.number = 205, .trigger = TRIGGER_RESUME, .reported = true,
		.requires = COND_PENDING_NEW, .forbids = COND_CLOSED, .sets = COND_NEW, .clears = UNACCEPTED,
		.event_type = "OrderAccepted",
	.sentence = "A waiting order is reported as triggered, which implies its acceptance."},
	{.number = 209, .trigger = TRIGGER_RESUME, .reported = true, .event_type = "OrderReported",
	.sentence = "An order that is not suspended is reported as triggered: only the stated figures are kept."},

	{.number = 211, .trigger = TRIGGER_STOP,
		.forbids = COND_CLOSED, .facts = FACT_NOT_FILLED,
		.sets = COND_STOPPED | COND_NEW, .clears = UNACCEPTED, .event_type = "OrderStopped",
	.sentence = "An execution of the order is guaranteed."},
	{.number = 219, .trigger = TRIGGER_STOP, .reported = true, .event_type = "OrderReported",
	.sentence = "A guarantee is reported of an order that is no longer open: only the stated figures are kept."},

	{.number = 221, .trigger = TRIGGER_DONE_FOR_DAY,
		.forbids = COND_CLOSED | COND_DONE_FOR_DAY, .facts = FACT_NOT_FILLED,
		.sets = COND_DONE_FOR_DAY | COND_NEW, .clears = UNACCEPTED, .event_type = "OrderDoneForDay",
	.sentence = "No more executions come today; a good-till order stays open beyond it."},
	{.number = 222, .trigger = TRIGGER_DONE_FOR_DAY, .reported = true,
		.forbids = COND_CLOSED, .sets = COND_DONE_FOR_DAY | COND_NEW, .clears = UNACCEPTED,
		.event_type = "OrderDoneForDay",
	.sentence = "A counterparty reports a filled order, or one that was so before, as done for day."},
	{.number = 229, .trigger = TRIGGER_DONE_FOR_DAY, .reported = true, .event_type = "OrderReported",
	.sentence = "Done for day is reported of a closed order: only the stated figures are kept."},

	{.number = 230, .trigger = TRIGGER_RESTATE, .reported = true, .requires = COND_EXPIRED, .facts = FACT_REVIVES, REVIVED,
		.event_type = "OrderRestated",
	.sentence = "A good-till order that was reported as expired, before its time, is restated as working: it lives again."},
	{.number = 231, .trigger = TRIGGER_RESTATE, .reported = true,
		.forbids = COND_CLOSED, .facts = FACT_STATES_WORKING, .sets = COND_NEW,
		.clears = COND_DONE_FOR_DAY | COND_SUSPENDED | COND_STOPPED | UNACCEPTED, .event_type = "OrderRestated",
	.sentence = "An order is restated as working: done for day, suspension and guarantee end."},
	{.number = 232, .trigger = TRIGGER_RESTATE,
		.forbids = COND_CLOSED, .sets = COND_NEW, .clears = COND_DONE_FOR_DAY | UNACCEPTED,
		.event_type = "OrderRestated",
	.sentence = "An order is restated, which ends done for day."},
	{.number = 233, .trigger = TRIGGER_RESTATE, .reported = true, .facts = FACT_SPLITS, .event_type = "OrderRestated",
	.sentence = "A split is reported of a closed order: its fills and quantities are scaled, and it stays closed."},
	{.number = 239, .trigger = TRIGGER_RESTATE, .reported = true, .event_type = "OrderReported",
	.sentence = "A closed order is restated: only the stated figures are kept."},

	{.number = 241, .trigger = TRIGGER_CALCULATE,
		.forbids = COND_CLOSED, .sets = COND_CALCULATED | COND_NEW, .clears = UNACCEPTED,
		.event_type = "OrderCalculated",
	.sentence = "The order is complete for the day and its figures are calculated."},
	{.number = 249, .trigger = TRIGGER_CALCULATE, .reported = true, .event_type = "OrderReported",
	.sentence = "A closed order is reported as calculated: only the stated figures are kept."},

	{.number = 251, .trigger = TRIGGER_EXPIRE,
		.forbids = COND_CLOSED, .facts = FACT_NOT_FILLED, .sets = COND_EXPIRED, .clears = ENDS,
		.event_type = "OrderExpired",
	.sentence = "An open order expires, which ends all that was pending."},
	{.number = 252, .trigger = TRIGGER_EXPIRE, .reported = true,
		.forbids = COND_CLOSED, .sets = COND_EXPIRED, .clears = ENDS, .event_type = "OrderExpired",
	.sentence = "An expiry is reported of a filled order: it stays Filled, and Expired shows after a bust."},
	{.number = 255, .trigger = TRIGGER_MISS_EXPIRY,
		.forbids = COND_CLOSED, .facts = FACT_NOT_FILLED | FACT_UNFLAGGED, .raises = FLAG_EXPIRY_OVERDUE, .event_type = "OrderExpiryMissed",
	.sentence = "An open order should have expired and could not: it is flagged, once, until it has ended or has other terms."},
	{.number = 258, .trigger = TRIGGER_MISS_EXPIRY, .reported = true, .event_type = "OrderReported",
	.sentence = "A report says that an order is overdue which has ended or is flagged so: only the stated figures are kept."},
	{.number = 259, .trigger = TRIGGER_EXPIRE, .reported = true, .clears = ENDS, .event_type = "OrderReported",
	.sentence = "An expiry is reported of an order that is closed already: what was pending ends."},

	{.number = 261, .trigger = TRIGGER_UPDATE, .reported = true, .event_type = "OrderReported",
	.sentence = "A counterparty states where the order stands: only the stated figures are kept."},
	{.number = 262, .trigger = TRIGGER_UPDATE, .event_type = "OrderUpdated",
	.sentence = "Text and attributes change, which no market sees."},
	{.number = 264, .trigger = TRIGGER_PLACE,
		.forbids = COND_CLOSED, .facts = FACT_PLANS, .event_type = "OrderPlacementPlanned",
	.sentence = "Slices of an order are to be placed later, or no more; nothing is placed now."},
	{.number = 265, .trigger = TRIGGER_PLACE,
		.forbids = COND_CLOSED, .facts = FACT_NOT_FILLED, .event_type = "OrderPlaced",
	.sentence = "Slices of an open order are placed with its children."},

	{.number = 271, .trigger = TRIGGER_KEEP_REPORT, .facts = FACT_LEG, .event_type = "OrderReported",
	.sentence = "A report about a leg of the order's strategy is kept: it counts nothing and is compared with nothing."},
	{.number = 272, .trigger = TRIGGER_KEEP_REPORT, .facts = FACT_OTHER_ORDER, .raises = FLAG_DISAGREES,
		.event_type = "OrderReported",
	.sentence = "A report that names another symbol or side is kept and flagged: it changes nothing."},
	{.number = 273, .trigger = TRIGGER_KEEP_REPORT, .facts = FACT_RESTATED_FIGURES, .raises = FLAG_DISAGREES,
		.event_type = "OrderReported",
	.sentence = "A report comes again with other figures than the first time: it is flagged and changes nothing."},
	{.number = 274, .trigger = TRIGGER_KEEP_REPORT, .facts = FACT_ANSWERED, .event_type = "OrderReported",
	.sentence = "A request comes after all that was reported of it: it is kept and changes nothing."},

	{.number = 291, .trigger = TRIGGER_FILL, .facts = FACT_STATES_CANCELLED, .forbids = COND_CLOSED,
		.sets = COND_CANCELLED | COND_NEW, .clears = ENDS | UNACCEPTED, .event_type = "OrderExecuted",
	.sentence = "A fill whose report states Canceled counts and ends the order."},
	{.number = 292, .trigger = TRIGGER_FILL, .facts = FACT_STATES_EXPIRED, .forbids = COND_CLOSED,
		.sets = COND_EXPIRED | COND_NEW, .clears = ENDS | UNACCEPTED, .event_type = "OrderExecuted",
	.sentence = "A fill whose report states Expired counts and ends the order."},
	{.number = 293, .trigger = TRIGGER_FILL, .facts = FACT_STATES_REJECTED, .forbids = COND_CLOSED,
		.sets = COND_REJECTED, .clears = ENDS | UNACCEPTED, .event_type = "OrderExecuted",
	.sentence = "A fill whose report states Rejected counts and ends the order."},
	{.number = 294, .trigger = TRIGGER_FILL, .facts = FACT_STATES_DONE, .forbids = COND_CLOSED | COND_DONE_FOR_DAY,
		.sets = COND_DONE_FOR_DAY | COND_NEW, .clears = UNACCEPTED, .event_type = "OrderExecuted",
	.sentence = "A fill whose report states Done for Day counts and ends the day of a day order."},
	{.number = 295, .trigger = TRIGGER_FILL, .facts = FACT_IMPLIES_REPLACE,
		.forbids = COND_CLOSED | COND_DONE_FOR_DAY | COND_STOPPED,
		.sets = COND_NEW, .clears = UNACCEPTED, .event_type = "OrderExecuted",
	.sentence = "A fill under the ClOrdID of an open replace request, with its quantity, counts and implies the replacement."},
	{.number = 299, .trigger = TRIGGER_FILL, .reported = true, .requires = COND_EXPIRED, .facts = FACT_REVIVES, REVIVED,
		.event_type = "OrderExecuted",
	.sentence = "A fill with a working status of a good-till order that was reported as expired, before its time, counts: it lives again."},
	{.number = 300, .trigger = TRIGGER_FILL, .requires = COND_EXPIRED, .facts = FACT_IN_TIME, .event_type = "OrderExecuted",
	.sentence = "A fill that waited in review while its order expired, and was dealt before, counts and is not late."},
	{.number = 301, .trigger = TRIGGER_FILL, .requires = COND_PENDING_NEW, .forbids = COND_CLOSED,
		.sets = COND_NEW, .clears = UNACCEPTED, .event_type = "OrderExecuted",
	.sentence = "A fill implies the acceptance of a waiting order."},
	{.number = 302, .trigger = TRIGGER_FILL, .requires = COND_ACCEPTED_FOR_BIDDING, .forbids = COND_CLOSED,
		.sets = COND_NEW, .clears = UNACCEPTED, .event_type = "OrderExecuted",
	.sentence = "A fill implies the acceptance of an order that was out for bidding."},
	{.number = 303, .trigger = TRIGGER_FILL, .requires = COND_DONE_FOR_DAY, .forbids = COND_CLOSED,
		.facts = FACT_LATER_DAY, .clears = COND_DONE_FOR_DAY, .event_type = "OrderExecuted",
	.sentence = "A fill of a later day, or with a working status, ends done for day of a good-till order."},
	{.number = 304, .trigger = TRIGGER_FILL, .requires = COND_STOPPED, .forbids = COND_CLOSED | COND_DONE_FOR_DAY,
		.facts = FACT_STATES_WORKING, .clears = COND_STOPPED, .event_type = "OrderExecuted",
	.sentence = "A fill reported with a working status fulfils the guarantee."},
	{.number = 305, .trigger = TRIGGER_FILL, .requires = COND_CANCELLED, .raises = FLAG_LATE_FILL,
		.event_type = "OrderExecuted",
	.sentence = "A late fill of a cancelled order counts and is flagged."},
	{.number = 306, .trigger = TRIGGER_FILL, .requires = COND_EXPIRED, .raises = FLAG_LATE_FILL,
		.event_type = "OrderExecuted",
	.sentence = "A late fill of an expired order counts and is flagged."},
	{.number = 307, .trigger = TRIGGER_FILL, .requires = COND_DONE_FOR_DAY, .forbids = COND_CLOSED,
		.raises = FLAG_LATE_FILL, .event_type = "OrderExecuted",
	.sentence = "A late fill of an order done for day counts and is flagged."},
	{.number = 308, .trigger = TRIGGER_FILL, .forbids = COND_REJECTED, .event_type = "OrderExecuted",
	.sentence = "A fill counts, whatever is pending."},
	{.number = 309, .trigger = TRIGGER_FILL, .requires = COND_REJECTED, .facts = FACT_APPROVED, .event_type = "OrderExecuted",
	.sentence = "A fill that the desk approves counts for an order that was rejected, which stays so."},
	{.number = 310, .trigger = TRIGGER_FILL, .requires = COND_REJECTED, .facts = FACT_QUOTED, .raises = FLAG_LATE_FILL,
		.event_type = "OrderExecuted",
	.sentence = "A dealer fills the acceptance of his quote that he had rejected: it counts and is flagged."},

	{.number = 311, .trigger = TRIGGER_BUST, .event_type = "OrderExecutionBusted",
	.sentence = "A fill is taken back; what the fills hid comes back."},
	{.number = 321, .trigger = TRIGGER_CORRECT, .event_type = "OrderExecutionCorrected",
	.sentence = "A fill counts with its corrected quantity and price."},
	{.number = 326, .trigger = TRIGGER_REVIEW, .facts = FACT_STATES_CANCELLED, .forbids = COND_CLOSED,
		.sets = COND_CANCELLED | COND_NEW, .clears = ENDS | UNACCEPTED, .event_type = "OrderCancelled",
	.sentence = "A fill that waits in review states Canceled: the order ends all the same."},
	{.number = 327, .trigger = TRIGGER_REVIEW, .facts = FACT_STATES_EXPIRED, .forbids = COND_CLOSED,
		.sets = COND_EXPIRED | COND_NEW, .clears = ENDS | UNACCEPTED, .event_type = "OrderExpired",
	.sentence = "A fill that waits in review states Expired: the order ends all the same."},
	{.number = 328, .trigger = TRIGGER_REVIEW, .facts = FACT_STATES_REJECTED, .forbids = COND_CLOSED,
		.sets = COND_REJECTED, .clears = ENDS | UNACCEPTED, .event_type = "OrderRejected",
	.sentence = "A fill that waits in review states Rejected: the order ends all the same."},
	{.number = 329, .trigger = TRIGGER_REVIEW, .facts = FACT_STATES_DONE, .forbids = COND_CLOSED | COND_DONE_FOR_DAY,
		.sets = COND_DONE_FOR_DAY | COND_NEW, .clears = UNACCEPTED, .event_type = "OrderDoneForDay",
	.sentence = "A fill that waits in review states Done for Day: the day of a day order ends all the same."},
	{.number = 331, .trigger = TRIGGER_REVIEW, .event_type = "OrderQuantitiesChanged",
	.sentence = "A fill of the order waits in review, or no more: it counts in what the order reserves, and not as executed."},
	{.number = 341, .trigger = TRIGGER_ROLL_UP, .merges = true, .event_type = "OrderQuantitiesChanged",
	.sentence = "Quantities of the children changed, or what they are asked for."},
	{.number = 345, .trigger = TRIGGER_SCALE, .event_type = "OrderRestated",
	.sentence = "A split scales an order that the command does not name."},
	{.number = 351, .trigger = TRIGGER_LAST_CHILD_CLOSED, .forbids = COND_CLOSED,
		.facts = FACT_REQUEST_OPEN | FACT_NOT_FILLED, .sets = COND_CANCELLED, .clears = ENDS,
		.event_type = "OrderCancelled",
	.sentence = "The last child of an order whose cancel is requested closed: the order is cancelled."},
	{.number = 352, .trigger = TRIGGER_LAST_CHILD_CLOSED,
		.facts = FACT_REQUEST_OPEN | FACT_FILLED, .clears = COND_PENDING_CANCEL, .event_type = "OrderCancelRejected",
	.sentence = "The last child of an order whose cancel is requested closed and the order is filled: too late to cancel."},
	{.number = 353, .trigger = TRIGGER_CASCADE, .facts = FACT_REFUSED | FACT_CANCELS, .event_type = "OrderCancelRejected",
	.sentence = "One of the orders below, which a replacement further up asks to end, goes on: so does the order above it."},
	{.number = 354, .trigger = TRIGGER_CASCADE, .facts = FACT_REFUSED, .event_type = "OrderReplaceRejected",
	.sentence = "All orders below have answered a replacement, and one has refused, or it is possible no more: it is rejected."},
	{.number = 355, .trigger = TRIGGER_CASCADE, .forbids = COND_CLOSED, .event_type = "OrderReplaced",
	.sentence = "All orders below have answered a replacement, and none has refused: it comes into force."},
	{.number = 361, .trigger = TRIGGER_REPLACE_MEMBERS, .forbids = COND_CLOSED, .event_type = "OrderMembersReplaced",
	.sentence = "A block works for other members, or for other parts of them."},
	{.number = 362, .trigger = TRIGGER_REPLACE_MEMBERS, .facts = FACT_COVERED, .event_type = "OrderMembersReplaced",
	.sentence = "Members take what a closed block has filled, and nobody has been allocated."},
	{.number = 365, .trigger = TRIGGER_RELEASE_MEMBERS, .merges = true, .event_type = "OrderMembersReplaced",
	.sentence = "A closed block with nothing left to allocate works for its members no more."},
	{.number = 371, .trigger = TRIGGER_MEMBERSHIP, .merges = true, .event_type = "OrderMembershipChanged",
	.sentence = "A block came to work for a part of the order, for another part, or no more."},
	{.number = 381, .trigger = TRIGGER_ALLOCATE, .merges = true, .event_type = "OrderAllocated",
	.sentence = "What the fills of a block gave the order has changed."},
	{0}
};

static MachineTrigger order_triggers[TRIGGER_COUNT] = {
	[TRIGGER_CREATE] = {"CreateOrder"},
	[TRIGGER_CREATE_PENDING] = {"CreateOrder pending"},
	[TRIGGER_ACCEPT] = {"AcceptOrder"},
	[TRIGGER_ACCEPT_FOR_BIDDING] = {"AcceptOrder for bidding"},
	[TRIGGER_REJECT] = {"RejectOrder"},
	[TRIGGER_REQUEST_CANCEL] = {"RequestCancelOrder"},
	[TRIGGER_RECORD_CANCEL_REQUEST] = {"RequestCancelOrder not shown"},
	[TRIGGER_CANCEL] = {"CancelOrder"},
	[TRIGGER_REJECT_CANCEL] = {"RejectCancelOrder"},
	[TRIGGER_REQUEST_REPLACE] = {"RequestReplaceOrder"},
	[TRIGGER_RECORD_REPLACE_REQUEST] = {"RequestReplaceOrder not shown"},
	[TRIGGER_REPLACE] = {"ReplaceOrder"},
	[TRIGGER_REJECT_REPLACE] = {"RejectReplaceOrder"},
	[TRIGGER_SUSPEND] = {"SuspendOrder"},
	[TRIGGER_RESUME] = {"ResumeOrder"},
	[TRIGGER_STOP] = {"StopOrder"},
	[TRIGGER_DONE_FOR_DAY] = {"DoneForDayOrder"},
	[TRIGGER_RESTATE] = {"RestateOrder"},
	[TRIGGER_CALCULATE] = {"CalculateOrder"},
	[TRIGGER_EXPIRE] = {"ExpireOrder"},
	[TRIGGER_MISS_EXPIRY] = {"ExpireOrder overdue"},
	[TRIGGER_UPDATE] = {"UpdateOrder"},
	[TRIGGER_PLACE] = {"PlaceOrder"},
	[TRIGGER_FILL] = {"ExecuteOrder"},
	[TRIGGER_BUST] = {"BustExecution"},
	[TRIGGER_CORRECT] = {"CorrectExecution"},
	[TRIGGER_REVIEW] = {"execution in review"},
	[TRIGGER_ROLL_UP] = {"roll-up"},
	[TRIGGER_SCALE] = {"split of the tree"},
	[TRIGGER_LAST_CHILD_CLOSED] = {"last child closed"},
	[TRIGGER_CASCADE] = {"children answered"},
	[TRIGGER_KEEP_REPORT] = {"report only kept"},
	[TRIGGER_REPLACE_MEMBERS] = {"ReplaceBlockMembers"},
	[TRIGGER_RELEASE_MEMBERS] = {"block is over"},
	[TRIGGER_MEMBERSHIP] = {"membership"},
	[TRIGGER_ALLOCATE] = {"allocation"},
};

static const OmsName order_facts[] = {
	{FACT_GROWS, "GROWS"},
	{FACT_REQUEST_OPEN, "REQUEST_OPEN"},
	{FACT_STATES_WORKING, "STATES_WORKING"},
	{FACT_LATER_DAY, "LATER_DAY"},
	{FACT_STATES_QTY, "STATES_QTY"},
	{FACT_ANSWERED, "ANSWERED"},
	{FACT_IMPLIES_REPLACE, "IMPLIES_REPLACE"},
	{FACT_STATES_CANCELLED, "STATES_CANCELLED"},
	{FACT_STATES_EXPIRED, "STATES_EXPIRED"},
	{FACT_STATES_REJECTED, "STATES_REJECTED"},
	{FACT_STATES_DONE, "STATES_DONE_FOR_DAY"},
	{FACT_LEG, "LEG"},
	{FACT_OTHER_ORDER, "OTHER_ORDER"},
	{FACT_RESTATED_FIGURES, "OTHER_FIGURES"},
	{FACT_SPLITS, "SPLITS"},
	{FACT_COVERED, "COVERED"},
	{FACT_NO_FILLS, "NO_FILLS"},
	{FACT_NOT_FILLED, "NOT_FILLED"},
	{FACT_FILLED, "FILLED"},
	{FACT_APPROVED, "APPROVED"},
	{FACT_IN_TIME, "IN_TIME"},
	{FACT_QUOTED, "QUOTED"},
	{FACT_PLANS, "PLANS"},
	{FACT_REFUSED, "REFUSED"},
	{FACT_CANCELS, "CANCELS"},
	{FACT_REVIVES, "REVIVES"},
	{FACT_UNFLAGGED, "UNFLAGGED"},
	{0}
};

const Machine oms_order_machine = {
	.object = "order",
	.rows = order_rows,
	.triggers = order_triggers,
	.trigger_count = TRIGGER_COUNT,
	.conditions = oms_condition_names,
	.facts = order_facts,
	.flags = oms_flag_names,
	/* from the requests that are open */
	.derived = COND_PENDING_CANCEL | COND_PENDING_REPLACE,
};

bool
oms_order_is_filled(const Order *order)
{
	return order->order_qty != NULL && oms_dec_sign(order->order_qty) > 0 &&
		oms_dec_cmp(order->executed_quantity, order->order_qty) >= 0;
}

bool
oms_order_is_closed(const Order *order)
{
	return (order->conditions & COND_CLOSED) != 0;
}

bool
oms_order_is_live(const Order *order)
{
	return !oms_order_is_closed(order) && !oms_order_is_filled(order);
}

static uint32
order_machine_fill_facts(const Order *order)
{
	if (oms_order_is_filled(order))
		return FACT_FILLED;
	return oms_dec_sign(order->executed_quantity) == 0 ? FACT_NOT_FILLED | FACT_NO_FILLS : FACT_NOT_FILLED;
}

const Transition *
oms_order_transition(OrderTrigger trigger, const Order *order, uint32 facts, bool reported)
{
	if (oms_machine_asks(&oms_order_machine, trigger, FACT_NO_FILLS | FACT_NOT_FILLED | FACT_FILLED))
		facts |= order_machine_fill_facts(order);
	if (oms_machine_asks(&oms_order_machine, trigger, FACT_UNFLAGGED) &&
		(order->flags & FLAG_EXPIRY_OVERDUE) == 0 && !oms_order_has_ended(order))
		facts |= FACT_UNFLAGGED;
	return oms_machine_find(&oms_order_machine, trigger, order->conditions, facts, reported);
}

/* In FIX's order of precedence, the highest first; the fills are asked for in between. */
OmsOrderStatus
oms_order_status(uint32 conditions, bool any_fill, bool full)
{
	static const struct
	{
		uint32		condition;
		OmsOrderStatus status;
	}			above_filled[] = {
		{COND_PENDING_CANCEL, OMS_ORDER_PENDING_CANCEL},
		{COND_PENDING_REPLACE, OMS_ORDER_PENDING_REPLACE},
		{COND_DONE_FOR_DAY, OMS_ORDER_DONE_FOR_DAY},
		{COND_CALCULATED, OMS_ORDER_CALCULATED},
	}, above_partial[] = {
		{COND_STOPPED, OMS_ORDER_STOPPED},
		{COND_SUSPENDED, OMS_ORDER_SUSPENDED},
		{COND_CANCELLED, OMS_ORDER_CANCELLED},
		{COND_EXPIRED, OMS_ORDER_EXPIRED},
	}, below_partial[] = {
		{COND_REJECTED, OMS_ORDER_REJECTED},
		{COND_NEW, OMS_ORDER_NEW},
		{COND_PENDING_NEW, OMS_ORDER_PENDING_NEW},
		{COND_ACCEPTED_FOR_BIDDING, OMS_ORDER_ACCEPTED_FOR_BIDDING},
	};

	for (int i = 0; i < lengthof(above_filled); i++)
		if (conditions & above_filled[i].condition)
			return above_filled[i].status;
	if (full)
		return OMS_ORDER_FILLED;
	for (int i = 0; i < lengthof(above_partial); i++)
		if (conditions & above_partial[i].condition)
			return above_partial[i].status;
	if (any_fill)
		return OMS_ORDER_PARTIALLY_FILLED;
	for (int i = 0; i < lengthof(below_partial); i++)
		if (conditions & below_partial[i].condition)
			return below_partial[i].status;
	elog(ERROR, "BUG: an order without any condition");
}

/*-------------------------------------------------------------------------
 *
 * command_route.h
 *	  Which slot a command belongs to.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_COMMAND_ROUTE_H
#define OMS_COMMAND_ROUTE_H

#include "postgres.h"

#include "base/tree_slot.h"
#include "core/command.h"

typedef struct Route
{
	int			slot;			/* or OMS_ANY_SLOT */
	const char *by;				/* the field that says so */
	bool		certain;		/* the tree cannot be elsewhere */
} Route;

/* The ids under which a counterparty or client speaks of an order, or of a quote; each may be NULL. */
typedef struct OrderNames
{
	const char *session;
	const char *orig_cl_ord_id;
	const char *cl_ord_id;
	const char *order_id;		/* OrderID (37), the counterparty's */
	const char *quote_req_id;	/* QuoteReqID (131) */
	const char *quote_id;		/* QuoteID (117), the dealer's; of a mass quote it is no entry's */
	bool		entry;			/* an entry of a mass quote: its next version comes under another QuoteID */
} OrderNames;

/* The first id in this role that the command gives, or NULL. */
extern const char *oms_command_object_id(const Command *command, IdRole role);

/* By what the command itself says, as sent by `actor`. */
extern Route oms_command_route(const Command *command, const char *actor);

/* By the names of an order or quote alone; OMS_ANY_SLOT if there are none. */
extern Route oms_names_route(const OrderNames *names);

#endif							/* OMS_COMMAND_ROUTE_H */

/*-------------------------------------------------------------------------
 *
 * routing.h
 *	  The rules of oms.routing_rules: does a client order go to the desk?
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ROUTING_H
#define OMS_ROUTING_H

#include "postgres.h"
#include "nodes/pg_list.h"

#include "core/finding.h"
#include "store/rule_table.h"

typedef enum RoutingAction
{
	ROUTE_TO_DESK = 1,
	ROUTE_AUTO					/* it is placed */
} RoutingAction;

extern const OmsName oms_routing_action_names[];

typedef struct RoutingRule
{
	Rule		rule;			/* first */
	int			action;			/* RoutingAction */
	const char *reason;
} RoutingRule;

extern RuleTable oms_routing_table;

/* What is decided of an order. */
typedef struct Routing
{
	RoutingAction action;
	const char *rule;			/* that decided; NULL: none matched */
	int64		version;
	const char *reason;			/* why it goes to the desk, or is placed; or NULL */
	List	   *findings;		/* of Finding: every rule that was asked, in its order */
} Routing;

/*
 * The first rule that is true decides, by priority and name; where none is, the
 * order is placed.  What a rule fails for goes to the desk: what cannot be answered
 * is nothing for the market.  The order is as the command has left it, or would.
 */
extern void oms_routing_ask(const Command *command, const Object *order, Routing *routing);

#endif							/* OMS_ROUTING_H */

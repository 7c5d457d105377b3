/*-------------------------------------------------------------------------
 *
 * placement.h
 *	  The policies of oms.placement_policies: how is a client order placed?
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_PLACEMENT_H
#define OMS_PLACEMENT_H

#include "postgres.h"

#include "core/finding.h"
#include "core/placement_policy.h"
#include "store/rule_table.h"

typedef struct PlacementRule
{
	Rule		rule;			/* first */
	PlacementPolicy policy;
} PlacementRule;

extern RuleTable oms_placement_table;

/*
 * The policy that places the order: the first that is true, by priority and name.  The
 * order is as the command has left it.  OM005 (rule `placement`) where one fails before,
 * or none is true.  `finding`: what the event tells of the one that decided.  Good until
 * rules are asked again.
 */
extern Refusal *oms_placement_choose(const Command *command, const Object *order, const PlacementPolicy **policy, Finding **finding);

#endif							/* OMS_PLACEMENT_H */

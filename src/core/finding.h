/*-------------------------------------------------------------------------
 *
 * finding.h
 *	  What a rule, a halt or the routing says of a command, as a value.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_FINDING_H
#define OMS_FINDING_H

#include "postgres.h"
#include "nodes/pg_list.h"
#include "utils/jsonb.h"

#include "core/command.h"

typedef enum FindingSeverity
{
	FINDING_ROUTE = 1,			/* what a rule of routing answered: kept with the event, and nothing else */
	FINDING_WARN,				/* kept with the event */
	FINDING_FLAG,				/* a fact is not as it should be: it is flagged, and never waits */
	FINDING_DESK,				/* the client order that the command makes waits on the desk */
	FINDING_REVIEW,				/* a fill waits for the desk */
	FINDING_REFUSE				/* what somebody asks for is refused */
} FindingSeverity;

extern const OmsName oms_severity_names[];

/* Whoever asks does so before the command is decided upon, and passes in what is said. */
typedef struct Finding
{
	const char *rule;
	int64		version;		/* of the rule */
	FindingSeverity severity;
	const char *message;		/* or NULL; of FINDING_DESK, why the order waits */
	const char *why;			/* "is false", or NULL */
	const char *action;			/* of FINDING_ROUTE: DESK or AUTO, where it would send the order; PLACE: the policy that places it; or NULL */
	const char *answer;			/* TRUE, FALSE, NULL or ERROR; or NULL */
	Jsonb	   *saw;			/* what it read of the order and the command, {"cur.orderQty": 5000}; or NULL */
} Finding;

/*
 * What becomes of findings that are more than a warning:
 *
 * - a fill or correction, whoever tells of it, waits in review; the findings are
 *	 among its reasons;
 * - a bust, and a report that is no fill, are facts: they are applied, and what
 *	 they are about is flagged RULE; so is any fact with nothing graver than FINDING_FLAG,
 *	 and what routing has decided;
 * - a client order that is made with nothing graver than FINDING_DESK is made, and
 *	 waits on the desk from its first event on;
 * - what somebody asks for is refused.
 *
 * The event of what the command is about carries all findings, the rule's name in each.
 */
typedef enum FindingEffect
{
	FINDINGS_TELL,				/* nothing but warnings, and what routing said */
	FINDINGS_QUEUE,
	FINDINGS_HOLD,
	FINDINGS_FLAG,
	FINDINGS_REFUSE
} FindingEffect;

extern FindingEffect oms_findings_effect(const List *findings, const Command *command);

/* Why the order waits: the first FINDING_DESK. */
extern const char *oms_findings_desk_reason(const List *findings);

/* OM005, by the first of the gravest. */
extern Refusal *oms_findings_refuse(const List *findings, const Command *command);

/* What several slices of a command have in common is told once. */
extern List *oms_findings_add(List *findings, Finding *finding);

/*
 * Does one more find room where *told bytes of findings stand?  However many rules
 * there are, an event stays below its bound (command_size.c).  The first always does.
 */
extern bool oms_finding_fits(const Finding *finding, int64 *told);

/* As an event carries them: an array of objects; the last says how many "more" there are. */
extern Jsonb *oms_findings_json(const List *findings);

#endif							/* OMS_FINDING_H */

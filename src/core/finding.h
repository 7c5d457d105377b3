/*-------------------------------------------------------------------------
 *
 * finding.h
 *	  What a rule says of a command, as a value.
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
	FINDING_WARN = 1,			/* kept with the event */
	FINDING_REVIEW,				/* a fill waits for the desk */
	FINDING_REFUSE				/* what somebody asks for is refused */
} FindingSeverity;

extern const OmsName oms_severity_names[];

/* Whoever asks the rules does so before the command is decided upon, and passes in what they say. */
typedef struct Finding
{
	const char *rule;
	int64		version;		/* of the rule */
	FindingSeverity severity;
	const char *message;		/* or NULL */
	const char *why;			/* "is false", or NULL */
} Finding;

/*
 * What becomes of findings that are more than a warning:
 *
 * - a fill or correction, whoever tells of it, waits in review; the findings are
 *	 among its reasons;
 * - a bust, and a report that is no fill, are facts: they are applied, and what
 *	 they are about is flagged RULE;
 * - what somebody asks for is refused.
 *
 * The event of what the command is about carries all findings, the rule's name in each.
 */
typedef enum FindingEffect
{
	FINDINGS_TELL,				/* nothing but warnings */
	FINDINGS_HOLD,
	FINDINGS_FLAG,
	FINDINGS_REFUSE
} FindingEffect;

extern FindingEffect oms_findings_effect(const List *findings, const Command *command);

/* OM005, by the first of the gravest. */
extern Refusal *oms_findings_refuse(const List *findings, const Command *command);

/* As an event carries them: an array of objects. */
extern Jsonb *oms_findings_json(const List *findings);

#endif							/* OMS_FINDING_H */

/*-------------------------------------------------------------------------
 *
 * added.h
 *	  Kinds of object that other libraries bring (oms_state.h, OmsKind).
 *
 * One becomes what ours are: rows of oms_kinds[] and oms_command_defs[], a record
 * and a machine.  So nothing beyond this folder knows that it is one.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ADDED_H
#define OMS_ADDED_H

#include "postgres.h"

#include "core/decision.h"
#include "oms_state.h"

/* The struct of all of them: the columns of a kind have places in `values`, in their order. */
typedef struct AddedObject
{
	OBJECT_HEAD;
	uint32		conditions;
	int			status;			/* of them the first in precedence, counted from 1 */
	AddedValue	values[OMS_COLUMNS_MAX];
} AddedObject;

typedef struct AddedCommand
{
	const OmsKindCommand *given;
	const OmsColumn *columns;	/* of the kind */
	const CommandField *own;	/* fields that the library has named: behind the id */
	const RecordColumn *fills[OMS_FIELDS_MAX];	/* by each of them; NULL: nothing */
} AddedCommand;

/* added_kind.c: it is one from now on; an error where it cannot be, and then nothing has changed. */
extern void oms_added_kind(const OmsKind *given);

/* What is not given of a command that is about to be read. */
extern void oms_added_command_init(Command *command);

/* added_decide.c: what all their commands do. */
extern Refusal *oms_decide_added(Decision *d);

/* What a decide function of theirs may ask and do (OmsApi). */
extern bool oms_added_get(const OmsDecision *decision, OmsSide side, const char *name, Datum *value);
extern void oms_added_set(OmsDecision *decision, const char *column, const Datum *value);
extern void oms_added_refuse(OmsDecision *decision, const char *rule, const char *message, const char *detail);
extern TimestampTz oms_added_now(const OmsDecision *decision);
extern const char *oms_added_actor(const OmsDecision *decision);

#endif							/* OMS_ADDED_H */

/*-------------------------------------------------------------------------
 *
 * result.h
 *	  What a command answers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_RESULT_H
#define OMS_RESULT_H

#include "postgres.h"

#include "base/errors.h"
#include "core/kind.h"
#include "store/incarnation.h"

typedef struct ResultSource
{
	ObjectKind	kind;			/* what the command was about */
	const char *id;
	const char *command_id;
	Token		token;
	bool		duplicate;
	Jsonb	  **payloads;		/* of its events */
	int			npayloads;
	Jsonb	   *state;			/* of the object, where no event carries it */
	void		(*tells) (Jsonb *const *payloads, int count, JsonWriter *w);	/* CommandDef.tells */
	bool		steps;			/* the events are of several commands: of what it is about the newest state is listed, and no other */
	bool		brief;			/* of the object its id, version and status, and nothing of events and other objects */
	bool		preview;		/* the payloads are of events that are not, and carry states alone */
} ResultSource;

/* Does one of the events carry the state of the object? */
extern bool oms_result_is_told(const ResultSource *source);

extern Jsonb *oms_result_build(const ResultSource *source);
extern Jsonb *oms_result_rejected(const Refusal *refusal, const char *command_id, const char *command_type);

/* What an event of the object would carry for a preview. */
extern Jsonb *oms_preview_payload(const Object *object, TimestampTz occurred_at);

/* The state of an object, as events carry it; NULL for none. */
extern Jsonb *oms_object_state(const Object *object);

#endif							/* OMS_RESULT_H */

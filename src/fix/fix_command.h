/*-------------------------------------------------------------------------
 *
 * fix_command.h
 *	  The fields of a FIX message as the fields of a command.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_FIX_COMMAND_H
#define OMS_FIX_COMMAND_H

#include "postgres.h"

#include "base/json.h"
#include "core/command.h"
#include "fix/fix_message.h"

/* Tags that are fields of commands; all others go by their FIX name, or stay in the raw message. */
typedef struct FixCommandTag
{
	int			tag;
	const char *field;
} FixCommandTag;

extern const FixCommandTag oms_fix_command_tags[];	/* ends with tag 0 */
extern const char *oms_fix_command_field(int tag);	/* or NULL */

/* The same of the messages of quotes: tags that mean something else there, or nothing elsewhere. */
extern const FixCommandTag oms_fix_quote_tags[];	/* ends with tag 0 */

/* A command of this kind with all fields that the message has for it, still open. */
extern JsonWriter oms_fix_command(const FixMessage *message, const CommandDef *def);

/*
 * The raw message and its session: what only oms_fix() may say.  "fixMessage" is
 * its text; where the message came as bytes that are not ASCII, "fixEncoding" is
 * what they were converted from, so that convert_to() gives them again; where they
 * could not be, "fixMessageBase64" has them.  Of several commands that a long
 * message stands for the first one has it, the others name that in "fixMessageIn".
 */
extern void oms_fix_put_origin(JsonWriter *w, const FixMessage *message);

#endif							/* OMS_FIX_COMMAND_H */

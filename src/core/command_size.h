/*-------------------------------------------------------------------------
 *
 * command_size.h
 *	  How large a command, and what it leaves behind, may be.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_COMMAND_SIZE_H
#define OMS_COMMAND_SIZE_H

#include "postgres.h"

#include "base/errors.h"
#include "base/json.h"
#include "base/record.h"
#include "core/command.h"

/* A command larger than oms_state.command_size: OM001, or NULL. */
extern Refusal *oms_command_check_size(Jsonb *raw);

/* The same of a raw message of so many bytes. */
extern Refusal *oms_message_check_size(size_t length);

/*
 * The short of a command: its members that are no longer than an id, for where
 * the whole would be too much.  The command itself if it is short.
 */
extern Jsonb *oms_command_brief(Jsonb *raw);

/*
 * A command that names the shares of several orders, as the event of one of them
 * carries it: what it says of the others is nothing of his, and neither is the
 * message that it came by (fixMessageIn: the command that has it).
 */
extern Jsonb *oms_command_part(const Command *command, const char *order_id);

/* Longer commands stand in the events of other objects than the one they are about as their short. */
#define COMMAND_BRIEF_FROM	(16 * 1024)

/*
 * A text this short costs a state nothing: we say ourselves why a quote has ended, or an order
 * waits on the desk, and that one is full must not keep others from being dealt.
 */
#define CODE_LENGTH_MAX		64

/* A text cut to that. */
extern char *oms_text_as_code(const char *text);

/*
 * What an object may hold in texts and documents: a sixth of a command's size,
 * so that an event, which has both, is never much larger than a command.
 */
extern int64 oms_state_size_max(void);
extern int64 oms_state_size(const RecordDef *def, const void *record);
extern Refusal *oms_state_refuse_size(const RecordDef *def, const char *id, int64 size);

#endif							/* OMS_COMMAND_SIZE_H */

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

#include "command_model.h"
#include "fix_message.h"
#include "jsonb_io.h"

/* The tags that oms_fix() itself looks at. */
enum FixTagNumber
{
	TAG_AVG_PX = 6,
	TAG_CL_ORD_ID = 11,
	TAG_CUM_QTY = 14,
	TAG_EXEC_ID = 17,
	TAG_EXEC_TRANS_TYPE = 20,
	TAG_LAST_PX = 31,
	TAG_LAST_QTY = 32,
	TAG_ORDER_ID = 37,
	TAG_ORDER_QTY = 38,
	TAG_ORD_STATUS = 39,
	TAG_ORD_TYPE = 40,
	TAG_ORIG_CL_ORD_ID = 41,
	TAG_POSS_DUP_FLAG = 43,
	TAG_SIDE = 54,
	TAG_SYMBOL = 55,
	TAG_POSS_RESEND = 97,
	TAG_EXEC_TYPE = 150,
	TAG_EXEC_RESTATEMENT_REASON = 378,
	TAG_CXL_REJ_RESPONSE_TO = 434,
	TAG_SECONDARY_CL_ORD_ID = 526
};

/* A command of this kind with all fields that the message has for it, still open. */
extern JsonWriter oms_fix_command(const FixMessage *message, const CommandDef *def);

/* The raw message and its session: what only oms_fix() may say. */
extern void oms_fix_put_origin(JsonWriter *w, const FixMessage *message);

#endif							/* OMS_FIX_COMMAND_H */

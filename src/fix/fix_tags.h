/*-------------------------------------------------------------------------
 *
 * fix_tags.h
 *	  What has to be known of a tag to read a message.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_FIX_TAGS_H
#define OMS_FIX_TAGS_H

#include "postgres.h"

/* The tags that oms_fix() itself looks at. */
enum FixTagNumber
{
	TAG_ACCOUNT = 1,
	TAG_AVG_PX = 6,
	TAG_BEGIN_STRING = 8,
	TAG_BODY_LENGTH = 9,
	TAG_CHECK_SUM = 10,
	TAG_CL_ORD_ID = 11,
	TAG_CUM_QTY = 14,
	TAG_EXEC_ID = 17,
	TAG_EXEC_REF_ID = 19,
	TAG_EXEC_TRANS_TYPE = 20,
	TAG_LAST_PX = 31,
	TAG_LAST_QTY = 32,
	TAG_MSG_TYPE = 35,
	TAG_ORDER_ID = 37,
	TAG_ORDER_QTY = 38,
	TAG_ORD_STATUS = 39,
	TAG_ORD_TYPE = 40,
	TAG_ORIG_CL_ORD_ID = 41,
	TAG_POSS_DUP_FLAG = 43,
	TAG_SENDER_COMP_ID = 49,
	TAG_SIDE = 54,
	TAG_SYMBOL = 55,
	TAG_TARGET_COMP_ID = 56,
	TAG_TEXT = 58,
	TAG_TRANSACT_TIME = 60,
	TAG_ALLOC_ID = 70,
	TAG_ALLOC_TRANS_TYPE = 71,
	TAG_REF_ALLOC_ID = 72,
	TAG_NO_ORDERS = 73,
	TAG_NO_ALLOCS = 78,
	TAG_ALLOC_ACCOUNT = 79,
	TAG_ALLOC_QTY = 80,
	TAG_POSS_RESEND = 97,
	TAG_NO_EXECS = 124,
	TAG_EXEC_TYPE = 150,
	TAG_MESSAGE_ENCODING = 347,
	TAG_EXEC_RESTATEMENT_REASON = 378,
	TAG_CXL_REJ_RESPONSE_TO = 434,
	TAG_SECONDARY_CL_ORD_ID = 526,
	TAG_NO_FILLS = 1362,
	TAG_FILL_EXEC_ID = 1363,
	TAG_FILL_PX = 1364,
	TAG_FILL_QTY = 1365
};

/* Does it belong to the message itself (header, trailer, what commands and `fix` keep), not to a group? */
extern bool oms_fix_tag_is_own(int tag);

/* … to its header or trailer? */
extern bool oms_fix_tag_is_envelope(int tag);

/* Does it tell how many instances of a group follow?  Only of tags that FIX defines. */
extern bool oms_fix_tag_is_count(int tag);

/* A tag of users, or of a later version: it may be anything, also the count of a group. */
extern bool oms_fix_tag_is_unknown(int tag);

/* A field of the message itself that this group may have too. */
extern bool oms_fix_tag_may_stand_in(int count_tag, int tag);

/* The tag of the data whose length this one tells, or 0. */
extern int	oms_fix_data_tag_after(int length_tag);

#endif							/* OMS_FIX_TAGS_H */

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
	TAG_CURRENCY = 15,
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
	TAG_PRICE = 44,
	TAG_SENDER_COMP_ID = 49,
	TAG_SECURITY_ID = 48,
	TAG_SENDING_TIME = 52,
	TAG_SIDE = 54,
	TAG_SYMBOL = 55,
	TAG_TARGET_COMP_ID = 56,
	TAG_TEXT = 58,
	TAG_TRANSACT_TIME = 60,
	TAG_VALID_UNTIL_TIME = 62,
	TAG_SETTL_DATE = 64,
	TAG_SYMBOL_SFX = 65,
	TAG_ALLOC_ID = 70,
	TAG_ALLOC_TRANS_TYPE = 71,
	TAG_REF_ALLOC_ID = 72,
	TAG_NO_ORDERS = 73,
	TAG_NO_ALLOCS = 78,
	TAG_ALLOC_ACCOUNT = 79,
	TAG_ALLOC_QTY = 80,
	TAG_POSS_RESEND = 97,
	TAG_ON_BEHALF_OF_COMP_ID = 115,
	TAG_QUOTE_ID = 117,
	TAG_ORIG_SENDING_TIME = 122,
	TAG_NO_EXECS = 124,
	TAG_QUOTE_REQ_ID = 131,
	TAG_BID_PX = 132,
	TAG_OFFER_PX = 133,
	TAG_BID_SIZE = 134,
	TAG_OFFER_SIZE = 135,
	TAG_NO_RELATED_SYM = 146,
	TAG_SETTL_DATE2 = 193,
	TAG_EXEC_TYPE = 150,
	TAG_SECURITY_TYPE = 167,
	TAG_MATURITY_MONTH_YEAR = 200,
	TAG_PUT_OR_CALL = 201,
	TAG_STRIKE_PRICE = 202,
	TAG_SECURITY_EXCHANGE = 207,
	TAG_DEF_BID_SIZE = 293,
	TAG_DEF_OFFER_SIZE = 294,
	TAG_NO_QUOTE_ENTRIES = 295,
	TAG_NO_QUOTE_SETS = 296,
	TAG_QUOTE_STATUS = 297,
	TAG_QUOTE_CANCEL_TYPE = 298,
	TAG_QUOTE_ENTRY_ID = 299,
	TAG_QUOTE_REJECT_REASON = 300,
	TAG_QUOTE_SET_ID = 302,
	TAG_UNDERLYING_SYMBOL = 311,
	TAG_SECURITY_TRADING_STATUS = 326,
	TAG_HALT_REASON = 327,
	TAG_TRADING_SESSION_ID = 336,
	TAG_TRAD_SES_STATUS = 340,
	TAG_MESSAGE_ENCODING = 347,
	TAG_QUOTE_SET_VALID_UNTIL_TIME = 367,
	TAG_QUOTE_ENTRY_REJECT_REASON = 368,
	TAG_EXEC_RESTATEMENT_REASON = 378,
	TAG_PRICE_TYPE = 423,
	TAG_CXL_REJ_RESPONSE_TO = 434,
	TAG_PARTY_ID = 448,
	TAG_PARTY_ROLE = 452,
	TAG_NO_PARTY_IDS = 453,
	TAG_PRODUCT = 460,
	TAG_SECONDARY_CL_ORD_ID = 526,
	TAG_QUOTE_TYPE = 537,
	TAG_MATURITY_DATE = 541,
	TAG_NO_LEGS = 555,
	TAG_QUOTE_REQUEST_REJECT_REASON = 658,
	TAG_QUOTE_RESP_ID = 693,
	TAG_QUOTE_RESP_TYPE = 694,
	TAG_NO_ROOT_PARTY_IDS = 1116,
	TAG_ROOT_PARTY_ID = 1117,
	TAG_ROOT_PARTY_ROLE = 1119,
	TAG_QUOTE_ENTRY_STATUS = 1167,
	TAG_MARKET_SEGMENT_ID = 1300,
	TAG_MARKET_ID = 1301,
	TAG_NO_FILLS = 1362,
	TAG_FILL_EXEC_ID = 1363,
	TAG_FILL_PX = 1364,
	TAG_FILL_QTY = 1365
};

/* Does it belong to the message itself (header, trailer, what commands and `fix` keep), not to a group? */
extern bool oms_fix_tag_is_own(int tag);

/* The same of a message of quotes, whose groups have much that other messages have themselves. */
extern bool oms_fix_tag_is_of_quotes(int tag);

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

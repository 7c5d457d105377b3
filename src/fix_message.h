/*-------------------------------------------------------------------------
 *
 * fix_message.h
 *	  One FIX message as tags and values.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_FIX_MESSAGE_H
#define OMS_FIX_MESSAGE_H

#include "postgres.h"

#include "errors.h"

typedef struct FixTag
{
	int			tag;
	const char *value;			/* not ended by a zero byte */
	int			length;
} FixTag;

typedef struct FixMessage
{
	const char *raw;
	FixTag	   *tags;
	int			ntags;
	char	   *msg_type;		/* 35 */
	char	   *session;		/* SenderCompID and TargetCompID, in either direction */
} FixMessage;

/*
 * Read a message; fields end with SOH or, where there is none, with "|".
 * OM009 if BeginString, BodyLength or CheckSum are missing or wrong, or a field
 * is no tag=value (FIX 4.4 vol. 1, "Message Format"; vol. 2, standard header).
 */
extern Refusal *oms_fix_parse(const char *text, size_t length, FixMessage *message);

/* The first value of a tag as C string, or NULL. */
extern char *oms_fix_get(const FixMessage *message, int tag);

/* The same for an id: "NONE", which FIX writes where there is no id, is none. */
extern char *oms_fix_get_id(const FixMessage *message, int tag);
extern bool oms_fix_is(const FixMessage *message, int tag, const char *value);

#endif							/* OMS_FIX_MESSAGE_H */

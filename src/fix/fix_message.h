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

#include "base/errors.h"

/* OM009; the arguments are its detail, as for printf. */
#define oms_fix_damaged(...) \
	oms_with_detail(oms_refuse(OMS_BAD_FIX, "damaged FIX message"), __VA_ARGS__)

typedef struct FixTag
{
	int			tag;
	int			length;
	const char *value;			/* not ended by a zero byte */
	int			group;			/* where it stands: index in groups and instance from 1; -1: in none */
	int			instance;
	int			info;			/* place of its tag among the message's infos */
} FixTag;

/* A repeating group, or what may be one, where a count opened it. */
typedef struct FixGroup
{
	int			count_tag;
	int			count;			/* as the message says */
	int			instances;		/* how often its delimiter came */
	bool		unknown;		/* FIX does not define its count */
	int			parent;			/* where its count stands */
	int			parent_instance;
	int			place;			/* on the stack of fix_scope.c; the next two are its chains */
	int			same_count;
	int			same_delimiter;
} FixGroup;

/* An instance of a group: its fields, and those of groups in it, are among those from `first` to before `end`. */
typedef struct FixSpan
{
	int			group;
	int			instance;
	int			first;
	int			end;
} FixSpan;

typedef struct FixTagInfo FixTagInfo;
typedef struct FixMessageDef FixMessageDef;

typedef struct FixMessage
{
	/* as it is kept: text, and the encoding it was converted from; or, where that would lose something, base64 */
	const char *raw;
	const char *encoding;		/* NULL: it came as text, or has ASCII alone */
	bool		base64;
	const char *head;			/* of one that is too large: how it begins */
	const char *kept_in;		/* commandId of the command whose events have it, where another one need not repeat it */

	FixTag	   *tags;
	int			ntags;
	FixGroup   *groups;
	int			ngroups;
	FixTagInfo *infos;			/* by tag: a hash table of mask + 1 places */
	uint32		mask;
	const FixMessageDef *def;	/* fix_private.h; NULL: it stands for no command */
	char	   *msg_type;		/* 35 */
	char	   *session;		/* SenderCompID and TargetCompID, in either direction */
} FixMessage;

/*
 * Read a message; fields end with SOH or, where there is none, with "|".
 * OM009 if BeginString, BodyLength or CheckSum are missing or wrong, a field is
 * no tag=value, or a tag comes twice where it must not (FIX 4.4 vol. 1, "Message
 * Format"; vol. 2, standard header).  `text`: in the database's encoding.
 * `bytes`: in that of MessageEncoding (347), else of oms_state.fix_encoding; the
 * values that stand for fields of commands are converted.
 */
extern Refusal *oms_fix_parse_text(const char *text, size_t length, FixMessage *message);
extern Refusal *oms_fix_parse_bytes(const char *bytes, size_t length, FixMessage *message);

/* How a message begins, in ASCII: what else it has stands as \xHH. */
extern char *oms_fix_head(const char *bytes, size_t length);

/* The message's own value of a tag as C string; NULL where there is none, or an empty one. */
extern char *oms_fix_get(const FixMessage *message, int tag);

/* The same for an id: what stands for none (names.h) is none. */
extern char *oms_fix_get_id(const FixMessage *message, int tag);
extern bool oms_fix_is_none(int tag, const char *value, int length);
extern bool oms_fix_is(const FixMessage *message, int tag, const char *value);

/* A value that is a plain number, or -1. */
extern int	oms_fix_number(const FixTag *tag);

/* fix_scope.c: which fields stand in groups.  The field that another of the same tag (*again) contradicts, or NULL. */
extern const FixTag *oms_fix_find_scopes(FixMessage *message, const FixTag **again);

/* Does a field belong to the message itself, wherever it stands, or may a command be made of it besides? */
extern bool oms_fix_is_own(const FixMessage *message, int tag);
extern bool oms_fix_is_read(const FixMessage *message, int tag);

/* The message's own field of a tag, or NULL. */
extern const FixTag *oms_fix_find(const FixMessage *message, int tag);

/* Is this one, which was read of it, the one? */
extern bool oms_fix_is_found(const FixMessage *message, const FixTag *tag);

/* How many instances does this group have? */
extern int	oms_fix_count_instances(const FixMessage *message, int count_tag);

/* In which instance of this group does the field stand?  0: in none. */
extern int	oms_fix_instance(const FixMessage *message, const FixTag *tag, int count_tag);

/* The instances of all groups with this count, in their order: of the message, or within one instance. */
extern int	oms_fix_spans(const FixMessage *message, int count_tag, const FixSpan *within, FixSpan **spans);
extern bool oms_fix_is_in_span(const FixMessage *message, const FixSpan *span, const FixTag *tag);

/* Has each of them as many instances as it says? */
extern bool oms_fix_counts_agree(const FixMessage *message, int count_tag);

/* The first field of a tag in an instance, or the message's own (NULL); as text, NULL where it is empty too. */
extern const FixTag *oms_fix_find_in(const FixMessage *message, const FixSpan *span, int tag);
extern char *oms_fix_get_in(const FixMessage *message, const FixSpan *span, int tag);

#endif							/* OMS_FIX_MESSAGE_H */

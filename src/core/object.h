/*-------------------------------------------------------------------------
 *
 * object.h
 *	  What every object has, whatever its kind.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_OBJECT_H
#define OMS_OBJECT_H

#include "postgres.h"
#include "datatype/timestamp.h"

/* The kinds of object; kind.c has the table that says what each of them is. */
typedef enum ObjectKind
{
	KIND_NONE = -1,
	KIND_ORDER,
	KIND_EXECUTION,
	KIND_QUOTE_REQUEST,
	KIND_QUOTE,
	KIND_COUNT					/* those of other libraries come behind (kind_add.c) */
} ObjectKind;

#define KINDS_ADDED_MAX	8
#define KINDS_MAX		(KIND_COUNT + KINDS_ADDED_MAX)

/* The ids that outsiders know objects by besides their own; kind.c has the table of them too. */
typedef enum ObjectName
{
	NAME_CL_ORD_ID,
	NAME_COUNTERPARTY_ORDER_ID,
	NAME_MATCHED_EXEC_ID,
	NAME_WAITING_ORDER_ID,
	NAME_QUOTE_REQ_ID,
	NAME_QUOTE_ID,
	NAME_COUNT
} ObjectName;

/*
 * Which trees besides those of what it names a command may read: orders of other
 * trees are tied to a block as its members, and to their blocks.
 */
typedef enum Reach
{
	REACH_OWN,
	REACH_MEMBERS,				/* where the root is a block, those of its members */
	REACH_NEAR,					/* … and where it is a member, those of its blocks */
	REACH_TIED					/* whatever hangs together by such, however far */
} Reach;

#define OBJECT_MEMBERS \
	int			kind;			/* ObjectKind: record.c sets it, from RecordDef.kind */ \
	char	   *id; \
	char	   *root_id; \
	int64		version; \
	int64		tree_version;	/* of a root: the number of its tree's events */ \
	TimestampTz created_at; \
	TimestampTz updated_at; \
	TimestampTz tree_updated_at;	/* of a root: when the newest of them occurred */ \
	bytea	   *hash			/* of the object's newest event */

typedef struct Object
{
	OBJECT_MEMBERS;
} Object;

/*
 * The struct of every kind begins with this: `object` is its first member, so
 * that a pointer to the one is a pointer to the other, and what an object has
 * the struct has by the same name.
 */
#define OBJECT_HEAD \
	union \
	{ \
		Object		object; \
		struct \
		{ \
			OBJECT_MEMBERS; \
		}; \
	}

/* What the desk should see of an order, an execution or a quote. */
#define FLAG_LATE_FILL		(1 << 0)	/* a fill after cancel, expiry or done-for-day */
#define FLAG_DISAGREES		(1 << 1)	/* the last report states other figures than ours */
#define FLAG_OVERFILLED		(1 << 2)	/* executed more than ordered */
#define FLAG_OVER_PLACED	(1 << 3)	/* a counterparty's report reserved more than there was */
#define FLAG_BELOW_PLACED	(1 << 4)	/* … reduced the order below what is placed */
#define FLAG_LIVE_CHILDREN	(1 << 5)	/* … ended the order above live children */
#define FLAG_UNSETTLED		(1 << 6)	/* a bust or correction waits for the fill that it names */
#define FLAG_NOT_INHERITED	(1 << 7)	/* a report gave the order another side than its parent or children */
#define FLAG_RULE			(1 << 8)	/* a rule is against a fact, which is applied all the same: the event names it */
#define FLAG_MANUAL			(1 << 9)	/* an execution that the desk typed; an order that has or had one */
#define FLAG_OVERRIDDEN		(1 << 10)	/* the desk approved it in spite of its reasons */
#define FLAG_LIVE_BLOCK		(1 << 11)	/* a report ended the order, of which a block still has a part */
#define FLAG_LIMIT_EXCEEDED	(1 << 12)	/* it was allocated at an average worse than its limit, knowingly */
#define FLAG_SELECTED_FILL	(1 << 13)	/* it was allocated alone, and not with its pool */
#define FLAG_ODD_LOT		(1 << 14)	/* it was allocated less than a lot */
#define FLAG_EXPIRY_OVERDUE	(1 << 15)	/* it should have expired, and could not */
#define FLAG_LATE_CANCEL	(1 << 16)	/* of a quote: its dealer took it back when it was accepted already */

#endif							/* OMS_OBJECT_H */

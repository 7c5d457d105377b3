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
	KIND_ORDER,
	KIND_EXECUTION,
	KIND_COUNT
} ObjectKind;

/* The ids that outsiders know objects by besides their own; kind.c has the table of them too. */
typedef enum ObjectName
{
	NAME_CL_ORD_ID,
	NAME_COUNTERPARTY_ORDER_ID,
	NAME_COUNT
} ObjectName;

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

/* What the desk should see of an order or an execution. */
#define FLAG_LATE_FILL		(1 << 0)	/* a fill after cancel, expiry or done-for-day */
#define FLAG_DISAGREES		(1 << 1)	/* the last report states other figures than ours */
#define FLAG_OVERFILLED		(1 << 2)	/* executed more than ordered */
#define FLAG_OVER_PLACED	(1 << 3)	/* a counterparty's report reserved more than there was */
#define FLAG_BELOW_PLACED	(1 << 4)	/* … reduced the order below what is placed */
#define FLAG_LIVE_CHILDREN	(1 << 5)	/* … ended the order above live children */
#define FLAG_UNSETTLED		(1 << 6)	/* a bust or correction waits for the fill that it names */
#define FLAG_NOT_INHERITED	(1 << 7)	/* a report gave the order another side than its parent or children */
#define FLAG_RULE			(1 << 8)	/* a rule is against a fact, which is applied all the same: the event names it */

#endif							/* OMS_OBJECT_H */

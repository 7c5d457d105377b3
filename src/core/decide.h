/*-------------------------------------------------------------------------
 *
 * decide.h
 *	  What a command does: the one way into the core.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_DECIDE_H
#define OMS_DECIDE_H

#include "postgres.h"

#include "core/decision.h"

/*
 * Decide upon the command of `d`: a refusal, and then the decision is to be
 * dropped; or NULL, and it says what changes.
 */
extern Refusal *oms_decide(Decision *d);

/*
 * What waited for an order, and is to be told again of it, as a command of its own.
 * Whoever made the order known has not said this: by whose right it is done, is that
 * of who told it, and it has an account of its own, or none.
 */
typedef struct FollowUp
{
	Jsonb	   *command;
	const char *account;
	const char *actor;
	const char *role;
	const Order *order;
} FollowUp;

/* What is to be told again because of what the command has made known, and after it, of FollowUp.  For a decision that is applied. */
extern List *oms_follow_ups(Decision *d);

/* What the decide functions share. */
extern Refusal *oms_no_such(ObjectKind kind, const char *id);

/* May a new object have the id that the caller gave it?  Of a root the claim says whether another kind has it: `is_root` asks only its own. */
extern Refusal *oms_check_new_id(const Decision *d, ObjectKind kind, const char *id, bool is_root);

/* The id is that of an object of another kind; NULL: which, is not the caller's to know. */
extern Refusal *oms_refuse_id_of(ObjectKind kind, const char *id, const KindDef *other);
extern Refusal *oms_check_version(const Command *command, ObjectKind kind, const char *id, int64 version);

#endif							/* OMS_DECIDE_H */

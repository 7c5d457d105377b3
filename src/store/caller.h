/*-------------------------------------------------------------------------
 *
 * caller.h
 *	  Who sends a command: taken from the session, never from the command.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_CALLER_H
#define OMS_CALLER_H

#include "postgres.h"

typedef struct Caller
{
	char	   *actor;			/* who answers for it; commandIds are his */
	char	   *role;			/* the current user: whose rights count */
	char	   *via;			/* the login of a pool that speaks for the actor, or NULL */
	char	   *application_name;	/* as the session calls itself, or NULL */
	struct varlena *client_addr;	/* inet: where it comes from, or NULL without a network */
} Caller;

/*
 * Take the caller, in the current memory context; before any switch of user
 * of our own.  The actor is the session user.  Where that is a member of
 * oms_proxy, and not by being a superuser alone, the actor is the role that it
 * has set (SET ROLE), and it is `via`.  What a function of somebody's switches
 * to (SECURITY DEFINER) is the role only, never the actor.
 */
extern void oms_caller_take(Caller *caller);

/* Does the session user speak for the role that it has set? */
extern bool oms_caller_is_proxied(void);

/* May the member become the role, or has he its rights?  A superuser where he was made a member. */
extern bool oms_role_is_in(Oid member, Oid role);

/* Has the current user the privileges of one of oms_state.feed_roles?  Of oms_admin, or is the extension his? */
extern bool oms_caller_is_feed(void);
extern bool oms_caller_is_admin(void);

#endif							/* OMS_CALLER_H */

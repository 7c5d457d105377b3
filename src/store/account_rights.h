/*-------------------------------------------------------------------------
 *
 * account_rights.h
 *	  Whose accounts the caller may see and change.
 *
 * Limits are rows of oms.account_grants.  Who asks is limited by each of: the
 * current user, the outer user (SET ROLE), and the session user unless that speaks
 * for others (oms_proxy).  A role is limited where it, or one that it is a member
 * of, has a row, and then by all of these together.  Not limited are superusers,
 * BYPASSRLS, who owns the table, and who has the rights of oms_admin or
 * oms_bridge; where the current user is one of those, nobody else is asked.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ACCOUNT_RIGHTS_H
#define OMS_ACCOUNT_RIGHTS_H

#include "postgres.h"

#include "core/kind.h"

extern void oms_account_rights_init(void);

/*
 * Is the caller limited to some accounts?  As it is now: a grant that was taken
 * back acts at once.  Where nobody was granted anything this is one comparison.
 */
extern bool oms_accounts_are_limited(void);

/*
 * May he see what is of this account and class?  NULL is what has none: no account,
 * which is for the desk; no class, which a grant for classes does not reach.  Asks
 * what oms_accounts_are_limited() has found, and is to be called after it.
 */
extern bool oms_account_is_visible(const char *account, const char *asset_class);

/* The same of what has no class because it is for all of them. */
extern bool oms_account_is_seen(const char *account);

/* Of what belongs to an object of the account `above` and of this class: of what it has no account itself, it has that one's. */
extern bool oms_account_under_is_visible(const char *account, const char *above, const char *asset_class);

/*
 * The same for an object as its row is, or would be.  What has no asset class of its
 * own, an execution or a quote, has that of its order or request, and where it has no
 * account (in stores of 0.1.0) its account too: looked up by the statement's snapshot,
 * and only where that matters.
 */
extern bool oms_object_is_visible(const KindDef *kind, const Object *object);

/*
 * May somebody who has acted, as an event names him, see what is of this account and
 * class, by what is granted now?  Of who is no role (any more) nobody can say: no,
 * where anything is granted to anybody.
 */
extern bool oms_account_was_visible(const char *actor, const char *role, const char *account, const char *asset_class);

/* OM008 where the caller is limited; `what` is the subject: "oms.verify()". */
extern void oms_accounts_refuse_limited(const char *what);

#endif							/* OMS_ACCOUNT_RIGHTS_H */

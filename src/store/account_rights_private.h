/*-------------------------------------------------------------------------
 *
 * account_rights_private.h
 *	  What account_rights.c knows of who asks, for what SQL calls.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ACCOUNT_RIGHTS_PRIVATE_H
#define OMS_ACCOUNT_RIGHTS_PRIVATE_H

#include "postgres.h"

#include "core/kind.h"

typedef struct AccountGrant
{
	char	   *account;		/* as it is granted, also where it is a prefix */
	int			length;			/* without the % */
	bool		is_prefix;
	const char **classes;		/* NULL: of any class, or none */
	int			class_count;
} AccountGrant;

/* Who is limited, and to what. */
typedef struct AccountSubject
{
	Oid			user;
	bool		is_desk;		/* sees what has no account */
	const AccountGrant *last;	/* the one of `exact`, for all classes, that was found last; or NULL */
	AccountGrant *exact;		/* by account; one may be there more than once, of several roles */
	int			exact_count;
	AccountGrant *prefixes;
	int			prefix_count;
} AccountSubject;

/* In this order: of several that say something of one account the greatest counts; of several who are limited the least. */
typedef enum AccountSight
{
	ACCOUNT_UNSEEN,
	ACCOUNT_SEEN_BY_CLASS,		/* seen, if its class is the right one */
	ACCOUNT_SEEN
} AccountSight;

#define ACCOUNT_ANY_CLASS	((const char *) -1)	/* the class is not known yet */

/* The caller is not limited; this and the next three do not look whether others have changed what is kept. */
extern bool oms_account_sees_all(void);
extern AccountSight oms_account_sight_of(const char *account, int length, const char *asset_class);
extern AccountSight oms_account_sight(const char *account, const char *asset_class);

/* What this actor has sent is seen by himself, and by who is not limited. */
extern bool oms_account_sent(const char *actor, int length);

/* Those who are limited; none: the caller is not. */
extern int	oms_account_subjects(const AccountSubject **subjects);

/*
 * What is of this account, and belongs to an object of the kind, or to none (NULL):
 * of what it has no account or class itself, it has that one's.
 */
extern bool oms_account_below_is_visible(const char *account, const KindDef *parent, const char *parent_id);

/* The column by which a kind without a class of its own says what an object belongs to; NULL: it has one, or belongs to nothing. */
extern const char *oms_account_parent_column(const KindDef *kind);

/* An object, by its row; one that is not there is not. */
extern bool oms_account_id_is_visible(const KindDef *kind, const char *id);

#endif							/* OMS_ACCOUNT_RIGHTS_PRIVATE_H */

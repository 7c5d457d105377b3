/*-------------------------------------------------------------------------
 *
 * fix_sessions.h
 *	  What is known of a FIX session.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_FIX_SESSIONS_H
#define OMS_FIX_SESSIONS_H

#include "postgres.h"

typedef struct FixSession
{
	char	   *name;			/* the pair of comp ids, as orders have it */
	bool		is_client;		/* a client's: he asks, and we report */
	char	   *account;		/* of all its orders, or NULL */
	bool		enabled;
	bool		last_look;		/* who quotes in it has the last look at acceptances */
} FixSession;

extern void oms_fix_sessions_init(void);

/* By its name, or NULL: nothing is known of it.  Good for this message. */
extern const FixSession *oms_fix_session(const char *name);

#endif							/* OMS_FIX_SESSIONS_H */

/*-------------------------------------------------------------------------
 *
 * sent.h
 *	  What every reader of the logical slots has confirmed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_SENT_H
#define OMS_SENT_H

#include "postgres.h"

typedef struct SentHorizon
{
	uint64		xid;			/* what every transaction before it did is confirmed */
	int64		since;			/* number of the first event of this server: older ones have ids of another */
	char		slot[NAMEDATALEN];	/* the one that is furthest behind; "": there is none */
} SentHorizon;

/* As of now. */
extern SentHorizon oms_sent_horizon(void);

/* Has every slot of this database sent the event, and its reader confirmed it? */
extern bool oms_is_sent(const SentHorizon *horizon, int64 sequence, uint64 xid);

#endif							/* OMS_SENT_H */

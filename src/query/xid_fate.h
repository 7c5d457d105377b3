/*-------------------------------------------------------------------------
 *
 * xid_fate.h
 *	  What became of a transaction.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_XID_FATE_H
#define OMS_XID_FATE_H

#include "postgres.h"

typedef enum XidFate
{
	XID_NOT_YET,				/* no such transaction has begun here */
	XID_RUNNING,
	XID_COMMITTED,				/* and every new snapshot sees it */
	XID_ROLLED_BACK,
	XID_FORGOTTEN				/* ended, so long ago that the server does not know how */
} XidFate;

extern XidFate oms_xid_fate(uint64 xid);

/* What these have committed is on disk when this returns, also where they did not wait for that themselves. */
extern void oms_xids_make_durable(const uint64 *xids, int count);

#endif							/* OMS_XID_FATE_H */

/*-------------------------------------------------------------------------
 *
 * append_only.h
 *	  The guard of the event tables.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_APPEND_ONLY_H
#define OMS_APPEND_ONLY_H

#include "postgres.h"
#include "fmgr.h"
#include "storage/itemptr.h"

extern Datum oms_refuse_event_change(PG_FUNCTION_ARGS);

/*
 * The row that passes the guards of its table, until it is closed: for who purges,
 * around the deletion of that one row.  What is left open after an error lets
 * nothing pass for good, so close it in PG_FINALLY.
 */
extern void oms_append_only_open(Oid relid, const ItemPointerData *tid);
extern void oms_append_only_close(void);

/* While trees of other databases are forgotten their events pass, and no others; likewise. */
extern void oms_append_only_forget(bool forget);

#endif							/* OMS_APPEND_ONLY_H */

/*-------------------------------------------------------------------------
 *
 * retention.h
 *	  What may be purged: oms.retention_policies.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_RETENTION_H
#define OMS_RETENTION_H

#include "core/purge.h"

extern void oms_retention_init(void);

/* As the table is now, and as of `now`; in the current memory context. */
extern const Retention *oms_retention(TimestampTz now);

#endif							/* OMS_RETENTION_H */

/*-------------------------------------------------------------------------
 *
 * ids.h
 *	  Identifiers that sort by the time they were made.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_IDS_H
#define OMS_IDS_H

#include "postgres.h"

/* A new UUID of version 7 (RFC 9562, section 5.7) as text. */
extern char *oms_new_id(void);

#endif							/* OMS_IDS_H */

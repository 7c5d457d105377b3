/*-------------------------------------------------------------------------
 *
 * as_owner.h
 *	  Work that is done with the rights of who owns a table of ours.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_AS_OWNER_H
#define OMS_AS_OWNER_H

#include "postgres.h"

#include "store/catalog.h"

/*
 * Row security does not bind it, and names and operators are those of pg_catalog,
 * wherever the caller looks for his: what he has made must not run as the owner.
 */
extern void oms_as_owner(OmsRelation relation, void (*work) (void *arg), void *arg);

#endif							/* OMS_AS_OWNER_H */

/*-------------------------------------------------------------------------
 *
 * source.h
 *	  What decisions read, from the tables.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_SOURCE_H
#define OMS_SOURCE_H

#include "postgres.h"

#include "core/decision.h"

/* Make `source`, the first member of a unit of work, read through that. */
extern void oms_source_init(ObjectSource *source);

#endif							/* OMS_SOURCE_H */

/*-------------------------------------------------------------------------
 *
 * spec_type.h
 *	  What is in an oms_spec.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_SPEC_TYPE_H
#define OMS_SPEC_TYPE_H

#include "postgres.h"

#include "core/query/specification.h"

/* What an oms_spec, or what stands in "where", says, in normal form; an error (OM010) where it says nothing.  It points into `json`. */
extern SpecNode *oms_spec_of(Jsonb *json);

#endif							/* OMS_SPEC_TYPE_H */

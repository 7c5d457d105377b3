/*-------------------------------------------------------------------------
 *
 * look_ups.h
 *	  What predicates of rules may look up.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_LOOK_UPS_H
#define OMS_LOOK_UPS_H

#include "postgres.h"
#include "utils/numeric.h"

/* What the symbol was worth last, or NULL. */
extern Numeric oms_last_price(const char *symbol);

#endif							/* OMS_LOOK_UPS_H */

/*-------------------------------------------------------------------------
 *
 * halts.h
 *	  The trading halts of oms.trading_halts.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_HALTS_H
#define OMS_HALTS_H

#include "postgres.h"

#include "core/halt.h"

extern void oms_halts_init(void);

/*
 * Those that are enabled and not over, or NULL.  The newest, whatever the transaction
 * sees; good until this is called again.
 */
extern const Halts *oms_halts(void);

#endif							/* OMS_HALTS_H */

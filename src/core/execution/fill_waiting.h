/*-------------------------------------------------------------------------
 *
 * fill_waiting.h
 *	  Fills that wait for an order, once it comes to be known.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_FILL_WAITING_H
#define OMS_FILL_WAITING_H

#include "postgres.h"

#include "core/decide.h"

/* A fill is made that nobody knows the order of: by which ids that may come to be known. */
extern void oms_fill_name_waiting(Decision *d, const Command *command);

#endif							/* OMS_FILL_WAITING_H */

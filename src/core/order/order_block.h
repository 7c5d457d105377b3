/*-------------------------------------------------------------------------
 *
 * order_block.h
 *	  Blocks: orders that work for several client orders at once.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ORDER_BLOCK_H
#define OMS_ORDER_BLOCK_H

#include "postgres.h"

#include "core/decide.h"

/* The decide functions of the list of commands. */
extern Refusal *oms_decide_create_block(Decision *d);
extern Refusal *oms_decide_replace_members(Decision *d);

/* The orders that are given as members. */
extern void oms_name_members(const Command *command, TreeNames *names);

#endif							/* OMS_ORDER_BLOCK_H */

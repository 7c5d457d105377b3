/*-------------------------------------------------------------------------
 *
 * fix_fills.h
 *	  FillsGrp (1362): a trade that was reported in parts.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_FIX_FILLS_H
#define OMS_FIX_FILLS_H

#include "postgres.h"

#include "base/json.h"
#include "fix/fix_message.h"

typedef struct FixFill
{
	char	   *id;				/* FillExecID, or its number; NULL: the whole trade */
	Numeric		quantity;
	Numeric		price;
} FixFill;

typedef struct FixFills
{
	FixFill    *fills;
	int			count;			/* 0: LastQty and LastPx say it */
} FixFills;

/*
 * What the group says where LastQty and LastPx do not say all: one fill at the
 * average price if a decimal is exactly that, else one for each instance.  OM009
 * if an instance lacks a figure, or they do not make LastQty.
 */
extern Refusal *oms_fix_fills(const FixMessage *message, FixFills *fills);

/* The ExecID of one of several fills. */
extern char *oms_fix_fill_exec_id(const FixMessage *message, const FixFill *fill);

/*
 * Put the figures of one fill into a command.  Of several each has the ExecID of
 * the message, "/", and its own; what the message states of the order (CumQty and
 * so on) holds after the last one, and stands there alone.
 */
extern void oms_fix_put_fill(JsonWriter *w, const FixMessage *message, const FixFill *fill, bool last);
extern void oms_fix_put_nothing_stated(JsonWriter *w);

#endif							/* OMS_FIX_FILLS_H */

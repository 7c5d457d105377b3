/*-------------------------------------------------------------------------
 *
 * submit_order.h
 *	  The service SubmitClientOrder: a client order is made, and routed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_SUBMIT_ORDER_H
#define OMS_SUBMIT_ORDER_H

#include "postgres.h"

#include "entry/run.h"

/* A CreateOrderCommand with these fields, as the service takes them: OM001 where they are none of a client order. */
extern Refusal *oms_submit_arguments(Jsonb *arguments, Jsonb **raw);

/*
 * Give the CreateOrderCommand, ask the routing about the order, and place it or send
 * it to the desk.  The result of all that, or NULL and why the order was refused:
 * then nothing has happened.  What refuses its placement does not refuse it, it goes
 * to the desk.
 */
extern Jsonb *oms_submit_order(UnitOfWork *uow, TakenCommand *create, bool searched, Refusal **refusal);

/*
 * Send the order to the desk because of a command (NULL: of none); with the findings (of
 * Finding) that say why.  The result, or NULL and why it cannot be.
 */
extern Jsonb *oms_submit_to_desk(UnitOfWork *uow, const Command *cause, const char *order_id, const char *reason, List *findings, Refusal **refusal);

/* What the desk reads of a placement that was refused. */
extern char *oms_submit_refused_reason(const Refusal *refusal);

#endif							/* OMS_SUBMIT_ORDER_H */

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

/*
 * What comes of a client order that this CreateOrderCommand has made: where it does not wait on
 * the desk already, the routing is asked, and it is placed or sent there.  What refuses
 * its placement does not refuse it, it goes to the desk; NULL, or why it cannot go there either.
 */
extern Refusal *oms_submit_route(UnitOfWork *uow, const Command *create);

/* `routing` of the result, from the payloads of all that was done (CommandDef.tells). */
extern void oms_submit_tell_routing(Jsonb *const *payloads, int count, JsonWriter *w);

/* OM007 where a repeat finds that nobody has routed the order. */
extern Refusal *oms_submit_check_routed(const char *command_id, Jsonb *const *payloads, int count);

/*
 * The same for a message: give the CreateOrderCommand, ask the routing about the order, and place it or send
 * it to the desk.  The result of all that, or NULL and why the order was refused:
 * then nothing has happened.
 */
extern Jsonb *oms_submit_order(UnitOfWork *uow, TakenCommand *create, bool searched, Refusal **refusal);

/*
 * Send the order to the desk because of a command (NULL: of none); with the findings (of
 * Finding) that say why.  The result, or NULL and why it cannot be.
 */
extern Jsonb *oms_submit_to_desk(UnitOfWork *uow, const Command *cause, const char *order_id, const char *reason, List *findings, Refusal **refusal);

/* Of an ObjectSource: does somebody without a session have this ClOrdID? */
extern bool oms_submit_name_is_taken(void *arg, const char *cl_ord_id);

/* What the desk reads of a placement that was refused. */
extern char *oms_submit_refused_reason(const Refusal *refusal);

#endif							/* OMS_SUBMIT_ORDER_H */

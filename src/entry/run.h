/*-------------------------------------------------------------------------
 *
 * run.h
 *	  The one pipeline.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_RUN_H
#define OMS_RUN_H

#include "postgres.h"

#include "store/work.h"

/* 25006 in a read-only transaction, on a standby and in a parallel worker. */
extern void oms_check_may_write(const char *function);

/*
 * Apply one command within a unit of work: parse, find a repeat, lock and load,
 * decide, evolve, roll up, claim.  The result, or NULL and why it was refused;
 * a refused command leaves nothing behind.
 */
extern Jsonb *oms_command_apply(UnitOfWork *uow, Jsonb *raw, bool from_fix, Refusal **refusal);

/* Keep a refusal in oms.rejected_commands and make it a result. */
extern Jsonb *oms_command_reject(UnitOfWork *uow, Jsonb *raw, const Refusal *refusal);

/* Lock all trees that these commands name, in the order of their ids. */
extern void oms_command_lock_all(UnitOfWork *uow, List *commands);

#endif							/* OMS_RUN_H */

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

/* A command as it came, read and checked. */
typedef struct TakenCommand
{
	Jsonb	   *raw;
	Refusal    *refusal;		/* it is malformed, or not the caller's to give */
	Command		command;
} TakenCommand;

extern TakenCommand *oms_command_take(Jsonb *raw, bool from_fix);

/*
 * Apply a command within a unit of work: find a repeat, lock its trees, decide,
 * apply, claim.  `searched`: what it is to be searched for was, with others
 * (trees.h).  The result, or NULL and why it was refused; a refused command
 * leaves nothing behind.
 */
extern Jsonb *oms_command_apply(UnitOfWork *uow, TakenCommand *taken, bool searched, Refusal **refusal);

/* Both. */
extern Jsonb *oms_command_run(UnitOfWork *uow, Jsonb *raw, bool from_fix, bool searched, Refusal **refusal);

/* Keep a refusal in oms.rejected_commands and make it a result. */
extern Jsonb *oms_command_reject(UnitOfWork *uow, Jsonb *raw, const Refusal *refusal);

#endif							/* OMS_RUN_H */

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

#include "entry/result.h"
#include "store/work.h"

/*
 * Every entry function begins and ends its call with these: nothing else counts
 * it.  25006 in a read-only transaction, on a standby and in a parallel worker;
 * 42501 in an operation that somebody else's object has started; 55000 in a call.
 */
extern void oms_run_begin(const char *function, bool is_fix);

/* What oms_run_begin() asks first, of whatever writes: not in recovery, in a worker, or in what somebody else's maintenance runs. */
extern void oms_run_check(const char *function);

/* Write all that the commands changed (NULL: it is written).  `refusal`: why a FIX message was refused as a whole, and kept; or NULL. */
extern void oms_run_end(UnitOfWork *uow, const Refusal *refusal);

/* Or with an error. */
pg_noreturn extern void oms_run_raise(const Refusal *refusal);

/* A command as it came, read and checked. */
typedef struct TakenCommand
{
	Jsonb	   *raw;
	Refusal    *refusal;		/* it is malformed, or not the caller's to give */
	Command		command;

	/* What else there is to say of it, of Finding, once its trees are locked; NULL: nothing. */
	List	   *(*ask) (UnitOfWork *uow, const Command *command, void *arg);
	void	   *arg;

	bool		known;			/* it was done before: by its commandId, and not by what it reports */
	ObjectKind	about;			/* once it is done: what it was about */
	const char *about_id;

	bool		brief;			/* its result is (result.h) */
	bool		untold;			/* whoever gives it tells of its events: unless it is a repeat, its result is an empty object */
} TakenCommand;

/* `from_fix`: it may have what only oms_fix() may say. */
extern TakenCommand *oms_run_take(Jsonb *raw, bool from_fix);

/* One that the store gives itself: whoever has asked for what it follows from needs no other right. */
extern TakenCommand *oms_run_own(Jsonb *raw);

/*
 * The one way of a command within a unit of work: is it a repeat, which trees does
 * it name, lock them, decide, apply.  `searched`: the caller has locked the trees
 * that its searches lead to.  The result, or NULL and why it was refused; a refused
 * command leaves nothing behind.
 */
extern Jsonb *oms_run(UnitOfWork *uow, TakenCommand *taken, bool searched, Refusal **refusal);

/*
 * Add what the events of a command of the caller's, that is remembered, say to the
 * payloads of a result, and its object where that is not known.  Of the command that
 * was given because of another one, `cause`, alone; NULL: of any.
 */
extern void oms_run_recall(UnitOfWork *uow, const char *command_id, const char *cause, ResultSource *source);

/* Is a command of the caller's with this id remembered? */
extern bool oms_run_knows(UnitOfWork *uow, const char *command_id);

/* Nothing is asked to change: the object as it stands is the result. */
extern Jsonb *oms_run_show(UnitOfWork *uow, ObjectKind kind, const char *id, bool duplicate);

/* A refusal as a result, that nobody keeps. */
extern Jsonb *oms_run_tell(Jsonb *raw, const Refusal *refusal);

/* Keep a refusal in oms.rejected_commands and make it a result. */
extern Jsonb *oms_run_keep(UnitOfWork *uow, Jsonb *raw, const Refusal *refusal);

#endif							/* OMS_RUN_H */

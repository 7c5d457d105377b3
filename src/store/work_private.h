/*-------------------------------------------------------------------------
 *
 * work_private.h
 *	  What the files of the unit of work share (work.c, source.c, trees.c,
 *	  apply.c, claim.c); nobody else includes it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_WORK_PRIVATE_H
#define OMS_WORK_PRIVATE_H

#include "postgres.h"

#include "core/command_trees.h"
#include "store/apply.h"
#include "store/identity_map.h"
#include "store/work.h"

struct UnitOfWork
{
	ObjectSource source;		/* first: source.c finds its unit of work by it */
	MemoryContext memory;		/* of the call: what is read stays until its end, whatever memory whoever reads has for himself */
	TableSet   *tables;
	Caller		caller;
	Asker		asker;
	IdentityMap *map;

	bool		has_made;		/* objects: what was looked for before may be there now */

	Event	   *events;			/* of all commands that are applied, to be written at the end */
	int			nevents;
	int			events_size;

	/* the command under way */
	int			first_event;
	TimestampTz time;			/* of all its events: never before the newest of any tree that we hold */

	/* trees.c */
	TreeNames	named;			/* by the command; before the first, by the batch or message */
	const KindDef *last_kind;	/* of the tree that was locked last in the order of trees, or NULL */
	const char *last_root;
	bool		holds_other;	/* a row that is no root any more: to wait for another would be out of order */
	TimestampTz newest;			/* event of any locked tree, or NO_TIME */
};

extern Tracked *oms_uow_load(UnitOfWork *uow, ObjectKind kind, const char *id, bool searched);

/* An object that a command makes, and where its row was inserted. */
typedef struct Made
{
	const Change *change;		/* its last */
	ItemPointerData tid;
} Made;

/* A decision that is being applied. */
typedef struct Application
{
	UnitOfWork *uow;
	const Decision *decision;
	Event	   *events;
	int			nevents;
	List	   *trees;			/* of AppliedTree */
	List	   *made;			/* of Made, once they are claimed */
} Application;

/*
 * Make the ids of the command and of its new objects ours, and insert their
 * rows: all of them, or none.
 */
extern ApplyResult oms_claim(Application *app, Refusal **refusal);

#endif							/* OMS_WORK_PRIVATE_H */

/*-------------------------------------------------------------------------
 *
 * work_private.h
 *	  What the files of the unit of work share (work.c, source.c, trees.c, tree_look.c,
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

/* A root of whose tree a command to come names something. */
typedef struct NamedAhead
{
	Tracked    *root;
	int			command;		/* its number, from 0 */
} NamedAhead;

struct UnitOfWork
{
	ObjectSource source;		/* first: source.c finds its unit of work by it */
	MemoryContext call;			/* memory of the call */
	MemoryContext memory;		/* what is read stays in it, whatever memory whoever reads has for himself: of the call, or of a stride */
	MemoryContext early;		/* of a call with many commands: what was read when their trees were locked, as far as there is room */
	Size		kept;			/* … bytes of objects that wait for the next command that changes them */
	TableSet   *tables;
	Caller		caller;
	Incarnation incarnation;	/* once it was asked for; number 0 until then */
	Asker		asker;
	IdentityMap *map;

	NamedAhead *named_ahead;	/* of a call with many commands: what they name, in their order … */
	int			nnamed_ahead;
	int			nnamed_done;	/* … by those that are done … */
	int			ncommands_done; /* … so many */

	bool		has_made;		/* objects: what was looked for before may be there now */
	bool		limited;		/* to some accounts is the caller: sight.h … */
	bool		looks_at_all;	/* … unless what is done now, nobody has asked for */

	Event	   *events;			/* of all commands that are applied, to be written at the end */
	int			nevents;
	int			events_size;

	/* the command under way */
	int			first_event;
	TimestampTz time;			/* of all its events: never before the newest of any tree that we hold */

	struct EventsAhead *ahead;	/* of many trees that are purged one after the other; else NULL */

	/* trees.c */
	TreeNames	named;			/* by the command; before the first, by the batch or message */
	bool		hides;			/* … something that the caller may not see */
	List	   *unseen;			/* of Object: what the decision has read and he may not see */
	const KindDef *last_kind;	/* of the tree that was locked last in the order of trees, or NULL */
	const char *last_root;		/* in memory of the call */
	bool		never_waits;	/* for a tree that somebody has locked: then it is busy */
	bool		is_busy;
	bool		holds_other;	/* a row that is no root any more: to wait for another would be out of order */
	TimestampTz newest;			/* event of any locked tree, or NO_TIME */
};

/* As oms_uow_peek(), whoever may see it. */
extern const Object *oms_uow_peek_any(UnitOfWork *uow, ObjectKind kind, const char *id);

/* The decision has read the object, which may be NULL. */
extern void oms_sight_note(UnitOfWork *uow, const Object *object);

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
	EventMaker	maker;
	Event	   *events;
	int			nevents;
	List	   *trees;			/* of AppliedTree */
	List	   *made;			/* of Made, once they are claimed */
	List	   *claimed;		/* of rows that were inserted for it */
} Application;

/*
 * Make the ids of the command and of its new objects ours, and insert their
 * rows: all of them, or none.
 */
extern ApplyResult oms_claim(Application *app, Refusal **refusal);

/* What the command has inserted goes again. */
extern void oms_claim_give_back(const Application *app);

#endif							/* OMS_WORK_PRIVATE_H */

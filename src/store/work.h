/*-------------------------------------------------------------------------
 *
 * work.h
 *	  All that one call changes: locked, read once, written once.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_WORK_H
#define OMS_WORK_H

#include "postgres.h"

#include "core/decision.h"
#include "store/events.h"
#include "store/ids.h"
#include "store/incarnation.h"

typedef struct UnitOfWork UnitOfWork;

/*
 * Begin a unit of work (55000 inside of another one) in the current memory context, which must outlive it.
 * All objects it hands out live there too; take them as values.
 */
extern UnitOfWork *oms_uow_begin(void);

/* The one that this session is in, or NULL: for what a predicate looks up. */
extern UnitOfWork *oms_uow_under_way(void);
extern ObjectSource *oms_uow_source(UnitOfWork *uow);
extern const Caller *oms_uow_caller(UnitOfWork *uow);
extern TableSet *oms_uow_tables(UnitOfWork *uow);
extern uint64 oms_uow_xid(UnitOfWork *uow);

/*
 * A call that has many commands, or messages, gives memory back between them: its
 * size does not grow with their number.  It names what they will need (trees.h:
 * oms_trees_lock_all()) in one memory, does them in another, which
 * oms_uow_begin_stride() returns, and calls oms_uow_pause() after each, also where
 * it was refused: so the commands are counted.
 *
 * Where that memory has become large, the pause ends a stride: events are written,
 * and rows that no command to come names; and all that was handed out or allocated
 * there is gone.  Rows of trees that are named again wait, so that each is written
 * once, as far as there is room.
 *
 * What is made of commands before their turn is best made in oms_uow_early_memory(),
 * while that has room: NULL, when it has none.
 */
extern MemoryContext oms_uow_early_memory(UnitOfWork *uow);
extern MemoryContext oms_uow_begin_stride(UnitOfWork *uow);
extern void oms_uow_pause(UnitOfWork *uow);

/* Of what the call does. */
extern Token oms_uow_token(UnitOfWork *uow);

/* From now on no tree is waited for: a command whose trees somebody has locked is refused by rule "locked". */
extern void oms_uow_never_wait(UnitOfWork *uow);

/* A command begins: its trees are locked, and its clock is read. */
extern void oms_uow_start_command(UnitOfWork *uow);

/* The payload of an event by its sequence, written or still to be written, or NULL; `token` is that of what wrote it. */
extern Jsonb *oms_uow_event_payload(UnitOfWork *uow, int64 sequence, TimestampTz occurred_at, Token *token);

/* The payload of the object's first event, written or still to be written, or NULL. */
extern Jsonb *oms_uow_first_payload(UnitOfWork *uow, const Object *object);

/* How many events there are by now: of all commands of the call. */
extern int	oms_uow_count_events(const UnitOfWork *uow);

/* The events of the command that was started last. */
extern const Event *oms_uow_events(UnitOfWork *uow, int *count);

/* Those since there were `first` of them (oms_uow_count_events()). */
extern const Event *oms_uow_events_since(UnitOfWork *uow, int first, int *count);

/*
 * An object of a tree that is locked (trees.h), or NULL if there is none: or was
 * none when the trees were locked.
 */
extern const Object *oms_uow_object(UnitOfWork *uow, ObjectKind kind, const char *id);

/*
 * The objects that a key leads to, for each set of values in turn; those that
 * the current command makes are not among them.
 */
extern List *oms_uow_find(UnitOfWork *uow, ObjectKind kind, int key, const char *const *const *values, int count);

/* The object only to be shown, as it stands, if the caller may see it: its tree need not be locked. */
extern const Object *oms_uow_peek(UnitOfWork *uow, ObjectKind kind, const char *id);

/*
 * The objects of a kind that were read so far, as the commands so far leave them,
 * which their rows may not show yet; is this one of them?
 */
extern void oms_uow_each(UnitOfWork *uow, ObjectKind kind, void (*visit) (const Object *object, void *arg), void *arg);
extern bool oms_uow_has(UnitOfWork *uow, ObjectKind kind, const char *id);

/*
 * The time of the current command's events: the clock, read after its trees were
 * locked, and never before the newest event of a tree that we hold.
 */
extern TimestampTz oms_uow_now(const UnitOfWork *uow);

/* Write everything. */
extern void oms_uow_flush(UnitOfWork *uow);

#endif							/* OMS_WORK_H */

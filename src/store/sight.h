/*-------------------------------------------------------------------------
 *
 * sight.h
 *	  What a caller who is limited to accounts sees of a unit of work.
 *
 * What he names and may not see is not there (trees.c), also where its tree is
 * locked for something else.  What is reached by links is read as it is, for a
 * decision must be right; but he changes nothing that he may not see, and is told
 * nothing of it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_SIGHT_H
#define OMS_SIGHT_H

#include "postgres.h"

#include "core/decide.h"
#include "store/work.h"

extern bool oms_uow_is_limited(const UnitOfWork *uow);

/* May the caller see the object?  Of who is not limited this is one comparison. */
extern bool oms_uow_sees(const UnitOfWork *uow, const Object *object);

/* Is he limited?  Asked when the unit of work begins, and again when it has waited. */
extern void oms_sight_ask(UnitOfWork *uow);

/*
 * What has waited for an order goes on waiting, for the desk, where it has an account
 * that the caller may not see, or was told by somebody who may not see the order.
 */
extern bool oms_sight_allows(const FollowUp *next);

/* What follows from a command nobody has asked for: it sees everything.  Returns how it was. */
extern bool oms_sight_of_all(UnitOfWork *uow, bool all);

/*
 * Whatever the decision changes the caller must see, as it was and as it becomes;
 * what a counterparty tells of an order that nobody knows, anybody may tell.  OM008,
 * `beyond` it what he sees, where not.
 */
extern Refusal *oms_sight_check(const UnitOfWork *uow, const Decision *decision);

/* The same where a command would be given for each of the objects. */
extern Refusal *oms_sight_check_all(const UnitOfWork *uow, const Command *command, const List *objects);

/* What was refused, without what it says of objects that the decision has read and the caller may not see. */
extern Refusal *oms_sight_cover(const UnitOfWork *uow, const Command *command, Refusal *refusal);

/*
 * An object that is named, and that the caller may not see, may be what another
 * one hangs on that he names too and sees: then it is missed before that is decided.
 */
extern Refusal *oms_sight_check_names(UnitOfWork *uow);

/* OM003 where the object is not there, or not for the caller: what was answered about it is not his any more. */
extern Refusal *oms_sight_check_answer(UnitOfWork *uow, ObjectKind kind, const char *id);

/* Of payloads of events those that the caller may see; how many they are. */
extern int	oms_sight_filter(const UnitOfWork *uow, Jsonb **payloads, int count);

/* The id of the first object that has this name in a session, of those that the caller may see; `more`: there are several. */
extern char *oms_uow_named(UnitOfWork *uow, ObjectName which, const char *session, const char *name, bool *more);

#endif							/* OMS_SIGHT_H */

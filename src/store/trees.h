/*-------------------------------------------------------------------------
 *
 * trees.h
 *	  Locking the trees that commands name.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_TREES_H
#define OMS_TREES_H

#include "postgres.h"

#include "core/command_trees.h"
#include "store/work.h"

/*
 * Lock all trees of what is named, sorted, and read what is named by id.  From
 * then on nothing of them changes but by this unit of work.  `searched`: the
 * searches among the names were made by an earlier call, for a batch or a
 * message as a whole.
 *
 * False where the unit of work never waits, and somebody has locked one of them.
 * 40001 where a tree would have to be waited for while others behind it are
 * held: it moved meanwhile, or came to be named late.
 */
extern bool oms_trees_lock(UnitOfWork *uow, TreeNames *names, bool searched);

/*
 * The same of all that a call with many commands will name, with the number of each
 * (TreeNames.command), so that it is known which trees are needed again.  The names
 * are not needed any more then, nor the memory that this is called in.
 */
extern void oms_trees_lock_all(UnitOfWork *uow, TreeNames *names);

#endif							/* OMS_TREES_H */

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
 * 40001 where a tree would have to be waited for while others behind it are
 * held: it moved meanwhile, or came to be named late.
 */
extern void oms_trees_lock(UnitOfWork *uow, TreeNames *names, bool searched);

#endif							/* OMS_TREES_H */

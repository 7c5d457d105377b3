/*-------------------------------------------------------------------------
 *
 * purge.h
 *	  Whole trees go for good, and what stays of them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_STORE_PURGE_H
#define OMS_STORE_PURGE_H

#include "core/purge.h"
#include "store/events.h"

struct UnitOfWork;

/* What is known of a tree that goes, from its rows and events. */
typedef struct TreePurge TreePurge;

/* What we need of oms.purged_trees and oms.archived_trees. */
extern const TableDef *oms_purge_table(OmsRelation relation);

/* Many trees are going to be purged, which lie side by side. */
extern void oms_purge_many(struct UnitOfWork *uow);

/*
 * Read the tree, and build the event that tells that it is gone.  OM005 by
 * incomplete, retained, not_sent: nothing is done then.
 */
extern Refusal *oms_purge_build(struct UnitOfWork *uow, const PurgedTree *tree, const Command *command, Event *event);

/*
 * All trees that go together are read: functions that their policies name are shown
 * them.  OM005 by archive_failed: none of those has done anything then.
 */
extern Refusal *oms_purge_archive(const Event *events, int count);

/* Its events, rows and names go; what is archived is kept. */
extern void oms_purge_carry_out(struct UnitOfWork *uow, const TreePurge *purge);

/* How many events went. */
extern int64 oms_purge_count_events(const TreePurge *purge);

/* Append the event to oms.purged_trees. */
extern void oms_purge_append(TableSet *tables, const Event *event, const Caller *caller, uint64 xid);

/* The payload of such an event by its sequence, or NULL. */
extern Jsonb *oms_purge_payload(TableSet *tables, int64 sequence, uint64 *xid);

#endif							/* OMS_STORE_PURGE_H */

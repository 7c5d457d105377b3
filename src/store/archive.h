/*-------------------------------------------------------------------------
 *
 * archive.h
 *	  What is kept of the events of a tree that is purged.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ARCHIVE_H
#define OMS_ARCHIVE_H

#include "core/purge.h"
#include "store/events.h"

typedef struct Archive Archive;

/* What we need of oms.archived_trees. */
extern const TableDef *oms_archive_table(void);

/* By the action of a policy: into our table, or for a function of a user's. */
extern Archive *oms_archive_begin(const Object *root, const char *action);
extern void oms_archive_add(Archive *archive, const StoredEvent *event);

/*
 * That was all: functions are called now, with the caller's rights.  OM005 by
 * archive_failed where one of them cannot be, or raises an error: what the others did is undone.
 */
extern Refusal *oms_archives_end(const List *archives);

/* Write what goes into our table. */
extern void oms_archive_keep(TableSet *tables, const Archive *archive, const Object *root, TimestampTz now, const bytea *digest);

#endif							/* OMS_ARCHIVE_H */

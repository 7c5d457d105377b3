/*-------------------------------------------------------------------------
 *
 * ids.h
 *	  The ids that commands are recognised by, and refused commands.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_IDS_H
#define OMS_IDS_H

#include "postgres.h"

#include "core/command.h"
#include "store/events.h"
#include "store/table_set.h"

/* A command that was applied before. */
typedef struct KnownCommand
{
	TimestampTz recorded_at;
	char	   *aggregate_id;
	int64	   *sequences;		/* of its events */
	int			nsequences;
	bytea	   *content_hash;	/* NULL: recorded by version 0.1.0 */
	int64		command_hash;	/* … which has this one only */
	ItemPointerData tid;
} KnownCommand;

/* What we need of the tables that this file writes. */
extern const TableDef *oms_command_table(OmsRelation relation);
extern const TableDef *oms_name_table(ObjectName which);

/*
 * Has the command the content that is known?  `recorded` is the command as an
 * event of it carries it, or NULL: it tells where only version 0.1.0 knows it.
 */
extern bool oms_command_is_same(const KnownCommand *known, Jsonb *command, Jsonb *recorded);

/* Is it older than oms_state.command_retention?  A repeat of it is then new. */
extern bool oms_command_is_expired(const KnownCommand *known);

/* SHA-256 of the command's canonical text: equal for commands that are equal as jsonb, and for no others. */
extern bytea *oms_command_content_hash(Jsonb *command);

extern KnownCommand *oms_command_find(TableSet *tables, const char *actor, const char *command_id);

/*
 * Has a command that is not expired, committed or in flight, this id?  Waits for
 * one in flight; an expired one is deleted.
 */
extern bool oms_command_taken(TableSet *tables, const char *actor, const char *command_id);

/* Record a command; false if its id is taken by one that commits first. */
extern bool oms_command_claim(Table *commands, const char *actor, const Command *command,
							  TimestampTz now, const char *aggregate_id, const Event *events,
							  int nevents, ItemPointer tid);

/* Keep a refusal in oms.rejected_commands; `command` may be any jsonb. */
extern void oms_rejection_keep(TableSet *tables, const Caller *caller, Jsonb *command,
							   const char *command_id, const char *command_type,
							   const Refusal *refusal);

/* Ids that somebody gave: a name of an object in a session ('' is that of SQL callers), and the id of a root. */
typedef struct IdClaim
{
	OmsRelation table;
	const char *ids[3];			/* the row; the id itself is the second, or the first of root_ids */
} IdClaim;

/* Has a committed row, or one in flight that then commits, the same key? */
extern bool oms_id_taken(Table *table, const IdClaim *claim);

/* Insert the row; false if its key is taken. */
extern bool oms_id_claim(Table *table, const IdClaim *claim, ItemPointer tid);

/* The id of the object that has this name, or NULL; `more` (may be NULL) if there are several. */
extern char *oms_named(TableSet *tables, ObjectName which, const char *session, const char *name, bool *more);

/* The ids of all objects that have it. */
extern List *oms_all_named(TableSet *tables, ObjectName which, const char *session, const char *name);

/* The same in all sessions; there should be an index for it. */
extern List *oms_named_in_all(TableSet *tables, ObjectName which, const char *name);

/* Of what kind is the root that a given id was claimed for?  NULL if it was not. */
extern char *oms_root_kind_find(TableSet *tables, const char *id);

/* Was it given to an object that is purged?  40001 where that is since the transaction's snapshot. */
extern bool oms_id_is_purged(TableSet *tables, const char *id);

/*
 * What was an object's goes with it: a name of it is free, its given id never is
 * again, and a command is forgotten that had this event.  oms_root_id_free(): was
 * it claimed?
 */
extern void oms_name_free(TableSet *tables, ObjectName which, const char *session, const char *name, const char *id);
extern bool oms_root_id_free(TableSet *tables, const char *id);
extern void oms_id_burn(TableSet *tables, const char *id);
extern void oms_command_forget(TableSet *tables, const char *actor, const char *command_id, int64 sequence);

/* May there be any names of this sort? */
extern bool oms_names_are_any(TableSet *tables, ObjectName which);

#endif							/* OMS_IDS_H */

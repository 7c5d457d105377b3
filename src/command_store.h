/*-------------------------------------------------------------------------
 *
 * command_store.h
 *	  The ids that commands are recognised by, and refused commands.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_COMMAND_STORE_H
#define OMS_COMMAND_STORE_H

#include "postgres.h"

#include "command_model.h"
#include "event_store.h"
#include "table_io.h"

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

/*
 * Has the command the content that is known?  `recorded` is the command as an
 * event of it carries it, or NULL: it tells where only version 0.1.0 knows it.
 */
extern bool oms_command_is_same(const KnownCommand *known, Jsonb *command, Jsonb *recorded);

/* Is it older than oms_state.command_retention?  A repeat of it is then new. */
extern bool oms_command_is_expired(const KnownCommand *known);

/* SHA-256 of the command's canonical text: equal for commands that are equal as jsonb, and for no others. */
extern bytea *oms_command_content_hash(Jsonb *command);

extern KnownCommand *oms_command_find(EState *estate, const char *actor, const char *command_id);

/* Record a command; false if its id is taken by one that commits first. */
extern bool oms_command_claim(Table *commands, const char *actor, const Command *command,
							  TimestampTz now, const char *aggregate_id, const Event *events,
							  int nevents, ItemPointer tid);

/* Keep a refusal in oms.rejected_commands; `command` may be any jsonb. */
extern void oms_rejection_keep(EState *estate, const Caller *caller, Jsonb *command,
							   const char *command_id, const char *command_type,
							   const Refusal *refusal);

/* ClOrdIDs, by session; '' is the session of SQL callers. */
extern char *oms_cl_ord_id_find(EState *estate, const char *session, const char *cl_ord_id);
extern bool oms_cl_ord_id_claim(Table *cl_ord_ids, const char *session, const char *cl_ord_id,
								const char *order_id, ItemPointer tid);

/* OrderIDs of counterparties: the orders known under one; `more` if several. */
extern char *oms_counterparty_id_find(EState *estate, const char *session, const char *id, bool *more);
extern bool oms_counterparty_id_claim(Table *ids, const char *session, const char *id,
									  const char *order_id, ItemPointer tid);

#endif							/* OMS_COMMAND_STORE_H */

/*-------------------------------------------------------------------------
 *
 * incarnation.h
 *	  Which life of the database an event and a transaction's id belong to.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_INCARNATION_H
#define OMS_INCARNATION_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "utils/snapshot.h"

#include "store/table_set.h"

typedef struct Incarnation
{
	int64		number;			/* from 1 on; 0: what no row tells of */
	int64		first_sequence; /* of its events; those of the next one have larger numbers */
	uint32		tag;			/* of the server that it is one of */
	bool		is_here;		/* it is this server's: its transaction ids are ours */
	bool		is_lasting;		/* its row is committed */
} Incarnation;

/* Who did it, for whoever waits for it elsewhere. */
typedef struct Token
{
	int			shard;			/* of a fleet; or OMS_NO_SHARD */
	int64		incarnation;
	uint64		xid;
} Token;

#define TOKEN_LENGTH	64

extern void oms_token_write(const Token *token, char *text);

/* False: it is none. */
extern bool oms_token_read(const char *text, Token *token);

/*
 * All that a snapshot sees, by number; the first is number 0, of the events that are
 * older than all rows.  SnapshotSelf: what is committed by now, also for a
 * transaction whose snapshot is old, and no reason for it to be refused (SSI).
 */
extern Incarnation *oms_incarnations(Snapshot snapshot, int *count);

/* The place in such a list of the one that a sequence number is of. */
extern int	oms_incarnation_at(const Incarnation *list, int count, int64 sequence);

/* Its events have larger numbers than the one, and none larger than the other. */
extern int64 oms_incarnation_floor(const Incarnation *list, int at);
extern int64 oms_incarnation_ceiling(const Incarnation *list, int count, int at);

/* What tells this server from every other: the tag of an incarnation that is one of it. */
extern uint32 oms_incarnation_server(void);

/* The one in which commands write now; not lasting where its row has still to be written. */
extern Incarnation oms_incarnation_now(void);

/* The number of the one that a stored event is of. */
extern int64 oms_incarnation_of(int64 sequence);

/* Write the row: once for each transaction that saw none. */
extern void oms_incarnation_write(TableSet *tables, int64 number, int64 first_sequence, TimestampTz now);

extern const TableDef *oms_incarnation_table(void);

#endif							/* OMS_INCARNATION_H */

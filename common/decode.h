/*
 * common/decode.h
 *     From what an output plugin sends to events: one decoder for each plugin behind one struct. Pure: bytes in, values out.
 *
 * A transaction reaches us only after its commit (no streaming of open ones is asked for), so what is decoded may
 * be published at once. Rows of other tables are nothing; a row that looks like an event (it has our columns) of
 * a table that is none of ours is an error, never skipped.
 */
#ifndef DECODE_H
#define DECODE_H

#include "event_tables.h"
#include "text.h"

typedef enum DecodedKind
{
	DECODED_NOTHING,			/* a row or message that is none of our business */
	DECODED_BEGIN,
	DECODED_EVENT,
	DECODED_COMMIT
} DecodedKind;

/* Valid until the next call on the same decoder or until the message's memory goes, whichever is first. */
typedef struct Decoded
{
	DecodedKind kind;
	/* of BEGIN */
	uint32_t	xid;
	Lsn			commit_lsn;		/* of BEGIN (final LSN: where the commit record begins) and of COMMIT */
	int64_t		commit_time_us; /* of BEGIN and COMMIT, microseconds since 1970 */
	/* of COMMIT: where a restart goes on (pgoutput: end LSN; wal2json: nextlsn) */
	Lsn			end_lsn;
	/* of EVENT */
	int			table;
	int64_t		sequence;
	Span		key;			/* root_id */
	Span		id;				/* aggregate_id; without data where the publication leaves it out */
	Span		type;			/* event_type */
	Span		hash;			/* hex, lower case, without the leading \x */
	Span		payload;		/* the text of the jsonb, byte for byte */
} Decoded;

typedef struct Decoder Decoder;

typedef struct DecoderClass
{
	const char *plugin;			/* as in pg_replication_slots.plugin */

	/*
	 * Adds the options of START_REPLICATION, "(...)" with its brackets, quoted. other_tables: tables of schema oms that
	 * are no event tables, NULL-terminated, for a plugin that has to be told what to leave out.
	 */
	void		(*start_options) (Text *options, const char *publication, const char *const *other_tables);
	Decoder    *(*create) (void);
	/* False: the bytes make no sense here (facts in the problem, with at most 100 bytes of the input); never crashes, whatever they are. */
	bool		(*decode) (Decoder *decoder, const char *data, size_t len, Decoded *decoded, Problem *problem);
	void		(*destroy) (Decoder *decoder);
} DecoderClass;

extern const DecoderClass decoder_pgoutput;
extern const DecoderClass decoder_wal2json;

/* The class of a plugin's name, or NULL. */
extern const DecoderClass *decoder_class(const char *plugin);

/*
 * The number of the event table that a relation is or is a leaf of, by schema and name, or -1. Leaves are named by
 * oms.ensure_partitions(): table_YYYY_MM.
 */
extern int	decode_table(Span schema, Span relation);

#endif

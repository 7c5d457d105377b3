/*
 * common/decode_pgoutput.c
 *     The decoder of pgoutput, protocol version 1, text values.
 *
 * The server describes a relation once a session, and again when it changed; what is needed of that is kept in a hash
 * table by OID, at most RELATIONS_MAX. Events point into the message. UPDATE, DELETE and TRUNCATE are nothing:
 * the publication is for inserts, a purge deletes, and an event that someone updated has been published as it was.
 */
#include "decode_row.h"

#include <stdlib.h>
#include <string.h>

/* More than that were never seen; the limit bounds memory. */
#define RELATIONS_MAX 65536
#define RELATIONS_START 64
#define NAME_SIZE 64

#define EPOCH_2000_US INT64_C(946684800000000)

typedef struct Relation
{
	uint32_t	oid;			/* 0: an empty place */
	uint16_t	column_count;
	int16_t		places[EVENT_COLUMNS];	/* of our columns among those of the row, -1: not there */
	bool		wanted;			/* an event table, or looks like one */
	char		schema[NAME_SIZE];
	char		name[NAME_SIZE];
} Relation;

struct Decoder
{
	Relation   *relations;		/* open addressing, at most half full */
	uint32_t	room;			/* a power of two */
	uint32_t	used;
};

/* A message being read; bad when it ended too early, and then all that is read is 0 and empty. */
typedef struct Reader
{
	const char *at;
	size_t		left;
	bool		bad;
} Reader;

static const char *
take(Reader *reader, size_t len)
{
	const char *at = reader->at;

	if (reader->bad || len > reader->left)
	{
		reader->bad = true;
		return NULL;
	}
	reader->at += len;
	reader->left -= len;
	return at;
}

static uint64_t
take_int(Reader *reader, size_t bytes)
{
	const unsigned char *at = (const unsigned char *) take(reader, bytes);
	uint64_t	value = 0;

	for (size_t i = 0; at != NULL && i < bytes; i++)
		value = value << 8 | at[i];
	return value;
}

static Span
take_string(Reader *reader)
{
	const char *end = reader->bad || reader->left == 0 ? NULL : memchr(reader->at, '\0', reader->left);
	Span		string;

	if (end == NULL)
	{
		reader->bad = true;
		return (Span) {"", 0};
	}
	string = (Span) {reader->at, (size_t) (end - reader->at)};
	take(reader, string.len + 1);
	return string;
}

static bool
whole(const Reader *reader)
{
	return !reader->bad && reader->left == 0;
}

/* The place of a relation or the empty one where it belongs. */
static Relation *
find_relation(const Decoder *decoder, uint32_t oid)
{
	uint32_t	i = (oid * UINT32_C(2654435761)) & (decoder->room - 1);

	while (decoder->relations[i].oid != 0 && decoder->relations[i].oid != oid)
		i = (i + 1) & (decoder->room - 1);
	return &decoder->relations[i];
}

static void
make_room(Decoder *decoder, uint32_t room)
{
	Relation   *old = decoder->relations;
	uint32_t	old_room = decoder->room;

	decoder->relations = must_alloc(room * sizeof(Relation));
	memset(decoder->relations, 0, room * sizeof(Relation));
	decoder->room = room;
	for (uint32_t i = 0; i < old_room; i++)
		if (old[i].oid != 0)
			*find_relation(decoder, old[i].oid) = old[i];
	free(old);
}

static bool
keep_relation(Decoder *decoder, const Relation *relation, Problem *problem)
{
	Relation   *place = find_relation(decoder, relation->oid);

	if (place->oid == 0)
	{
		/* The server does not tell a relation twice, so none can be forgotten; a new session begins with none. */
		if (decoder->used == RELATIONS_MAX)
			return problem_set(problem, REMEDY_RETRY, "The publication should hold the event tables alone.",
							   "pgoutput has described more than %d relations", RELATIONS_MAX);
		if ((decoder->used + 1) * 2 > decoder->room)
		{
			make_room(decoder, decoder->room * 2);
			place = find_relation(decoder, relation->oid);
		}
		decoder->used++;
	}
	*place = *relation;
	return true;
}

/* Names are shorter than NAME_SIZE on every server as it is built for use. */
static bool
copy_name(char to[NAME_SIZE], Span name)
{
	if (name.len >= NAME_SIZE)
		return false;
	memcpy(to, name.data, name.len);
	to[name.len] = '\0';
	return true;
}

static Span
as_span(const char *text)
{
	return (Span) {text, strlen(text)};
}

/* Relation: oid, schema, name, replica identity, and for each column flags, name, type, modifier. */
static bool
decode_relation(Decoder *decoder, Reader *reader, Problem *problem, bool *sense)
{
	Relation	relation = {.places = {-1, -1, -1, -1, -1, -1}};
	bool		complete = true;
	Span		schema;
	Span		name;

	_Static_assert(EVENT_COLUMNS == 6, "places has one start value for each column");
	relation.oid = (uint32_t) take_int(reader, 4);
	schema = take_string(reader);
	name = take_string(reader);
	take_int(reader, 1);
	relation.column_count = (uint16_t) take_int(reader, 2);
	for (int i = 0; i < relation.column_count && !reader->bad; i++)
	{
		int			column;

		take_int(reader, 1);
		column = row_column(take_string(reader));
		take_int(reader, 4);
		take_int(reader, 4);
		if (column >= 0)
			relation.places[column] = (int16_t) i;
	}
	*sense = whole(reader) && relation.oid != 0 && relation.column_count <= INT16_MAX && copy_name(relation.schema, schema) &&
		copy_name(relation.name, name);
	if (!*sense)
		return false;
	for (int i = 0; i < EVENT_COLUMNS_NEEDED; i++)
		complete = complete && relation.places[i] >= 0;
	relation.wanted = complete || decode_table(schema, name) >= 0;
	return keep_relation(decoder, &relation, problem);
}

/* One value of a row. */
static RowValue
take_value(Reader *reader)
{
	RowValue	value = {.kind = VALUE_OTHER};

	switch ((char) take_int(reader, 1))
	{
		case 'n':
			value.kind = VALUE_NULL;
			break;
		case 'u':
			value.kind = VALUE_UNCHANGED;
			break;
		case 't':
			value.kind = VALUE_TEXT;
			value.text.len = (size_t) take_int(reader, 4);
			value.text.data = take(reader, value.text.len);
			break;
		case 'b':				/* binary was not asked for */
			take(reader, (size_t) take_int(reader, 4));
			break;
		default:
			reader->bad = true;
	}
	return value;
}

/* Takes the \x off. What has none may look like hex all the same, so it is marked. */
static void
unwrap_hash(RowValue *hash)
{
	if (hash->kind != VALUE_TEXT)
		return;
	if (hash->text.len >= 2 && memcmp(hash->text.data, "\\x", 2) == 0)
		hash->text = (Span) {hash->text.data + 2, hash->text.len - 2};
	else
		hash->kind = VALUE_NOT_HEX;
}

/* Insert: oid of the relation, 'N', the row. *sense: the bytes hang together. */
static bool
decode_insert(const Decoder *decoder, Reader *reader, Decoded *decoded, Problem *problem, bool *sense)
{
	uint32_t	oid = (uint32_t) take_int(reader, 4);
	const Relation *relation = find_relation(decoder, oid);
	Row			row = {0};

	*sense = take_int(reader, 1) == 'N' && oid != 0;
	if (!*sense)
		return false;
	if (relation->oid == 0)
		return problem_set(problem, REMEDY_STOP, NULL, "pgoutput sent a row of relation %u without having described it", oid);
	if (!relation->wanted)
		return true;

	row.schema = as_span(relation->schema);
	row.relation = as_span(relation->name);
	*sense = take_int(reader, 2) == relation->column_count;
	for (int i = 0; i < relation->column_count && *sense; i++)
	{
		RowValue	value = take_value(reader);

		for (int column = 0; column < EVENT_COLUMNS; column++)
			if (relation->places[column] == i)
				row.values[column] = value;
		*sense = !reader->bad;
	}
	*sense = *sense && whole(reader);
	if (!*sense)
		return false;
	unwrap_hash(&row.values[COLUMN_HASH]);
	return row_decode(&row, decoded, problem);
}

/* PostgreSQL counts from 2000. */
static bool
take_time(Reader *reader, int64_t *us)
{
	return !__builtin_add_overflow((int64_t) take_int(reader, 8), EPOCH_2000_US, us);
}

/* Begin: the LSN of the commit record, time of commit, xid. */
static bool
decode_begin(Reader *reader, Decoded *decoded)
{
	bool		sense;

	decoded->kind = DECODED_BEGIN;
	decoded->commit_lsn = take_int(reader, 8);
	sense = take_time(reader, &decoded->commit_time_us);
	decoded->xid = (uint32_t) take_int(reader, 4);
	return sense && whole(reader);
}

/* Commit: flags (none are defined), the LSN of the commit record, the LSN behind it, time of commit. */
static bool
decode_commit(Reader *reader, Decoded *decoded)
{
	bool		sense;

	decoded->kind = DECODED_COMMIT;
	sense = take_int(reader, 1) == 0;
	decoded->commit_lsn = take_int(reader, 8);
	decoded->end_lsn = take_int(reader, 8);
	sense = take_time(reader, &decoded->commit_time_us) && sense;
	return sense && whole(reader);
}

static bool
decode(Decoder *decoder, const char *data, size_t len, Decoded *decoded, Problem *problem)
{
	Reader		reader = {.at = data, .left = len};
	char		type = (char) take_int(&reader, 1);
	bool		sense = true;
	bool		done = true;

	*decoded = (Decoded) {.kind = DECODED_NOTHING};
	switch (reader.bad ? '\0' : type)
	{
		case 'B':
			sense = decode_begin(&reader, decoded);
			break;
		case 'C':
			sense = decode_commit(&reader, decoded);
			break;
		case 'R':
			done = decode_relation(decoder, &reader, problem, &sense);
			break;
		case 'I':
			done = decode_insert(decoder, &reader, decoded, problem, &sense);
			break;
		case 'U':
		case 'D':
		case 'T':
		case 'Y':				/* a type's name */
		case 'O':				/* where a replicated transaction came from */
		case 'M':				/* of pg_logical_emit_message() */
			break;
		default:
			return decode_refuse(problem, data, len, "pgoutput sent a message that its protocol version 1 does not have");
	}
	if (!sense)
		return decode_refuse(problem, data, len, "pgoutput sent a message of type %c that makes no sense", type);
	return done;
}

/* A name as an identifier inside of a literal. */
static void
add_publication(Text *options, const char *publication)
{
	text_puts(options, "'\"");
	for (const char *at = publication; *at != '\0'; at++)
	{
		text_add(options, at, 1);
		if (*at == '"' || *at == '\'')
			text_add(options, at, 1);
	}
	text_puts(options, "\"'");
}

static void
start_options(Text *options, const char *publication, const char *const *other_tables)
{
	(void) other_tables;		/* the publication names what it wants */
	text_puts(options, "(\"proto_version\" '1', \"publication_names\" ");
	add_publication(options, publication);
	text_puts(options, ")");
}

static Decoder *
create(void)
{
	Decoder    *decoder = must_alloc(sizeof(Decoder));

	*decoder = (Decoder) {0};
	make_room(decoder, RELATIONS_START);
	return decoder;
}

static void
destroy(Decoder *decoder)
{
	if (decoder == NULL)
		return;
	free(decoder->relations);
	free(decoder);
}

const DecoderClass decoder_pgoutput = {
	.plugin = "pgoutput",
	.start_options = start_options,
	.create = create,
	.decode = decode,
	.destroy = destroy,
};

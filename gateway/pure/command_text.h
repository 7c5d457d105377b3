/*
 * gateway/pure/command_text.h
 *     The body of a command with what the headers say: Idempotency-Key is its commandId, If-Match its expectedVersion.
 */
#ifndef COMMAND_TEXT_H
#define COMMAND_TEXT_H

#include "refused.h"

#define COMMAND_ID_SIZE 256

typedef struct CommandText
{
	Text		body;			/* for PostgreSQL: as it came, with the members that the headers add in front */
	char		command_id[COMMAND_ID_SIZE];	/* what it is now; empty: it has none */
	char		command_type[64];	/* empty: it has none, or one that is longer than any */
} CommandText;

/*
 * key, if_match: the headers, NULL data where there is none; made_id: a commandId where neither has one, or NULL. A header that
 * says something else than the body is 400; so are an If-Match that is no version in quotes, and a key that is no id.
 * A body that is no object goes to PostgreSQL as it is, which says what is wrong with it.
 */
extern bool command_text(Span body, Span key, Span if_match, const char *made_id, CommandText *command, Refused *refused);
extern void command_text_free(CommandText *command);

#endif

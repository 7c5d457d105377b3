/*
 * gateway/pure/json_parts.h
 *     The members of a JSON object, or the elements of an array, one after the other, without a limit on how deep their values are.
 *
 * Finds where things stand and no more: whether a value is JSON, PostgreSQL says. But what this finds, PostgreSQL finds too, or it
 * refuses the whole.
 */
#ifndef JSON_PARTS_H
#define JSON_PARTS_H

#include "text.h"

typedef struct JsonParts
{
	const char *at;
	const char *end;
	bool		first;
	bool		bad;			/* none, or it is cut */
} JsonParts;

/* Behind the '{' of an object; white space before it is passed over. */
extern bool parts_begin(JsonParts *parts, Span json);
/*
 * The next member: its key as it stands between the quotes, its value as it stands, without white space around it. False behind the
 * last one, and where it is bad.
 */
extern bool parts_next(JsonParts *parts, Span *key, Span *value);
/* The same for an array. */
extern bool parts_begin_array(JsonParts *parts, Span json);
extern bool parts_element(JsonParts *parts, Span *value);
/* Whether the object or array ended, with nothing but white space behind it. */
extern bool parts_end(const JsonParts *parts);

/* Whether a key or string, as it stands with its escapes, means this. */
extern bool parts_means(Span raw, const char *text);
/* What a string means; value is with its quotes. False: no string, or one that is damaged. */
extern bool parts_string(Span value, Text *out);

/* The value of the last member of this name (as PostgreSQL's jsonb has it). False: there is none, or no object. */
extern bool parts_find(Span json, const char *name, Span *value);

#endif

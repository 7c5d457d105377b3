/*-------------------------------------------------------------------------
 *
 * json.h
 *	  Building jsonb without going through text, and reading it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_JSON_H
#define OMS_JSON_H

#include "postgres.h"
#include "datatype/timestamp.h"
#include "utils/date.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

/*
 * A jsonb value under construction.  Values are copied as they come; keys are
 * not: they must live until their object is closed.
 */
typedef struct JsonWriter
{
	struct JsonLevel *level;	/* the innermost open container */
	const char *key;			/* that waits for its value */
	int			key_length;
	Jsonb	   *result;			/* set when the outermost container is closed */
} JsonWriter;

extern void oms_json_open_object(JsonWriter *w);
extern void oms_json_close_object(JsonWriter *w);
extern void oms_json_open_array(JsonWriter *w);
extern void oms_json_close_array(JsonWriter *w);

static inline void
oms_json_key_len(JsonWriter *w, const char *key, int length)
{
	w->key = key;
	w->key_length = length;
}

/* Here, so that the length of a key that the code itself names is known when it is compiled. */
static inline void
oms_json_key(JsonWriter *w, const char *key)
{
	oms_json_key_len(w, key, strlen(key));
}

/* Values; inside an object each follows its key, inside an array pass NULL. */
extern void oms_json_string_len(JsonWriter *w, const char *key, const char *value, int length);
extern void oms_json_numeric(JsonWriter *w, const char *key, Numeric value);
extern void oms_json_int(JsonWriter *w, const char *key, int64 value);
extern void oms_json_bool(JsonWriter *w, const char *key, bool value);
extern void oms_json_time(JsonWriter *w, const char *key, TimestampTz value);
extern void oms_json_date(JsonWriter *w, const char *key, DateADT value);
extern void oms_json_jsonb(JsonWriter *w, const char *key, const Jsonb *value);
extern void oms_json_scalar(JsonWriter *w, const char *key, const JsonbValue *value);
extern Jsonb *oms_json_finish(JsonWriter *w);

static inline void
oms_json_string(JsonWriter *w, const char *key, const char *value)
{
	if (key)
		oms_json_key(w, key);
	oms_json_string_len(w, NULL, value, strlen(value));
}

/* The value under `key` of an object, or NULL; `hold` lends the memory. */
extern JsonbValue *oms_json_get(Jsonb *object, const char *key, JsonbValue *hold);

/* The same as a C string, or NULL where it is absent or no string. */
extern char *oms_json_get_string(Jsonb *object, const char *key);

/* … as a number, or NULL; as an object or array of its own, or NULL. */
extern Numeric oms_json_get_numeric(Jsonb *object, const char *key);
extern Jsonb *oms_json_get_container(Jsonb *object, const char *key);

extern bool oms_json_is_object(Jsonb *value);
extern bool oms_json_is_array(Jsonb *value);

/* How long that text is in UTF-8, whatever the encoding of the database, without making it. */
extern int64 oms_json_size(Jsonb *value);

/* That it is no longer than this takes a fraction of the time to say. */
extern int64 oms_json_size_bound(Jsonb *value);
extern int64 oms_json_string_size(const char *text, int length);
extern char *oms_json_text(Jsonb *value, int *length);

/* The same, where the text of one of the containers in it is known. */
typedef struct JsonKnownText
{
	const JsonbContainer *container;
	const char *text;
	int			length;
} JsonKnownText;

extern char *oms_json_text_with(Jsonb *value, const JsonKnownText *known, int *length);

/* The same text for every value that is equal as jsonb: keys are sorted already, numbers lose their trailing zeros. */
extern char *oms_json_canonical(Jsonb *value, int *length);
extern bool oms_json_equal(Jsonb *a, Jsonb *b);

#endif							/* OMS_JSON_H */

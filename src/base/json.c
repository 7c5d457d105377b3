/*-------------------------------------------------------------------------
 *
 * json.c
 *	  Building jsonb without going through text, reading it, and its text.
 *
 * Pure.  The text is what jsonb_out() gives, byte for byte, in a fraction of its
 * time: the hash of every event needs it.  oms.verify() computes the same hashes
 * from PostgreSQL's own text, and test/unit/json.c compares the two.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "base/json.h"

JsonbValue *
oms_json_get(Jsonb *object, const char *key, JsonbValue *hold)
{
	if (!JB_ROOT_IS_OBJECT(object))
		return NULL;
	return getKeyJsonValueFromContainer(&object->root, key, strlen(key), hold);
}

char *
oms_json_get_string(Jsonb *object, const char *key)
{
	JsonbValue	hold;
	JsonbValue *v = oms_json_get(object, key, &hold);

	if (v == NULL || v->type != jbvString)
		return NULL;
	return pnstrdup(v->val.string.val, v->val.string.len);
}

Numeric
oms_json_get_numeric(Jsonb *object, const char *key)
{
	JsonbValue	hold;
	JsonbValue *v = oms_json_get(object, key, &hold);

	return v && v->type == jbvNumeric ? DatumGetNumericCopy(NumericGetDatum(v->val.numeric)) : NULL;
}

Jsonb *
oms_json_get_container(Jsonb *object, const char *key)
{
	JsonbValue	hold;
	JsonbValue *v = oms_json_get(object, key, &hold);

	return v && v->type == jbvBinary ? JsonbValueToJsonb(v) : NULL;
}

bool
oms_json_is_object(Jsonb *value)
{
	return JB_ROOT_IS_OBJECT(value);
}

bool
oms_json_is_array(Jsonb *value)
{
	return JB_ROOT_IS_ARRAY(value) && !JB_ROOT_IS_SCALAR(value);
}

/* ------------------------------------------------------------------------
 * text: byte for byte what jsonb_out() prints
 * ------------------------------------------------------------------------
 */

/* Room for what is added. */
static inline char *
json_add(StringInfo out, int length)
{
	if (unlikely(out->maxlen - out->len <= length))
		enlargeStringInfo(out, length);
	out->len += length;
	return out->data + out->len - length;
}

static inline void
json_put(StringInfo out, const char *text, int length)
{
	memcpy(json_add(out, length), text, length);
}

/* What JSON has a short escape for, and its letter; of what is below ' ' the table. */
static const char control_escapes[' '] = {['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};

static inline char
json_short_escape(unsigned char c)
{
	return c < ' ' ? control_escapes[c] : c;
}

static void
json_put_escaped(StringInfo out, unsigned char c)
{
	char		letter = json_short_escape(c);

	if (letter)
		json_put(out, (char[]) {'\\', letter}, 2);
	else
		json_put(out, (char[]) {'\\', 'u', '0', '0', '0' + (c >> 4), "0123456789abcdef"[c & 15]}, 6);
}

static inline bool
json_needs_escape(unsigned char c)
{
	return unlikely(c < ' ' || c == '"' || c == '\\');
}

/*
 * Eight bytes at once: what is taken from a byte borrows of the next one only where
 * this one is found itself, and a byte above ASCII has the bit that is asked about.
 */
static inline bool
json_word_needs_escape(uint64 word)
{
	uint64		below = word - UINT64CONST(0x2020202020202020);
	uint64		quote = (word ^ UINT64CONST(0x2222222222222222)) - UINT64CONST(0x0101010101010101);
	uint64		backslash = (word ^ UINT64CONST(0x5C5C5C5C5C5C5C5C)) - UINT64CONST(0x0101010101010101);

	return ((below | quote | backslash) & ~word & UINT64CONST(0x8080808080808080)) != 0;
}

static inline uint64
json_load(const char *text, size_t size)
{
	uint64		word = 0;

	memcpy(&word, text, size);
	return word;
}

/* How many bytes, from the first on, need no escape: of nearly every string all. */
static inline int
json_plain_length(const char *text, int length)
{
	int			plain = 0;

	if (length >= 8)
	{
		while (plain < length - 8 && !json_word_needs_escape(json_load(text + plain, 8)))
			plain += 8;
		if (plain >= length - 8 && !json_word_needs_escape(json_load(text + length - 8, 8)))
			return length;
	}
	else if (length >= 4 && !json_word_needs_escape(json_load(text, 4) << 32 | json_load(text + length - 4, 4)))
		return length;
	while (plain < length && !json_needs_escape(text[plain]))
		plain++;
	return plain;
}

static void
json_put_string(StringInfo out, const char *text, int length)
{
	int			plain = json_plain_length(text, length);

	if (likely(plain == length))
	{
		char	   *at = json_add(out, length + 2);

		at[0] = '"';
		memcpy(at + 1, text, length);
		at[length + 1] = '"';
		return;
	}
	json_put(out, "\"", 1);
	json_put(out, text, plain);
	while (plain < length)
	{
		json_put_escaped(out, text[plain]);
		text += plain + 1;
		length -= plain + 1;
		plain = json_plain_length(text, length);
		json_put(out, text, plain);
	}
	json_put(out, "\"", 1);
}

typedef struct JsonManner
{
	bool		canonical;
	JsonKnownText known;		/* no container, if none is */
} JsonManner;

static void json_put_container(StringInfo out, const JsonbContainer *container, const JsonManner *manner);

/* Numbers that are equal are one text in the canonical form: 1.0 is 1. */
static void
json_put_number(StringInfo out, Numeric value, bool canonical)
{
	Numeric		number = canonical ?
	DatumGetNumeric(DirectFunctionCall1(numeric_trim_scale, NumericGetDatum(value))) : value;
	char	   *text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(number)));

	json_put(out, text, strlen(text));
	pfree(text);
}

static void
json_put_value(StringInfo out, const char *base, int start, int end, JEntry entry, const JsonManner *manner)
{
	const JsonbContainer *container = JBE_ISCONTAINER(entry) ? (const JsonbContainer *) (base + INTALIGN(start)) : NULL;

	if (JBE_ISSTRING(entry))
		json_put_string(out, base + start, end - start);
	else if (JBE_ISNUMERIC(entry))
		json_put_number(out, (Numeric) unconstify(char *, base + INTALIGN(start)), manner->canonical);
	else if (container && container == manner->known.container)
		json_put(out, manner->known.text, manner->known.length);
	else if (container)
		json_put_container(out, container, manner);
	else if (JBE_ISNULL(entry))
		json_put(out, "null", 4);
	else if (JBE_ISBOOL_TRUE(entry))
		json_put(out, "true", 4);
	else
		json_put(out, "false", 5);
}

/* Where a value ends that begins at `start`. */
static int
json_end_of(JEntry entry, int start)
{
	return JBE_HAS_OFF(entry) ? JBE_OFFLENFLD(entry) : start + JBE_OFFLENFLD(entry);
}

static void
json_put_container(StringInfo out, const JsonbContainer *container, const JsonManner *manner)
{
	bool		object = (container->header & JB_FOBJECT) != 0;
	bool		scalar = (container->header & JB_FSCALAR) != 0;
	int			count = container->header & JB_CMASK;
	int			nkeys = object ? count : 0;
	const char *base = (const char *) &container->children[nkeys + count];
	int			key = 0;
	int			value = 0;

	check_stack_depth();
	for (int i = 0; i < nkeys; i++)
		value = json_end_of(container->children[i], value);
	if (!scalar)
		json_put(out, object ? "{" : "[", 1);
	for (int i = 0; i < count; i++)
	{
		JEntry		entry = container->children[nkeys + i];
		int			end = json_end_of(entry, value);

		if (i > 0)
			json_put(out, ", ", 2);
		if (object)
		{
			int			key_end = json_end_of(container->children[i], key);

			json_put_string(out, base + key, key_end - key);
			json_put(out, ": ", 2);
			key = key_end;
		}
		json_put_value(out, base, value, end, entry, manner);
		value = end;
	}
	if (!scalar)
		json_put(out, object ? "}" : "]", 1);
}

/* ------------------------------------------------------------------------
 * how long the text is
 * ------------------------------------------------------------------------
 */

static int
json_utf8_size(const char *text, int length)
{
	char	   *utf8;
	int			size;
	int			ascii = 0;

	if (GetDatabaseEncoding() == PG_UTF8 || GetDatabaseEncoding() == PG_SQL_ASCII)
		return length;
	while (ascii < length && !IS_HIGHBIT_SET(text[ascii]))
		ascii++;
	if (ascii == length)
		return length;
	utf8 = pg_server_to_any(text, length, PG_UTF8);
	size = utf8 == text ? length : strlen(utf8);
	if (utf8 != text)
		pfree(utf8);
	return size;
}

int64
oms_json_string_size(const char *text, int length)
{
	int64		size = 2 + json_utf8_size(text, length);

	for (int i = json_plain_length(text, length); i < length; i += 1 + json_plain_length(text + i + 1, length - i - 1))
		size += json_short_escape(text[i]) ? 1 : 5;
	return size;
}

static int64
json_number_size(Numeric value)
{
	char	   *text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value)));
	int64		size = strlen(text);

	pfree(text);
	return size;
}

/* Where only a bound is asked for, each byte of a string may need the longest escape: no encoding makes more of one in UTF-8. */
#define ESCAPE_LENGTH 6

static int64 json_container_size(const JsonbContainer *container, bool bound);

static inline int64
json_string_size(const char *text, int length, bool bound)
{
	return bound ? 2 + ESCAPE_LENGTH * (int64) length : oms_json_string_size(text, length);
}

static int64
json_value_size(const char *base, int start, int end, JEntry entry, bool bound)
{
	if (JBE_ISSTRING(entry))
		return json_string_size(base + start, end - start, bound);
	if (JBE_ISNUMERIC(entry))
		return json_number_size((Numeric) unconstify(char *, base + INTALIGN(start)));
	if (JBE_ISCONTAINER(entry))
		return json_container_size((const JsonbContainer *) (base + INTALIGN(start)), bound);
	return JBE_ISNULL(entry) || JBE_ISBOOL_TRUE(entry) ? 4 : 5;
}

static int64
json_container_size(const JsonbContainer *container, bool bound)
{
	bool		object = (container->header & JB_FOBJECT) != 0;
	int			count = container->header & JB_CMASK;
	int			nkeys = object ? count : 0;
	const char *base = (const char *) &container->children[nkeys + count];
	int			key = 0;
	int			value = 0;
	/* the brackets, what stands between members, and between key and value */
	int64		size = (container->header & JB_FSCALAR) ? 0 : 2 + 2 * Max(count - 1, 0) + 2 * nkeys;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	for (int i = 0; i < nkeys; i++)
		value = json_end_of(container->children[i], value);
	for (int i = 0; i < count; i++)
	{
		JEntry		entry = container->children[nkeys + i];
		int			end = json_end_of(entry, value);

		if (object)
		{
			int			key_end = json_end_of(container->children[i], key);

			size += json_string_size(base + key, key_end - key, bound);
			key = key_end;
		}
		size += json_value_size(base, value, end, entry, bound);
		value = end;
	}
	return size;
}

int64
oms_json_size(Jsonb *value)
{
	return json_container_size(&value->root, false);
}

int64
oms_json_size_bound(Jsonb *value)
{
	return json_container_size(&value->root, true);
}

static char *
json_text_of(Jsonb *value, const JsonManner *manner, int *length)
{
	StringInfoData buf;

	initStringInfo(&buf);
	enlargeStringInfo(&buf, VARSIZE(value) * 2);
	json_put_container(&buf, &value->root, manner);
	buf.data[buf.len] = '\0';
	if (length)
		*length = buf.len;
	return buf.data;
}

char *
oms_json_text(Jsonb *value, int *length)
{
	return json_text_of(value, &(JsonManner) {0}, length);
}

char *
oms_json_text_with(Jsonb *value, const JsonKnownText *known, int *length)
{
	return json_text_of(value, &(JsonManner) {.known = *known}, length);
}

char *
oms_json_canonical(Jsonb *value, int *length)
{
	return json_text_of(value, &(JsonManner) {.canonical = true}, length);
}

bool
oms_json_equal(Jsonb *a, Jsonb *b)
{
	return compareJsonbContainers(&a->root, &b->root) == 0;
}

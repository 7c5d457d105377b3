/*-------------------------------------------------------------------------
 *
 * cursor.c
 *	  Where a page of a query ended: the values that its last row is sorted by.
 *
 * A cursor is base64url of: format (1), digest of object and orderBy (4 bytes),
 * checksum of what follows (4), and the keys, each a byte (null or not) and its
 * value, exactly.  It holds no state of ours, and stays good for ever: the next
 * page begins behind those values, whether or not there still is such a row.
 * The checksum finds what was cut or mistyped, and hides nothing; values are
 * bound to a statement like any others, so a forged cursor is only another place
 * to begin at.
 *
 * Reads and writes no table.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "port/pg_bswap.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "base/base64url.h"
#include "base/compat.h"
#include "base/damage.h"
#include "query/cursor.h"

#define CURSOR_FORMAT	1
#define CURSOR_HEAD		(1 + 2 * sizeof(uint32))

static void
cursor_put_number(StringInfo out, uint64 number, int bytes)
{
	number = pg_hton64(number);
	appendBinaryStringInfo(out, (char *) &number + sizeof(number) - bytes, bytes);
}

static void
cursor_put_bytes(StringInfo out, const char *bytes, int length)
{
	cursor_put_number(out, length, sizeof(uint32));
	appendBinaryStringInfo(out, bytes, length);
}

static void
cursor_put_text(StringInfo out, Datum value)
{
	text	   *t = DatumGetTextPP(value);

	cursor_put_bytes(out, VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t));
}

/* Only texts: a list that somebody has given more dimensions would not come back as what it sorts by. */
static void
cursor_put_texts(StringInfo out, Datum value)
{
	ArrayType  *array = DatumGetArrayTypeP(value);
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	if (ARR_NDIM(array) > 1 || (ARR_NDIM(array) == 1 && ARR_LBOUND(array)[0] != 1))
		oms_damaged("a list of texts has not one dimension that begins with 1");
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
	cursor_put_number(out, count, sizeof(uint32));
	for (int i = 0; i < count; i++)
	{
		appendStringInfoCharMacro(out, !nulls[i]);
		if (!nulls[i])
			cursor_put_text(out, elements[i]);
	}
}

static void
cursor_put_value(StringInfo out, Oid type, Datum value)
{
	char	   *text;

	switch (type)
	{
		case TEXTOID:
			cursor_put_text(out, value);
			return;
		case TEXTARRAYOID:
			cursor_put_texts(out, value);
			return;
		case NUMERICOID:
			text = DatumGetCString(DirectFunctionCall1(numeric_out, value));
			cursor_put_bytes(out, text, strlen(text));
			return;
		case JSONBOID:
			text = DatumGetCString(DirectFunctionCall1(jsonb_out, value));
			cursor_put_bytes(out, text, strlen(text));
			return;
		case INT8OID:
		case TIMESTAMPTZOID:
			cursor_put_number(out, DatumGetInt64(value), sizeof(int64));
			return;
		case INT4OID:
		case DATEOID:
			cursor_put_number(out, DatumGetInt32(value), sizeof(int32));
			return;
		case BOOLOID:
			cursor_put_number(out, DatumGetBool(value), 1);
			return;
	}
	elog(ERROR, "BUG: a query is sorted by a value of type %u", type);
}

void
oms_cursor_encode(uint32 order, const CursorKey *keys, int count, StringInfo text)
{
	StringInfoData out;
	uint32		check;

	initStringInfo(&out);
	appendStringInfoChar(&out, CURSOR_FORMAT);
	cursor_put_number(&out, order, sizeof(uint32));
	cursor_put_number(&out, 0, sizeof(uint32));
	for (int i = 0; i < count; i++)
	{
		appendStringInfoCharMacro(&out, !keys[i].isnull);
		if (!keys[i].isnull)
			cursor_put_value(&out, keys[i].type, keys[i].value);
	}
	check = pg_hton32(hash_bytes((unsigned char *) out.data + CURSOR_HEAD, out.len - CURSOR_HEAD));
	memcpy(out.data + CURSOR_HEAD - sizeof(uint32), &check, sizeof(uint32));
	resetStringInfo(text);
	enlargeStringInfo(text, BASE64URL_LENGTH(out.len));
	text->len = oms_base64url_encode(out.data, out.len, text->data);
	pfree(out.data);
}

/* What is left of a cursor's bytes; `bad` once there was less than was asked for. */
typedef struct CursorRest
{
	const char *at;
	int			left;
	bool		bad;
} CursorRest;

static const char *
cursor_take(CursorRest *rest, uint32 length)
{
	const char *taken = rest->at;

	if (rest->bad || length > rest->left)
	{
		rest->bad = true;
		return "";
	}
	rest->at += length;
	rest->left -= length;
	return taken;
}

static uint64
cursor_take_number(CursorRest *rest, int bytes)
{
	uint64		number = 0;
	const char *taken = cursor_take(rest, bytes);

	if (!rest->bad)
		memcpy((char *) &number + sizeof(number) - bytes, taken, bytes);
	return pg_ntoh64(number);
}

/* Text that the database may hold, or NULL. */
static char *
cursor_take_text(CursorRest *rest, int *length)
{
	uint32		wanted = cursor_take_number(rest, sizeof(uint32));
	const char *taken = cursor_take(rest, wanted);

	if (!rest->bad && !pg_verify_mbstr(GetDatabaseEncoding(), taken, wanted, true))
		rest->bad = true;
	*length = wanted;
	return rest->bad ? NULL : pnstrdup(taken, wanted);
}

static Datum
cursor_take_texts(CursorRest *rest)
{
	uint32		count = cursor_take_number(rest, sizeof(uint32));
	Datum	   *elements;
	bool	   *nulls;
	int			dims,
				bound = 1,
				length;

	/* each has one byte at least */
	if (rest->bad || count > rest->left)
	{
		rest->bad = true;
		return (Datum) 0;
	}
	elements = palloc0(sizeof(Datum) * count);
	nulls = palloc(sizeof(bool) * count);
	for (uint32 i = 0; i < count && !rest->bad; i++)
	{
		char	   *text = NULL;

		nulls[i] = cursor_take_number(rest, 1) == 0;
		if (!nulls[i] && (text = cursor_take_text(rest, &length)) != NULL)
			elements[i] = PointerGetDatum(cstring_to_text_with_len(text, length));
	}
	if (rest->bad)
		return (Datum) 0;
	if (count == 0)
		return PointerGetDatum(construct_empty_array(TEXTOID));
	dims = count;
	return PointerGetDatum(construct_md_array(elements, nulls, 1, &dims, &bound, TEXTOID, -1, false, TYPALIGN_INT));
}

/* As numeric_out() writes them; what that never writes is not given to numeric_in(). */
static bool
cursor_is_numeric(const char *text)
{
	size_t		length = strlen(text);

	if (strcmp(text, "NaN") == 0 || strcmp(text, "Infinity") == 0 || strcmp(text, "-Infinity") == 0)
		return true;
	text += *text == '-';
	return length < 1000 && *text >= '0' && *text <= '9' && strspn(text, "0123456789.") == strlen(text) &&
		text[strlen(text) - 1] != '.' && (strchr(text, '.') == NULL || strchr(text, '.') == strrchr(text, '.'));
}

/*
 * What jsonb_in() says against a text that somebody has forged is that it is none
 * of ours.  It touches nothing but memory, so nothing has to be undone.
 */
static Datum
cursor_take_jsonb(CursorRest *rest)
{
	MemoryContext caller = CurrentMemoryContext;
	int			length;
	char	   *text = cursor_take_text(rest, &length);
	volatile Datum value = (Datum) 0;

	if (text == NULL)
		return (Datum) 0;
	PG_TRY();
	{
		value = DirectFunctionCall1(jsonb_in, CStringGetDatum(text));
	}
	PG_CATCH();
	{
		int			category = ERRCODE_TO_CATEGORY(geterrcode());

		if (category != ERRCODE_DATA_EXCEPTION && category != ERRCODE_PROGRAM_LIMIT_EXCEEDED)
			PG_RE_THROW();
		MemoryContextSwitchTo(caller);
		FlushErrorState();
		rest->bad = true;
	}
	PG_END_TRY();
	return value;
}

static Datum
cursor_take_time(CursorRest *rest)
{
	TimestampTz time = (TimestampTz) cursor_take_number(rest, sizeof(int64));

	rest->bad |= !IS_VALID_TIMESTAMP(time) && !TIMESTAMP_NOT_FINITE(time);
	return TimestampTzGetDatum(time);
}

static Datum
cursor_take_date(CursorRest *rest)
{
	DateADT		date = (DateADT) cursor_take_number(rest, sizeof(int32));

	rest->bad |= !IS_VALID_DATE(date) && !DATE_NOT_FINITE(date);
	return DateADTGetDatum(date);
}

static Datum
cursor_take_value(CursorRest *rest, Oid type)
{
	char	   *text;
	int			length;

	switch (type)
	{
		case TEXTOID:
			text = cursor_take_text(rest, &length);
			return text ? PointerGetDatum(cstring_to_text_with_len(text, length)) : (Datum) 0;
		case TEXTARRAYOID:
			return cursor_take_texts(rest);
		case NUMERICOID:
			text = cursor_take_text(rest, &length);
			if (text && cursor_is_numeric(text))
				return DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
			rest->bad = true;
			return (Datum) 0;
		case JSONBOID:
			return cursor_take_jsonb(rest);
		case TIMESTAMPTZOID:
			return cursor_take_time(rest);
		case DATEOID:
			return cursor_take_date(rest);
		case INT8OID:
			return Int64GetDatum((int64) cursor_take_number(rest, sizeof(int64)));
		case INT4OID:
			return Int32GetDatum((int32) cursor_take_number(rest, sizeof(int32)));
		case BOOLOID:
			return BoolGetDatum(cursor_take_number(rest, 1) != 0);
	}
	elog(ERROR, "BUG: a query is sorted by a value of type %u", type);
}

const char *
oms_cursor_decode(const char *text, int length, uint32 order, CursorKey *keys, int count)
{
	static const char damaged[] = "It is damaged, or no cursor.";
	char	   *bytes = palloc(BASE64URL_BYTES(length));
	CursorRest	rest = {.at = bytes, .left = oms_base64url_decode(text, length, bytes)};
	uint32		its_order,
				check;

	if (rest.left < (int) CURSOR_HEAD || cursor_take_number(&rest, 1) != CURSOR_FORMAT)
		return damaged;
	its_order = cursor_take_number(&rest, sizeof(uint32));
	check = cursor_take_number(&rest, sizeof(uint32));
	if (check != hash_bytes((const unsigned char *) rest.at, rest.left))
		return damaged;
	if (its_order != order)
		return "It is of another object, or of another orderBy.";
	for (int i = 0; i < count; i++)
	{
		keys[i].value = (Datum) 0;
		keys[i].isnull = cursor_take_number(&rest, 1) == 0;
		if (!rest.bad && !keys[i].isnull)
			keys[i].value = cursor_take_value(&rest, keys[i].type);
	}
	return rest.bad || rest.left > 0 ? damaged : NULL;
}

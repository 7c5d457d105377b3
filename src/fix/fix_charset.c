/*-------------------------------------------------------------------------
 *
 * fix_charset.c
 *	  Bytes of a FIX message as text of the database.
 *
 * Reads pg_conversion (PostgreSQL's own conversions alone, whatever the search
 * path says) and writes nothing.  A database in SQL_ASCII takes any bytes; it
 * gets UTF-8, because events leave as JSON.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "catalog/pg_conversion.h"
#include "catalog/pg_namespace.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "base/guc.h"
#include "fix/fix_charset.h"

#define BYTES_PER_INTERRUPT 4096

static Oid
charset_conversion(int from, int to)
{
	return FindDefaultConversion(PG_CATALOG_NAMESPACE, from, to);
}

FixCharset
oms_charset_open(const char *name)
{
	FixCharset	charset = {.encoding = -1, .via = PG_UTF8};

	if (name)
		charset.encoding = pg_char_to_encoding(name);
	if (charset.encoding < 0 || charset.encoding == PG_SQL_ASCII)
		charset.encoding = oms_guc_fix_encoding();
	charset.target = GetDatabaseEncoding() == PG_SQL_ASCII ? PG_UTF8 : GetDatabaseEncoding();
	if (charset.encoding == charset.target)
		charset.nsteps = 0;
	else if (OidIsValid(charset_conversion(charset.encoding, charset.target)))
		charset.nsteps = 1;
	else if (OidIsValid(charset_conversion(charset.encoding, PG_UTF8)) && OidIsValid(charset_conversion(PG_UTF8, charset.target)))
		charset.nsteps = 2;
	else
		charset.nsteps = -1;
	return charset;
}

const char *
oms_charset_name(const FixCharset *charset)
{
	return pg_encoding_to_char(charset->encoding);
}

bool
oms_charset_is_ascii(const char *bytes, size_t length)
{
	uint64		other = 0;		/* the high bit of a byte that is none, or is zero */
	size_t		i = 0;

	for (; i + sizeof(uint64) <= length; i += sizeof(uint64))
	{
		uint64		word;

		memcpy(&word, bytes + i, sizeof(word));
		other |= word | (word - UINT64CONST(0x0101010101010101));
	}
	for (; i < length; i++)
		other |= (unsigned char) bytes[i] | (bytes[i] == '\0' ? 0x80 : 0);
	return (other & UINT64CONST(0x8080808080808080)) == 0;
}

/* One step; NULL where a character is invalid, or has no like. */
static char *
charset_convert_step(int from, int to, const char *bytes, int *length)
{
	/* room for MAX_CONVERSION_GROWTH, and one more: at the limit the server would cut */
	Size		size = (Size) (*length + 1) * MAX_CONVERSION_GROWTH + 1;
	char	   *text = MemoryContextAllocHuge(CurrentMemoryContext, size);
	int			done = pg_do_encoding_conversion_buf(charset_conversion(from, to), from, to,
													 (unsigned char *) unconstify(char *, bytes), *length,
													 (unsigned char *) text, (int) Min(size, INT_MAX), true);

	if (done != *length)
		return NULL;
	*length = strlen(text);
	return text;
}

static char *
charset_convert(const FixCharset *charset, const char *bytes, int *length)
{
	char	   *text;

	if (charset->nsteps < 0)
		return oms_charset_is_ascii(bytes, *length) ? pnstrdup(bytes, *length) : NULL;
	if (charset->nsteps == 0)
		return pg_encoding_verifymbstr(charset->encoding, bytes, *length) == *length ? pnstrdup(bytes, *length) : NULL;
	if (charset->nsteps == 1)
		return charset_convert_step(charset->encoding, charset->target, bytes, length);
	text = charset_convert_step(charset->encoding, charset->via, bytes, length);
	return text ? charset_convert_step(charset->via, charset->target, text, length) : NULL;
}

char *
oms_charset_convert(const FixCharset *charset, const char *bytes, int length, bool back)
{
	FixCharset	reverse = *charset;
	int			text_length = length;
	int			back_length;
	char	   *text = memchr(bytes, '\0', length) ? NULL : charset_convert(charset, bytes, &text_length);
	char	   *again;

	if (text == NULL || !back || charset->nsteps <= 0)
		return text;
	reverse.encoding = charset->target;
	reverse.target = charset->encoding;
	if (!OidIsValid(charset_conversion(reverse.encoding, charset->nsteps == 1 ? reverse.target : reverse.via)))
		return NULL;
	back_length = text_length;
	again = charset_convert(&reverse, text, &back_length);
	return again && back_length == length && memcmp(again, bytes, length) == 0 ? text : NULL;
}

char *
oms_charset_escape(const FixCharset *charset, const char *bytes, int length)
{
	StringInfoData text;
	const char *at = bytes;
	const char *end = bytes + length;

	initStringInfo(&text);
	while (at < end)
	{
		int			size = Min(pg_encoding_mblen(charset->encoding, at), end - at);
		char	   *one = oms_charset_convert(charset, at, size, false);

		if ((at - bytes) % BYTES_PER_INTERRUPT == 0)
			CHECK_FOR_INTERRUPTS();
		if (one)
		{
			appendStringInfoString(&text, one);
			pfree(one);
			at += size;
		}
		else
			appendStringInfo(&text, "\\x%02x", (unsigned char) *at++);
	}
	return text.data;
}

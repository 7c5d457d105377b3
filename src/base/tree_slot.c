/*-------------------------------------------------------------------------
 *
 * tree_slot.c
 *	  The slot of a tree: what a fleet of databases shares its trees out by.
 *
 * Pure, and never to be changed: ids that are out, and the maps of routers in
 * any language, rely on every bit of it.  The rule of tags is that of Redis
 * Cluster; the checksum is CRC-32 as in zlib, Ethernet and PNG, over UTF-8
 * whatever the encoding of the database.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/pg_crc.h"

#include "base/tree_slot.h"

#define UUID_LENGTH 36			/* 8-4-4-4-12 */
#define UUID_VERSION 14			/* where its digit stands */
#define UUID_VARIANT 19			/* the two bits of the variant, and two of the slot */

static int
tree_slot_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The 14 bits after the variant of a UUID of version 7 or 8 (RFC 9562), or OMS_ANY_SLOT. */
static int
slot_in_uuid(const char *text, size_t length)
{
	int			slot;

	if (length != UUID_LENGTH || (text[UUID_VERSION] != '7' && text[UUID_VERSION] != '8'))
		return OMS_ANY_SLOT;
	for (int i = 0; i < UUID_LENGTH; i++)
	{
		bool		dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : tree_slot_hex_digit(text[i]) < 0)
			return OMS_ANY_SLOT;
	}
	slot = tree_slot_hex_digit(text[UUID_VARIANT]);
	if ((slot & 0xc) != 0x8)
		return OMS_ANY_SLOT;
	slot &= 0x3;
	for (int i = 1; i <= 3; i++)
		slot = slot << 4 | tree_slot_hex_digit(text[UUID_VARIANT + i]);
	return slot;
}

/*
 * The tag of an id, or the whole id.  No encoding of a server has a brace
 * inside a character, so bytes may be looked for.
 */
static const char *
tree_slot_tag_of(const char *id, size_t *length)
{
	const char *open = strchr(id, '{');
	const char *close = open ? strchr(open, '}') : NULL;

	if (close == NULL || close == open + 1)
	{
		*length = strlen(id);
		return id;
	}
	*length = close - open - 1;
	return open + 1;
}

/* Text that has no form in UTF-8 is an error (22P05, 22021), as it is wherever text is converted. */
static void
tree_slot_add_text(pg_crc32 *crc, const char *text, size_t length)
{
	char	   *utf8 = pg_server_to_any(text, length, PG_UTF8);

	if (utf8 != text)
		length = strlen(utf8);
	COMP_TRADITIONAL_CRC32(*crc, utf8, length);
}

int
oms_tree_slot(const char *id)
{
	size_t		length;
	const char *text = tree_slot_tag_of(id, &length);
	int			slot = slot_in_uuid(text, length);
	pg_crc32	crc;

	if (slot != OMS_ANY_SLOT)
		return slot;
	INIT_TRADITIONAL_CRC32(crc);
	tree_slot_add_text(&crc, text, length);
	FIN_TRADITIONAL_CRC32(crc);
	return crc & (OMS_SLOTS - 1);
}

/* A zero byte, which no text has, parts the two: no other pair has the same bytes. */
int
oms_scoped_slot(const char *scope, const char *id)
{
	static const char zero = '\0';
	pg_crc32	crc;

	INIT_TRADITIONAL_CRC32(crc);
	tree_slot_add_text(&crc, scope, strlen(scope));
	COMP_TRADITIONAL_CRC32(crc, &zero, 1);
	tree_slot_add_text(&crc, id, strlen(id));
	FIN_TRADITIONAL_CRC32(crc);
	return crc & (OMS_SLOTS - 1);
}

bool
oms_id_carries_slot(const char *id)
{
	size_t		length;
	const char *text = tree_slot_tag_of(id, &length);

	return text != id || slot_in_uuid(text, length) != OMS_ANY_SLOT;
}

/*-------------------------------------------------------------------------
 *
 * digest.c
 *	  SHA-256 of text as it leaves the database: in UTF-8.
 *
 * Pure, but for one context of the hash that the backend keeps: making and
 * throwing one away costs about as much as hashing an event.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/cryptohash.h"
#include "common/sha2.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "base/compat.h"
#include "base/digest.h"

/* It belongs to an owner of its own, which nothing ever releases; every digest starts it anew, also after an error. */
static pg_cryptohash_ctx *
digest_hash_context(void)
{
	static pg_cryptohash_ctx *context = NULL;
	static ResourceOwner owner = NULL;

	if (context == NULL)
	{
		ResourceOwner caller = CurrentResourceOwner;
		MemoryContext old;

		if (owner == NULL)
			owner = ResourceOwnerCreate(NULL, "oms digest");
		CurrentResourceOwner = owner;
		/* a server without OpenSSL allocates it in the current context */
		old = MemoryContextSwitchTo(TopMemoryContext);
		context = pg_cryptohash_create(PG_SHA256);
		MemoryContextSwitchTo(old);
		CurrentResourceOwner = caller;
	}
	return context;
}

/* A part at a time: between two of them it can be cancelled. */
#define HASH_PART	(1024 * 1024)

static void
digest_hash_part(pg_cryptohash_ctx *ctx, const void *data, size_t length)
{
	for (size_t done = 0; done < length; done += HASH_PART)
	{
		CHECK_FOR_INTERRUPTS();
		if (pg_cryptohash_update(ctx, (const uint8 *) data + done, Min(HASH_PART, length - done)) < 0)
			elog(ERROR, "cannot compute a SHA-256 hash");
	}
}

bytea *
oms_digest(const bytea *before, const char *text, int length, int *utf8_length)
{
	bytea	   *result = palloc(VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	pg_cryptohash_ctx *ctx = digest_hash_context();
	char	   *utf8 = pg_server_to_any(text, length, PG_UTF8);
	int			size = utf8 == text ? length : strlen(utf8);

	if (ctx == NULL || pg_cryptohash_init(ctx) < 0)
		elog(ERROR, "cannot compute a SHA-256 hash");
	if (before)
		digest_hash_part(ctx, VARDATA_ANY(before), VARSIZE_ANY_EXHDR(before));
	digest_hash_part(ctx, utf8, size);
	SET_VARSIZE(result, VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	if (pg_cryptohash_final(ctx, (uint8 *) VARDATA(result), PG_SHA256_DIGEST_LENGTH) < 0)
		elog(ERROR, "cannot compute a SHA-256 hash");
	if (utf8_length)
		*utf8_length = size;
	return result;
}

/*-------------------------------------------------------------------------
 *
 * digest.h
 *	  SHA-256 of text as it leaves the database: in UTF-8.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_DIGEST_H
#define OMS_DIGEST_H

#include "postgres.h"

/*
 * SHA-256 of `before` (NULL: of nothing) and the text, taken as UTF-8 whatever
 * the encoding of the database; `utf8_length`, if not NULL, is set to its bytes.
 */
extern bytea *oms_digest(const bytea *before, const char *text, int length, int *utf8_length);

#endif							/* OMS_DIGEST_H */

/*-------------------------------------------------------------------------
 *
 * base64url.h
 *	  Bytes as text that stands in an URL as it is (RFC 4648, section 5),
 *	  without padding.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_BASE64URL_H
#define OMS_BASE64URL_H

#include "postgres.h"

/* How long so many bytes are as text, and so much text as bytes at most. */
#define BASE64URL_LENGTH(bytes)	(((bytes) * 4 + 2) / 3)
#define BASE64URL_BYTES(length)	((length) / 4 * 3 + 2)

/* Returns the length; no terminator is written. */
extern int	oms_base64url_encode(const char *bytes, int length, char *text);

/* The number of bytes; -1: it is not what the above makes of any bytes. */
extern int	oms_base64url_decode(const char *text, int length, char *bytes);

#endif							/* OMS_BASE64URL_H */

/*-------------------------------------------------------------------------
 *
 * fix_charset.h
 *	  Bytes of a FIX message as text of the database.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_FIX_CHARSET_H
#define OMS_FIX_CHARSET_H

#include "postgres.h"

/* How to come from one encoding to that of the database: in two steps, where there is none in one. */
typedef struct FixCharset
{
	int			encoding;
	int			target;
	int			nsteps;			/* -1: there is no way, but for ASCII */
	int			via;			/* encoding between two steps */
} FixCharset;

/*
 * By the name of MessageEncoding (347), or NULL.  What PostgreSQL does not know
 * (ISO-2022-JP), and none, is oms_state.fix_encoding.
 */
extern FixCharset oms_charset_open(const char *name);
extern const char *oms_charset_name(const FixCharset *charset);

/* ASCII without a zero byte is the same in every encoding here. */
extern bool oms_charset_is_ascii(const char *bytes, size_t length);

/* All of it as C string, or NULL.  `back`: also NULL where the text does not give the same bytes again. */
extern char *oms_charset_convert(const FixCharset *charset, const char *bytes, int length, bool back);

/* What cannot be converted stands as \xHH. */
extern char *oms_charset_escape(const FixCharset *charset, const char *bytes, int length);

#endif							/* OMS_FIX_CHARSET_H */

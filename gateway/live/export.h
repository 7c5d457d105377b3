/*
 * gateway/live/export.h
 *     All rows of a view as they were at one moment, as a CSV, read bit by bit while the view goes on.
 *
 * What changes or goes before it was read is written down as it was: so nothing is copied but what changes meanwhile, and row numbers.
 */
#ifndef LIVE_EXPORT_H
#define LIVE_EXPORT_H

#include "seen.h"

typedef struct ExportLine
{
	Row			row;
	char	   *text;			/* NULL: a free place */
} ExportLine;

typedef struct Export
{
	View	   *view;
	int			columns[FIELDS_MAX];
	int			ncolumns;
	Row		   *rows;			/* in their order */
	uint32_t	count;
	uint32_t	read;
	uint8_t    *awaited;		/* a bit for each row: it is to be read, and as it was */
	Row			nawaited;
	ExportLine *kept;			/* by the number of the row */
	uint32_t	room;			/* a power of two, or 0 */
	uint32_t	nkept;
	struct Export *next;		/* its owner's */
} Export;

/* look: its columns, all fields where it has none; of a tree also what is opened. */
extern Export *export_make(View *view, const Look *look);
extern void export_free(Export *export);
/* That row of the view's store is about to change or to go. */
extern void export_keep(Export *export, Row row);
extern void export_head(const Export *export, Text *out);
/* So many lines more; true when that were all. */
extern bool export_read(Export *export, uint32_t rows, Text *out);

#endif

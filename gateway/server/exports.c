/*
 * gateway/server/exports.c
 *     All rows of a live view as a CSV.
 */
#include "exports.h"

#include <stdio.h>
#include <stdlib.h>

#include "feed.h"
#include "loop.h"

#define EXPORTS_MAX 16			/* each holds a number for every row */
#define OWNER_MAX 2
#define SLICE_ROWS 500
#define BUILD_LOOK_MS 20

typedef struct ExportRun
{
	Request    *request;
	const void *owner;
	View	   *view;			/* held */
	Look		look;			/* its columns alone, and what is opened of a tree */
	int			columns[FIELDS_MAX];
	Opened	   *opened;
	Export	   *export;			/* NULL: the view is being built */
	Clock		clock;
	struct ExportRun *next;
} ExportRun;

static ExportRun *runs;

static void
export_drop(ExportRun *run)
{
	ExportRun **place = &runs;

	while (*place != run)
		place = &(*place)->next;
	*place = run->next;
	loop_stop_clock(&run->clock);
	if (feed_live() != NULL && run->export != NULL)
		live_export_end(feed_live(), run->export);
	live_close(run->view);
	free(run->opened);
	free(run);
}

/* Whoever reads it is gone. */
static void
export_gone(Request *request)
{
	if (request->more != NULL)
		export_drop(request->more);
}

static void
export_end(ExportRun *run, bool fine)
{
	Request    *request = run->request;

	request->more = NULL;
	request->drained = NULL;
	export_drop(run);
	request_stream_end(request, fine);
}

static void
export_slice(Clock *clock)
{
	ExportRun  *run = clock->of;
	Text		text = {0};
	bool		all = false;

	if (run->export == NULL && !view_is_built(run->view))
	{
		loop_ring_in(clock, BUILD_LOOK_MS);
		return;
	}
	if (run->export == NULL)
	{
		run->export = live_export_begin(feed_live(), run->view, &run->look);
		export_head(run->export, &text);
	}
	if (request_has_room(run->request))
	{
		all = export_read(run->export, SLICE_ROWS, &text);
		request_write(run->request, text.data, text.len);
		if (!all && request_has_room(run->request))
			loop_ring_in(clock, 0);
	}
	text_free(&text);
	if (all)
		export_end(run, true);
}

static void
export_drained(Request *request)
{
	ExportRun  *run = request->more;

	if (run != NULL && run->clock.at_us == 0)
		loop_ring_in(&run->clock, 0);
}

void
exports_begin(Request *request, const void *owner, View *view, const Look *look, const char *name)
{
	ExportRun  *run;
	int			count = 0;
	int			his = 0;
	char		file[80];

	for (run = runs; run != NULL; run = run->next)
	{
		count++;
		his += run->owner == owner;
	}
	if (count >= EXPORTS_MAX || his >= OWNER_MAX)
	{
		request_refuse_with(request, count >= EXPORTS_MAX ? 503 : 429, "there are as many exports as there may be at once");
		return;
	}
	run = must_alloc(sizeof *run);
	*run = (ExportRun) {.request = request, .owner = owner, .view = view, .clock = {.ring = export_slice, .of = run}, .next = runs};
	runs = run;
	view->users++;
	for (int i = 0; i < look->ncolumns; i++)
		run->columns[i] = look->columns[i];
	if (look->opened != NULL)
	{
		run->opened = must_alloc(sizeof *run->opened);
		*run->opened = *look->opened;
	}
	run->look = (Look) {.columns = run->columns, .ncolumns = look->ncolumns, .opened = run->opened};
	request->more = run;
	request->free_more = export_gone;
	request->drained = export_drained;
	snprintf(file, sizeof file, "attachment; filename=\"%s.csv\"", name);
	request_add_header(request, "Content-Disposition", file);
	request_stream(request, 200, format_type(FORMAT_CSV));
	loop_ring_in(&run->clock, 0);
}

void
exports_cut(const void *owner)
{
	ExportRun  *next;

	for (ExportRun *run = runs; run != NULL; run = next)
	{
		next = run->next;
		if (run->owner == owner)
			export_end(run, false);
	}
}

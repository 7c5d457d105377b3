/*
 * gateway/live/live.c
 *     The live engine.
 */
#include "live.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"

typedef struct LiveViews
{
	View	  **views;
	uint32_t	count;
} LiveViews;

struct Live
{
	LiveRules	rules;
	Store	   *stores[LIVE_OBJECTS];
	LiveViews	views[LIVE_OBJECTS];
	uint8_t    *merged[LIVE_OBJECTS];	/* NULL: none is going on. By row: it was put */
	Row			nmerged[LIVE_OBJECTS];
	Row			swept[LIVE_OBJECTS];	/* of a merge that ends: what stands below is as it is to be */
	uint32_t	nviews;
	Export	   *exports;
};

static const Schema *const live_schemas[LIVE_OBJECTS] = {
	[LIVE_ORDERS] = &schema_orders, [LIVE_EXECUTIONS] = &schema_executions, [LIVE_QUOTE_REQUESTS] = &schema_quote_requests, [LIVE_QUOTES] = &schema_quotes,
};

Live *
live_make(const HashKey *key, const LiveRules *rules)
{
	Live	   *live = must_alloc(sizeof(Live));

	*live = (Live) {.rules = *rules};
	for (int i = 0; i < LIVE_OBJECTS; i++)
		live->stores[i] = store_make(live_schemas[i], key, true);
	return live;
}

void
live_free(Live *live)
{
	for (int i = 0; i < LIVE_OBJECTS; i++)
	{
		for (uint32_t j = 0; j < live->views[i].count; j++)
			view_free(live->views[i].views[j]);
		free(live->views[i].views);
		free(live->merged[i]);
		store_free(live->stores[i]);
	}
	free(live);
}

LiveObject
live_object(Span name)
{
	int			object = 0;

	while (object < LIVE_OBJECTS && !span_is(name, live_schemas[object]->object))
		object++;
	return (LiveObject) object;
}

Store *
live_store(Live *live, LiveObject object)
{
	return live->stores[object];
}

/* ------------------------------------------------------------------------
 * rows
 * ------------------------------------------------------------------------
 */

static void
live_mark(Live *live, LiveObject object, Row row)
{
	const Store *store = live->stores[object];

	if (live->merged[object] == NULL)
		return;
	if (row >= live->nmerged[object])
	{
		live->merged[object] = must_realloc(live->merged[object], store->room + 1);
		memset(live->merged[object] + live->nmerged[object], 0, store->room + 1 - live->nmerged[object]);
		live->nmerged[object] = store->room + 1;
	}
	live->merged[object][row] = 1;
}

static bool
live_is_full(const Live *live, LiveObject object, Refused *refused)
{
	const Store *store = live->stores[object];

	return live->rules.max_rows > 0 && store->count >= live->rules.max_rows &&
		!refuse(refused, 507, "more than %u %s", live->rules.max_rows, store->schema->object);
}

static LiveResult
live_add(Live *live, LiveObject object)
{
	LiveViews  *views = &live->views[object];
	Row			row = store_add(live->stores[object]);

	for (uint32_t i = 0; i < views->count; i++)
		view_after(views->views[i], row, ~(FieldSet) 0, VIEW_COMES);
	live_mark(live, object, row);
	return LIVE_APPLIED;
}

/* It changes or goes, and somebody reads it as it is. */
static void
live_keep(Live *live, LiveObject object, Row row)
{
	for (Export *export = live->exports; export != NULL; export = export->next)
		if (export->view->store == live->stores[object])
			export_keep(export, row);
}

/* False: it is as it was. */
static bool
live_change(Live *live, LiveObject object, Row row)
{
	Store	   *store = live->stores[object];
	LiveViews  *views = &live->views[object];
	FieldSet	changed = store_changes(store, row);

	if (changed == 0)
		return false;
	live_keep(live, object, row);
	for (uint32_t i = 0; i < views->count; i++)
		view_before(views->views[i], row, changed);
	store_write(store, row, changed);
	for (uint32_t i = 0; i < views->count; i++)
		view_after(views->views[i], row, changed, VIEW_CHANGES);
	return true;
}

LiveResult
live_put(Live *live, LiveObject object, const Span *cells, bool whole, Refused *refused)
{
	Store	   *store = live->stores[object];
	int64_t		version;
	int64_t		have;
	Row			row;

	if (!store_read(store, cells, refused))
		return LIVE_BAD;
	version = store->draft[store->schema->version].number.mantissa;
	row = store_find(store, store->draft[store->schema->id].text);
	have = row == ROW_NONE ? 0 : store_version(store, row);
	if (row != ROW_NONE)
		live_mark(live, object, row);
	/* What a snapshot says is so, whatever was here: a server that took over may know less, or of the same version something else. */
	if (live->merged[object] != NULL && row != ROW_NONE)
		return live_change(live, object, row) ? LIVE_APPLIED : LIVE_OLD;
	if (version <= have)
		return LIVE_OLD;
	/* What is left out is not asked for. */
	if (row == ROW_NONE && live_is_full(live, object, refused))
		return LIVE_FULL;
	if (!whole && version != have + 1)
		return LIVE_GAP;
	if (row == ROW_NONE)
		return live_add(live, object);
	live_change(live, object, row);
	return LIVE_APPLIED;
}

static void
live_remove_row(Live *live, LiveObject object, Row row)
{
	LiveViews  *views = &live->views[object];

	live_keep(live, object, row);
	for (uint32_t i = 0; i < views->count; i++)
		view_before(views->views[i], row, ~(FieldSet) 0);
	store_remove(live->stores[object], row);
	for (uint32_t i = 0; i < views->count; i++)
		view_after(views->views[i], row, ~(FieldSet) 0, VIEW_GOES);
}

bool
live_remove(Live *live, LiveObject object, Span id)
{
	Row			row = store_find(live->stores[object], id);

	if (row != ROW_NONE)
		live_remove_row(live, object, row);
	return row != ROW_NONE;
}

static void
live_merge_forget(Live *live, LiveObject object)
{
	free(live->merged[object]);
	live->merged[object] = NULL;
	live->swept[object] = 0;
}

void
live_merge_give_up(Live *live)
{
	for (int object = 0; object < LIVE_OBJECTS; object++)
		live_merge_forget(live, (LiveObject) object);
}

void
live_merge_begin(Live *live, LiveObject object)
{
	live_merge_forget(live, object);
	live->nmerged[object] = live->stores[object]->room + 1;
	live->merged[object] = must_alloc(live->nmerged[object]);
	memset(live->merged[object], 0, live->nmerged[object]);
}

bool
live_merge_end(Live *live, LiveObject object, uint32_t rows)
{
	const Store *store = live->stores[object];
	Row		   *row = &live->swept[object];

	for (; rows > 0 && *row < store->nrows; rows--, (*row)++)
		if (store_has(store, *row) && (*row >= live->nmerged[object] || live->merged[object][*row] == 0))
			live_remove_row(live, object, *row);
	if (*row < store->nrows)
		return false;
	live_merge_forget(live, object);
	return true;
}

/* ------------------------------------------------------------------------
 * views
 * ------------------------------------------------------------------------
 */

static View *
live_find_view(const LiveViews *views, const View *wanted)
{
	for (uint32_t i = 0; i < views->count; i++)
		if (views->views[i]->identity.len == wanted->identity.len && memcmp(views->views[i]->identity.data, wanted->identity.data, wanted->identity.len) == 0)
			return views->views[i];
	return NULL;
}

static void
live_drop(Live *live, LiveViews *views, uint32_t at)
{
	view_free(views->views[at]);
	views->views[at] = views->views[--views->count];
	live->nviews--;
}

/* One that nobody looks at makes room. False: all are looked at. */
static bool
live_make_room(Live *live)
{
	for (int object = 0; object < LIVE_OBJECTS; object++)
		for (uint32_t i = 0; i < live->views[object].count; i++)
			if (live->views[object].views[i]->users == 0)
			{
				live_drop(live, &live->views[object], i);
				return true;
			}
	return false;
}

View *
live_open(Live *live, LiveObject object, const ViewSpec *spec, Refused *refused)
{
	LiveViews  *views = &live->views[object];
	View	   *view = view_make(live->stores[object], spec, refused);
	View	   *there;

	if (view == NULL)
		return NULL;
	there = live_find_view(views, view);
	if (there == NULL && live->rules.max_views > 0 && live->nviews >= live->rules.max_views && !live_make_room(live))
	{
		view_free(view);
		refuse(refused, 503, "%u views are looked at, and there may be no more", live->nviews);
		return NULL;
	}
	if (there != NULL)
	{
		view_free(view);
		view = there;
	}
	else
	{
		views->views = must_realloc(views->views, (views->count + 1) * sizeof(View *));
		views->views[views->count++] = view;
		live->nviews++;
	}
	view->users++;
	view->idle = false;
	return view;
}

void
live_close(View *view)
{
	view->users--;
}

Export *
live_export_begin(Live *live, View *view, const Look *look)
{
	Export	   *export = export_make(view, look);

	view->users++;
	export->next = live->exports;
	live->exports = export;
	return export;
}

void
live_export_end(Live *live, Export *export)
{
	Export	  **place = &live->exports;

	while (*place != export)
		place = &(*place)->next;
	*place = export->next;
	live_close(export->view);
	export_free(export);
}

void
live_sweep(Live *live)
{
	for (int object = 0; object < LIVE_OBJECTS; object++)
		for (uint32_t i = live->views[object].count; i > 0; i--)
		{
			View	   *view = live->views[object].views[i - 1];

			if (view->users == 0 && view->idle)
				live_drop(live, &live->views[object], i - 1);
			else
				view->idle = view->users == 0;
		}
}

bool
live_build(Live *live, uint32_t rows)
{
	bool		done = true;

	for (int object = 0; object < LIVE_OBJECTS; object++)
		for (uint32_t i = 0; i < live->views[object].count; i++)
		{
			View	   *view = live->views[object].views[i];
			Row			before = view->built;

			if (view_is_built(view))
				continue;
			if (rows == 0)
				return false;
			done &= view_build(view, rows);
			rows -= view->built - before < rows ? view->built - before : rows;
		}
	return done;
}

uint32_t
live_views(const Live *live)
{
	return live->nviews;
}

size_t
live_bytes(const Live *live)
{
	size_t		bytes = sizeof(Live);

	for (int i = 0; i < LIVE_OBJECTS; i++)
	{
		bytes += store_bytes(live->stores[i]);
		for (uint32_t j = 0; j < live->views[i].count; j++)
			bytes += view_bytes(live->views[i].views[j]);
	}
	return bytes;
}

/*
 * gateway/server/stream_views.c
 *     The views of a live stream.
 *
 * A view takes some 40 kB, and a name in a body nine bytes: so they are counted before any is made.
 */
#include "stream_views.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "feed.h"
#include "json_parts.h"

#define WANTED "views is an object: of each view its name, and what it shows, or null"

static void
view_drop(StreamView *view)
{
	if (view->view != NULL)
		live_close(view->view);
	request_look_free(&view->look);
	free(view->json);
	free(view);
}

void
views_drop(StreamView *views)
{
	while (views != NULL)
	{
		StreamView *next = views->next;

		view_drop(views);
		views = next;
	}
}

static StreamView **
view_place(StreamView **views, const char *name)
{
	while (*views != NULL && strcmp((*views)->name, name) != 0)
		views = &(*views)->next;
	return views;
}

StreamView *
views_find(StreamView *views, const char *name)
{
	return *view_place(&views, name);
}

void
views_forget_seen(StreamView *views)
{
	for (; views != NULL; views = views->next)
		memset(&views->seen, 0, sizeof views->seen);
}

/* ---- what a body asks for ---- */

static bool
view_name(Span key, char name[VIEW_NAME_MAX + 1], Refused *refused)
{
	bool		good = key.len > 0 && key.len <= VIEW_NAME_MAX;

	for (size_t i = 0; i < key.len && good; i++)
		good = (key.data[i] >= '0' && key.data[i] <= '9') || (key.data[i] >= 'a' && key.data[i] <= 'z') || (key.data[i] >= 'A' && key.data[i] <= 'Z') ||
			key.data[i] == '_' || key.data[i] == '-';
	if (!good)
		return refuse(refused, 400, "a view is named by 1 to %d letters, digits, _ and -", VIEW_NAME_MAX);
	snprintf(name, VIEW_NAME_MAX + 1, "%.*s", (int) key.len, key.data);
	return true;
}

/* In front of the list; not open yet. */
static bool
views_list(Span key, Span value, StreamView **list, Refused *refused)
{
	char		name[VIEW_NAME_MAX + 1];
	StreamView *view;

	if (!view_name(key, name, refused))
		return false;
	if (views_find(*list, name) != NULL)
		return refuse(refused, 400, "view %s stands there twice", name);
	view = must_alloc(sizeof *view);
	memset(view, 0, sizeof *view);
	memcpy(view->name, name, sizeof name);
	view->next = *list;
	*list = view;
	if (span_is(value, "null"))
		return true;
	view->json = must_alloc(value.len + 1);
	memcpy(view->json, value.data, value.len);
	view->json[value.len] = '\0';
	return true;
}

/* Whoever has as many as he may can close all of them and open as many others. */
static bool
views_read(Span body, int64_t most, StreamView **list, Refused *refused)
{
	JsonParts	parts;
	Span		views;
	Span		key;
	Span		value;
	int64_t		members = 0;

	if (!parts_find(body, "views", &views) || !parts_begin(&parts, views))
		return refuse(refused, 400, WANTED);
	while (parts_next(&parts, &key, &value))
		members++;
	if (!parts_end(&parts))
		return refuse(refused, 400, WANTED);
	if (members > 2 * most)
		return refuse(refused, 422, "a stream has at most %lld views", (long long) most);
	parts_begin(&parts, views);
	while (parts_next(&parts, &key, &value))
		if (!views_list(key, value, list, refused))
			return false;
	return true;
}

static int
views_after(StreamView *views, StreamView *list)
{
	int			after = 0;

	for (const StreamView *view = views; view != NULL; view = view->next)
		after += views_find(list, view->name) == NULL;
	for (const StreamView *view = list; view != NULL; view = view->next)
		after += view->json != NULL;
	return after;
}

static bool
view_open(StreamView *view, const Rights *rights, Refused *refused)
{
	if (!request_look_read(feed_live(), span_of(view->json), &view->look, refused))
		return false;
	view->look.spec.rights = (Span) {rights->conditions[view->look.object].data, rights->conditions[view->look.object].len};
	view->view = live_open(feed_live(), view->look.object, &view->look.spec, refused);
	return view->view != NULL;
}

static bool
views_open(StreamView *list, const Rights *rights, Refused *refused)
{
	for (; list != NULL; list = list->next)
		if (list->json != NULL && !view_open(list, rights, refused))
			return false;
	return true;
}

/* What was seen of it is of use where it shows the same under another gen. */
static void
view_take(StreamView **views, StreamView *view)
{
	StreamView **place = view_place(views, view->name);
	StreamView *old = *place;

	if (old != NULL)
	{
		if (view->view == old->view && view->look.look.gen != old->look.look.gen)
			view->seen = old->seen;
		*place = old->next;
		view_drop(old);
	}
	if (view->view == NULL)
	{
		view_drop(view);
		return;
	}
	view->next = *views;
	*views = view;
}

bool
views_change(StreamView **views, Span body, const Rights *rights, int64_t most, Refused *refused)
{
	StreamView *list = NULL;
	bool		good = views_read(body, most, &list, refused);

	if (good && views_after(*views, list) > most)
		good = refuse(refused, 422, "a stream has at most %lld views", (long long) most);
	if (!good || !views_open(list, rights, refused))
	{
		views_drop(list);
		return false;
	}
	while (list != NULL)
	{
		StreamView *next = list->next;

		view_take(views, list);
		list = next;
	}
	feed_build();
	return true;
}

bool
views_again(StreamView *views, const Rights *rights, Refused *refused)
{
	for (StreamView *view = views; view != NULL; view = view->next)
	{
		live_close(view->view);
		view->view = NULL;
		request_look_free(&view->look);
		memset(&view->seen, 0, sizeof view->seen);
		if (!view_open(view, rights, refused))
			return false;
	}
	feed_build();
	return true;
}

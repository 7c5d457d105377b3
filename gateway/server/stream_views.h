/*
 * gateway/server/stream_views.h
 *     The views of a live stream, as its client names and asks for them.
 */
#ifndef STREAM_VIEWS_H
#define STREAM_VIEWS_H

#include "request_look.h"
#include "rights.h"

#define VIEW_NAME_MAX 32

typedef struct StreamView
{
	char		name[VIEW_NAME_MAX + 1];
	char	   *json;			/* as it was asked; NULL: it is to be closed */
	LookRequest look;
	View	   *view;
	Seen		seen;
	struct StreamView *next;
} StreamView;

extern void views_drop(StreamView *views);
/*
 * What a body asks for: {"views": {name: what it shows, or null, ...}}, at most so many of them afterwards. All or none of it: false, refused,
 * and nothing has changed.
 */
extern bool views_change(StreamView **views, Span body, const Rights *rights, int64_t most, Refused *refused);
/* Under other rights every view is another one. False: they cannot be had. */
extern bool views_again(StreamView *views, const Rights *rights, Refused *refused);
/* NULL: there is none. */
extern StreamView *views_find(StreamView *views, const char *name);
/* Nothing that was shown to another connection is known to this one. */
extern void views_forget_seen(StreamView *views);

#endif

/*
 * gateway/live/request_look.h
 *     What a client wants to look at, as it says it.
 *
 * {"gen":7,"object":"orders","where":{...},"filters":{"price":">100"},"search":"abc","orderBy":["-updatedAt"],
 *  "mode":"flat"|"tree"|"group","groupBy":"symbol","columns":["symbol","price"],
 *  "first":120000,"count":60,"anchor":{"top":true}|{"end":true}|{"id":"ORD-1","offset":3},"expand":["ORD-1"],"frozen":false}
 *
 * filters are what stands above the columns (filter_row.h), and hold together with where and search. expand: ids of roots; values of
 * groups, null among them. An unknown member is refused, as a query refuses it.
 */
#ifndef LIVE_REQUEST_LOOK_H
#define LIVE_REQUEST_LOOK_H

#include "live.h"

typedef struct LookRequest
{
	LiveObject	object;
	ViewSpec	spec;			/* without the rights, which no client says */
	Look		look;

	/* what they point to */
	Text		where;
	Text		id;
	int			columns[FIELDS_MAX];
	Opened		opened;
} LookRequest;

/* json lives as long as the request is used. False: refused; request_look_free() even so. */
extern bool request_look_read(Live *live, Span json, LookRequest *request, Refused *refused);
extern void request_look_free(LookRequest *request);

#endif

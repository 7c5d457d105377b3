/*
 * gateway/pure/routes.h
 *     The routes: one table, for the server and for the OpenAPI document.
 */
#ifndef ROUTES_H
#define ROUTES_H

#include "formats.h"
#include "refused.h"

typedef enum RouteAction
{
	ROUTE_COMMAND,				/* one command of the object: parameters[0] as it stands in the path ("quote-requests") */
	ROUTE_PREVIEW,				/* one command, which is not done */
	ROUTE_COMMANDS,				/* an array */
	ROUTE_FIX,
	ROUTE_SERVICE,				/* parameters[0]: its name */
	ROUTE_LIST,					/* parameters[0]: the object; what is asked stands in the query text */
	ROUTE_SEARCH,				/* the same; what is asked is the body */
	ROUTE_OBJECT,				/* parameters[1]: the id, as of ?at= */
	ROUTE_TREE,
	ROUTE_HISTORY,
	ROUTE_PLACEMENT,			/* parameters[1]: the order's id */
	ROUTE_DESK,					/* parameters[0]: which of the desk's lists */
	ROUTE_REVIEW,				/* parameters[0]: the execution's id */
	ROUTE_CATALOGUE,
	ROUTE_OPENAPI,
	ROUTE_LOGIN,
	ROUTE_SESSION,
	ROUTE_LOGOUT,
	ROUTE_LIVE_OPEN,
	ROUTE_LIVE_STREAM,			/* parameters[0]: its id */
	ROUTE_LIVE_VIEWS,
	ROUTE_LIVE_EXPORT,			/* parameters[1]: the view's name */
	ROUTE_PAGE,
	ROUTE_ASSET					/* parameters[0]: the build that it is of; [1]: its name */
} RouteAction;

/* What may stand behind the '?' of a route (query_text.h). */
#define ASKS_WHERE 1			/* conditions */
#define ASKS_PAGE 2				/* orderBy, limit, after */
#define ASKS_COUNT 4
#define ASKS_SELECT 8
#define ASKS_AT 16
#define ASKS_ATOMIC 32

typedef enum RouteBody
{
	BODY_NONE,
	BODY_JSON,
	BODY_FIX					/* text/plain or application/octet-stream: one raw message; application/json: an array of texts */
} RouteBody;

#define ROUTE_PARAMETERS_MAX 2
#define ROUTE_PARAMETER_SIZE 512

typedef struct Route
{
	const char *method;
	const char *path;			/* "/queries/{object}/{id}"; behind a name there may be an ending, "{view}.csv" */
	RouteAction action;
	bool		writes;			/* in PostgreSQL: goes to the primary, and needs the origin of a browser's session */
	RouteBody	body;
	unsigned	asks;			/* ASKS_... */
	unsigned	gives;			/* FORMAT_...; 0: a part of the page, for browsers and in no document */
	const char *operation;		/* operationId */
	const char *summary;
	const char *description;	/* or NULL */
} Route;

/* Ended by one without a method. */
extern const Route routes[];

typedef struct RouteMatch
{
	const Route *route;
	int			nparameters;
	/* Decoded, UTF-8 without control characters, never empty. */
	char		parameters[ROUTE_PARAMETERS_MAX][ROUTE_PARAMETER_SIZE];
} RouteMatch;

/*
 * path: as it came, up to the '?', nothing decoded. HEAD finds what GET finds.
 * False: 404, 405 with the methods that there are, 400 for a path that cannot be decoded, 414 for a parameter that is too long.
 */
extern bool route_find(const char *method, Span path, RouteMatch *match, Refused *refused);

#endif

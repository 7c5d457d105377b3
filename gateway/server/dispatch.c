/*
 * gateway/server/dispatch.c
 *     Which part answers which route.
 */
#include "commands.h"
#include "desk.h"
#include "document.h"
#include "identity.h"
#include "page.h"
#include "queries.h"
#include "request.h"
#include "sessions.h"
#include "streams.h"

void
request_run(Request *request)
{
	switch (request->match.route->action)
	{
		case ROUTE_COMMAND:
			command_run(request);
			break;
		case ROUTE_PREVIEW:
			preview_run(request);
			break;
		case ROUTE_COMMANDS:
			commands_run(request);
			break;
		case ROUTE_FIX:
			fix_run(request);
			break;
		case ROUTE_SERVICE:
			service_run(request);
			break;
		case ROUTE_LOGIN:
			sessions_login(request);
			break;
		case ROUTE_LOGOUT:
			sessions_logout(request);
			break;
		case ROUTE_SESSION:
			identity_who(request);
			break;
		case ROUTE_LIST:
		case ROUTE_SEARCH:
			queries_list(request);
			break;
		case ROUTE_OBJECT:
			queries_object(request);
			break;
		case ROUTE_TREE:
			queries_tree(request);
			break;
		case ROUTE_HISTORY:
			queries_history(request);
			break;
		case ROUTE_PLACEMENT:
			desk_placement(request);
			break;
		case ROUTE_DESK:
			desk_list(request);
			break;
		case ROUTE_REVIEW:
			desk_review(request);
			break;
		case ROUTE_CATALOGUE:
			desk_catalogue(request);
			break;
		case ROUTE_LIVE_OPEN:
			streams_open(request);
			break;
		case ROUTE_LIVE_STREAM:
			streams_attach(request);
			break;
		case ROUTE_LIVE_VIEWS:
			streams_views(request);
			break;
		case ROUTE_LIVE_EXPORT:
			streams_export(request);
			break;
		case ROUTE_PAGE:
			page_run(request);
			break;
		case ROUTE_ASSET:
			page_asset(request);
			break;
		case ROUTE_OPENAPI:
			document_run(request);
			break;
	}
}

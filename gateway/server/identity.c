/*
 * gateway/server/identity.c
 *     Who asks.
 *
 * Where there is a role, it is set in PostgreSQL for the transaction, and PostgreSQL says whether the pool's login may be it.
 */
#include "identity.h"

#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "listener.h"
#include "rate.h"
#include "server.h"
#include "sessions.h"
#include "tokens.h"

static const Options *options;
static Rates *rates;			/* what each role has written */

void
identity_start(const Options *given)
{
	options = given;
	rates = rates_new();
}

void
identity_end(void)
{
	rates_free(rates);
	rates = NULL;
}

bool
identity_is_name(Span value)
{
	if (value.len == 0 || value.len >= sizeof(((Identity *) NULL)->role_room))
		return false;
	for (size_t i = 0; i < value.len; i++)
	{
		unsigned char c = (unsigned char) value.data[i];

		if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c != '\0' && strchr("_.@-", c) != NULL)))
			return false;
	}
	return !span_is(value, "none");
}

/* The header counts only where nobody but the proxy can bring it: on a Unix socket. */
static bool
identity_of_proxy(Request *request, Refused *refused)
{
	Identity   *identity = &request->identity;
	Span		name;

	if (!request->peer->local)
		return refuse(refused, 401, "who asks is told by a proxy, and a proxy comes by the Unix socket");
	if (!guard_header(&request->head, options->proxy_header, &name, refused))
		return false;
	if (name.data == NULL)
		return refuse(refused, 401, "the proxy does not say who asks: no %s header", options->proxy_header);
	if (!identity_is_name(name))
		return refuse(refused, 401, "the %s header is no name", options->proxy_header);
	snprintf(identity->role_room, sizeof identity->role_room, "%.*s", (int) name.len, name.data);
	identity->role = identity->role_room;
	return true;
}

/* Only what is a role's name, whoever signed it. */
static bool
identity_of_certificate(Request *request, Refused *refused)
{
	Identity   *identity = &request->identity;
	const char *why;

	if (!request->peer->secure)
		return refuse(refused, 401, "who asks is told by a certificate, and this socket has none");
	if (!tls_client_name(request->mhd, identity->role_room, sizeof identity->role_room, &why))
		return refuse(refused, 401, "%s", why);
	if (!identity_is_name(span_of(identity->role_room)))
		return refuse(refused, 401, "the common name of the client's certificate is no name of a role");
	identity->role = identity->role_room;
	return true;
}

/* The document of the routes is for everybody, as the page is, which has nothing of anybody in it; who says who he is gets all of it. */
static bool
identity_is_needed(const Request *request)
{
	RouteAction action = request->match.route->action;

	return action != ROUTE_OPENAPI || request_header(request, "Authorization").data != NULL || request_header(request, "Cookie").data != NULL;
}

static bool
identity_of(Request *request, Refused *refused)
{
	if (request->match.route->action == ROUTE_PAGE || request->match.route->action == ROUTE_ASSET)
		return true;
	request->identity.pool = server_pool;
	switch ((AuthMode) options->auth)
	{
		case AUTH_LOGIN:
			return true;
		case AUTH_PROXY:
			return identity_of_proxy(request, refused);
		case AUTH_JWT:
			if (identity_is_needed(request))
				return tokens_find(request, refused);
			/* the login of the pool is asked for nobody */
			request->identity.pool = NULL;
			return true;
		case AUTH_CERTIFICATE:
			return identity_of_certificate(request, refused);
		case AUTH_PASSWORD:
			return request->match.route->action == ROUTE_LOGIN || !identity_is_needed(request) || sessions_find(request, refused);
	}
	return false;
}

/* All on a pool share its connections; whoever writes more than his share leaves those of a second to the others. */
static bool
identity_may_write(const Request *request, Refused *refused)
{
	return request->identity.role == NULL || !request->match.route->writes || rates_take(rates, request->identity.role, options->role_rate, loop_now_us()) ||
		refuse(refused, 429, "a role gives at most %lld commands a second", (long long) options->role_rate);
}

/*
 * Where a certificate, a proxy or the network itself says who asks, a browser says it for every page that it shows; and a body of text/plain needs
 * nobody's leave. So what changes something may not come from another site's page. Programs send neither header. Behind a proxy Host may be another
 * name than the browser's: what the browser says of the site comes first.
 */
static bool
identity_is_of_another_site(const Request *request)
{
	Span		site = request_header(request, "Sec-Fetch-Site");

	if (options->auth == AUTH_PASSWORD || options->auth == AUTH_JWT || sessions_safe(request))
		return false;
	if (site.data != NULL)
		return !span_is(site, "same-origin") && !span_is(site, "none");
	return request_header(request, "Origin").data != NULL && !sessions_own_origin(request);
}

bool
identity_find(Request *request, Refused *refused)
{
	if (identity_is_of_another_site(request))
		return refuse(refused, 403, "what changes something must not come from another site's page");
	return identity_of(request, refused) && identity_may_write(request, refused);
}

static void
who_row(Job *job, int step, const PGresult *result, int row)
{
	Request    *request = job->of;

	if (job->steps[step].statement == SQL_WHO)
		text_add(&request->result, PQgetvalue(result, row, 0), (size_t) PQgetlength(result, row, 0));
}

static void
who_again(Job *job)
{
	text_clear(&((Request *) job->of)->result);
}

static void
who_ended(Request *request, JobEnd end)
{
	if (end == JOB_DONE)
		request_answer(request, 200, format_type(FORMAT_JSON), &request->result);
	else
		request_job_failed(request, end, NULL);
}

void
identity_who(Request *request)
{
	Pool	   *pool = request_begin_read(request);

	request_add_step(request, SQL_WHO);
	request->job.row = who_row;
	request->job.again = who_again;
	request_run_job(request, pool, who_ended);
}

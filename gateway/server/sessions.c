/*
 * gateway/server/sessions.c
 *     Sessions of people.
 *
 * No address has more than two tries on their way, no user more than one. A cookie is sent by a browser whoever's page asks for it, so
 * what changes something must come from our own origin; a token in Authorization is not, so that needs no origin.
 */
#define _GNU_SOURCE
#include "sessions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "bytes.h"
#include "commands.h"
#include "guesses.h"
#include "identity.h"
#include "json_parts.h"
#include "listener.h"
#include "log.h"
#include "rate.h"
#include "server.h"

#define TOKEN_BYTES 32
#define TOKEN_SIZE (2 * TOKEN_BYTES + 1)
#define COOKIE "__Host-oms"
#define BUCKETS 1024
#define PASSWORD_MAX 1024
#define AT_ONCE 2
#define LOOK_MS 1000

struct Login
{
	char		token[TOKEN_SIZE];
	char		user[USER_MAX + 1];
	uint64_t	number;
	Pool	   *pool;
	int64_t		until_us;		/* however busy it is */
	int64_t		idle_us;		/* unless it is used before */
	int64_t		writes_us;		/* up to when its requests that write use what it is given */
	int			holds;			/* requests */
	bool		over;
	Login	   *next;			/* of its bucket */
};

/* A login that is being tried. */
typedef struct Attempt
{
	Request    *request;
	Pool	   *pool;
	char		user[USER_MAX + 1];
	char		address[ADDRESS_SIZE];	/* what counts as one */
	bool		wants_token;
	struct Attempt *next;
} Attempt;

static const Options *options;	/* NULL: who asks is known in another way */
static Login *buckets[BUCKETS];
static uint64_t numbers;
static Login *leaving;			/* over, and still held */
static int	count;
static Attempt *attempts;
static Clock sweep_clock;

const char *
sessions_user(const Login *login)
{
	return login->user;
}

int
sessions_count(void)
{
	return count;
}

/* ---- how many at once ---- */

static bool
attempt_may(const Attempt *attempt, bool local, Refused *refused)
{
	int			of_address = 0;
	int			of_all = 0;

	for (const Attempt *other = attempts; other != NULL; other = other->next)
	{
		of_all++;
		of_address += strcmp(other->address, attempt->address) == 0;
		if (strcmp(other->user, attempt->user) == 0)
			return refuse(refused, 429, "a login of this user is on its way already");
	}
	if (count + of_all >= options->sessions_max)
		return refuse(refused, 503, "there are %d sessions already", count);
	if (!local && of_address >= AT_ONCE)
		return refuse(refused, 429, "%d logins from this address are on their way already", AT_ONCE);
	return guesses_may(attempt->user, local ? NULL : attempt->address, refused);
}

/* ---- sessions ---- */

static Login **
session_bucket(const char *token)
{
	unsigned	number = 0;

	/* tokens are random, and so are their first digits */
	for (int i = 0; i < 4; i++)
		number = number * 16 + (unsigned) hex_digit(token[i]);
	return &buckets[number % BUCKETS];
}

/* In a time that says nothing about how much of it is right. */
static bool
same_token(const char *one, const char *other)
{
	unsigned	differs = 0;

	for (int i = 0; i < TOKEN_SIZE - 1; i++)
		differs |= (unsigned char) one[i] ^ (unsigned char) other[i];
	return differs == 0;
}

static Login *
session_find(Span token)
{
	char		text[TOKEN_SIZE];

	if (token.len != TOKEN_SIZE - 1)
		return NULL;
	memcpy(text, token.data, token.len);
	text[token.len] = '\0';
	for (size_t i = 0; i < token.len; i++)
		if (hex_digit(text[i]) < 0)
			return NULL;
	for (Login *login = *session_bucket(text); login != NULL; login = login->next)
		if (same_token(login->token, text))
			return login;
	return NULL;
}

static void
session_free(Login *login)
{
	pool_close(login->pool);
	explicit_bzero(login->token, sizeof login->token);
	free(login);
}

uint64_t
sessions_number(const Login *login)
{
	return login->number;
}

bool
sessions_ended(const Login *login)
{
	return login->over || login->until_us <= loop_now_us() || login->idle_us <= loop_now_us() || pool_is_dead(login->pool);
}

/* Nobody finds it any more; whoever holds it may end what he began. */
static void
session_over(Login *login)
{
	Login	  **at = session_bucket(login->token);

	while (*at != login)
		at = &(*at)->next;
	*at = login->next;
	login->over = true;
	count--;
	if (login->holds == 0)
		session_free(login);
	else
	{
		login->next = leaving;
		leaving = login;
	}
}

void
sessions_let_go(Login *login)
{
	Login	  **at = &leaving;

	if (--login->holds > 0 || !login->over)
		return;
	while (*at != NULL && *at != login)
		at = &(*at)->next;
	if (*at != NULL)
		*at = login->next;
	session_free(login);
}

static void
sweep(Clock *clock)
{
	for (int i = 0; i < BUCKETS; i++)
	{
		Login	   *next;

		for (Login *login = buckets[i]; login != NULL; login = next)
		{
			next = login->next;
			if (login->until_us <= loop_now_us() || (login->holds == 0 && login->idle_us <= loop_now_us()) || pool_is_dead(login->pool))
				session_over(login);
		}
	}
	loop_ring_in(clock, LOOK_MS);
}

void
sessions_start(const Options *given)
{
	options = given;
	if (sweep_clock.ring != NULL)
		return;
	sweep_clock = (Clock) {.ring = sweep};
	loop_ring_in(&sweep_clock, LOOK_MS);
}

/* Whoever holds it is let go by its pool's end. */
static void
sessions_drop(Login *login)
{
	login->over = false;
	pool_end(login->pool);
	free(login);
}

void
sessions_end(void)
{
	loop_stop_clock(&sweep_clock);
	for (int i = 0; i < BUCKETS; i++)
		while (buckets[i] != NULL)
		{
			Login	   *login = buckets[i];

			buckets[i] = login->next;
			sessions_drop(login);
		}
	while (leaving != NULL)
	{
		Login	   *login = leaving;

		leaving = login->next;
		sessions_drop(login);
	}
	while (attempts != NULL)
	{
		Attempt    *attempt = attempts;

		attempts = attempt->next;
		pool_end(attempt->pool);
		free(attempt);
	}
	guesses_end();
	count = 0;
}

/* ---- which session ---- */

/* The value of our cookie; NULL data: there is none. */
static Span
cookie_of(const Request *request)
{
	Span		rest = request_header(request, "Cookie");

	while (rest.len > 0)
	{
		Span		one = span_trim(span_cut(&rest, ';'));
		Span		name = span_trim(span_cut(&one, '='));

		if (span_is(name, COOKIE))
			return span_trim(one);
	}
	return (Span) {NULL, 0};
}

static Span
bearer_of(const Request *request)
{
	Span		rest = request_header(request, "Authorization");
	Span		scheme = span_cut(&rest, ' ');

	return span_is_like(scheme, "Bearer") ? span_trim(rest) : (Span) {NULL, 0};
}

/* Our origin is the host that was asked, whatever the scheme: TLS may end before us. */
bool
sessions_own_origin(const Request *request)
{
	Span		origin = request_header(request, "Origin");
	Span		host = request_header(request, "Host");
	Span		site = request_header(request, "Sec-Fetch-Site");
	size_t		skip = origin.len > 8 && strncmp(origin.data, "https://", 8) == 0 ? 8 : origin.len > 7 && strncmp(origin.data, "http://", 7) == 0 ? 7 : 0;

	if (site.data != NULL && !span_is(site, "same-origin"))
		return false;
	return skip > 0 && origin.len - skip == host.len && strncasecmp(origin.data + skip, host.data, host.len) == 0;
}

bool
sessions_safe(const Request *request)
{
	return strcmp(request->head.method, "GET") == 0 || strcmp(request->head.method, "HEAD") == 0;
}

static bool
session_may_write(Login *login, Refused *refused)
{
	return rate_take(&login->writes_us, options->session_rate, loop_now_us()) ||
		refuse(refused, 429, "a session gives at most %lld commands a second", (long long) options->session_rate);
}

bool
sessions_find(Request *request, Refused *refused)
{
	Span		token = bearer_of(request);
	bool		by_cookie = token.data == NULL;
	Login	   *login;

	if (by_cookie)
		token = cookie_of(request);
	if (token.data == NULL)
		return refuse(refused, 401, "nobody is logged in: POST /session");
	login = session_find(token);
	if (login == NULL || pool_is_dead(login->pool))
		return refuse(refused, 401, "there is no such session, or it is over: log in again");
	if (by_cookie && !sessions_safe(request) && !sessions_own_origin(request))
		return refuse(refused, 403, "a session's cookie is good for requests of its own origin: Origin must be ours");
	if (request->match.route->writes && !session_may_write(login, refused))
		return false;
	login->idle_us = loop_now_us() + options->session_idle_ms * 1000;
	login->holds++;
	request->identity.login = login;
	request->identity.pool = login->pool;
	return true;
}

/* ---- logging in ---- */

static void
attempt_remove(Attempt *attempt)
{
	Attempt   **at = &attempts;

	while (*at != attempt)
		at = &(*at)->next;
	*at = attempt->next;
}

static Login *
session_new(const Attempt *attempt)
{
	Login	   *login = must_alloc(sizeof *login);
	unsigned char bytes[TOKEN_BYTES];
	Login	  **bucket;

	*login = (Login) {.number = ++numbers, .pool = attempt->pool, .holds = 1, .until_us = loop_now_us() + options->session_max_ms * 1000,
	.idle_us = loop_now_us() + options->session_idle_ms * 1000};
	memcpy(login->user, attempt->user, sizeof login->user);
	if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
		abort();
	for (int i = 0; i < TOKEN_BYTES; i++)
		snprintf(login->token + 2 * i, 3, "%02x", bytes[i]);
	bucket = session_bucket(login->token);
	login->next = *bucket;
	*bucket = login;
	count++;
	return login;
}

static void
attempt_came_in(Attempt *attempt)
{
	Request    *request = attempt->request;
	Login	   *login = session_new(attempt);
	char		cookie[TOKEN_SIZE + 100];
	Text		text = {0};

	guesses_forget(attempt->user, attempt->address);
	log_info("request %s: %s logged in from %s", request->id, login->user, request->peer->address);
	commands_learn(login->pool);
	request->identity.login = login;
	request->identity.pool = login->pool;
	text_puts(&text, "{\"user\": ");
	text_json(&text, login->user, strlen(login->user));
	if (attempt->wants_token)
		text_printf(&text, ", \"token\": \"%s\"", login->token);
	else
	{
		snprintf(cookie, sizeof cookie, COOKIE "=%s; Path=/; Secure; HttpOnly; SameSite=Strict", login->token);
		request_add_header(request, "Set-Cookie", cookie);
		explicit_bzero(cookie, sizeof cookie);
	}
	text_puts(&text, "}\n");
	request_answer(request, 201, "application/json", &text);
}

/* Which of name and password was wrong is not said, and PostgreSQL takes as long for either. */
static void
attempt_failed(Attempt *attempt, PoolFailure failure)
{
	if (failure == POOL_DENIED || failure == POOL_SILENT)
		guesses_failed(attempt->user, attempt->address);
	pool_close(attempt->pool);
	if (attempt->request == NULL)
		return;
	if (failure == POOL_DENIED)
		request_refuse_with(attempt->request, 401, "this user cannot log in with this password");
	else
		request_refuse_with(attempt->request, 503, "PostgreSQL lets nobody in at present");
}

static void
attempt_ended(Pool *pool, void *of, const char *problem, PoolFailure failure)
{
	Attempt    *attempt = of;
	Request    *request = attempt->request;

	(void) pool;
	attempt_remove(attempt);
	if (request != NULL)
		request->more = NULL;
	if (problem == NULL && request != NULL)
		attempt_came_in(attempt);
	else if (problem == NULL)
		pool_close(attempt->pool);
	else
		attempt_failed(attempt, failure);
	free(attempt);
}

/* The client does not wait any more. */
static void
attempt_abandoned(Request *request)
{
	Attempt    *attempt = request->more;

	if (attempt != NULL)
		attempt->request = NULL;
}

/* A text of the body's object, without a character that is 0. */
static bool
read_text(Span body, const char *name, size_t max, Text *out)
{
	Span		value;

	return parts_find(body, name, &value) && parts_string(value, out) && out->len > 0 && out->len <= max && memchr(out->data, '\0', out->len) == NULL;
}

static void
attempt_start(Request *request, Attempt *attempt, const char *password)
{
	char		name[USER_MAX + 32];
	PoolRules	rules = {
		.dsn = options->dsn,
		.user = attempt->user,
		.password = password,
		.keep_password = options->session_keep_password,
		.name = name,
		.size = 1,
		.queue_max = (int) options->pool_queue,
		.queue_ms = options->queue_timeout_ms,
		.statement_ms = options->command_timeout_ms,
		.answer_ms = server_answer_ms(options),
		.login_ms = options->login_timeout_ms,
	};

	snprintf(name, sizeof name, "session of %s", attempt->user);
	attempt->request = request;
	attempt->pool = pool_open(&rules);
	attempt->next = attempts;
	attempts = attempt;
	request->more = attempt;
	request->free_more = attempt_abandoned;
	pool_on_first(attempt->pool, attempt_ended, attempt);
}

void
sessions_login(Request *request)
{
	Span		body = {request->body.data, request->body.len};
	Span		wants;
	Text		user = {0};
	Text		password = {0};
	Attempt    *attempt = must_alloc(sizeof *attempt);
	Refused		refused = {0};
	bool		fine = true;

	*attempt = (Attempt) {.request = NULL};
	if (!read_text(body, "user", USER_MAX, &user) || !read_text(body, "password", PASSWORD_MAX, &password))
		fine = refuse(&refused, 400, "the body is an object with user and password");
	else if (options == NULL)
		fine = refuse(&refused, 404, "there are no sessions here: auth is not password");
	else
	{
		memcpy(attempt->user, user.data, user.len + 1);
		memcpy(attempt->address, request->peer->client, sizeof attempt->address);
		attempt->wants_token = parts_find(body, "token", &wants) && span_is(wants, "true");
		if (!attempt->wants_token && !sessions_own_origin(request))
			fine = refuse(&refused, 403, "a cookie is given to our own origin alone; other clients ask for \"token\": true");
		else
			fine = attempt_may(attempt, request->peer->local, &refused);
	}
	if (fine)
		attempt_start(request, attempt, password.data);
	else
	{
		request_refuse(request, &refused);
		free(attempt);
	}
	explicit_bzero(request->body.data, request->body.len);
	if (password.len > 0)
		explicit_bzero(password.data, password.len);
	text_free(&password);
	text_free(&user);
}

void
sessions_logout(Request *request)
{
	Login	   *login = request->identity.login;
	Text		text = {0};

	if (login == NULL)
	{
		request_refuse_with(request, 404, "there are no sessions here");
		return;
	}
	log_info("request %s: %s logged out", request->id, login->user);
	if (!login->over)
		session_over(login);
	request_add_header(request, "Set-Cookie", COOKIE "=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
	request_answer(request, 204, NULL, &text);
}

/*
 * gateway/server/sessions.h
 *     Sessions of people: each is a login to PostgreSQL with its owner's name and password, and a connection of its own.
 *
 * PostgreSQL says who may log in, by whatever its pg_hba.conf asks: the gateway knows no passwords and keeps none (but by
 * session.keep_password, for a server that is lost). A session is named by a token of 256 random bits, in a cookie for browsers or, where the
 * login asks for it, in the answer, to be sent as Authorization: Bearer.
 */
#ifndef SESSIONS_H
#define SESSIONS_H

#include "options.h"
#include "request.h"

typedef struct Login Login;

extern void sessions_start(const Options *options);
extern void sessions_end(void);
extern int	sessions_count(void);
extern const char *sessions_user(const Login *login);
/* No other one has it, ever. */
extern uint64_t sessions_number(const Login *login);
/* It is over, or would be but for who holds it. */
extern bool sessions_ended(const Login *login);

/* POST /session: {"user", "password", "token": true}. */
extern void sessions_login(Request *request);
/* DELETE /session. */
extern void sessions_logout(Request *request);

/* It changes nothing; it comes from a page of ours, by what the browser says. */
extern bool sessions_safe(const Request *request);
extern bool sessions_own_origin(const Request *request);

/*
 * The session that a request names; holds it. False: none, or one that is over, or a request that changes something and comes from another
 * origin.
 */
extern bool sessions_find(Request *request, Refused *refused);
extern void sessions_let_go(Login *login);

#endif

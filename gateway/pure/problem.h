/*
 * gateway/pure/problem.h
 *     Bodies of application/problem+json.
 *
 * What PostgreSQL refuses has the form of the contract, {"status": "REJECTED", ..., "error": {"sqlstate", "message", ...}}: as
 * oms_try_command() gave it, byte for byte, or made here of an error that was raised. What the gateway refuses by itself has RFC
 * 9457's members: type, title, status, detail; and the request's id.
 */
#ifndef PROBLEM_H
#define PROBLEM_H

#include "refused.h"

#define PROBLEM_TYPE "application/problem+json"

/* Of an error that was raised. NULL: there is none. */
typedef struct Raised
{
	const char *sqlstate;
	const char *message;
	const char *detail;
	const char *hint;
	const char *rule;
	const char *command_id;
} Raised;

extern void problem_raised(Text *out, const Raised *raised);
extern void problem_own(Text *out, int status, const char *detail, const char *request_id);
/* Nobody knows whether the command was applied: the answer to a connection that was lost and did not come back. */
extern void problem_unknown(Text *out, const char *command_id, const char *request_id);

/*
 * Of one result: whether it is a refusal, and which one. A text that is no result is none.
 */
extern bool problem_of_result(Span result, char sqlstate[6]);

#endif

/*
 * gateway/pure/problem.c
 *     Bodies of application/problem+json.
 */
#include "problem.h"

#include <string.h>

#include "bytes.h"
#include "json_parts.h"
#include "status.h"

static void
problem_member(Text *out, const char *name, const char *value, bool *first)
{
	if (value == NULL)
		return;
	text_printf(out, "%s\"%s\": ", *first ? "" : ", ", name);
	text_json(out, value, strlen(value));
	*first = false;
}

void
problem_raised(Text *out, const Raised *raised)
{
	bool		first = true;

	text_puts(out, "{\"status\": \"REJECTED\", ");
	if (raised->command_id != NULL)
	{
		text_puts(out, "\"commandId\": ");
		text_json(out, raised->command_id, strlen(raised->command_id));
		text_puts(out, ", ");
	}
	text_puts(out, "\"error\": {");
	problem_member(out, "sqlstate", raised->sqlstate, &first);
	problem_member(out, "message", raised->message, &first);
	problem_member(out, "detail", raised->detail, &first);
	problem_member(out, "hint", raised->hint, &first);
	problem_member(out, "rule", raised->rule, &first);
	text_puts(out, "}}\n");
}

static void
problem_head(Text *out, int status, const char *detail, const char *request_id)
{
	bool		first = true;

	text_puts(out, "{");
	problem_member(out, "type", "about:blank", &first);
	problem_member(out, "title", status_title(status), &first);
	text_printf(out, ", \"status\": %d", status);
	problem_member(out, "detail", detail, &first);
	problem_member(out, "requestId", request_id, &first);
}

void
problem_own(Text *out, int status, const char *detail, const char *request_id)
{
	problem_head(out, status, detail, request_id);
	text_puts(out, "}\n");
}

void
problem_unknown(Text *out, const char *command_id, const char *request_id)
{
	bool		first = false;

	problem_head(out, 504, "the connection to PostgreSQL was lost; whether it was applied, the same commandId will tell when it is sent again", request_id);
	problem_member(out, "outcome", "unknown", &first);
	problem_member(out, "commandId", command_id, &first);
	text_puts(out, "}\n");
}

/*
 * What has a state was accepted, and PostgreSQL writes that first: all of a long text need not be looked at.
 */
static bool
problem_has_state(Span result)
{
	static const char first[] = "{\"state\":";

	return result.len > sizeof(first) && memcmp(result.data, first, sizeof(first) - 1) == 0;
}

bool
problem_of_result(Span result, char sqlstate[6])
{
	Span		status;
	Span		error;
	Span		state;
	Text		text = {0};
	bool		found;

	found = !problem_has_state(result) && parts_find(result, "status", &status) && span_is(status, "\"REJECTED\"") && parts_find(result, "error", &error) &&
		parts_find(error, "sqlstate", &state) && parts_string(state, &text) && text.len == 5;
	if (found)
		memcpy(sqlstate, text.data, 6);
	text_free(&text);
	return found;
}

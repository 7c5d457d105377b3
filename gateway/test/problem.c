/*
 * gateway/test/problem.c
 *     SQLSTATEs as statuses, and what goes out with them.
 *
 * Broken by: a SQLSTATE that has another status than the contract says, a retry of what must not be, a text of the server's that a
 * caller sees, a problem that is no JSON.
 */
#include "problem.h"

#include "bytes.h"
#include "status.h"
#include "tap.h"

static void
check_words(void)
{
	char		sqlstate[6];
	const char *words = "connection to server at \"a:  b: c\", port 1 failed: Connection refused\nconnection to server at \"b\" failed: FATAL:  28P01: password\n"
		"connection failed: FATAL:  3D000: no database";

	words = status_next(words, sqlstate);
	ok(words != NULL && strcmp(sqlstate, "28P01") == 0, "the first SQLSTATE in what libpq says");
	words = status_next(words, sqlstate);
	ok(words != NULL && strcmp(sqlstate, "3D000") == 0, "and the next");
	ok(status_next(words, sqlstate) == NULL && status_next("FATAL:  28P0", sqlstate) == NULL && status_next("", sqlstate) == NULL, "and no more");
	ok(status_next("FATAL:  password: x", sqlstate) == NULL && status_next("FATAL:  28P010: x", sqlstate) == NULL, "what is none is none");
}

static void
check_statuses(void)
{
	static const struct
	{
		const char *sqlstate;
		int			status;
		bool		told;
	}			cases[] = {
		{"OM001", 400, true}, {"OM002", 400, true}, {"OM009", 400, true}, {"OM010", 400, true}, {"OM003", 404, true}, {"OM004", 409, true},
		{"OM006", 409, true}, {"OM007", 409, true}, {"OM005", 422, true}, {"OM011", 422, true}, {"OM008", 403, true}, {"42501", 403, true},
		{"OM012", 421, true}, {"28000", 401, false}, {"28P01", 401, false}, {"57014", 504, true}, {"53300", 503, false}, {"53400", 503, false},
		{"55P03", 503, false}, {"57P01", 503, false}, {"57P03", 503, false}, {"40001", 503, false}, {"40P01", 503, false}, {"08006", 503, false},
		{"22P02", 400, true}, {"22021", 400, true}, {"22P05", 400, true}, {"54001", 400, true}, {"25006", 503, false},
		{"OM013", 500, false}, {"XX000", 500, false}, {"XX001", 500, false}, {"42883", 500, false}, {"23505", 500, false}, {"P0001", 500, false}, {"", 500, false},
		{"57P05", 503, false}, {"55000", 500, false}, {"40003", 500, false}, {"2200", 400, true},
	};
	static const char *const again[] = {"40001", "40P01"};
	static const char *const never[] = {"OM006", "OM007", "40003", "57014", "53300", "55P03", "57P01", "08006", "40002", "4000", ""};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		is_int(status_of(cases[i].sqlstate, false), cases[i].status, "%s", cases[i].sqlstate);
		is_int(status_is_told(cases[i].sqlstate), cases[i].told, "%s is told or not", cases[i].sqlstate);
		if (strcmp(cases[i].sqlstate, "OM006") != 0)
			is_int(status_of(cases[i].sqlstate, true), cases[i].status, "%s under If-Match too", cases[i].sqlstate);
		ok(strcmp(status_title(cases[i].status), "Error") != 0, "%d has a title", cases[i].status);
	}
	is_int(status_of("OM006", true), 412, "but for OM006");
	for (size_t i = 0; i < sizeof(again) / sizeof(again[0]); i++)
		ok(status_retryable(again[i]), "%s is sent again", again[i]);
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		ok(!status_retryable(never[i]), "%s never is", never[i]);
	check_words();
	ok(status_retry_after(503) > 0 && status_retry_after(429) > 0 && status_retry_after(500) == 0 && status_retry_after(409) == 0, "Retry-After");
}

static void
check_bodies(void)
{
	Text		out = {0};

	problem_own(&out, 404, "no such route: \"/x\"", "r1");
	is_str(out.data, "{\"type\": \"about:blank\", \"title\": \"Not Found\", \"status\": 404, \"detail\": \"no such route: \\\"/x\\\"\", \"requestId\": \"r1\"}\n", "the gateway's own");
	text_clear(&out);
	problem_own(&out, 500, NULL, NULL);
	is_str(out.data, "{\"type\": \"about:blank\", \"title\": \"Internal Server Error\", \"status\": 500}\n", "the least");
	text_clear(&out);
	problem_raised(&out, &(Raised) {.sqlstate = "OM010", .message = "no field \"x\"", .detail = "At where.x.", .hint = "y"});
	is_str(out.data, "{\"status\": \"REJECTED\", \"error\": {\"sqlstate\": \"OM010\", \"message\": \"no field \\\"x\\\"\", \"detail\": \"At where.x.\", \"hint\": \"y\"}}\n", "one that was raised");
	text_clear(&out);
	problem_raised(&out, &(Raised) {.sqlstate = "OM005", .message = "m", .rule = "r", .command_id = "c\n"});
	is_str(out.data, "{\"status\": \"REJECTED\", \"commandId\": \"c\\n\", \"error\": {\"sqlstate\": \"OM005\", \"message\": \"m\", \"rule\": \"r\"}}\n", "with a rule and a command");
	text_clear(&out);
	problem_unknown(&out, "c1", "r1");
	ok(strstr(out.data, "\"status\": 504") != NULL && strstr(out.data, "\"outcome\": \"unknown\", \"commandId\": \"c1\"}\n") != NULL, "nobody knows: %s", out.data);
	text_free(&out);
}

static void
check_results(void)
{
	static const char *const refusals[] = {
		"{\"status\": \"REJECTED\", \"error\": {\"sqlstate\": \"OM004\", \"message\": \"x\"}, \"commandId\": \"c\"}",
		"{\"error\":{\"message\":\"\\\"}\",\"sqlstate\":\"OM004\"},\"status\":\"REJECTED\"}",
	};
	static const char *const others[] = {
		"{\"status\": \"ACCEPTED\", \"error\": {\"sqlstate\": \"OM004\"}}",
		"{\"state\": {\"status\": \"REJECTED\"}, \"error\": {\"sqlstate\": \"OM004\"}}",
		"{\"status\": \"REJECTED\", \"error\": {\"sqlstate\": \"OM0040\"}}",
		"{\"status\": \"REJECTED\", \"error\": {\"sqlstate\": 4}}",
		"{\"status\": \"REJECTED\", \"error\": \"OM004\"}", "{\"status\": \"REJECTED\"}", "[]", "", "{\"status\": \"REJECTED\", \"error\": {\"sqlstate\": \"OM004\"}",
	};
	char		sqlstate[6] = "";

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		ok(problem_of_result(span_of(refusals[i]), sqlstate) && strcmp(sqlstate, "OM004") == 0, "a refusal: %s", refusals[i]);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		ok(!problem_of_result(span_of(others[i]), sqlstate), "none: %s", others[i]);
}

int
main(void)
{
	check_statuses();
	check_bodies();
	check_results();
	return done();
}

/*
 * gateway/pure/status.c
 *     What a SQLSTATE is in HTTP.
 */
#include "status.h"

#include <stddef.h>
#include <string.h>

/* The first row that the SQLSTATE begins with. What is not told is of no use to a caller, and may say more than he should know. */
static const struct
{
	const char *begins;
	int			status;
	bool		told;
}			rows[] = {
	{"OM001", 400, true}, {"OM002", 400, true}, {"OM009", 400, true}, {"OM010", 400, true},
	{"OM003", 404, true},
	{"OM004", 409, true}, {"OM006", 409, true}, {"OM007", 409, true},
	{"OM005", 422, true}, {"OM011", 422, true},
	{"OM008", 403, true}, {"42501", 403, true},
	{"OM012", 421, true},
	/* What input functions of PostgreSQL refuse before code of ours is asked: no JSON, no UTF-8, no text of the server's encoding. */
	{"22", 400, true},
	/* A value too large, or too deep, for PostgreSQL. */
	{"54", 400, true},
	{"28", 401, false},
	{"57014", 504, true},
	{"53", 503, false}, {"55P03", 503, false}, {"57P0", 503, false}, {"08", 503, false},
	{"40001", 503, false}, {"40P01", 503, false},
	/* A standby where a primary is wanted: it will be one, or the address will lead to another. */
	{"25006", 503, false},
};

bool
status_retryable(const char *sqlstate)
{
	return strcmp(sqlstate, "40001") == 0 || strcmp(sqlstate, "40P01") == 0;
}

static size_t
status_row(const char *sqlstate)
{
	size_t		i = 0;

	while (i < sizeof(rows) / sizeof(rows[0]) && strncmp(sqlstate, rows[i].begins, strlen(rows[i].begins)) != 0)
		i++;
	return i;
}

int
status_of(const char *sqlstate, bool if_match)
{
	size_t		row = status_row(sqlstate);

	if (if_match && strcmp(sqlstate, "OM006") == 0)
		return 412;
	return row < sizeof(rows) / sizeof(rows[0]) ? rows[row].status : 500;
}

bool
status_is_told(const char *sqlstate)
{
	size_t		row = status_row(sqlstate);

	return row < sizeof(rows) / sizeof(rows[0]) && rows[row].told;
}

int
status_retry_after(int status)
{
	return status == 503 ? 1 : status == 429 ? 1 : 0;
}

const char *
status_next(const char *words, char sqlstate[6])
{
	for (const char *at = strstr(words, ":  "); at != NULL; at = strstr(at + 1, ":  "))
		if (strspn(at + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5 && strncmp(at + 8, ": ", 2) == 0)
		{
			memcpy(sqlstate, at + 3, 5);
			sqlstate[5] = '\0';
			return at + 8;
		}
	return NULL;
}

const char *
status_title(int status)
{
	static const struct
	{
		int			status;
		const char *title;
	}			titles[] = {
		{200, "OK"}, {201, "Created"}, {204, "No Content"}, {304, "Not Modified"},
		{400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"}, {406, "Not Acceptable"},
		{408, "Request Timeout"}, {409, "Conflict"}, {412, "Precondition Failed"}, {413, "Content Too Large"}, {414, "URI Too Long"},
		{415, "Unsupported Media Type"}, {417, "Expectation Failed"}, {421, "Misdirected Request"}, {422, "Unprocessable Content"},
		{429, "Too Many Requests"}, {431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"}, {501, "Not Implemented"}, {503, "Service Unavailable"}, {504, "Gateway Timeout"}, {505, "HTTP Version Not Supported"},
	};

	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		if (titles[i].status == status)
			return titles[i].title;
	return "Error";
}

/*
 * gateway/test/live_client.h
 *     What a page makes of the differences that it is sent, and nothing else.
 */
#ifndef LIVE_CLIENT_H
#define LIVE_CLIENT_H

#include <stdlib.h>

#include "json_parts.h"
#include "seen.h"

typedef struct Client
{
	Seen		seen;
	Look		look;
	Opened		opened;
	char		anchor[16];
	char	   *lines[LOOK_LINES_MAX];	/* what he believes to see */
	uint32_t	count;
	uint32_t	first;
	uint32_t	total;
	char	   *sums;
} Client;

static long
number_of(Span json, const char *name)
{
	Span		value = {NULL, 0};

	return parts_find(json, name, &value) ? atol(value.data) : -1;
}

static bool
client_row(Client *client, Span row, char *const *old, uint32_t old_count, char **lines)
{
	JsonParts	parts;
	Span		value;
	uint32_t	at;

	parts_begin_array(&parts, row);
	if (!parts_element(&parts, &value))
		return false;
	at = (uint32_t) atol(value.data);
	if (at >= client->count || !parts_element(&parts, &value))
		return false;
	free(lines[at]);
	lines[at] = NULL;
	if (value.len == 3 && memcmp(value.data, "\"=\"", 3) == 0)
	{
		uint32_t	from;

		if (!parts_element(&parts, &value))
			return false;
		from = (uint32_t) atol(value.data);
		if (from >= old_count || old[from] == NULL)
			return false;
		lines[at] = strdup(old[from]);
		return true;
	}
	/* all that stands behind the first comma */
	lines[at] = strndup(value.data, (size_t) (row.data + row.len - 1 - value.data));
	return true;
}

/* What a page does with a difference, and nothing else. */
static bool
client_take(Client *client, Span json)
{
	char	   *old[LOOK_LINES_MAX];
	char	   *lines[LOOK_LINES_MAX];
	uint32_t	old_count = client->count;
	JsonParts	parts;
	Span		rows_json;
	Span		row;
	bool		good = true;

	client->count = (uint32_t) number_of(json, "count");
	client->first = (uint32_t) number_of(json, "first");
	client->total = (uint32_t) number_of(json, "total");
	if (parts_find(json, "sums", &row))
	{
		free(client->sums);
		client->sums = strndup(row.data, row.len);
	}
	memcpy(old, client->lines, sizeof(old));
	for (uint32_t i = 0; i < LOOK_LINES_MAX; i++)
		lines[i] = i < client->count && i < old_count && old[i] != NULL ? strdup(old[i]) : NULL;
	if (!parts_find(json, "rows", &rows_json) || !parts_begin_array(&parts, rows_json))
		return false;
	while (good && parts_element(&parts, &row))
		good = client_row(client, row, old, old_count, lines);
	for (uint32_t i = 0; i < old_count; i++)
		free(old[i]);
	memcpy(client->lines, lines, sizeof(lines));
	return good && parts_end(&parts);
}

#endif

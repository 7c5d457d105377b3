/*
 * gateway/live/seen.c
 *     What is different from what a client has last seen.
 */
#include "seen.h"

#include <string.h>

static bool
seen_is_row(const View *view, const SeenLine *seen)
{
	Span		id;

	if (seen->line.row == ROW_NONE || !store_has(view->store, seen->line.row))
		return false;
	id = store_id(view->store, seen->line.row);
	return hash_bytes(&view->store->key, id.data, id.len) == seen->id;
}

static SeenLine
seen_line(const View *view, Line line)
{
	SeenLine	now = {.line = line};
	Span		id;

	if (line.row == ROW_NONE)
	{
		now.stamp = view->groups[line.group]->stamp;
		return now;
	}
	id = store_id(view->store, line.row);
	now.stamp = view->store->stamps[line.row];
	now.id = hash_bytes(&view->store->key, id.data, id.len);
	return now;
}

/* ------------------------------------------------------------------------
 * where the window begins
 * ------------------------------------------------------------------------
 */

/* The line on which a row stands; false: on none. */
static bool
seen_find(const Lines *lines, Row row, uint32_t *place)
{
	Line		line;

	*place = lines_place(lines, row);
	return lines_read(lines, *place, 1, &line) == 1 && line.row == row;
}

/* A line of the last window that nothing happened to, the nearest to the anchor: it stays where it is. */
static bool
seen_keep(const Seen *seen, const Lines *lines, uint32_t offset, uint32_t *first)
{
	for (uint32_t away = 0; away < seen->count; away++)
		for (int side = 0; side < 2; side++)
		{
			uint32_t	at = side == 0 ? offset + away : offset - away;
			const SeenLine *line;
			uint32_t	place;

			if (at >= seen->count)
				continue;
			line = &seen->lines[at];
			if (!seen_is_row(lines->view, line) || lines->view->store->stamps[line->line.row] != line->stamp)
				continue;
			if (!seen_find(lines, line->line.row, &place))
				continue;
			*first = place > at ? place - at : 0;
			return true;
		}
	return false;
}

static uint32_t
seen_anchor(const Seen *seen, const Lines *lines, const Look *look)
{
	bool		again = seen->any && seen->gen == look->gen;
	uint32_t	first = again ? seen->first : look->first;
	uint32_t	place;
	Row			row;

	if (again && seen_keep(seen, lines, look->offset, &first))
		return first;
	row = store_find(lines->view->store, look->id);
	if (row == ROW_NONE || !view_may_see(lines->view, row))
		return first;
	place = lines_place(lines, row);
	return place > look->offset ? place - look->offset : 0;
}

static uint32_t
seen_first(const Seen *seen, const Lines *lines, const Look *look, uint32_t count)
{
	uint32_t	last = lines->total > count ? lines->total - count : 0;
	uint32_t	first = 0;

	switch (look->anchor)
	{
		case LOOK_TOP:
			return 0;
		case LOOK_END:
			return last;
		case LOOK_FIRST:
			first = look->first;
			break;
		case LOOK_ROW:
			first = seen_anchor(seen, lines, look);
			break;
	}
	return first < last ? first : last;
}

/* ------------------------------------------------------------------------
 * what is written
 * ------------------------------------------------------------------------
 */

static void
write_group(const View *view, uint32_t group, Text *out)
{
	const Dictionary *dictionary = &view->store->columns[view->group].dictionary;

	text_puts(out, ",{\"group\":");
	if (group == 0)
		text_puts(out, "null");
	else
		text_json(out, dictionary_text(dictionary, group - 1).data, dictionary_text(dictionary, group - 1).len);
	text_printf(out, ",\"count\":%u,\"sums\":", view->groups[group]->count);
	totals_write(view->groups[group], &view->fields, view->store, out);
	text_puts(out, "}]");
}

static void
write_row(const View *view, const Look *look, const SeenLine *line, Text *out)
{
	Span		id = store_id(view->store, line->line.row);

	text_puts(out, ",");
	text_json(out, id.data, id.len);
	text_printf(out, ",%lld,[", (long long) store_version(view->store, line->line.row));
	for (int i = 0; i < look->ncolumns; i++)
	{
		if (i > 0)
			text_puts(out, ",");
		store_cell(view->store, line->line.row, look->columns[i], out);
	}
	text_printf(out, "],%u]", line->line.depth);
}

static bool
seen_same(const SeenLine *a, const SeenLine *b)
{
	return a->line.row == b->line.row && a->line.group == b->line.group && a->line.depth == b->line.depth && a->stamp == b->stamp;
}

static bool
seen_is_gone(const SeenLine *line)
{
	return line->line.row == ROW_NONE && line->line.group == CODE_NONE;
}

/* The line of the window before that is this one; its count where there is none. Most have moved as far as the one above. */
static uint32_t
seen_from(const Seen *seen, const SeenLine *line, uint32_t guess)
{
	if (guess < seen->count && seen_same(&seen->lines[guess], line))
		return guess;
	for (uint32_t i = 0; i < seen->count; i++)
		if (seen_same(&seen->lines[i], line))
			return i;
	return seen->count;
}

/* Returns how many lines were written. */
static uint32_t
write_lines(const Seen *seen, const View *view, const Look *look, const SeenLine *now, uint32_t count, Text *out)
{
	/* Columns may be others: nothing that was seen is of use. */
	bool		known = seen->any && seen->gen == look->gen;
	uint32_t	written = 0;
	uint32_t	guess = 0;

	for (uint32_t at = 0; at < count; at++)
	{
		uint32_t	from = known ? seen_from(seen, &now[at], guess) : seen->count;

		if (known && at < seen->count && seen_same(&seen->lines[at], &now[at]))
		{
			guess = at + 1;
			continue;
		}
		text_printf(out, "%s[%u", written++ > 0 ? "," : "", at);
		guess = from + 1;
		if (seen_is_gone(&now[at]))
			text_puts(out, ",null]");
		else if (known && from < seen->count)
			text_printf(out, ",\"=\",%u]", from);
		else if (now[at].line.row == ROW_NONE)
			write_group(view, now[at].line.group, out);
		else
			write_row(view, look, &now[at], out);
	}
	return written;
}

/* ------------------------------------------------------------------------
 * what there is now
 * ------------------------------------------------------------------------
 */

/* The rows that were there, where they may still be seen. */
static uint32_t
seen_frozen(const Seen *seen, View *view, SeenLine *now)
{
	for (uint32_t i = 0; i < seen->count; i++)
	{
		const SeenLine *line = &seen->lines[i];

		if (line->line.row == ROW_NONE && line->line.group != CODE_NONE && view->groups[line->line.group] != NULL)
			now[i] = seen_line(view, line->line);
		else if (seen_is_row(view, line) && view_may_see(view, line->line.row))
			now[i] = seen_line(view, line->line);
		else
			now[i] = (SeenLine) {.line = {.row = ROW_NONE, .group = CODE_NONE}};
	}
	return seen->count;
}

static uint32_t
seen_window(const Seen *seen, const Lines *lines, const Look *look, SeenLine *now, uint32_t *first)
{
	uint32_t	count = look->count < LOOK_LINES_MAX ? look->count : LOOK_LINES_MAX;
	Line		read[LOOK_LINES_MAX];

	if (look->frozen && seen->any && seen->gen == look->gen)
	{
		*first = seen->first;
		return seen_frozen(seen, lines->view, now);
	}
	*first = seen_first(seen, lines, look, count);
	count = lines_read(lines, *first, count, read);
	for (uint32_t i = 0; i < count; i++)
		now[i] = seen_line(lines->view, read[i]);
	return count;
}

bool
seen_difference(Seen *seen, View *view, const Look *look, Text *out)
{
	bool		again = seen->any && seen->gen == look->gen;
	size_t		start = out->len;
	Lines		lines;
	SeenLine	now[LOOK_LINES_MAX];
	uint32_t	first;
	uint32_t	count;
	uint32_t	total;
	uint64_t	arrived = again ? seen->arrived : view->arrived;
	uint64_t	sums;
	size_t		before;
	uint32_t	written;

	/* A row that stays in a frozen window need not be the view's any more. */
	if (again && seen->changes == view->changes && !look->frozen)
		return false;
	lines_begin(&lines, view, look->opened);
	count = seen_window(seen, &lines, look, now, &first);
	total = lines.total;
	lines_end(&lines);
	text_printf(out, "{\"gen\":%u,\"total\":%u,\"matches\":%u,\"first\":%u,\"count\":%u,\"new\":%llu,\"sums\":", look->gen, total, view->matches,
				first, count, (unsigned long long) (view->arrived - arrived));
	before = out->len;
	totals_write(&view->totals, &view->fields, view->store, out);
	sums = hash_bytes(&view->store->key, out->data + before, out->len - before);
	/* Without the sums that are known: and without their name. */
	if (again && sums == seen->sums)
		out->len = before - strlen(",\"sums\":");
	text_puts(out, ",\"rows\":[");
	written = write_lines(seen, view, look, now, count, out);
	text_puts(out, "]}");
	if (again && written == 0 && sums == seen->sums && total == seen->total && first == seen->first && count == seen->count &&
		view->arrived - arrived == seen->new)
	{
		out->len = start;
		out->data[start] = '\0';
		seen->changes = view->changes;
		return false;
	}
	seen->any = true;
	seen->gen = look->gen;
	seen->changes = view->changes;
	seen->arrived = arrived;
	seen->new = view->arrived - arrived;
	seen->total = total;
	seen->first = first;
	seen->count = count;
	seen->sums = sums;
	memcpy(seen->lines, now, count * sizeof(SeenLine));
	return true;
}

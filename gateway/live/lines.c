/*
 * gateway/live/lines.c
 *     A view as lines.
 *
 * Heads stand in the view's order; a line's number is the rank of its head and what is open before it. The lines of an open tree
 * are made when they are asked for, the rows of a group stand side by side already.
 */
#include "lines.h"

#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------
 * trees
 * ------------------------------------------------------------------------
 */

/* The rows of a tree by id, and how they hang together: numbers into `rows`, one higher, 0 for none. */
typedef struct Branches
{
	const Store *store;
	Row		   *rows;
	uint32_t   *below;			/* the first one below each */
	uint32_t   *beside;			/* the next one below the same */
	uint32_t	count;
} Branches;

static uint32_t
branches_find(const Branches *branches, Span id)
{
	uint32_t	low = 0;
	uint32_t	high = branches->count;

	while (low < high)
	{
		uint32_t	middle = low + (high - low) / 2;
		int			cmp = span_cmp(store_id(branches->store, branches->rows[middle]), id);

		if (cmp == 0)
			return middle + 1;
		if (cmp < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}

static void
branches_read(Branches *branches, View *view, Row root)
{
	const Store *store = view->store;
	uint32_t	rank;
	uint32_t	count = store_tree(store, store_id(store, root), &rank);
	uint32_t	seen = 0;

	*branches = (Branches) {.store = store, .rows = must_alloc(count * sizeof(Row))};
	count = blocks_read(&store->trees, rank, count, branches->rows);
	for (uint32_t i = 0; i < count; i++)
		if (view_may_see(view, branches->rows[i]))
			branches->rows[seen++] = branches->rows[i];
	branches->count = seen;
	branches->below = must_alloc(seen * sizeof(uint32_t));
	branches->beside = must_alloc(seen * sizeof(uint32_t));
	memset(branches->below, 0, seen * sizeof(uint32_t));
	/* From the last, so that each goes in front of those that are below the same. */
	for (uint32_t i = seen; i > 0; i--)
	{
		Value		parent;
		uint32_t	at;

		branches->beside[i - 1] = 0;
		if (branches->rows[i - 1] == root)
			continue;
		store_value(store, branches->rows[i - 1], store->schema->parent, &parent);
		at = parent.null ? 0 : branches_find(branches, parent.text);
		/* What may not be seen, or is not there, has its children at the root. */
		if (at == 0 || at == i)
			at = branches_find(branches, store_id(store, root));
		if (at == 0)
			continue;
		branches->beside[i - 1] = branches->below[at - 1];
		branches->below[at - 1] = i;
	}
}

/* What is below the root from the top down: a row, what is below it, and then the one beside it. */
static uint32_t
branches_write(const Branches *branches, Row root, Line *lines)
{
	uint32_t	top = branches_find(branches, store_id(branches->store, root));
	uint32_t   *path = must_alloc((branches->count + 1) * sizeof(uint32_t));
	uint32_t	depth = 1;
	uint32_t	count = 0;

	path[1] = top == 0 ? 0 : branches->below[top - 1];
	while (depth > 0)
	{
		uint32_t	at = path[depth];

		if (at == 0)
		{
			depth--;
			continue;
		}
		lines[count++] = (Line) {.row = branches->rows[at - 1], .depth = (uint16_t) (depth < UINT16_MAX ? depth : UINT16_MAX)};
		path[depth] = branches->beside[at - 1];
		path[++depth] = branches->below[at - 1];
	}
	free(path);
	return count;
}

static void
lines_open_tree(View *view, LinesOpen *open)
{
	Branches	branches;

	branches_read(&branches, view, open->head);
	open->lines = must_alloc(branches.count * sizeof(Line));
	open->count = branches_write(&branches, open->head, open->lines);
	free(branches.rows);
	free(branches.below);
	free(branches.beside);
}

/* ------------------------------------------------------------------------
 * groups
 * ------------------------------------------------------------------------
 */

typedef struct GroupSeek
{
	const View *view;
	uint32_t	group;
} GroupSeek;

/* The first row of a group stands behind all those of groups before it. The group is written as ROW_NONE. */
static int
lines_cmp_group(const void *context, uint32_t a, uint32_t b)
{
	const GroupSeek *seek = context;
	GroupOrder	order;
	BlocksOrder groups = view_group_order(seek->view, &order);
	Value		value;
	int			cmp;

	store_value(seek->view->store, a == ROW_NONE ? b : a, seek->view->group, &value);
	cmp = groups.cmp(groups.context, value.null ? 0 : value.code + 1, seek->group);
	if (cmp == 0)
		cmp = 1;
	return a == ROW_NONE ? -cmp : cmp;
}

static void
lines_open_group(View *view, LinesOpen *open)
{
	GroupSeek	seek = {.view = view, .group = open->head};

	open->count = view->groups[open->head]->count;
	open->first = blocks_rank(&view->rows, blocks_place(&view->rows, (BlocksOrder) {lines_cmp_group, &seek}, ROW_NONE));
}

/* ------------------------------------------------------------------------
 * lines
 * ------------------------------------------------------------------------
 */

static uint64_t
opened_id(const Store *store, Row row)
{
	Span		id = store_id(store, row);

	return hash_bytes(&store->key, id.data, id.len);
}

void
opened_add_row(Opened *opened, const Store *store, Row root)
{
	opened->ids[opened->count] = opened_id(store, root);
	opened->heads[opened->count++] = root;
}

void
opened_add_group(Opened *opened, uint32_t group)
{
	opened->heads[opened->count++] = group;
}

static bool
lines_head(View *view, const Opened *opened, uint32_t number, LinesOpen *open)
{
	uint32_t	head = opened->heads[number];
	GroupOrder	order;

	*open = (LinesOpen) {.head = head};
	if (view->mode == VIEW_GROUP)
	{
		if (head >= view->ngroups || view->groups[head] == NULL || view->groups[head]->count == 0)
			return false;
		open->rank = blocks_rank(&view->group_order, blocks_place(&view->group_order, view_group_order(view, &order), head));
		return true;
	}
	if (!store_has(view->store, head) || opened_id(view->store, head) != opened->ids[number])
		return false;
	if (head >= view->nbelow || view->below[head] == 0 || !view_may_see(view, head))
		return false;
	open->rank = blocks_rank(&view->rows, blocks_place(&view->rows, sorting_order(&view->sorting), head));
	return true;
}

static int
lines_cmp_open(const void *a, const void *b)
{
	uint32_t	x = ((const LinesOpen *) a)->rank;
	uint32_t	y = ((const LinesOpen *) b)->rank;

	return (x > y) - (x < y);
}

void
lines_begin(Lines *lines, View *view, const Opened *opened)
{
	*lines = (Lines) {.view = view, .heads = view->mode == VIEW_GROUP ? view->group_order.total : view->rows.total};
	lines->total = lines->heads;
	if (view->mode == VIEW_FLAT || opened == NULL || opened->count == 0)
		return;
	lines->open = must_alloc(opened->count * sizeof(LinesOpen));
	for (uint32_t i = 0; i < opened->count; i++)
		lines->nopen += lines_head(view, opened, i, &lines->open[lines->nopen]);
	qsort(lines->open, lines->nopen, sizeof(LinesOpen), lines_cmp_open);
	for (uint32_t i = 0; i < lines->nopen; i++)
	{
		/* The same one twice shows nothing twice. */
		if (i > 0 && lines->open[i].rank == lines->open[i - 1].rank)
			continue;
		if (view->mode == VIEW_GROUP)
			lines_open_group(view, &lines->open[i]);
		else
			lines_open_tree(view, &lines->open[i]);
		lines->total += lines->open[i].count;
	}
}

void
lines_end(Lines *lines)
{
	for (uint32_t i = 0; i < lines->nopen; i++)
		free(lines->open[i].lines);
	free(lines->open);
	*lines = (Lines) {0};
}

static uint32_t
lines_read_heads(const Lines *lines, uint32_t rank, uint32_t count, Line *out)
{
	bool		groups = lines->view->mode == VIEW_GROUP;
	uint32_t   *items = must_alloc(count * sizeof(uint32_t));

	count = blocks_read(groups ? &lines->view->group_order : &lines->view->rows, rank, count, items);
	for (uint32_t i = 0; i < count; i++)
		out[i] = groups ? (Line) {.row = ROW_NONE, .group = items[i]} : (Line) {.row = items[i]};
	free(items);
	return count;
}

static uint32_t
lines_read_open(const Lines *lines, const LinesOpen *open, uint32_t first, uint32_t count, Line *out)
{
	uint32_t   *items;

	if (lines->view->mode == VIEW_TREE)
	{
		memcpy(out, open->lines + first, count * sizeof(Line));
		return count;
	}
	items = must_alloc(count * sizeof(uint32_t));
	count = blocks_read(&lines->view->rows, open->first + first, count, items);
	for (uint32_t i = 0; i < count; i++)
		out[i] = (Line) {.row = items[i], .depth = 1};
	free(items);
	return count;
}

uint32_t
lines_read(const Lines *lines, uint32_t first, uint32_t count, Line *out)
{
	uint32_t	head = 0;		/* the next head, and how many lines are still to be passed over */
	uint32_t	skip = first;
	uint32_t	read = 0;

	for (uint32_t i = 0; i <= lines->nopen && read < count; i++)
	{
		const LinesOpen *open = i < lines->nopen ? &lines->open[i] : NULL;
		uint32_t	heads = open != NULL && open->count > 0 ? open->rank + 1 - head : open != NULL ? 0 : lines->heads - head;
		uint32_t	want;

		if (skip < heads)
		{
			want = heads - skip < count - read ? heads - skip : count - read;
			read += lines_read_heads(lines, head + skip, want, out + read);
			skip = 0;
		}
		else
			skip -= heads;
		head += heads;
		if (open == NULL || open->count == 0)
			continue;
		if (skip >= open->count)
		{
			skip -= open->count;
			continue;
		}
		want = open->count - skip < count - read ? open->count - skip : count - read;
		read += want > 0 ? lines_read_open(lines, open, skip, want, out + read) : 0;
		skip = 0;
	}
	return read;
}

/* The line of a head by its rank. */
static uint32_t
lines_of_head(const Lines *lines, uint32_t rank)
{
	uint32_t	line = rank;

	for (uint32_t i = 0; i < lines->nopen && lines->open[i].rank < rank; i++)
		line += lines->open[i].count;
	return line;
}

static const LinesOpen *
lines_find_open(const Lines *lines, uint32_t head)
{
	for (uint32_t i = 0; i < lines->nopen; i++)
		if (lines->open[i].head == head && lines->open[i].count > 0)
			return &lines->open[i];
	return NULL;
}

static uint32_t
lines_place_in_group(const Lines *lines, Row row, uint32_t rank)
{
	const View *view = lines->view;
	const LinesOpen *open;
	GroupOrder	order;
	Value		value;
	uint32_t	group;
	uint32_t	line;

	store_value(view->store, row, view->group, &value);
	group = value.null ? 0 : value.code + 1;
	line = lines_of_head(lines, blocks_rank(&view->group_order, blocks_place(&view->group_order, view_group_order(view, &order), group)));
	open = lines_find_open(lines, group);
	return open == NULL ? line : line + 1 + rank - open->first;
}

uint32_t
lines_place(const Lines *lines, Row row)
{
	const View *view = lines->view;
	Row			head = view->mode == VIEW_TREE ? view_root(view, row) : row;
	const LinesOpen *open;
	uint32_t	rank;
	uint32_t	line;

	if (head == ROW_NONE)
		head = row;
	rank = blocks_rank(&view->rows, blocks_place(&view->rows, sorting_order(&view->sorting), head));
	if (view->mode == VIEW_GROUP)
		return lines_place_in_group(lines, row, rank);
	line = lines_of_head(lines, rank);
	open = head == row ? NULL : lines_find_open(lines, head);
	for (uint32_t i = 0; open != NULL && i < open->count; i++)
		if (open->lines[i].row == row)
			return line + 1 + i;
	return line;
}

/*
 * gateway/test/live_views.c
 *     Views against sort(filter(all rows)) after each of many random events: order, counts, sums, trees, groups, windows, and what a
 *     client makes of the differences that it is sent.
 *
 * OMS_SEED begins elsewhere, OMS_ROUNDS plays more; how many there are never depends on time.
 *
 * Broken by: a row that is taken out under its new key, a null that sorts as the smallest, "not" of null that is true, 1.0 and 1.00
 * that are two values, a sum that keeps what has gone, a root that stays when nothing below it matches, a free row that is taken for
 * the one that was there, a window that jumps though its row did not move, a difference that forgets a line.
 */
#define _GNU_SOURCE

#include "live_model.h"

#include "live_client.h"
#include "tap.h"

#define ROWS_MAX 3000
#define VIEWS 6
#define COLUMNS 5
#define WINDOW_MAX 40

static const int columns[COLUMNS] = {M_SYMBOL, M_PRICE, M_FLAGS, M_CLOSED, M_NOTE};

typedef struct Watch
{
	View	   *view;
	ModelNode  *where;
	ModelNode  *rights;
	ModelSorting sorting;
	bool		group_descends;
	Client		client;
} Watch;

typedef struct ModelLine
{
	const ModelRow *row;		/* NULL: a group */
	int			group;
	int			depth;
} ModelLine;

static ModelRow rows[ROWS_MAX];
static int	nrows;				/* ids that may be used */
static Store *store;
static Watch watches[VIEWS];
static int	faults;

static void
fault(const char *what, const Watch *watch)
{
	if (faults++ < 5)
		printf("# %s: %s\n", what, watch->view->identity.data);
}

/* ------------------------------------------------------------------------
 * events
 * ------------------------------------------------------------------------
 */

static Span
span_or_null(const char *text)
{
	return text[0] != '\0' ? (Span) {text, strlen(text)} : (Span) {NULL, 0};
}

static void
put(ModelRow *row)
{
	Span		cells[M_FIELDS];
	char		version[16];
	Refused		refused;
	Row			found;

	snprintf(version, sizeof(version), "%d", row->version);
	for (int i = 0; i < M_FIELDS; i++)
	{
		const char *cell = row->values[i] >= 0 && model_pools[i].values != NULL ? model_pools[i].values[row->values[i]].cell : NULL;

		cells[i] = (Span) {cell, cell != NULL ? strlen(cell) : 0};
	}
	cells[M_ID] = span_or_null(row->id);
	cells[M_VERSION] = span_or_null(version);
	cells[M_ROOT] = span_or_null(row->root);
	cells[M_PARENT] = span_or_null(row->parent);
	if (!store_read(store, cells, &refused))
	{
		printf("# %s\n", refused.detail);
		faults++;
		return;
	}
	found = store_find(store, cells[M_ID]);
	if (found == ROW_NONE)
	{
		found = store_add(store);
		for (int i = 0; i < VIEWS; i++)
			view_after(watches[i].view, found, ~(FieldSet) 0, VIEW_COMES);
	}
	else
	{
		FieldSet	changed = store_changes(store, found);

		for (int i = 0; i < VIEWS; i++)
			view_before(watches[i].view, found, changed);
		store_write(store, found, changed);
		for (int i = 0; i < VIEWS; i++)
			view_after(watches[i].view, found, changed, VIEW_CHANGES);
	}
}

static void
take(ModelRow *row)
{
	Row			found = store_find(store, span_or_null(row->id));

	for (int i = 0; i < VIEWS; i++)
		view_before(watches[i].view, found, ~(FieldSet) 0);
	store_remove(store, found);
	for (int i = 0; i < VIEWS; i++)
		view_after(watches[i].view, found, ~(FieldSet) 0, VIEW_GOES);
	row->there = false;
}

static void
event(void)
{
	ModelRow   *row = &rows[chance((uint32_t) nrows)];

	if (row->there && chance(5) == 0)
	{
		take(row);
		return;
	}
	if (!row->there)
	{
		row->version = 0;
		/* Seldom one that is not there, or is no root. */
		snprintf(row->root, sizeof(row->root), "r%d", chance(3) == 0 ? (int) (row - rows) : (int) (chance((uint32_t) nrows) / 4));
		if (chance(20) == 0)
			row->root[0] = '\0';
		for (int i = 0; i < M_FIELDS; i++)
			row->values[i] = model_pools[i].values != NULL ? chance_of_pool(i) : -1;
	}
	row->there = true;
	row->version++;
	for (uint32_t n = chance(4); n > 0; n--)
	{
		int			field = (int) chance(M_FIELDS);

		if (model_pools[field].values != NULL)
			row->values[field] = chance_of_pool(field);
		else if (field == M_PARENT)
			snprintf(row->parent, sizeof(row->parent), "r%u", chance((uint32_t) nrows));
		else if (field == M_ROOT && chance(4) == 0)
			snprintf(row->root, sizeof(row->root), "r%u", chance((uint32_t) nrows));
	}
	put(row);
}

/* ------------------------------------------------------------------------
 * what should be seen
 * ------------------------------------------------------------------------
 */

static bool
may_see(const Watch *watch, const ModelRow *row)
{
	return model_ask(watch->rights, row) == 1;
}

static bool
holds(const Watch *watch, const ModelRow *row)
{
	return row->there && may_see(watch, row) && model_ask(watch->where, row) == 1;
}

static int
cmp_ids(const void *a, const void *b)
{
	return strcmp((*(const ModelRow *const *) a)->id, (*(const ModelRow *const *) b)->id);
}

static const ModelRow *
find(const char *id)
{
	const ModelRow *row = id[0] == 'r' ? &rows[atoi(id + 1)] : NULL;

	return row != NULL && row->there ? row : NULL;
}

static bool
in_tree(const ModelRow *row, const ModelRow *root)
{
	return strcmp(row->root, root->id) == 0;
}

/* Under whom a row of the tree hangs. */
static const ModelRow *
hangs_on(const Watch *watch, const ModelRow *row, const ModelRow *root)
{
	const ModelRow *parent = find(row->parent);

	return parent != NULL && parent != row && in_tree(parent, root) && may_see(watch, parent) ? parent : root;
}

static int
add_below(const Watch *watch, const ModelRow *root, const ModelRow *above, int depth, ModelLine *lines, int count)
{
	const ModelRow *list[ROWS_MAX > 200 ? 200 : ROWS_MAX];
	int			n = 0;

	for (int i = 0; i < nrows; i++)
		if (rows[i].there && &rows[i] != root && in_tree(&rows[i], root) && may_see(watch, &rows[i]) && hangs_on(watch, &rows[i], root) == above)
			list[n++] = &rows[i];
	qsort(list, (size_t) n, sizeof(list[0]), cmp_ids);
	for (int i = 0; i < n; i++)
	{
		lines[count++] = (ModelLine) {.row = list[i], .depth = depth};
		count = add_below(watch, root, list[i], depth + 1, lines, count);
	}
	return count;
}

static bool
is_open(const Watch *watch, const ModelRow *row, int group)
{
	for (uint32_t i = 0; i < watch->client.opened.count; i++)
	{
		uint32_t	head = watch->client.opened.heads[i];

		if (row != NULL ? hash_bytes(&store->key, row->id, strlen(row->id)) == watch->client.opened.ids[i] && store_find(store, span_or_null(row->id)) == head :
			group < 0 ? head == 0 : head > 0 && head <= store->columns[M_SYMBOL].dictionary.count &&
			span_cmp(dictionary_text(&store->columns[M_SYMBOL].dictionary, head - 1), (Span) {model_symbols[group].cell, strlen(model_symbols[group].cell)}) == 0)
			return true;
	}
	return false;
}

/* Roots where it is a tree, else rows that match; sorted. matches: on any level. */
static int
should_list(const Watch *watch, const ModelRow **list, int *matches)
{
	int			count = 0;

	*matches = 0;
	for (int i = 0; i < nrows; i++)
	{
		const ModelRow *root = rows[i].there ? find(rows[i].root) : NULL;

		if (!holds(watch, &rows[i]))
			continue;
		if (watch->view->mode != VIEW_TREE)
		{
			list[count++] = &rows[i];
			continue;
		}
		if (root == NULL || !in_tree(root, root))
			continue;
		(*matches)++;
		for (int j = 0; j < count && root != NULL; j++)
			if (list[j] == root)
				root = NULL;
		if (root != NULL && may_see(watch, root))
			list[count++] = root;
	}
	if (watch->view->mode != VIEW_TREE)
		*matches = count;
	qsort_r(list, (size_t) count, sizeof(list[0]), model_cmp_rows, (void *) &watch->sorting);
	return count;
}

static int
should_lines(const Watch *watch, const ModelRow *const *list, int count, ModelLine *lines)
{
	int			n = 0;

	if (watch->view->mode != VIEW_GROUP)
	{
		for (int i = 0; i < count; i++)
		{
			lines[n++] = (ModelLine) {.row = list[i]};
			if (watch->view->mode == VIEW_TREE && is_open(watch, list[i], 0))
				n = add_below(watch, list[i], list[i], 1, lines, n);
		}
		return n;
	}
	for (int i = -1; i <= model_pools[M_SYMBOL].count; i++)
	{
		int			group = watch->group_descends ? model_pools[M_SYMBOL].count - 1 - i : i;
		bool		head = false;

		/* null is the largest */
		if (i == (watch->group_descends ? -1 : model_pools[M_SYMBOL].count))
			group = -1;
		else if (group < 0 || group >= model_pools[M_SYMBOL].count)
			continue;
		for (int j = 0; j < count; j++)
		{
			if (list[j]->values[M_SYMBOL] != group)
				continue;
			if (!head)
				lines[n++] = (ModelLine) {.group = group};
			head = true;
			if (is_open(watch, NULL, group))
				lines[n++] = (ModelLine) {.row = list[j], .depth = 1};
		}
	}
	return n;
}

/* A line as it is sent. */
static void
write_line(const ModelLine *line, const ModelRow *const *list, int count, Text *out)
{
	const ModelRow *group[ROWS_MAX];
	int			n = 0;

	if (line->row != NULL)
	{
		Row			row = store_find(store, span_or_null(line->row->id));

		text_printf(out, "\"%s\",%d,[", line->row->id, line->row->version);
		for (int i = 0; i < COLUMNS; i++)
		{
			text_puts(out, i > 0 ? "," : "");
			store_cell(store, row, columns[i], out);
		}
		text_printf(out, "],%d", line->depth);
		return;
	}
	for (int i = 0; i < count; i++)
		if (list[i]->values[M_SYMBOL] == line->group)
			group[n++] = list[i];
	text_puts(out, "{\"group\":");
	if (line->group < 0)
		text_puts(out, "null");
	else
		text_json(out, model_symbols[line->group].cell, strlen(model_symbols[line->group].cell));
	text_printf(out, ",\"count\":%d,\"sums\":", n);
	model_totals(group, n, out);
	text_puts(out, "}");
}

/* ------------------------------------------------------------------------
 * checks
 * ------------------------------------------------------------------------
 */

static void
client_look(Watch *watch)
{
	Client	   *client = &watch->client;
	Look	   *look = &client->look;

	look->gen++;
	look->anchor = (LookAnchor) chance(4);
	look->count = 1 + chance(WINDOW_MAX);
	look->first = chance((uint32_t) nrows + 5);
	look->offset = chance(look->count);
	look->columns = columns;
	look->ncolumns = COLUMNS;
	look->opened = &client->opened;
	snprintf(client->anchor, sizeof(client->anchor), "r%u", chance((uint32_t) nrows));
	look->id = span_or_null(client->anchor);
	client->opened.count = 0;
	for (int i = (int) chance(12); i > 0; i--)
	{
		Row			row = chance((uint32_t) nrows);

		if (watch->view->mode == VIEW_GROUP)
			opened_add_group(&client->opened, chance(9));
		else if (store_has(store, row))
			opened_add_row(&client->opened, store, row);
	}
}

static void
check_client(Watch *watch, const ModelLine *lines, int count, const ModelRow *const *list, int listed, bool written)
{
	Client	   *client = &watch->client;
	uint32_t	last = count > (int) client->look.count ? (uint32_t) count - client->look.count : 0;
	uint32_t	want = (uint32_t) count - client->first < client->look.count ? (uint32_t) count - client->first : client->look.count;

	if (client->total != (uint32_t) count || client->first > (uint32_t) count || client->count != want)
	{
		fault("the window is another", watch);
		return;
	}
	if ((client->look.anchor == LOOK_TOP && client->first != 0) || (client->look.anchor == LOOK_END && client->first != last) ||
		(client->look.anchor == LOOK_FIRST && client->first != (client->look.first < last ? client->look.first : last)))
		fault("the window begins elsewhere", watch);
	for (uint32_t i = 0; i < client->count; i++)
	{
		Text		line = {0};

		write_line(&lines[client->first + i], list, listed, &line);
		if (client->lines[i] == NULL || strcmp(client->lines[i], line.data) != 0)
		{
			fault(written ? "a line differs" : "a line differs, and nobody said so", watch);
			printf("# line %u: %s, should be %s\n", i, client->lines[i] != NULL ? client->lines[i] : "(nothing)", line.data);
		}
		text_free(&line);
	}
}

/* Where any line of the window before is as it was and still there, one of them stands where it stood. */
static void
check_anchor(const Watch *watch, const Client *before, const ModelLine *lines, int count)
{
	const Client *client = &watch->client;
	bool		any = false;

	if (client->look.anchor != LOOK_ROW || client->first == 0 || client->first + client->look.count >= (uint32_t) count)
		return;
	for (uint32_t i = 0; i < before->count; i++)
	{
		const SeenLine *seen = &before->seen.lines[i];

		if (seen->line.row == ROW_NONE || !store_has(store, seen->line.row) || store->stamps[seen->line.row] != seen->stamp)
			continue;
		for (int j = 0; j < count; j++)
			if (lines[j].row != NULL && store_find(store, span_or_null(lines[j].row->id)) == seen->line.row)
			{
				any = true;
				if ((uint32_t) j == client->first + i)
					return;
			}
	}
	if (any)
		fault("the window jumped", watch);
}

static void
check_totals(const Watch *watch, const ModelRow *const *list, int listed)
{
	Text		should = {0};
	Text		is = {0};

	model_totals(list, listed, &should);
	totals_write(&watch->view->totals, &watch->view->fields, store, &is);
	if (strcmp(should.data, is.data) != 0 || (watch->client.sums != NULL && strcmp(watch->client.sums, is.data) != 0))
	{
		fault("sums differ", watch);
		printf("# %s, should be %s\n", is.data, should.data);
	}
	text_free(&should);
	text_free(&is);
}

static void
check(Watch *watch)
{
	static const ModelRow *list[ROWS_MAX];
	static ModelLine lines[2 * ROWS_MAX];
	static Client before;
	int			matches;
	int			listed = should_list(watch, list, &matches);
	int			count = should_lines(watch, list, listed, lines);
	bool		again = chance(8) != 0 && watch->client.look.gen > 0;
	Text		json = {0};
	bool		written;

	if (!again)
	{
		client_look(watch);
		count = should_lines(watch, list, listed, lines);
	}
	if (watch->view->matches != (uint32_t) matches || watch->view->totals.count != (uint32_t) listed)
		fault("the count differs", watch);
	before = watch->client;
	written = seen_difference(&watch->client.seen, watch->view, &watch->client.look, &json);
	if (written && !client_take(&watch->client, (Span) {json.data, json.len}))
		fault("the difference cannot be taken", watch);
	check_client(watch, lines, count, list, listed, written);
	if (again)
		check_anchor(watch, &before, lines, count);
	check_totals(watch, list, listed);
	if (seen_difference(&watch->client.seen, watch->view, &watch->client.look, &json))
		fault("nothing happened, and something is different", watch);
	text_free(&json);
}

/* ------------------------------------------------------------------------
 * rounds
 * ------------------------------------------------------------------------
 */

static void
watch_begin(Watch *watch)
{
	Text		rights = {0};
	Text		where = {0};
	Text		order = {0};
	Refused		refused = {.detail = ""};
	ViewSpec	spec = {.mode = (ViewMode) chance(3)};

	*watch = (Watch) {.group_descends = chance(2) == 1};
	watch->rights = chance_of_condition((int) chance(2), &rights);
	watch->where = chance_of_condition((int) chance(4), &where);
	chance_of_sorting(&watch->sorting, &order);
	spec.rights = (Span) {rights.data, rights.len};
	spec.where = (Span) {where.data, where.len};
	spec.order_by = (Span) {order.data, order.len};
	spec.group_by = watch->group_descends ? (Span) {"-symbol", 7} : (Span) {"symbol", 6};
	watch->view = view_make(store, &spec, &refused);
	if (watch->view == NULL)
	{
		printf("Bail out! %s: %s %s\n", refused.detail, where.data, order.data);
		exit(1);
	}
	text_free(&rights);
	text_free(&where);
	text_free(&order);
}

static void
watch_end(Watch *watch)
{
	view_free(watch->view);
	model_free(watch->rights);
	model_free(watch->where);
	for (uint32_t i = 0; i < watch->client.count; i++)
		free(watch->client.lines[i]);
	free(watch->client.sums);
}

/* How many rows there may be, how many events, and after how many of them everything is compared. */
static void
play(int ids, int events, int every)
{
	HashKey		key = {chance(1000), chance(1000)};

	nrows = ids;
	memset(rows, 0, sizeof(rows));
	for (int i = 0; i < nrows; i++)
		snprintf(rows[i].id, sizeof(rows[i].id), "r%d", i);
	store = store_make(&model_schema, &key, true);
	for (int i = 0; i < VIEWS; i++)
		watch_begin(&watches[i]);
	for (int n = 0; n < events; n++)
	{
		/* One is thrown away and built anew while events go on. */
		if (n > 0 && n % (events / 4) == 0)
		{
			watch_end(&watches[n % VIEWS]);
			watch_begin(&watches[n % VIEWS]);
		}
		event();
		for (int i = 0; i < VIEWS; i++)
		{
			bool		built = view_build(watches[i].view, every == 1 ? 7 : 200);

			if (built && n % every == 0)
				check(&watches[i]);
		}
	}
	for (int i = 0; i < VIEWS; i++)
		watch_end(&watches[i]);
	store_free(store);
}

int
main(void)
{
	const char *seed = getenv("OMS_SEED");
	const char *rounds = getenv("OMS_ROUNDS");
	int			count = rounds != NULL ? atoi(rounds) : 20;

	model_state = seed != NULL ? strtoull(seed, NULL, 10) : 19;
	for (int i = 0; i < count; i++)
	{
		uint64_t	state = model_state;

		faults = 0;
		play(5 + (int) chance(60), 300, 1);
		ok(faults == 0, "few rows, round %d (OMS_SEED=%llu OMS_ROUNDS=1)", i, (unsigned long long) state);
	}
	for (int i = 0; i < (count + 9) / 10; i++)
	{
		uint64_t	state = model_state;

		faults = 0;
		play(ROWS_MAX, 6000, 500);
		ok(faults == 0, "many rows, round %d (from %llu)", i, (unsigned long long) state);
	}
	return done();
}

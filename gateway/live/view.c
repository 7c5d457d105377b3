/*
 * gateway/live/view.c
 *     Rows that match, in their order, kept by every event.
 *
 * A row is taken out while its columns still say where it stands and whether it matched; so counts and sums are exact and need no
 * look at any other row.
 */
#include "view.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"

/* ------------------------------------------------------------------------
 * what it is
 * ------------------------------------------------------------------------
 */

static bool
view_read_group(View *view, Span group_by, Refused *refused)
{
	const Schema *schema = view->store->schema;
	char		buffer[SHOWN_SIZE];

	view->group_descends = group_by.len > 0 && group_by.data[0] == '-';
	group_by.data += view->group_descends;
	group_by.len -= view->group_descends;
	view->group = schema_field(schema, group_by);
	if (view->group == FIELD_NONE || !schema->fields[view->group].few)
		return refuse(refused, view->group == FIELD_NONE && !schema_elsewhere(schema, group_by) ? 400 : 422, "%s cannot be grouped by", shown(group_by, buffer));
	sorting_lead(&view->sorting, view->group, view->group_descends);
	return true;
}

static void
view_identify(View *view)
{
	static const char *const modes[] = {[VIEW_FLAT] = "flat", [VIEW_TREE] = "tree", [VIEW_GROUP] = "group"};

	text_printf(&view->identity, "%s %s ", view->store->schema->object, modes[view->mode]);
	filter_write(view->rights, &view->identity);
	text_puts(&view->identity, " ");
	filter_write(view->where, &view->identity);
	text_puts(&view->identity, " ");
	sorting_write(&view->sorting, &view->identity);
}

static bool
view_read(View *view, const ViewSpec *spec, Refused *refused)
{
	/* Who forgot to say what may be seen shows nothing. */
	if (span_trim(spec->rights).len == 0 || span_is(span_trim(spec->rights), "null"))
		return refuse(refused, 403, "nobody said what may be seen");
	view->rights = filter_read(view->store, spec->rights, refused);
	if (view->rights == NULL)
		return false;
	view->where = filter_read(view->store, spec->where, refused);
	if (view->where == NULL || !sorting_read(view->store, spec->order_by, &view->sorting, refused))
		return false;
	if (view->mode == VIEW_TREE && !view->store->by_root)
		return refuse(refused, 400, "%s stand in no trees", view->store->schema->object);
	return view->mode != VIEW_GROUP || view_read_group(view, spec->group_by, refused);
}

View *
view_make(Store *store, const ViewSpec *spec, Refused *refused)
{
	View	   *view = must_alloc(sizeof(View));

	*view = (View) {.store = store, .mode = spec->mode, .group = FIELD_NONE};
	if (!view_read(view, spec, refused))
	{
		view_free(view);
		return NULL;
	}
	view->conditions = filter_uses(view->rights) | filter_uses(view->where);
	totals_fields(store->schema, &view->fields);
	view_identify(view);
	return view;
}

void
view_free(View *view)
{
	filter_free(view->rights);
	filter_free(view->where);
	blocks_free(&view->rows);
	blocks_free(&view->group_order);
	totals_free(&view->totals, &view->fields);
	for (uint32_t i = 0; i < view->ngroups; i++)
	{
		if (view->groups[i] != NULL)
			totals_free(view->groups[i], &view->fields);
		free(view->groups[i]);
	}
	free(view->groups);
	free(view->below);
	text_free(&view->identity);
	free(view);
}

bool
view_may_see(View *view, Row row)
{
	return filter_ask(view->rights, row) == ANSWER_TRUE;
}

bool
view_holds(View *view, Row row)
{
	return view_may_see(view, row) && filter_ask(view->where, row) == ANSWER_TRUE;
}

/* ------------------------------------------------------------------------
 * groups
 * ------------------------------------------------------------------------
 */

static int
view_cmp_groups(const void *context, uint32_t a, uint32_t b)
{
	const GroupOrder *order = context;
	int			cmp;

	if (a == 0 || b == 0)
		cmp = (int) (a == 0) - (int) (b == 0);
	else
		cmp = (order->dictionary->labels[a - 1] > order->dictionary->labels[b - 1]) - (order->dictionary->labels[a - 1] < order->dictionary->labels[b - 1]);
	return order->descends ? -cmp : cmp;
}

BlocksOrder
view_group_order(const View *view, GroupOrder *order)
{
	*order = (GroupOrder) {&view->store->columns[view->group].dictionary, view->group_descends};
	return (BlocksOrder) {view_cmp_groups, order};
}

static uint32_t
view_group_of(const View *view, Row row)
{
	Value		value;

	store_value(view->store, row, view->group, &value);
	return value.null ? 0 : value.code + 1;
}

static Totals *
view_group_totals(View *view, uint32_t group)
{
	if (group >= view->ngroups)
	{
		view->groups = must_realloc(view->groups, (group + 1) * sizeof(Totals *));
		memset(view->groups + view->ngroups, 0, (group + 1 - view->ngroups) * sizeof(Totals *));
		view->ngroups = group + 1;
	}
	if (view->groups[group] == NULL)
	{
		view->groups[group] = must_alloc(sizeof(Totals));
		*view->groups[group] = (Totals) {0};
	}
	return view->groups[group];
}

/* ------------------------------------------------------------------------
 * counts and sums
 * ------------------------------------------------------------------------
 */

static void
view_count_in(View *view, Row row)
{
	GroupOrder	order;
	uint32_t	group;
	Totals	   *totals;

	totals_add(&view->totals, &view->fields, view->store, row);
	if (view->mode != VIEW_GROUP)
		return;
	group = view_group_of(view, row);
	totals = view_group_totals(view, group);
	totals_add(totals, &view->fields, view->store, row);
	if (totals->count == 1)
		blocks_insert(&view->group_order, view_group_order(view, &order), group);
}

static void
view_count_out(View *view, Row row)
{
	GroupOrder	order;
	uint32_t	group;
	Totals	   *totals;

	totals_take(&view->totals, &view->fields, view->store, row);
	if (view->mode != VIEW_GROUP)
		return;
	group = view_group_of(view, row);
	totals = view_group_totals(view, group);
	totals_take(totals, &view->fields, view->store, row);
	if (totals->count == 0)
		blocks_remove(&view->group_order, view_group_order(view, &order), group);
}

static void
view_list_in(View *view, Row row)
{
	blocks_insert(&view->rows, sorting_order(&view->sorting), row);
	view_count_in(view, row);
}

static void
view_list_out(View *view, Row row)
{
	blocks_remove(&view->rows, sorting_order(&view->sorting), row);
	view_count_out(view, row);
}

/* ------------------------------------------------------------------------
 * trees
 * ------------------------------------------------------------------------
 */

Row
view_root(const View *view, Row row)
{
	int			field = view->store->schema->root;
	Value		root;
	Row			found;

	store_value(view->store, row, field, &root);
	found = root.null ? ROW_NONE : store_find(view->store, root.text);
	if (found == row || found == ROW_NONE)
		return found;
	/* What is itself below another is no root, whoever says so. */
	store_value(view->store, found, field, &root);
	return !root.null && span_cmp(root.text, store_id(view->store, found)) == 0 ? found : ROW_NONE;
}

static uint32_t *
view_below(View *view, Row root)
{
	if (root >= view->nbelow)
	{
		view->below = must_realloc(view->below, view->store->room * sizeof(uint32_t));
		memset(view->below + view->nbelow, 0, (view->store->room - view->nbelow) * sizeof(uint32_t));
		view->nbelow = view->store->room;
	}
	return &view->below[root];
}

/* A root stands there while any of its tree matches, and it may be seen itself. */
static void
view_tree_in(View *view, Row root)
{
	if (view_may_see(view, root))
		view_list_in(view, root);
}

static void
view_tree_out(View *view, Row root)
{
	if (view_may_see(view, root))
		view_list_out(view, root);
}

static void
view_tree_before(View *view, Row row, FieldSet changed)
{
	Row			root = view_root(view, row);
	uint32_t   *below;

	if (root == ROW_NONE)
		return;
	below = view_below(view, root);
	view->was = view_holds(view, row);
	/* A root may get another place. */
	if (root == row && *below > 0)
		view_tree_out(view, root);
	if (view->was)
	{
		view->matches--;
		if (--*below == 0 && root != row)
			view_tree_out(view, root);
	}
	/* It goes, or is none from now on: what is below it hangs on nothing. */
	if (root == row && (changed & FIELD_BIT(view->store->schema->root)) != 0)
	{
		view->matches -= *below;
		*below = 0;
	}
}

/* What was there before its root came. */
static uint32_t
view_tree_count(View *view, Row root)
{
	uint32_t	rank;
	uint32_t	count = store_tree(view->store, store_id(view->store, root), &rank);
	Row		   *rows = must_alloc(count * sizeof(Row));
	uint32_t	holds = 0;

	count = blocks_read(&view->store->trees, rank, count, rows);
	for (uint32_t i = 0; i < count; i++)
		holds += rows[i] != root && view_holds(view, rows[i]);
	free(rows);
	return holds;
}

static void
view_tree_after(View *view, Row row, FieldSet changed)
{
	Row			root = view_root(view, row);
	uint32_t   *below;

	view->changes++;
	if (root == ROW_NONE)
		return;
	below = view_below(view, root);
	/* It came, or became one. */
	if (root == row && (changed & FIELD_BIT(view->store->schema->root)) != 0)
	{
		*below = view_tree_count(view, root);
		view->matches += *below;
	}
	if (view_holds(view, row))
	{
		view->matches++;
		view->arrived += !view->was;
		if (++*below == 1 && root != row)
			view_tree_in(view, root);
	}
	if (root == row && *below > 0)
		view_tree_in(view, root);
}

/* ------------------------------------------------------------------------
 * events
 * ------------------------------------------------------------------------
 */

void
view_before(View *view, Row row, FieldSet changed)
{
	view->was = view->moves = view->retotals = false;
	if (row >= view->built)
		return;
	if (view->mode == VIEW_TREE)
	{
		view_tree_before(view, row, changed);
		return;
	}
	view->moves = (changed & (view->conditions | view->sorting.uses)) != 0;
	view->retotals = view->moves || (changed & view->fields.uses) != 0;
	view->was = view_holds(view, row);
	if (!view->was)
		return;
	view->matches--;
	if (view->moves)
		blocks_remove(&view->rows, sorting_order(&view->sorting), row);
	if (view->retotals)
		view_count_out(view, row);
}

void
view_after(View *view, Row row, FieldSet changed, ViewEvent event)
{
	bool		is;

	if (event == VIEW_COMES)
	{
		/* Behind all that there are, and all are built: so it is too. */
		if (row == view->built && row + 1 == view->store->nrows)
			view->built++;
		view->was = false;
		view->moves = view->retotals = true;
	}
	if (row >= view->built)
		return;
	if (view->mode == VIEW_TREE)
	{
		if (event != VIEW_GOES)
			view_tree_after(view, row, changed);
		else
			view->changes++;
		return;
	}
	is = event != VIEW_GOES && ((changed & view->conditions) != 0 || event == VIEW_COMES ? view_holds(view, row) : view->was);
	if (is)
		view->matches++;
	if (is && view->moves)
		blocks_insert(&view->rows, sorting_order(&view->sorting), row);
	if (is && view->retotals)
		view_count_in(view, row);
	view->arrived += is && !view->was;
	view->changes += is || view->was;
}

/* ------------------------------------------------------------------------
 * building
 * ------------------------------------------------------------------------
 */

bool
view_is_built(const View *view)
{
	return view->built == view->store->nrows;
}

/* What was found, all at once, or where much stands already one after the other: in their order, so that places lie near. */
static void
view_put_all(View *view, Row *rows, uint32_t count)
{
	sorting_sort(&view->sorting, rows, count);
	if (view->rows.total == 0)
		blocks_fill(&view->rows, rows, count);
	else
		for (uint32_t i = 0; i < count; i++)
			blocks_insert(&view->rows, sorting_order(&view->sorting), rows[i]);
	for (uint32_t i = 0; i < count; i++)
		view_count_in(view, rows[i]);
}

/* Roots are counted before any gets its place. */
static uint32_t
view_build_trees(View *view, Row *rows)
{
	const Store *store = view->store;
	uint32_t	count = 0;

	for (Row row = 0; row < store->nrows; row++)
	{
		Row			root = store_has(store, row) ? view_root(view, row) : ROW_NONE;

		if (root == ROW_NONE || !view_holds(view, row))
			continue;
		view->matches++;
		if ((*view_below(view, root))++ == 0 && view_may_see(view, root))
			rows[count++] = root;
	}
	view->built = store->nrows;
	return count;
}

bool
view_build(View *view, uint32_t count)
{
	const Store *store = view->store;
	Row		   *rows;
	uint32_t	found = 0;

	/* Trees cross any border between rows. */
	if (count > store->nrows - view->built || view->mode == VIEW_TREE)
		count = store->nrows - view->built;
	if (count == 0)
		return true;
	rows = must_alloc(count * sizeof(Row));
	if (view->mode == VIEW_TREE)
		found = view_build_trees(view, rows);
	else
	{
		for (Row end = view->built + count; view->built < end; view->built++)
			if (store_has(store, view->built) && view_holds(view, view->built))
				rows[found++] = view->built;
		view->matches += found;
	}
	view_put_all(view, rows, found);
	free(rows);
	view->changes++;
	return view_is_built(view);
}

size_t
view_bytes(const View *view)
{
	size_t		bytes = sizeof(View) + blocks_bytes(&view->rows) + blocks_bytes(&view->group_order) + view->nbelow * sizeof(uint32_t) +
		totals_bytes(&view->totals, &view->fields) + view->ngroups * sizeof(Totals *);

	for (uint32_t i = 0; i < view->ngroups; i++)
		bytes += view->groups[i] != NULL ? sizeof(Totals) + totals_bytes(view->groups[i], &view->fields) : 0;
	return bytes;
}

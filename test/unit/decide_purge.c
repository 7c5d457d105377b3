/*
 * Which trees may be purged, by a table of cases, and by random worlds against a plain model: a matrix of who is tied to whom, closed by going through it
 * until nothing is added.  What breaks if something goes without what it is tied to, or with what it is not; if a tree goes that is open, held, too young or
 * that no policy is for; if a shorter policy undoes a longer one; or if it takes more than it should of time to find who goes with a block of very many.
 */
#include "unit.h"

#include "common/pg_prng.h"

#include "array_source.h"
#include "core/order/order_members.h"
#include "core/purge.h"
#include "core/quote/quote_record.h"
#include "core/quote_request/quote_request.h"

#define POLICIES_MAX	8

static ArraySource *world;
static RetentionPolicy policies[POLICIES_MAX];
static Retention retention;

static void
new_world(void)
{
	world = array_begin();
	retention = (Retention) {.policies = policies, .cutoff = ARRAY_BEGINS};
	world->retention = &retention;
}

/* Whatever is older than so many seconds before the beginning; NULL of a hold. */
static RetentionPolicy *
policy(const char *name, int64 seconds, const char *action)
{
	RetentionPolicy *made = &policies[retention.count++];

	*made = (RetentionPolicy) {.name = name, .cutoff = ARRAY_BEGINS - seconds * USECS_PER_SEC, .action = action, .hold = action == NULL};
	return made;
}

static void *
object(ObjectKind kind, const char *id, const char *root_id)
{
	Object	   *made = palloc0(oms_kinds[kind].record->size);

	oms_record_init(oms_kinds[kind].record, made);
	made->id = pstrdup(id);
	made->root_id = pstrdup(root_id);
	made->version = 1;
	/* a hundred seconds old */
	made->created_at = made->updated_at = made->tree_updated_at = ARRAY_BEGINS - 100 * USECS_PER_SEC;
	world->objects = lappend(world->objects, made);
	return made;
}

static Order *
order(const char *id, const char *root_id)
{
	Order	   *made = object(KIND_ORDER, id, root_id);

	made->parent_id = strcmp(id, root_id) == 0 ? NULL : pstrdup(root_id);
	made->conditions = COND_CANCELLED;
	made->status = OMS_ORDER_CANCELLED;
	made->order_qty = int64_to_numeric(10);
	made->executed_quantity = oms_dec_zero();
	return made;
}

/* Of an order, or of none. */
static Execution *
execution(const char *id, const char *order_id, const char *root_id)
{
	Execution  *made = object(KIND_EXECUTION, id, order_id ? root_id : id);

	made->order_id = order_id ? pstrdup(order_id) : NULL;
	made->status = OMS_EXECUTION_ALLOCATED;
	return made;
}

static QuoteRequest *
request(const char *id)
{
	QuoteRequest *made = object(KIND_QUOTE_REQUEST, id, id);

	made->status = QUOTE_REQUEST_STATUS_CANCELLED;
	return made;
}

static Quote *
quote(const char *id, const char *request_id)
{
	Quote	   *made = object(KIND_QUOTE, id, request_id ? request_id : id);

	made->quote_request_id = request_id ? pstrdup(request_id) : NULL;
	made->status = QUOTE_STATUS_EXPIRED;
	return made;
}

static void
add_text(Jsonb **array, const char *text)
{
	const char *old = *array ? JsonbToCString(NULL, &(*array)->root, VARSIZE(*array)) : NULL;
	char	   *json = old ? psprintf("%.*s, \"%s\"]", (int) strlen(old) - 1, old, text) : psprintf("[\"%s\"]", text);

	*array = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(json)));
}

static void
member(Order *block, Order *of, bool released)
{
	int			count;
	OrderMember *members = oms_members_from_json(block->members, &count);
	OrderMember *more = palloc0(sizeof(OrderMember) * (count + 1));

	if (count > 0)
		memcpy(more, members, sizeof(OrderMember) * count);
	more[count] = (OrderMember) {.order_id = of->id, .quantity = int64_to_numeric(5), .priority = count, .allocated_quantity = int64_to_numeric(released ? 5 : 1),
	.allocated_value = int64_to_numeric(5), .released = released};
	block->members = oms_members_to_json(more, count + 1);
	add_text(&of->block_order_ids, block->id);
}

/* What goes: roots and how many objects, "A2 B1 by POLICY"; or "! RULE: detail". */
static char *
purged(ObjectKind kind, const char *id)
{
	static const char *const commands[KIND_COUNT][2] = {
		[KIND_ORDER] = {"PurgeOrderCommand", "orderId"},
		[KIND_EXECUTION] = {"PurgeExecutionCommand", "executionId"},
		[KIND_QUOTE_REQUEST] = {"PurgeQuoteRequestCommand", "quoteRequestId"},
		[KIND_QUOTE] = {"PurgeQuoteRequestCommand", "quoteId"},
	};
	Decision	d;
	Refusal    *refusal = array_run(world, psprintf("{\"commandType\": \"%s\", \"%s\": \"%s\"}", commands[kind][0], commands[kind][1], id), &d);
	StringInfoData out;
	ListCell   *cell;

	if (refusal)
		return psprintf("! %s: %s", refusal->rule ? refusal->rule : refusal->message, refusal->detail ? refusal->detail : "");
	initStringInfo(&out);
	foreach(cell, d.purged)
	{
		const PurgedTree *tree = lfirst(cell);

		appendStringInfo(&out, "%s%s:%d", out.len ? " " : "", tree->root->id, list_length(tree->objects));
		if (strcmp(tree->policy->name, "all") != 0)
			appendStringInfo(&out, " by %s", tree->policy->name);
	}
	return out.data;
}

#define GOES(kind, id, expected, name)	is_text(purged(KIND_##kind, id), expected, name)

static void
gives_rule(ObjectKind kind, const char *id, const char *rule, const char *name)
{
	char	   *got = purged(kind, id);
	int			length = strlen(rule);

	ok(strncmp(got, "! ", 2) == 0 && strncmp(got + 2, rule, length) == 0 && got[2 + length] == ':', "%s (%s)", name, rule);
	if (unit_out.data[unit_out.len - 1] != '\n')
		appendStringInfo(&unit_out, "# %s\n", got);
}

/* ------------------------------------------------------------------------
 * cases
 * ------------------------------------------------------------------------
 */

static void
test_trees(void)
{
	Order	   *a;
	Quote	   *q;

	new_world();
	policy("all", 10, PURGE_DELETE);
	order("A", "A");
	order("A1", "A");
	execution("E1", "A1", "A");
	order("B", "B");
	GOES(ORDER, "A", "A:3", "a tree goes whole, and another stays");
	gives_rule(KIND_ORDER, "A1", "not_root", "one that is named by an order below its root stays");
	gives_rule(KIND_ORDER, "nobody", "order \"nobody\" does not exist", "what is not there");

	new_world();
	policy("all", 10, PURGE_DELETE);
	request("R");
	q = quote("Q", "R");
	quote("Q2", "R");
	a = order("A", "A");
	GOES(QUOTE_REQUEST, "R", "R:3", "a request goes with its quotes");
	q->order_id = a->id;
	q->status = QUOTE_STATUS_ACCEPTED;
	a->quote_id = q->id;
	((QuoteRequest *) array_find(world, KIND_QUOTE_REQUEST, "R"))->accepted_order_id = a->id;
	GOES(QUOTE_REQUEST, "R", "R:3 A:1", "and with the order that one of them became");
	GOES(ORDER, "A", "A:1 R:3", "the other way round, too");
	a->quote_id = "gone";
	q->order_id = NULL;
	GOES(ORDER, "A", "A:1", "what is named and not there ties to nothing");

	new_world();
	policy("all", 10, PURGE_DELETE);
	execution("X", NULL, NULL)->corrected_execution_id = "Y";
	execution("Y", "A1", "A")->correcting_execution_id = "X";
	order("A", "A");
	order("A1", "A");
	GOES(EXECUTION, "X", "X:1 A:3", "an execution goes with the tree of the one that it corrects");
	GOES(ORDER, "A", "A:3 X:1", "and the other way round");
}

/* One thing that keeps a tree, each. */
static void
test_what_keeps(void)
{
	static const struct
	{
		const char *name;
		const char *rule;
		int			which;
	}			cases[] = {
		{"an order that works", "not_closed", 0},
		{"a request that nobody has answered", "not_closed", 1},
		{"slices that are planned", "not_closed", 2},
		{"a membership that is live", "open_block", 3},
		{"an execution in review", "in_review", 4},
		{"one that is not allocated", "unallocated", 5},
		{"a proposal", "unallocated", 6},
		{"a tree that has changed since", "retained", 7},
		{"a hold on an account of one of its orders", "held", 8},
		{"no policy that is for it", "retained", 9},
	};
	Jsonb	   *something = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("[{}]")));

	for (int i = 0; i < lengthof(cases); i++)
	{
		Order	   *root;
		Order	   *child;
		Execution  *fill;

		new_world();
		policy("all", 10, PURGE_DELETE)->object = cases[i].which == 9 ? "quote" : NULL;
		root = order("A", "A");
		child = order("A1", "A");
		fill = execution("E", "A1", "A");
		order("B", "B");
		switch (cases[i].which)
		{
			case 0:
				child->conditions = COND_NEW;
				break;
			case 1:
				child->pending_requests = something;
				break;
			case 2:
				child->planned_slices = something;
				break;
			case 3:
				child->live_blocks = 1;
				break;
			case 4:
				fill->status = OMS_EXECUTION_REVIEW;
				break;
			case 5:
				fill->status = OMS_EXECUTION_VALIDATED;
				break;
			case 6:
				fill->allocation_proposal = something;
				break;
			case 7:
				root->tree_updated_at = ARRAY_BEGINS - 10 * USECS_PER_SEC;
				break;
			case 8:
				child->account = "ACC";
				policy("no", 0, NULL)->account = "ACC";
				break;
		}
		gives_rule(KIND_ORDER, "A", cases[i].rule, cases[i].name);
		if (cases[i].which != 9)
			GOES(ORDER, "B", "B:1", "... and not the tree beside it");
	}
}

static void
test_policies(void)
{
	Order	   *a;

	new_world();
	policy("short", 10, PURGE_DELETE);
	policy("long", 60, PURGE_DELETE);
	a = order("A", "A");
	GOES(ORDER, "A", "A:1 by long", "the longest counts");
	a->tree_updated_at = ARRAY_BEGINS - 30 * USECS_PER_SEC;
	gives_rule(KIND_ORDER, "A", "retained", "... though a shorter one is over");
	policies[1].account = "ACC";
	GOES(ORDER, "A", "A:1 by short", "one for another account does not count");
	policy("kept", 10, PURGE_ARCHIVE);
	GOES(ORDER, "A", "A:1 by kept", "of two alike that which archives");
	policy("none", 0, NULL)->root_id = "A";
	gives_rule(KIND_ORDER, "A", "held", "a hold beats all");

	new_world();
	policy("all", 10, PURGE_DELETE);
	order("A", "A");
	retention.cutoff = ARRAY_BEGINS - 200 * USECS_PER_SEC;
	gives_rule(KIND_ORDER, "A", "retained", "what is younger than commandIds are kept stays");
	world->retention = NULL;
	gives_rule(KIND_ORDER, "A", "retained", "without policies all stays");
}

static void
test_large_block(void)
{
	enum
	{
		MEMBERS = 2000
	};
	OrderMember *members = palloc0(sizeof(OrderMember) * MEMBERS);
	Order	   *block;
	Decision	d = {0};
	List	   *all;

	new_world();
	policy("all", 10, PURGE_DELETE);
	block = order("B", "B");
	for (int i = 0; i < MEMBERS; i++)
	{
		Order	   *of = order(psprintf("m%d", i), psprintf("m%d", i));

		members[i] = (OrderMember) {.order_id = of->id, .quantity = int64_to_numeric(1), .allocated_quantity = int64_to_numeric(1),
		.allocated_value = int64_to_numeric(1), .released = true};
		add_text(&of->block_order_ids, "B");
	}
	block->members = oms_members_to_json(members, MEMBERS);
	all = world->objects;
	ok(array_run(world, "{\"commandType\": \"PurgeOrderCommand\", \"orderId\": \"m7\"}", &d) == NULL && list_length(d.purged) == list_length(all),
	   "a block of %d members goes whole, whoever of them is named", MEMBERS);
}

/* ------------------------------------------------------------------------
 * random worlds
 * ------------------------------------------------------------------------
 */

#define ROOTS_MAX	12
#define WORLDS		400

typedef struct Model
{
	int			count;
	Object	   *roots[ROOTS_MAX];
	int			objects[ROOTS_MAX];
	bool		tied[ROOTS_MAX][ROOTS_MAX];
	const char *kept_by[ROOTS_MAX];	/* a rule; NULL: nothing */
} Model;

static pg_prng_state prng;

static int
below(int n)
{
	return (int) pg_prng_uint64_range(&prng, 0, n - 1);
}

/* An order with up to three fills below a child, an execution, a request with quotes, or a quote. */
static void
model_add_root(Model *model)
{
	int			n = model->count++;
	char	   *id = psprintf("r%d", n);

	model->objects[n] = 1;
	switch (below(5))
	{
		case 0:
			model->roots[n] = &execution(id, NULL, NULL)->object;
			break;
		case 1:
			model->roots[n] = &request(id)->object;
			for (int i = below(3); i > 0; i--, model->objects[n]++)
				quote(psprintf("%s.q%d", id, i), id);
			break;
		case 2:
			model->roots[n] = &quote(id, NULL)->object;
			break;
		default:
			model->roots[n] = &order(id, id)->object;
			for (int i = below(4); i > 0; i--, model->objects[n]++)
				execution(psprintf("%s.e%d", id, i), id, id);
	}
}

/* The first object of a kind in a tree, or NULL. */
static Object *
model_some(const Object *root, ObjectKind kind)
{
	ListCell   *cell;

	foreach(cell, world->objects)
	{
		Object	   *found = lfirst(cell);

		if (found->kind == kind && strcmp(found->root_id, root->id) == 0)
			return found;
	}
	return NULL;
}

/* As commands would leave them: each names the other.  False where two such have nothing to do with each other. */
static bool
model_tie(Object *a, Object *b)
{
	Execution  *first = (Execution *) model_some(a, KIND_EXECUTION);
	Execution  *second = (Execution *) model_some(b, KIND_EXECUTION);

	if (a->kind == KIND_ORDER && b->kind == KIND_ORDER && below(2))
		member((Order *) a, (Order *) b, true);
	else if (first && second && first->correcting_execution_id == NULL && second->corrected_execution_id == NULL)
	{
		first->correcting_execution_id = second->id;
		second->corrected_execution_id = first->id;
	}
	else if (first && second && first->moved_to_execution_id == NULL && second->moved_from_execution_id == NULL)
	{
		first->moved_to_execution_id = second->id;
		second->moved_from_execution_id = first->id;
	}
	else if (a->kind == KIND_QUOTE && b->kind == KIND_QUOTE && ((Quote *) a)->superseding_quote_id == NULL && ((Quote *) b)->superseded_quote_id == NULL)
	{
		((Quote *) a)->superseding_quote_id = b->id;
		((Quote *) b)->superseded_quote_id = a->id;
	}
	else if (a->kind == KIND_QUOTE_REQUEST && b->kind == KIND_ORDER && ((QuoteRequest *) a)->accepted_order_id == NULL && ((Order *) b)->quote_id == NULL &&
			 model_some(a, KIND_QUOTE))
	{
		Quote	   *accepted = (Quote *) model_some(a, KIND_QUOTE);

		((QuoteRequest *) a)->accepted_order_id = accepted->order_id = b->id;
		((Order *) b)->quote_id = accepted->id;
	}
	else
		return false;
	return true;
}

/* Something that keeps a tree. */
static const char *
model_keep(Object *root)
{
	Execution  *fill = (Execution *) model_some(root, KIND_EXECUTION);

	switch (below(4))
	{
		case 0:
			root->tree_updated_at = ARRAY_BEGINS;
			return "retained";
		case 1:
			policies[1].root_id = root->id;
			retention.count = 2;
			return "held";
		case 2:
			if (fill)
				fill->status = OMS_EXECUTION_REVIEW;
			return fill ? "in_review" : NULL;
		default:
			if (root->kind == KIND_ORDER)
				((Order *) root)->conditions = COND_NEW;
			else if (root->kind == KIND_QUOTE_REQUEST)
				((QuoteRequest *) root)->status = QUOTE_REQUEST_STATUS_QUOTED;
			else if (root->kind == KIND_QUOTE)
				((Quote *) root)->status = QUOTE_STATUS_ACTIVE;
			else
				return NULL;
			return "not_closed";
	}
}

static void
model_make(Model *model)
{
	*model = (Model) {0};
	new_world();
	policy("all", 10, PURGE_DELETE);
	policy("one", 0, NULL);
	retention.count = 1;
	for (int n = 1 + below(ROOTS_MAX); n > 0; n--)
		model_add_root(model);
	for (int tries = below(2 * model->count); tries > 0; tries--)
	{
		int			a = below(model->count);
		int			b = below(model->count);

		if (a != b && !model->tied[a][b] && model_tie(model->roots[a], model->roots[b]))
			model->tied[a][b] = model->tied[b][a] = true;
	}
	if (below(2))
	{
		int			n = below(model->count);

		model->kept_by[n] = model_keep(model->roots[n]);
	}
	world->backwards = below(2);
}

/* Who is reached from one, round after round. */
static void
model_close(const Model *model, int from, bool *reached)
{
	bool		more = true;

	memset(reached, 0, sizeof(bool) * ROOTS_MAX);
	reached[from] = true;
	while (more)
	{
		more = false;
		for (int a = 0; a < model->count; a++)
			for (int b = 0; b < model->count; b++)
				if (reached[a] && model->tied[a][b] && !reached[b])
					more = reached[b] = true;
	}
}

static int
compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* The words of a text, in their order. */
static char *
sorted(char *text)
{
	const char *words[ROOTS_MAX];
	int			count = 0;
	StringInfoData out;

	for (char *word = strtok(text, " "); word && count < ROOTS_MAX; word = strtok(NULL, " "))
		words[count++] = word;
	qsort(words, count, sizeof(char *), compare_texts);
	initStringInfo(&out);
	for (int i = 0; i < count; i++)
		appendStringInfo(&out, "%s ", words[i]);
	return out.data;
}

/* What the model expects: all of them, or the rule. */
static char *
model_expects(const Model *model, int from)
{
	bool		reached[ROOTS_MAX];
	StringInfoData out;

	model_close(model, from, reached);
	initStringInfo(&out);
	for (int i = 0; i < model->count; i++)
	{
		if (reached[i] && model->kept_by[i])
			return psprintf("! %s", model->kept_by[i]);
		if (reached[i])
			appendStringInfo(&out, "%s:%d ", model->roots[i]->id, model->objects[i]);
	}
	return sorted(out.data);
}

static void
test_random_worlds(void)
{
	int			wrong = 0;
	int			gone = 0;
	int			kept = 0;
	int			together = 0;

	pg_prng_seed(&prng, 15);
	for (int n = 0; n < WORLDS; n++)
	{
		Model		model;

		model_make(&model);
		for (int i = 0; i < model.count; i++)
		{
			char	   *expected = model_expects(&model, i);
			char	   *got = purged(model.roots[i]->kind, model.roots[i]->id);

			got = *got == '!' ? pnstrdup(got, strcspn(got, ":")) : sorted(got);
			kept += *got == '!';
			gone += *got != '!';
			together += *got != '!' && strchr(got, ' ') != strrchr(got, ' ');
			if (strcmp(got, expected) == 0)
				continue;
			if (wrong++ < 5)
				appendStringInfo(&unit_out, "# world %d, %s: got '%s', expected '%s'\n", n, model.roots[i]->id, got, expected);
		}
	}
	ok(wrong == 0, "random worlds: %d roots go, %d of them with others, and %d stay, as in the model", gone, together, kept);
	ok(gone > 500 && kept > 100 && together > 100, "there was some of each");
}

UNIT_TEST(decide_purge)
{
	test_trees();
	test_what_keeps();
	test_policies();
	test_large_block();
	test_random_worlds();
}

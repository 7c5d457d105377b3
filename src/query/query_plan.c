/*-------------------------------------------------------------------------
 *
 * query_plan.c
 *	  The prepared plans of a session's queries, one for each shape.
 *
 * A plan is an SPI plan: the server makes it again when a table, a role or row
 * security has changed.
 *
 * Planning takes as long as many a query.  So a plan for any values is taken where
 * it is cheap even if it has to run to its end; where it hopes to find enough rows
 * before, or reads much, it is planned for the values at hand.  (The server's own
 * choice compares estimates of both, and those of a LIMIT over unknown values are
 * too hopeful.)
 *
 * A session keeps the QUERY_PLANS_MAX that it used last; one that is
 * running or is being planned is not given up (a policy of row security may ask
 * in the middle of what we ask, and a constant of it while that is planned).
 *
 * Writes no table.  Locks: those of parsing the statement.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "nodes/plannodes.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/resowner.h"

#include "query/query_plan.h"

#define QUERY_PLANS_MAX	100

/* Up to this cost a generic plan is cheap: a millisecond or two, some ten times what planning takes. */
#define CHEAP_COST		1000.0

static dlist_head plans = DLIST_STATIC_INIT(plans); /* the last one used first */
static int	nplans = 0;

QueryPlan *
oms_query_plan_find(const char *key, int length)
{
	uint32		hash = hash_bytes((const unsigned char *) key, length);
	dlist_iter	iter;

	dlist_foreach(iter, &plans)
	{
		QueryPlan  *plan = dlist_container(QueryPlan, node, iter.cur);

		if (plan->hash == hash && plan->key_length == length && memcmp(plan->key, key, length) == 0)
		{
			dlist_move_head(&plans, &plan->node);
			return plan;
		}
	}
	return NULL;
}

static void
query_plan_forget(QueryPlan *plan)
{
	dlist_delete(&plan->node);
	nplans--;
	SPI_freeplan(plan->plan);
	MemoryContextDelete(plan->memory);
}

/* Of those that nobody runs, the one that was not used for longest. */
static void
query_plan_make_room(void)
{
	dlist_node *node = dlist_is_empty(&plans) ? NULL : dlist_tail_node(&plans);

	while (node && nplans >= QUERY_PLANS_MAX)
	{
		QueryPlan  *plan = dlist_container(QueryPlan, node, node);

		node = dlist_has_prev(&plans, node) ? dlist_prev_node(&plans, node) : NULL;
		if (plan->users == 0)
			query_plan_forget(plan);
	}
}

void
oms_query_plan_judge(QueryPlan *plan)
{
	CachedPlanSource *source = linitial(SPI_plan_get_plan_sources(plan->plan));
	CachedPlan *generic = source->gplan;
	Plan	   *top;

	if (!plan->has_values || generic == NULL || generic->generation == plan->judged)
		return;
	plan->judged = generic->generation;
	top = linitial_node(PlannedStmt, generic->stmt_list)->planTree;
	if (IsA(top, Limit))
		top = outerPlan(top);
	source->cursor_options &= ~(CURSOR_OPT_GENERIC_PLAN | CURSOR_OPT_CUSTOM_PLAN);
	source->cursor_options |= top->total_cost <= CHEAP_COST ? CURSOR_OPT_GENERIC_PLAN : CURSOR_OPT_CUSTOM_PLAN;
}

CachedPlan *
oms_query_plan_get(QueryPlan *plan, ParamListInfo params)
{
	CachedPlan *volatile got = NULL;

	plan->users++;
	PG_TRY();
	{
		got = GetCachedPlan(linitial(SPI_plan_get_plan_sources(plan->plan)), params, CurrentResourceOwner, NULL);
	}
	PG_FINALLY();
	{
		plan->users--;
	}
	PG_END_TRY();
	return got;
}

/* Kept, and judged before it runs for the first time. */
static void
query_plan_keep(QueryPlan *plan, ParamListInfo params)
{
	if (SPI_keepplan(plan->plan) != 0)
		elog(ERROR, "cannot keep the plan of a query");
	MemoryContextSetParent(plan->memory, CacheMemoryContext);
	dlist_push_head(&plans, &plan->node);
	nplans++;
	if (plan->has_values)
		ReleaseCachedPlan(oms_query_plan_get(plan, params), CurrentResourceOwner);
	oms_query_plan_judge(plan);
}

static Oid *
query_plan_types(ParamListInfo params)
{
	Oid		   *types = palloc(sizeof(Oid) * Max(params ? params->numParams : 0, 1));

	for (int i = 0; params && i < params->numParams; i++)
		types[i] = params->params[i].ptype;
	return types;
}

QueryPlan *
oms_query_plan_make(const char *key, int length, const char *sql, bool has_values, ParamListInfo params, const QueryRow *row)
{
	SPIPlanPtr	made = SPI_prepare_cursor(sql, params ? params->numParams : 0, query_plan_types(params), CURSOR_OPT_GENERIC_PLAN);
	MemoryContext memory;
	MemoryContext caller;
	QueryPlan  *plan;

	if (made == NULL)
		elog(ERROR, "cannot prepare \"%s\": %s", sql, SPI_result_code_string(SPI_result));
	query_plan_make_room();
	memory = AllocSetContextCreate(CurrentMemoryContext, "oms_state query", ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(memory);
	plan = palloc0(sizeof(QueryPlan));
	plan->memory = memory;
	plan->hash = hash_bytes((const unsigned char *) key, length);
	plan->key_length = length;
	plan->key = memcpy(palloc(length), key, length);
	oms_query_row_copy(&plan->row, row);
	MemoryContextSwitchTo(caller);
	plan->plan = made;
	plan->has_values = has_values;
	plan->judged = -1;
	query_plan_keep(plan, params);
	return plan;
}

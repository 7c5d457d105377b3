/*-------------------------------------------------------------------------
 *
 * purge.c
 *	  Which trees may go for good.
 *
 * Pure.  A tree goes whole, and with it whatever it is tied to by ids: blocks and
 * their members, a request for quotes and the order that its quote became,
 * executions that correct, supersede or replace one another.  So nothing that
 * stays names what is gone.  Nothing of them may be open, and each must have been
 * kept as long as the longest policy that is for it says; a hold on any object of
 * any of them keeps them all.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/timestamp.h"

#include "core/command_route.h"
#include "core/decide.h"
#include "core/execution/execution_record.h"
#include "core/order/order.h"
#include "core/order/order_members.h"
#include "core/purge.h"
#include "core/quote/quote_record.h"
#include "core/quote_request/quote_request.h"

/* What policies ask of an object. */
typedef struct PurgeFacts
{
	const char *status;
	const char *asset_class;
} PurgeFacts;

static PurgeFacts
purge_facts(const Object *object)
{
	switch (object->kind)
	{
		case KIND_ORDER:
			return (PurgeFacts) {oms_name_of(oms_order_status_names, ((const Order *) object)->status), ((const Order *) object)->asset_class};
		case KIND_EXECUTION:
			return (PurgeFacts) {oms_name_of(oms_execution_status_names, ((const Execution *) object)->status), NULL};
		case KIND_QUOTE_REQUEST:
			return (PurgeFacts) {
				oms_name_of(oms_quote_request_status_names, ((const QuoteRequest *) object)->status), ((const QuoteRequest *) object)->asset_class
			};
		case KIND_QUOTE:
			return (PurgeFacts) {oms_name_of(oms_quote_status_names, ((const Quote *) object)->status), NULL};
		default:
			return (PurgeFacts) {NULL, NULL};
	}
}

/* ------------------------------------------------------------------------
 * what goes together
 * ------------------------------------------------------------------------
 */

/* A root that is in the group. */
typedef struct PurgeRoot
{
	const Object *root;
	uint32		status;			/* for simplehash */
} PurgeRoot;

#define SH_PREFIX roots
#define SH_ELEMENT_TYPE PurgeRoot
#define SH_KEY_TYPE const Object *
#define SH_KEY root
#define SH_HASH_KEY(tb, key) hash_combine((key)->kind, hash_bytes((const unsigned char *) (key)->id, strlen((key)->id)))
#define SH_EQUAL(tb, a, b) ((a)->kind == (b)->kind && strcmp((a)->id, (b)->id) == 0)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

typedef struct PurgeGroup
{
	Decision   *d;
	List	   *trees;			/* of PurgedTree; it grows as we go */
	roots_hash *roots;			/* theirs */
} PurgeGroup;

static void
purge_add_root(PurgeGroup *group, const Object *root)
{
	PurgedTree *tree;
	bool		found;

	(void) roots_insert(group->roots, root, &found);
	if (found)
		return;
	tree = palloc0(sizeof(PurgedTree));
	tree->root = root;
	group->trees = lappend(group->trees, tree);
}

/* What is named and not there ties to nothing. */
static void
purge_tie(PurgeGroup *group, ObjectKind kind, const char *id)
{
	const Object *object;

	CHECK_FOR_INTERRUPTS();
	if (id == NULL || !oms_decision_reaches(group->d, kind, id))
		return;
	object = oms_decision_get(group->d, kind, id);
	if (object && !oms_object_is_root(object))
		object = oms_decision_get(group->d, oms_kind_of(object)->root_kind, object->root_id);
	if (object)
		purge_add_root(group, object);
}

static void
purge_tie_order(const char *id, void *arg)
{
	purge_tie(arg, KIND_ORDER, id);
}

static void
purge_tie_execution(PurgeGroup *group, const Execution *execution)
{
	const char *const links[] = {
		execution->corrected_execution_id, execution->correcting_execution_id, execution->superseded_execution_id,
		execution->superseding_execution_id, execution->moved_from_execution_id, execution->moved_to_execution_id
	};

	for (int i = 0; i < lengthof(links); i++)
		purge_tie(group, KIND_EXECUTION, links[i]);
}

static void
purge_tie_quote(PurgeGroup *group, const Quote *quote)
{
	purge_tie(group, KIND_QUOTE, quote->superseded_quote_id);
	purge_tie(group, KIND_QUOTE, quote->superseding_quote_id);
	purge_tie(group, KIND_ORDER, quote->order_id);
}

static void
purge_tie_object(PurgeGroup *group, const Object *object)
{
	switch (object->kind)
	{
		case KIND_ORDER:
			purge_tie(group, KIND_QUOTE, ((const Order *) object)->quote_id);
			break;
		case KIND_EXECUTION:
			purge_tie_execution(group, (const Execution *) object);
			break;
		case KIND_QUOTE_REQUEST:
			purge_tie(group, KIND_ORDER, ((const QuoteRequest *) object)->accepted_order_id);
			break;
		case KIND_QUOTE:
			purge_tie_quote(group, (const Quote *) object);
			break;
	}
}

static List *
purge_load_orders(const Decision *d, const Object *root)
{
	const char *const of_root[] = {root->id};
	const char *const *keys = of_root;
	List	   *orders = oms_decision_find(d, KIND_ORDER, ORDER_BY_ROOT, &keys, 1);
	const char **ids = palloc(sizeof(char *) * Max(list_length(orders), 1));
	const char *const **of_orders = palloc(sizeof(char **) * Max(list_length(orders), 1));

	for (int i = 0; i < list_length(orders); i++)
	{
		ids[i] = ((const Object *) list_nth(orders, i))->id;
		of_orders[i] = &ids[i];
	}
	return list_concat(orders, oms_decision_find(d, KIND_EXECUTION, EXECUTION_BY_ORDER, (const char *const *const *) of_orders, list_length(orders)));
}

static void
purge_load(PurgeGroup *group, PurgedTree *tree)
{
	const char *const of_root[] = {tree->root->id};
	const char *const *keys = of_root;
	ListCell   *cell;

	if (tree->root->kind == KIND_ORDER)
		tree->objects = purge_load_orders(group->d, tree->root);
	else
		tree->objects = list_make1(unconstify(Object *, tree->root));
	if (tree->root->kind == KIND_QUOTE_REQUEST)
		tree->objects = list_concat(tree->objects, oms_decision_find(group->d, KIND_QUOTE, QUOTE_BY_REQUEST, &keys, 1));
	if (oms_kind_of(tree->root)->ties)
		oms_kind_of(tree->root)->ties(tree->root, REACH_TIED, purge_tie_order, group);
	foreach(cell, tree->objects)
		purge_tie_object(group, lfirst(cell));
}

/* ------------------------------------------------------------------------
 * whether it may
 * ------------------------------------------------------------------------
 */

static Refusal *
purge_refuse(const Decision *d, const char *rule, const Object *object, const char *fact)
{
	return oms_refuse_by_rule(rule, psprintf("%s \"%s\" cannot be purged", oms_kind_noun(d->about), d->about_id),
							  "%s \"%s\" %s.", oms_kind_noun(object->kind), object->id, fact);
}

static Refusal *
purge_refuse_status(const Decision *d, const char *rule, const Object *object)
{
	return purge_refuse(d, rule, object, psprintf("is %s", purge_facts(object).status));
}

static bool
purge_has_open_members(const Order *order)
{
	int			count;
	OrderMember *members = oms_members_from_json(order->members, &count);

	for (int i = 0; i < count; i++)
		if (oms_member_is_live(&members[i]))
			return true;
	return false;
}

static Refusal *
purge_check_order(const Decision *d, const Order *order)
{
	if (!oms_order_has_ended(order))
		return purge_refuse_status(d, "not_closed", &order->object);
	if (order->pending_requests)
		return purge_refuse(d, "not_closed", &order->object, "has a request that nobody has answered");
	if (order->planned_slices)
		return purge_refuse(d, "not_closed", &order->object, "has slices that are planned");
	if (order->live_blocks > 0)
		return purge_refuse(d, "open_block", &order->object, "is a member of a block that works");
	if (oms_order_is_block(order) && purge_has_open_members(order))
		return purge_refuse(d, "open_block", &order->object, "is a block, and has members that are not released");
	return NULL;
}

static Refusal *
purge_check_execution(const Decision *d, const Execution *execution)
{
	if (execution->status == OMS_EXECUTION_REVIEW)
		return purge_refuse_status(d, "in_review", &execution->object);
	if (execution->status == OMS_EXECUTION_VALIDATED)
		return purge_refuse(d, "unallocated", &execution->object, "is not wholly allocated");
	if (execution->allocation_proposal)
		return purge_refuse(d, "unallocated", &execution->object, "has an allocation that is only proposed");
	return NULL;
}

static Refusal *
purge_check_object(const Decision *d, const Object *object)
{
	switch (object->kind)
	{
		case KIND_ORDER:
			return purge_check_order(d, (const Order *) object);
		case KIND_EXECUTION:
			return purge_check_execution(d, (const Execution *) object);
		case KIND_QUOTE_REQUEST:
			if (((const QuoteRequest *) object)->status <= QUOTE_REQUEST_STATUS_QUOTED)
				return purge_refuse_status(d, "not_closed", object);
			return NULL;
		case KIND_QUOTE:
			return ((const Quote *) object)->status == QUOTE_STATUS_ACTIVE ? purge_refuse_status(d, "not_closed", object) : NULL;
		default:
			return NULL;
	}
}

static bool
purge_is(const char *wanted, const char *found)
{
	return wanted == NULL || (found && strcmp(wanted, found) == 0);
}

static bool
purge_policy_is_for(const RetentionPolicy *policy, const Object *object)
{
	PurgeFacts	facts = purge_facts(object);

	return purge_is(policy->object, oms_kind_of(object)->record->name) && purge_is(policy->account, oms_object_account(object)) &&
		purge_is(policy->asset_class, facts.asset_class) && purge_is(policy->status, facts.status) && purge_is(policy->root_id, object->root_id);
}

static Refusal *
purge_check_holds(const Decision *d, const PurgedTree *tree)
{
	for (int i = 0; i < d->retention->count; i++)
	{
		const RetentionPolicy *policy = &d->retention->policies[i];
		ListCell   *cell;

		if (!policy->hold)
			continue;
		foreach(cell, tree->objects)
			if (purge_policy_is_for(policy, lfirst(cell)))
				return purge_refuse(d, "held", lfirst(cell), psprintf("is held by policy \"%s\"", policy->name));
	}
	return NULL;
}

/* The one that keeps it longest; of two alike what keeps more of it. */
static bool
purge_policy_goes_before(const RetentionPolicy *policy, const RetentionPolicy *other)
{
	if (other == NULL || policy->cutoff != other->cutoff)
		return other == NULL || policy->cutoff < other->cutoff;
	return strcmp(other->action, PURGE_DELETE) == 0 && strcmp(policy->action, PURGE_DELETE) != 0;
}

static Refusal *
purge_check_age(const Decision *d, PurgedTree *tree)
{
	TimestampTz newest = tree->root->tree_updated_at;

	for (int i = 0; i < d->retention->count; i++)
	{
		const RetentionPolicy *policy = &d->retention->policies[i];

		if (!policy->hold && purge_policy_is_for(policy, tree->root) && purge_policy_goes_before(policy, tree->policy))
			tree->policy = policy;
	}
	if (tree->policy == NULL)
		return purge_refuse(d, "retained", tree->root, "is what no enabled policy of oms.retention_policies is for");
	if (newest >= tree->policy->cutoff)
		return purge_refuse(d, "retained", tree->root, psprintf("is kept by policy \"%s\": its newest event is of %s", tree->policy->name,
															   pstrdup(timestamptz_to_str(newest))));
	if (newest >= d->retention->cutoff)
		return purge_refuse(d, "retained", tree->root, psprintf("is kept by oms_state.command_retention: its newest event is of %s",
															   pstrdup(timestamptz_to_str(newest))));
	return NULL;
}

static Refusal *
purge_check_tree(const Decision *d, PurgedTree *tree)
{
	Refusal    *refusal = NULL;
	ListCell   *cell;

	foreach(cell, tree->objects)
	{
		CHECK_FOR_INTERRUPTS();
		refusal = purge_check_object(d, lfirst(cell));
		if (refusal)
			return refusal;
	}
	refusal = purge_check_holds(d, tree);
	return refusal ? refusal : purge_check_age(d, tree);
}

static const Retention no_policies = {0};

Refusal *
oms_decide_purge(Decision *d)
{
	const Command *command = d->command;
	PurgeGroup	group = {.d = d};
	ObjectKind	kind = command->quote.object_id && command->quote.request_id == NULL ? KIND_QUOTE : command->def->kind;
	const char *id = oms_command_object_id(command, kind == KIND_ORDER ? ID_OF_ORDER : kind == KIND_EXECUTION ? ID_OF_EXECUTION :
										   kind == KIND_QUOTE ? ID_OF_QUOTE : ID_OF_QUOTE_REQUEST);
	const Object *root = id ? oms_decision_get(d, kind, id) : NULL;
	Refusal    *refusal = NULL;

	if (id == NULL)
		return oms_refuse(OMS_MALFORMED, "quoteRequestId of %s is missing", command->def->name);
	if (root == NULL)
		return oms_no_such(kind, id);
	refusal = oms_check_version(command, kind, id, root->version);
	if (refusal)
		return refusal;
	oms_decision_about(d, kind, root->id, false);
	if (!oms_object_is_root(root))
		return purge_refuse(d, "not_root", root, psprintf("is in the tree of \"%s\"", root->root_id));
	if (d->retention == NULL)
		d->retention = &no_policies;
	group.roots = roots_create(CurrentMemoryContext, 4, NULL);
	purge_add_root(&group, root);
	for (int i = 0; i < list_length(group.trees); i++)
		purge_load(&group, list_nth(group.trees, i));
	if (d->unreached.count > 0)
		return oms_unreached();
	for (int i = 0; refusal == NULL && i < list_length(group.trees); i++)
		refusal = purge_check_tree(d, list_nth(group.trees, i));
	d->purged = refusal ? NIL : group.trees;
	return refusal;
}

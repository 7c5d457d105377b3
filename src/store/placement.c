/*-------------------------------------------------------------------------
 *
 * placement.c
 *	  The policies of oms.placement_policies: how is a client order placed?
 *
 * How the table is kept, and how its predicates are asked, is said in rule_table.c;
 * what a policy makes of an order, in order_placement.c of the core.  Writes and locks
 * nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/decimal.h"
#include "base/json.h"
#include "store/placement.h"

#define TARGETS_MAX		100
#define PATTERN_MAX		100
#define INTERVAL_MAX	(31 * USECS_PER_DAY)

pg_noreturn static void
placement_is_bad(const Rule *rule, const char *detail)
{
	ereport(ERROR,
			(errcode(OMS_BAD_CONFIGURATION),
			 errmsg("placement policy \"%s\" cannot be used", rule->row.name),
			 errdetail("%s", detail)));
}

/* ------------------------------------------------------------------------
 * reading
 * ------------------------------------------------------------------------
 */

static void
placement_read_target(const Rule *rule, Jsonb *json, PlacementTarget *target)
{
	JsonbIterator *it = JsonbIteratorInit(&json->root);
	JsonbValue	key,
				v;
	JsonbIteratorToken token;

	target->weight = oms_dec_one();
	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		if (token != WJB_KEY)
			continue;
		JsonbIteratorNext(&it, &v, true);
		if (key.val.string.len == strlen("destination") && memcmp(key.val.string.val, "destination", key.val.string.len) == 0)
		{
			if (v.type == jbvNull)
				continue;
			if (v.type != jbvString || v.val.string.len == 0 || v.val.string.len > ID_LENGTH_MAX)
				placement_is_bad(rule, psprintf("A destination is a text of at most %d bytes, or null: where the order itself is to go.", ID_LENGTH_MAX));
			target->destination = pnstrdup(v.val.string.val, v.val.string.len);
		}
		else if (key.val.string.len == strlen("weight") && memcmp(key.val.string.val, "weight", key.val.string.len) == 0)
		{
			if (v.type != jbvNumeric || oms_dec_sign(v.val.numeric) <= 0 || !oms_dec_acceptable(v.val.numeric))
				placement_is_bad(rule, "A weight is a number above zero.");
			target->weight = DatumGetNumericCopy(NumericGetDatum(v.val.numeric));
		}
		else
			placement_is_bad(rule, "What \"destinations\" has of each is \"destination\" and \"weight\".");
	}
}

static void
placement_read_targets(const Rule *rule, Jsonb *json, PlacementPolicy *policy)
{
	PlacementTarget *targets;
	JsonbIterator *it;
	JsonbValue	v;
	JsonbIteratorToken token;

	if (!oms_json_is_array(json) || JB_ROOT_COUNT(json) == 0 || JB_ROOT_COUNT(json) > TARGETS_MAX)
		placement_is_bad(rule, psprintf("\"destinations\" is an array of from 1 to %d objects, or null.", TARGETS_MAX));
	policy->targets = targets = palloc0(sizeof(PlacementTarget) * JB_ROOT_COUNT(json));
	it = JsonbIteratorInit(&json->root);
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		if (token != WJB_ELEM)
			continue;
		if (v.type != jbvBinary || !JsonContainerIsObject(v.val.binary.data))
			placement_is_bad(rule, "What stands in \"destinations\" are objects.");
		placement_read_target(rule, JsonbValueToJsonb(&v), &targets[policy->ntargets++]);
	}
}

static Numeric
placement_read_quantity(const Rule *rule, Relation rel, TupleTableSlot *slot, const char *column)
{
	bool		isnull;
	Datum		value = oms_config_column(rel, slot, column, NUMERICOID, &isnull);
	Numeric		quantity;

	if (isnull)
		return NULL;
	quantity = DatumGetNumericCopy(value);
	if (!oms_dec_acceptable(quantity) || oms_dec_sign(quantity) <= 0)
		placement_is_bad(rule, psprintf("\"%s\" is above zero, or null.", column));
	return quantity;
}

static void
placement_read_times(const Rule *rule, Relation rel, TupleTableSlot *slot, PlacementPolicy *policy)
{
	bool		isnull;
	Datum		value;
	Interval   *interval;

	policy->slices = DatumGetInt32(oms_config_column(rel, slot, "slices", INT4OID, NULL));
	if (policy->slices < 1 || policy->slices > CHILDREN_MAX)
		placement_is_bad(rule, psprintf("\"slices\" is from 1 to %d.", CHILDREN_MAX));
	value = oms_config_column(rel, slot, "slice_interval", INTERVALOID, &isnull);
	if (isnull && policy->slices > 1)
		placement_is_bad(rule, "Several slices need \"slice_interval\".");
	if (isnull)
		return;
	interval = DatumGetIntervalP(value);
	/* what a month is depends on when it begins */
	if (interval->month != 0 || interval->day < 0 || interval->day > 31 || interval->time < 0 || interval->time > INTERVAL_MAX)
		placement_is_bad(rule, "\"slice_interval\" is at least a second and at most 31 days, and has no months.");
	policy->interval = interval->day * USECS_PER_DAY + interval->time;
	if (policy->interval < USECS_PER_SEC || policy->interval > INTERVAL_MAX)
		placement_is_bad(rule, "\"slice_interval\" is at least a second and at most 31 days, and has no months.");
}

static void
placement_read(Relation rel, TupleTableSlot *slot, Rule *rule)
{
	PlacementPolicy *policy = &((PlacementRule *) rule)->policy;
	bool		isnull;
	Datum		value = oms_config_column(rel, slot, "destinations", JSONBOID, &isnull);

	policy->name = rule->row.name;
	if (!isnull)
		placement_read_targets(rule, DatumGetJsonbPCopy(value), policy);
	policy->max_quantity = placement_read_quantity(rule, rel, slot, "max_quantity");
	policy->min_quantity = placement_read_quantity(rule, rel, slot, "min_quantity");
	policy->lot = placement_read_quantity(rule, rel, slot, "lot");
	placement_read_times(rule, rel, slot, policy);
	policy->cl_ord_id_pattern = oms_config_text(rel, slot, "cl_ord_id_pattern", true);
}

static void
placement_check(const Rule *rule)
{
	const PlacementPolicy *policy = &((const PlacementRule *) rule)->policy;
	const char *problem = oms_placement_pattern_problem(policy->cl_ord_id_pattern);

	if (problem == NULL && strlen(policy->cl_ord_id_pattern) > PATTERN_MAX)
		problem = psprintf("\"cl_ord_id_pattern\" has at most %d bytes.", PATTERN_MAX);
	if (problem == NULL && policy->max_quantity && policy->min_quantity && oms_dec_cmp(policy->max_quantity, policy->min_quantity) < 0)
		problem = "\"max_quantity\" is less than \"min_quantity\".";
	if (problem == NULL && policy->max_quantity && policy->lot && oms_dec_cmp(policy->max_quantity, policy->lot) < 0)
		problem = "\"max_quantity\" is less than a lot.";
	if (problem)
		placement_is_bad(rule, problem);
}

RuleTable	oms_placement_table = {
	RULE_TABLE(OMS_PLACEMENT_POLICIES, PlacementRule, NULL),
	.noun = "placement policy", .about = COMMAND_CREATE_ORDER, .by_priority = true, .read = placement_read, .check = placement_check,
};

/* ------------------------------------------------------------------------
 * asking
 * ------------------------------------------------------------------------
 */

static Finding *
placement_finding(const RuleTried *tried)
{
	Finding    *finding = palloc0(sizeof(Finding));

	finding->rule = pstrdup(tried->rule->row.name);
	finding->version = tried->rule->row.version;
	finding->severity = FINDING_ROUTE;
	finding->why = tried->error ? psprintf("fails (%s)", tried->error) : NULL;
	finding->action = PLACEMENT_ACTION;
	finding->answer = oms_name_of(oms_rule_answer_names, tried->answer);
	finding->saw = tried->saw;
	return finding;
}

Refusal *
oms_placement_choose(const Command *command, const Object *order, const PlacementPolicy **policy, Finding **finding)
{
	PredicateSubject subject = {.command = command, .rows = {[ROW_CUR] = order, [ROW_ROOT] = order}};
	List	   *tried = oms_rules_first(&oms_placement_table, &subject);
	const RuleTried *last = tried == NIL ? NULL : llast(tried);

	*policy = NULL;
	*finding = last && last->answer != RULE_FALSE && last->answer != RULE_NULL ? placement_finding(last) : NULL;
	if (*finding == NULL)
		return oms_refuse_by_rule("placement", psprintf("%s \"%s\" cannot be placed", oms_kind_noun(order->kind), order->id),
								  "no placement policy is for it.");
	if (last->answer == RULE_ERROR)
		return oms_refuse_by_rule("placement", psprintf("%s \"%s\" cannot be placed", oms_kind_noun(order->kind), order->id),
								  "placement policy \"%s\" (version " INT64_FORMAT ") %s.", (*finding)->rule, (*finding)->version, (*finding)->why);
	*policy = &((const PlacementRule *) last->rule)->policy;
	return NULL;
}

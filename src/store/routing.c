/*-------------------------------------------------------------------------
 *
 * routing.c
 *	  The rules of oms.routing_rules: does a client order go to the desk?
 *
 * How the table is kept, and how its rules are asked, is said in rule_table.c.
 * Writes and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "store/routing.h"

/* What is to be told of the policy that then places the order, too. */
#define ROOM_FOR_PLACEMENT	2048

/* What the desk reads is no novel; nor is what an event says of each rule. */
#define REASON_LENGTH_MAX	1000

const OmsName oms_routing_action_names[] = {
	{ROUTE_TO_DESK, "DESK"},
	{ROUTE_AUTO, "AUTO"},
	{0}
};

static void
routing_read(Relation rel, TupleTableSlot *slot, Rule *rule)
{
	char	   *reason = oms_config_text(rel, slot, "reason", false);

	((RoutingRule *) rule)->reason = reason ? reason : "";
}

static void
routing_check_reason(const Rule *rule)
{
	const char *reason = ((const RoutingRule *) rule)->reason;

	if (reason[0] == '\0' || strlen(reason) > REASON_LENGTH_MAX)
		ereport(ERROR,
				(errcode(OMS_BAD_CONFIGURATION),
				 errmsg("the reason of routing rule \"%s\" has from 1 to %d bytes", rule->row.name, REASON_LENGTH_MAX)));
}

static const RuleWord routing_words[] = {
	{"action", oms_routing_action_names, offsetof(RoutingRule, action), ROUTE_TO_DESK},
	{0}
};

RuleTable	oms_routing_table = {
	RULE_TABLE(OMS_ROUTING_RULES, RoutingRule, NULL),
	.noun = "routing rule", .about = COMMAND_CREATE_ORDER, .by_priority = true, .words = routing_words, .read = routing_read, .check = routing_check_reason,
};

/* The rules may be gone before the event is made. */
static Finding *
routing_finding(const RuleTried *tried)
{
	const RoutingRule *rule = (const RoutingRule *) tried->rule;
	Finding    *finding = palloc(sizeof(Finding));

	*finding = (Finding) {
		.rule = pstrdup(rule->rule.row.name),
		.version = rule->rule.row.version,
		.severity = FINDING_ROUTE,
		.message = pstrdup(rule->reason),
		.why = tried->error ? psprintf("fails (%s)", tried->error) : NULL,
		.action = oms_name_of(oms_routing_action_names, rule->action),
		.answer = oms_name_of(oms_rule_answer_names, tried->answer),
		.saw = tried->saw,
	};
	return finding;
}

static void
routing_decide(const RuleTried *tried, const Finding *finding, Routing *routing)
{
	if (tried->answer != RULE_TRUE && tried->answer != RULE_ERROR)
		return;
	routing->rule = finding->rule;
	routing->version = finding->version;
	routing->action = tried->answer == RULE_ERROR ? ROUTE_TO_DESK : ((const RoutingRule *) tried->rule)->action;
	routing->reason = tried->answer == RULE_ERROR ? psprintf("ROUTING_FAILED: rule \"%s\" %s", finding->rule, finding->why) : finding->message;
}

void
oms_routing_ask(const Command *command, const Object *order, Routing *routing)
{
	PredicateSubject subject = {.command = command, .rows = {[ROW_CUR] = order, [ROW_ROOT] = order}};
	List	   *tried = oms_rules_first(&oms_routing_table, &subject);
	int64		told = ROOM_FOR_PLACEMENT;

	*routing = (Routing) {.action = ROUTE_AUTO};
	/* where there are more than an event tells, the last ones: of them one decided */
	for (int i = list_length(tried) - 1; i >= 0; i--)
	{
		Finding    *finding = routing_finding(list_nth(tried, i));

		routing_decide(list_nth(tried, i), finding, routing);
		if (!oms_finding_fits(finding, &told))
			break;
		routing->findings = lcons(finding, routing->findings);
	}
}

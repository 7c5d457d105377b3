/*
 * debezium/bridge/plan.c
 *     How a session begins: stream, reconcile first, or refuse.
 *
 * The rule behind all of it: the position in Kafka is the truth about what was published, and the slot is good for it only
 * when it can still send everything after that position (confirmed <= end_lsn, same server, same history). Where Kafka has less
 * than the position says, or other events than the tables, all of both is compared.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "plan.h"

static StartPlan
refuse(Problem *problem, const char *hint, const char *format,...)
{
	va_list		arguments;
	char		text[512];

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	problem_set(problem, REMEDY_STOP, hint, "%s", text);
	return (StartPlan) {.step = START_REFUSE};
}

/* The slot cannot be used, or its history is not the position's. */
static StartPlan
reconcile(const StartFacts *facts, Problem *problem, bool full, const char *format,...)
{
	/* without a horizon there is nothing to start a smaller comparison from */
	StartPlan	plan = {
		.step = START_RECONCILE,
		.full = full || facts->options->bootstrap || facts->position == NULL || facts->position->horizon.xid == 0,
		.told = facts->options->bootstrap && options_start(facts->options) > 0
	};
	va_list		arguments;

	va_start(arguments, format);
	vsnprintf(plan.reason, sizeof plan.reason, format, arguments);
	va_end(arguments);
	if (!facts->options->reconcile)
		return refuse(problem, "Set reconcile = auto: the bridge then makes the slot anew and publishes what is missing from the event tables.",
					  "the stream cannot go on, and reconcile = never: %s", plan.reason);
	return plan;
}

static StartPlan
without_position(const StartFacts *facts, Problem *problem)
{
	StartPlan	plan;
	char		hint[120];

	if (!facts->keeps_position)
	{
		snprintf(hint, sizeof hint, "SELECT * FROM oms.create_slot('%s');", facts->options->slot);
		if (!facts->slot.exists || facts->slot.lost)
			return refuse(problem, hint, facts->slot.exists ?
						  "replication slot \"%s\" has lost its log (wal_status lost)" : "replication slot \"%s\" does not exist",
						  facts->options->slot);
		return (StartPlan) {.step = START_STREAM};
	}
	if (!facts->untouched && !facts->options->bootstrap)
		return refuse(problem, "Was position.topic deleted, or pipeline or topic.prefix changed? To compare all of the topics with all of the event tables, "
					  "publish what is missing and go on: start once with --bootstrap. Does another store publish there? Then give each a name: store.name.",
					  "the position topic is empty, but the event topics hold records");
	if (!facts->untouched && options_start(facts->options) == -1)
		return refuse(problem, "Start once with --bootstrap and start = the sequence of the first event to publish (1: all of them).",
					  "the position topic is empty, and start = now: which events the first start left out is not known any more");
	plan = reconcile(facts, problem, true, facts->untouched ? "first start" : "asked for (bootstrap)");
	plan.first = facts->untouched;
	return plan;
}

/* Another server, or another history of the same one. */
static bool
other_history(const StartFacts *facts, StartPlan *plan, Problem *problem)
{
	const Position *position = facts->position;
	char		a[LSN_TEXT_SIZE];
	char		b[LSN_TEXT_SIZE];

	if (strcmp(position->sysid, facts->sysid) != 0)
		*plan = facts->options->bootstrap ? reconcile(facts, problem, true, "another database cluster (system identifier %s)", facts->sysid) :
			refuse(problem, "If this is the same store, restored: start once with --bootstrap, which compares all of the topics with all of the event tables.",
				   "the position belongs to another database cluster: its system identifier is %s, this server's is %s", position->sysid, facts->sysid);
	else if (strcmp(position->database, facts->database) != 0)
		*plan = facts->options->bootstrap ? reconcile(facts, problem, true, "another database (\"%s\")", facts->database) :
			refuse(problem, "Give each database a pipeline of its own. If this one was renamed: start once with --bootstrap.",
				   "the position belongs to database \"%s\", this one is \"%s\"", position->database, facts->database);
	else if (position->store[0] != '\0' && strcmp(position->store, facts->options->store) != 0)
		*plan = refuse(problem, "The name is how the records of a store are known again in topics that it shares: it stays as it is.",
					   "the position is that of the store \"%s\", store.name is \"%s\"", position->store, facts->options->store);
	else if (facts->timeline < position->timeline)
		*plan = refuse(problem, "Connect to the present primary.",
					   "this server is on timeline %u, the position was written on timeline %u", facts->timeline, position->timeline);
	else if (facts->timeline > position->timeline && facts->switched_at < position->place.end_lsn)
		*plan = reconcile(facts, problem, facts->switched_at < position->horizon.lsn || facts->shorter,
						  "failover: timeline %u ended at %s, before the position %s", position->timeline,
						  lsn_text(facts->switched_at, a), lsn_text(position->place.end_lsn, b));
	else if (facts->server_lsn < position->place.end_lsn)
		*plan = reconcile(facts, problem, true, "the server's log ends at %s, before the position %s",
						  lsn_text(facts->server_lsn, a), lsn_text(position->place.end_lsn, b));
	else
		return false;
	return true;
}

StartPlan
start_plan(const StartFacts *facts, Problem *problem)
{
	const Options *options = facts->options;
	const SlotFacts *slot = &facts->slot;
	const Position *position = facts->position;
	StartPlan	plan;
	char		a[LSN_TEXT_SIZE];
	char		b[LSN_TEXT_SIZE];

	if (slot->exists && !slot->here)
		return refuse(problem, "Choose another name (slot = ...).", "replication slot \"%s\" is no logical slot of this database", options->slot);
	if (slot->exists && options->plugin != PLUGIN_AUTO && strcmp(slot->plugin, facts->plugin) != 0)
	{
		char		hint[200];

		snprintf(hint, sizeof hint, "Set plugin = auto to go on with it, or SELECT oms.drop_slot('%s'): the bridge then makes the slot anew and reconciles.", options->slot);
		return refuse(problem, hint,
					  "replication slot \"%s\" uses output plugin %s, the configuration says %s", options->slot, slot->plugin, facts->plugin);
	}
	if (slot->active)
		return (StartPlan) {.step = START_WAIT};
	if (position == NULL)
		return without_position(facts, problem);
	if (other_history(facts, &plan, problem))
		return plan;
	if (options->bootstrap)
		return reconcile(facts, problem, true, "asked for (bootstrap)");
	if (facts->apart != NULL)
		return reconcile(facts, problem, true, "%s", facts->apart);
	if (position->reconciling)
	{
		plan = reconcile(facts, problem, false, "an earlier reconciliation did not come to its end");
		plan.first = position->place.end_lsn == LSN_NONE;
		return plan;
	}
	if (!slot->exists)
		return reconcile(facts, problem, false, "replication slot \"%s\" does not exist", options->slot);
	if (slot->lost)
		return reconcile(facts, problem, false, "replication slot \"%s\" has lost its log (wal_status lost)", options->slot);
	if (slot->confirmed > position->place.end_lsn)
		return reconcile(facts, problem, false, "replication slot \"%s\" was moved or made anew: it begins at %s, behind the position %s", options->slot,
						 lsn_text(slot->confirmed, a), lsn_text(position->place.end_lsn, b));
	if (facts->publication != NULL && strcmp(facts->publication, position->publication) != 0)
		return reconcile(facts, problem, false, "publication \"%s\" was changed: the slot may have passed events that were not in it", options->publication);
	return (StartPlan) {.step = START_STREAM};
}

bool
plan_partitions(const Options *options, const Position *position, const int now[EVENT_TABLES], Problem *problem)
{
	for (int t = 0; t < EVENT_TABLES; t++)
	{
		int			then = position->offsets.partitions[t];

		if (then == 0 || now[t] == 0 || then == now[t] || options->allow_repartition)
			continue;
		return problem_set(problem, REMEDY_STOP,
						   "A tree's later events would go to another partition than its earlier ones. Let every consumer read to the end first, then start once with --allow-repartition.",
						   "topic %s%s has %d partitions, it had %d when the position was written", options->topic_prefix,
						   event_tables[t].topic, now[t], then);
	}
	return true;
}

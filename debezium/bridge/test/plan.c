/*
 * debezium/bridge/test/plan.c
 *     How a session begins: a table of what is found, and what must be done. Each row is one thing that is not as usual.
 *
 * Broken by: streaming where the slot cannot say what is missing (a gap); comparing too little after history was lost (a gap);
 * reconciling what an operator has to decide; refusing what mends itself; going on when the partitions of a topic changed.
 */
#include "tap.h"

#include <stdlib.h>

#include "plan.h"

/* What is found. All zero is the usual: a position at 1000, its slot at 900, the same server, whose log is at 2000. */
typedef struct Found
{
	bool		no_position;
	bool		topics_used;	/* without a position */
	bool		no_keeping;		/* the sink keeps no position */
	bool		no_slot;
	bool		slot_elsewhere;
	bool		slot_active;
	bool		slot_lost;
	const char *slot_plugin;	/* NULL: pgoutput */
	Lsn			confirmed;		/* 0: 900 */
	const char *server;			/* NULL: the position's */
	const char *database;		/* NULL: the position's */
	const char *publication;	/* fingerprint; NULL: not asked for */
	uint32_t	server_timeline;	/* 0: 5, as the position's */
	Lsn			switched_at;
	Lsn			server_lsn;		/* 0: 2000 */
	bool		reconciling;
	bool		nothing_streamed;	/* the position has no end yet */
	bool		shorter;		/* a topic ends too early; apart says so, but a failover comes first */
	bool		apart;			/* Kafka has lost records that the position knows of */
	const char *store;			/* of the position; NULL: none */
	const char *named;			/* store.name; NULL: none */
	const char *start;			/* NULL: all */
	bool		no_horizon;
	/* options */
	PluginChoice plugin;
	bool		bootstrap;
	bool		never;
} Found;

typedef struct Case
{
	const char *what;
	Found		found;
	StartStep	step;
	bool		full;
	bool		first;
	bool		told;
	const char *says;			/* in the reason, or in the problem when refused */
	const char *hint;
} Case;

/* Of the horizon: its log position is 800. */
static const Case cases[] = {
	/* a slot that can go on */
	{"the usual", {0}, .step = START_STREAM},
	{"the slot is where the position is", {.confirmed = 1000}, .step = START_STREAM},
	{"the slot is one byte behind the position", {.confirmed = 1001}, .step = START_RECONCILE, .says = "begins at 0/3E9, behind the position 0/3E8"},
	{"a slot of wal2json, and either is fine", {.slot_plugin = "wal2json"}, .step = START_STREAM},
	{"a slot of wal2json, and it is asked for", {.slot_plugin = "wal2json", .plugin = PLUGIN_WAL2JSON}, .step = START_STREAM},
	{"the server is exactly where the position is", {.server_lsn = 1000, .confirmed = 1000}, .step = START_STREAM},
	{"reconcile = never, and nothing to do", {.never = true}, .step = START_STREAM},

	/* a slot that cannot */
	{"no slot", {.no_slot = true}, .step = START_RECONCILE, .says = "\"cdc\" does not exist"},
	{"no slot and no horizon", {.no_slot = true, .no_horizon = true}, .step = START_RECONCILE, .full = true},
	{"a lost slot", {.slot_lost = true}, .step = START_RECONCILE, .says = "wal_status lost"},
	{"a lost slot that is behind too", {.slot_lost = true, .confirmed = 1500}, .step = START_RECONCILE, .says = "wal_status lost"},
	{"a slot that was made anew", {.confirmed = 1500}, .step = START_RECONCILE, .says = "moved or made anew"},
	{"a slot in use", {.slot_active = true}, .step = START_WAIT},
	{"a slot in use by the one that reconciles", {.slot_active = true, .reconciling = true}, .step = START_WAIT},
	{"a slot of another database", {.slot_elsewhere = true}, .step = START_REFUSE, .says = "no logical slot of this database", .hint = "another name"},
	{"one that is in use", {.slot_elsewhere = true, .slot_active = true}, .step = START_REFUSE, .says = "no logical slot of this database"},
	{"a slot of pgoutput, and wal2json is asked for", {.plugin = PLUGIN_WAL2JSON}, .step = START_REFUSE,
	.says = "uses output plugin pgoutput, the configuration says wal2json", .hint = "plugin = auto"},
	{"a slot of wal2json, and pgoutput is asked for", {.slot_plugin = "wal2json", .plugin = PLUGIN_PGOUTPUT}, .step = START_REFUSE,
	.says = "uses output plugin wal2json, the configuration says pgoutput", .hint = "drop_slot"},
	{"a slot of another plugin, on a first start", {.slot_plugin = "test_decoding", .plugin = PLUGIN_PGOUTPUT, .no_position = true}, .step = START_REFUSE,
	.says = "test_decoding"},
	{"no slot, and reconcile = never", {.no_slot = true, .never = true}, .step = START_REFUSE, .says = "reconcile = never: replication slot \"cdc\" does not exist",
	.hint = "reconcile = auto"},
	{"a lost slot, and reconcile = never", {.slot_lost = true, .never = true}, .step = START_REFUSE, .says = "lost its log"},
	{"a slot made anew, and reconcile = never", {.confirmed = 1500, .never = true}, .step = START_REFUSE, .says = "made anew"},

	{"the publication as it was", {.publication = "5a"}, .step = START_STREAM},
	{"the publication changed", {.publication = "5b"}, .step = START_RECONCILE, .says = "publication \"events\" was changed"},
	{"the publication changed, and reconcile = never", {.publication = "5b", .never = true}, .step = START_REFUSE, .says = "was changed"},

	/* no position */
	{"a first start", {.no_position = true, .no_slot = true}, .step = START_RECONCILE, .full = true, .first = true, .says = "first start"},
	{"a first start with a slot that somebody made", {.no_position = true}, .step = START_RECONCILE, .full = true, .first = true, .says = "first start"},
	{"a first start, and reconcile = never", {.no_position = true, .no_slot = true, .never = true}, .step = START_REFUSE, .says = "first start"},
	{"the position is gone", {.no_position = true, .topics_used = true}, .step = START_REFUSE, .says = "the position topic is empty", .hint = "--bootstrap"},
	{"the position is gone, and bootstrap", {.no_position = true, .topics_used = true, .bootstrap = true}, .step = START_RECONCILE, .full = true,
	.says = "bootstrap"},
	{"a first start, and bootstrap", {.no_position = true, .bootstrap = true}, .step = START_RECONCILE, .full = true, .first = true},

	/* a sink that keeps none */
	{"standard output with a slot", {.no_position = true, .no_keeping = true}, .step = START_STREAM},
	{"standard output without one", {.no_position = true, .no_keeping = true, .no_slot = true}, .step = START_REFUSE, .says = "does not exist",
	.hint = "oms.create_slot('cdc')"},
	{"standard output with a lost one", {.no_position = true, .no_keeping = true, .slot_lost = true}, .step = START_REFUSE, .says = "wal_status lost",
	.hint = "oms.create_slot('cdc')"},
	{"standard output with one in use", {.no_position = true, .no_keeping = true, .slot_active = true}, .step = START_WAIT},

	/* another history */
	{"another cluster", {.server = "999"}, .step = START_REFUSE, .says = "its system identifier is 111, this server's is 999", .hint = "--bootstrap"},
	{"another cluster without the slot", {.server = "999", .no_slot = true}, .step = START_REFUSE, .says = "another database cluster"},
	{"another cluster, and bootstrap", {.server = "999", .bootstrap = true}, .step = START_RECONCILE, .full = true, .says = "another database cluster"},
	{"another cluster, bootstrap, and reconcile = never", {.server = "999", .bootstrap = true, .never = true}, .step = START_REFUSE, .says = "never"},
	{"another database", {.database = "b"}, .step = START_REFUSE, .says = "belongs to database \"a\", this one is \"b\"", .hint = "pipeline of its own"},
	{"another database, and bootstrap", {.database = "b", .bootstrap = true}, .step = START_RECONCILE, .full = true, .says = "another database"},
	{"an older timeline", {.server_timeline = 4}, .step = START_REFUSE, .says = "timeline 4, the position was written on timeline 5", .hint = "primary"},
	{"an older timeline, and bootstrap", {.server_timeline = 4, .bootstrap = true}, .step = START_REFUSE, .says = "timeline 4"},

	/* failover */
	{"failover behind the position, slot kept", {.server_timeline = 6, .switched_at = 1500}, .step = START_STREAM},
	{"failover at the position, slot kept", {.server_timeline = 6, .switched_at = 1000}, .step = START_STREAM},
	{"failover behind the position, slot gone", {.server_timeline = 6, .switched_at = 1500, .no_slot = true}, .step = START_RECONCILE,
	.says = "does not exist"},
	{"failover behind the position, slot made there", {.server_timeline = 6, .switched_at = 1500, .confirmed = 1600}, .step = START_RECONCILE,
	.says = "made anew"},
	{"failover before the position, behind the horizon", {.server_timeline = 6, .switched_at = 999}, .step = START_RECONCILE,
	.says = "timeline 5 ended at 0/3E7, before the position 0/3E8"},
	{"failover before the position, slot gone", {.server_timeline = 6, .switched_at = 999, .no_slot = true}, .step = START_RECONCILE, .says = "failover"},
	{"failover at the horizon", {.server_timeline = 6, .switched_at = 800}, .step = START_RECONCILE, .says = "failover"},
	{"failover at the horizon, and records that Kafka has lost", {.server_timeline = 6, .switched_at = 800, .apart = true, .shorter = true}, .step = START_RECONCILE, .full = true,
	.says = "failover"},
	{"failover before the horizon", {.server_timeline = 6, .switched_at = 799}, .step = START_RECONCILE, .full = true, .says = "failover"},
	{"failover before the position without a horizon", {.server_timeline = 6, .switched_at = 999, .no_horizon = true}, .step = START_RECONCILE, .full = true},
	{"a history that the position is no part of", {.server_timeline = 6, .switched_at = LSN_NONE}, .step = START_RECONCILE, .full = true, .says = "failover"},
	{"failover before the position, and reconcile = never", {.server_timeline = 6, .switched_at = 999, .never = true}, .step = START_REFUSE, .says = "never: failover"},
	{"failover while it reconciled", {.server_timeline = 6, .switched_at = 799, .reconciling = true}, .step = START_RECONCILE, .full = true, .says = "failover"},
	{"the log ends before the position", {.server_lsn = 999}, .step = START_RECONCILE, .full = true, .says = "the server's log ends at 0/3E7"},
	{"and reconcile = never", {.server_lsn = 999, .never = true}, .step = START_REFUSE, .says = "the server's log ends"},

	{"failover before the position, and bootstrap", {.server_timeline = 6, .switched_at = 999, .bootstrap = true}, .step = START_RECONCILE, .full = true,
	.says = "failover"},

	/* Kafka behind the position */
	{"records that Kafka has lost", {.apart = true}, .step = START_RECONCILE, .full = true, .says = "topic t ends at offset 5"},
	{"and an earlier one that did not end", {.apart = true, .reconciling = true}, .step = START_RECONCILE, .full = true, .says = "topic t ends at offset 5"},
	{"and reconcile = never", {.apart = true, .never = true}, .step = START_REFUSE, .says = "never: topic t ends at offset 5"},

	/* what a first start left out */
	{"the position is gone, start = now, and bootstrap", {.no_position = true, .topics_used = true, .bootstrap = true, .start = "now"}, .step = START_REFUSE,
	.says = "which events the first start left out", .hint = "start = the sequence"},
	{"start = 7 says so", {.no_position = true, .topics_used = true, .bootstrap = true, .start = "7"}, .step = START_RECONCILE, .full = true, .told = true},
	{"start = 7 and nothing else", {.no_slot = true, .start = "7"}, .step = START_RECONCILE},

	/* several stores */
	{"a store that got a name", {.named = "s"}, .step = START_STREAM},
	{"a store that has one", {.named = "s", .store = "s"}, .step = START_STREAM},
	{"another store", {.named = "s", .store = "r"}, .step = START_REFUSE, .says = "that of the store \"r\", store.name is \"s\"", .hint = "stays as it is"},

	/* what was asked for, or not finished */
	{"bootstrap", {.bootstrap = true}, .step = START_RECONCILE, .full = true, .says = "asked for (bootstrap)"},
	{"bootstrap without a slot", {.bootstrap = true, .no_slot = true}, .step = START_RECONCILE, .full = true, .says = "asked for (bootstrap)"},
	{"an earlier one that did not end", {.reconciling = true}, .step = START_RECONCILE, .says = "did not come to its end"},
	{"a whole one that did not end", {.reconciling = true, .no_horizon = true}, .step = START_RECONCILE, .full = true, .says = "did not come to its end"},
	{"a first one that did not end", {.reconciling = true, .nothing_streamed = true, .no_horizon = true}, .step = START_RECONCILE, .full = true, .first = true,
	.says = "did not come to its end"},
	{"an earlier one that did not end, and reconcile = never", {.reconciling = true, .never = true}, .step = START_REFUSE, .says = "did not come to its end"},
};

static StartPlan
plan_of(const Found *found, Problem *problem)
{
	Options		options = {.store = (char *) (uintptr_t) (found->named != NULL ? found->named : ""), .start = (char *) (uintptr_t) (found->start != NULL ? found->start : "all"), .slot = "cdc", .publication = "events", .topic_prefix = "", .plugin = found->plugin, .bootstrap = found->bootstrap, .reconcile = !found->never};
	Position	position = {.sysid = "111", .database = "a", .publication = "5a", .timeline = 5, .slot = "cdc", .plugin = "pgoutput", .reconciling = found->reconciling,
		.place.end_lsn = found->nothing_streamed ? LSN_NONE : 1000, .horizon = {.xid = 70, .sequence = 40, .lsn = 800}};
	StartFacts	facts = {
		.options = &options, .shorter = found->shorter, .timeline = found->server_timeline != 0 ? found->server_timeline : 5,
		.server_lsn = found->server_lsn != LSN_NONE ? found->server_lsn : 2000, .switched_at = found->switched_at,
		.plugin = found->plugin == PLUGIN_PGOUTPUT ? "pgoutput" : "wal2json", .keeps_position = !found->no_keeping,
		.untouched = !found->topics_used, .apart = found->apart ? "topic t ends at offset 5" : NULL, .position = found->no_position ? NULL : &position,
	};

	facts.publication = found->publication;
	snprintf(position.store, sizeof position.store, "%s", found->store != NULL ? found->store : "");
	snprintf(facts.database, sizeof facts.database, "%s", found->database != NULL ? found->database : "a");
	if (found->no_horizon)
		position.horizon = (Horizon) {0};
	snprintf(facts.sysid, sizeof facts.sysid, "%s", found->server != NULL ? found->server : "111");
	if (!found->no_slot)
	{
		facts.slot = (SlotFacts) {.exists = true, .here = !found->slot_elsewhere, .active = found->slot_active, .lost = found->slot_lost,
		.confirmed = found->confirmed != LSN_NONE ? found->confirmed : 900};
		snprintf(facts.slot.plugin, sizeof facts.slot.plugin, "%s", found->slot_plugin != NULL ? found->slot_plugin : "pgoutput");
	}
	return start_plan(&facts, problem);
}

static const char *
step_name(StartStep step)
{
	static const char *const names[] = {[START_STREAM] = "stream", [START_RECONCILE] = "reconcile", [START_WAIT] = "wait", [START_REFUSE] = "refuse"};

	return names[step];
}

static void
check(const Case *one)
{
	Problem		problem = {0};
	StartPlan	plan = plan_of(&one->found, &problem);
	bool		refused = plan.step == START_REFUSE;
	const char *said = refused ? problem.text : plan.reason;

	if (!ok(plan.step == one->step && (plan.step != START_RECONCILE || (plan.full == one->full && plan.first == one->first && plan.told == one->told)) &&
			(one->says == NULL || strstr(said, one->says) != NULL) && (one->hint == NULL || strstr(problem.hint, one->hint) != NULL) &&
			(problem.remedy == REMEDY_STOP) == refused && (!refused || problem.hint[0] != '\0'),
			"%s: %s%s", one->what, step_name(plan.step), plan.step == START_RECONCILE && plan.full ? ", all" : ""))
		printf("#   %s, full %d, first %d; said: %s; hint: %s\n#   expected %s, full %d, first %d; %s\n", step_name(plan.step), plan.full, plan.first,
			   said, problem.hint, step_name(one->step), one->full, one->first, one->says != NULL ? one->says : "");
}

/* Whatever is found together: never a stream that could leave something out. */
static void
every_combination(void)
{
	static const char *const plugins[] = {"pgoutput", "wal2json"};
	int			gaps = 0;
	int			streams = 0;
	int			disobeyed = 0;

	for (unsigned bits = 0; bits < 1U << 16; bits++)
	{
		Found		found = {
			.no_position = bits & 1, .topics_used = bits & 2, .no_slot = bits & 4, .slot_active = bits & 8, .slot_lost = bits & 16,
			.slot_plugin = plugins[bits >> 5 & 1], .confirmed = bits & 64 ? 1500 : 0, .server = bits & 128 ? "999" : NULL,
			.server_timeline = bits & 256 ? 6 : 0, .switched_at = bits & 512 ? 1500 : 799, .server_lsn = bits & 1024 ? 999 : 0,
			.reconciling = bits & 2048, .no_horizon = bits & 4096, .plugin = (PluginChoice) ((bits >> 13 & 1) * PLUGIN_WAL2JSON),
			.bootstrap = bits >> 14 & 1, .never = bits >> 15 & 1,
		};
		Problem		problem = {0};
		StartPlan	plan = plan_of(&found, &problem);
		bool		lost = found.server_lsn == 999 || (found.server_timeline == 6 && found.switched_at == 799);

		disobeyed += found.never && plan.step == START_RECONCILE;
		if (plan.step == START_RECONCILE && !plan.full)
			gaps += found.no_position || found.no_horizon || found.server != NULL || found.bootstrap || lost;
		if (plan.step != START_STREAM)
			continue;
		streams++;
		gaps += found.no_position || found.no_slot || found.slot_active || found.slot_lost || found.confirmed == 1500 || found.server != NULL ||
			found.reconciling || found.bootstrap || lost;
	}
	is_int(gaps, 0, "of 65536 combinations none streams, or compares in part, where that could leave a gap");
	is_int(disobeyed, 0, "and none reconciles against the configuration");
	ok(streams > 0, "%d of them stream", streams);
}

static void
partitions(void)
{
	Options		options = {.topic_prefix = "eu."};
	Position	position = {0};
	int			then[EVENT_TABLES] = {4, 2, 0, 0};
	int			now[EVENT_TABLES] = {4, 2, 0, 0};
	Problem		problem = {0};

	offsets_init(&position.offsets, then);
	ok(plan_partitions(&options, &position, now, &problem), "as many partitions as there were");
	now[2] = 7;
	ok(plan_partitions(&options, &position, now, &problem), "a topic that is new");
	now[1] = 0;
	ok(plan_partitions(&options, &position, now, &problem), "one that is not used any more");
	now[1] = 3;
	ok(!plan_partitions(&options, &position, now, &problem) && problem.remedy == REMEDY_STOP, "one with more partitions is refused");
	is_str(problem.text, "topic eu.execution-events has 3 partitions, it had 2 when the position was written", "which says so");
	ok(strstr(problem.hint, "--allow-repartition") != NULL, "and what to do");
	options.allow_repartition = true;
	ok(plan_partitions(&options, &position, now, &problem), "unless it is allowed");
	offsets_free(&position.offsets);
}

int
main(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		check(&cases[i]);
	every_combination();
	partitions();
	return done();
}

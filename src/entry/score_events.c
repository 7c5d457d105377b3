/*-------------------------------------------------------------------------
 *
 * score_events.c
 *	  oms.score_events(): how unusual is what has happened?
 *
 * Reads committed events from where the last batch ended.  Each is scored by what was
 * known before it, and only then learned.  All that a batch found, and where it ended,
 * is written in the caller's transaction: so each event is scored once, whatever dies.
 * No command waits for it, and none pays for it.
 *
 * What is unusual is learned as anything is, for what comes more often becomes usual;
 * what somebody confirms to be wrong is taken out again (score_review.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/json.h"
#include "core/command_normal.h"
#include "entry/gate.h"
#include "entry/named_row.h"
#include "entry/run.h"
#include "entry/score.h"
#include "entry/state_row.h"
#include "store/account_rights.h"
#include "store/as_owner.h"

PG_FUNCTION_INFO_V1(oms_score_events);

#define SCORE_EVENTS_MAX	10000

/* All events of a feature, by how unusual they were. */
#define SCORES_PEER			"#scores"

typedef struct Scoring
{
	List	   *features;
	ScoreStore *store;
	MemoryContext memory;		/* of one event */
	SPIPlanPtr	insert;
	SPIPlanPtr	forget;
	SPIPlanPtr	before;
	SPIPlanPtr	states[KINDS_MAX];
	int			max;
	int64		events;
	int64		values;
	int64		anomalies;
} Scoring;

/* A value of a feature, and with whom it was compared. */
typedef struct Scored
{
	const Feature *feature;
	double		value;
	double		scaled;			/* as profiles have it */
	char	   *peers[LEVELS_MAX + 1];	/* of each level, the last one is that of all */
	int			count;
	const char *peer;			/* … the one that had enough */
	double		expected;
	double		probability;
	double		samples;
} Scored;

static void
score_prepare_plans(Scoring *scoring)
{
	scoring->insert = oms_score_prepare("INSERT INTO oms.anomalies (sequence, feature, feature_version, object, id, root_id, account, asset_class, symbol, occurred_at, value, expected, probability, samples, peer, peers, reason) "
								 "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17 "
								 "WHERE $13 IS NOT NULL OR NOT EXISTS (SELECT FROM oms.anomalies AS o WHERE o.id = $5 AND o.feature = $2 AND o.object = $4 AND o.value = $11) ON CONFLICT DO NOTHING",
								 17, (Oid[]) {INT8OID, TEXTOID, INT8OID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, FLOAT8OID, FLOAT8OID, FLOAT8OID, FLOAT8OID, TEXTOID, TEXTARRAYOID, TEXTOID});
	scoring->forget = oms_score_prepare("DELETE FROM oms.anomalies WHERE root_id = $1", 1, (Oid[]) {TEXTOID});
	scoring->before = oms_score_prepare(oms_score_before_query, 2, (Oid[]) {TEXTOID, INT8OID});
}

/* ------------------------------------------------------------------------
 * what an event is
 * ------------------------------------------------------------------------
 */

/* NULL: it is no state of such an object. That it is damaged oms.verify() says. */
static Object *
score_object(ObjectKind kind, Jsonb *state)
{
	const RecordDef *def = oms_kinds[kind].record;
	RecordFields fields;
	Object	   *object;

	if (oms_state_find(def, state, &fields) != NULL)
		return NULL;
	object = palloc(def->size);
	oms_record_from_fields(def, &fields, object);
	return object;
}

/* As it stands now: what an object belongs to seldom changes in what is asked of it. */
static const Object *
score_find(Scoring *scoring, ObjectKind kind, const char *id)
{
	Object	   *found = NULL;
	bool		isnull;
	Datum		state;

	if (id == NULL)
		return NULL;
	if (scoring->states[kind] == NULL)
		scoring->states[kind] = oms_score_prepare(psprintf("SELECT oms.%s_state(o.*) FROM oms.%s AS o WHERE o.id = $1", oms_kinds[kind].record->name, oms_kinds[kind].record->table), 1, (Oid[]) {TEXTOID});
	if (SPI_execute_plan(scoring->states[kind], (Datum[]) {CStringGetTextDatum(id)}, NULL, false, 1) != SPI_OK_SELECT)
		elog(ERROR, "cannot read what an object belongs to");
	if (SPI_processed > 0)
	{
		state = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
		if (!isnull)
			found = score_object(kind, DatumGetJsonbPCopy(state));
	}
	SPI_freetuptable(SPI_tuptable);
	return found;
}

static Numeric
score_executed_before(Scoring *scoring, const ScoredEvent *event)
{
	Numeric		result = NULL;
	bool		isnull = true;
	Datum		value = (Datum) 0;

	if (!oms_score_has_before(event))
		return NULL;
	if (SPI_execute_plan(scoring->before, (Datum[]) {CStringGetTextDatum(event->id), Int64GetDatum(event->version - 1)}, NULL, false, 1) != SPI_OK_SELECT)
		elog(ERROR, "cannot read the event before");
	if (SPI_processed > 0)
		value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	if (!isnull)
		result = DatumGetNumericCopy(value);
	SPI_freetuptable(SPI_tuptable);
	return result;
}

static Jsonb *
score_command(Jsonb *payload)
{
	Jsonb	   *raw = oms_json_get_container(payload, "command");
	Command    *command = palloc0(sizeof(Command));

	return raw && oms_json_is_object(raw) && oms_command_parse(raw, true, command) == NULL ? oms_command_normal(command) : NULL;
}

/* ------------------------------------------------------------------------
 * a value
 * ------------------------------------------------------------------------
 */

static bool
score_concerns(const Feature *feature, const ScoredEvent *event)
{
	ListCell   *cell;

	if (feature->kind != event->kind)
		return false;
	foreach(cell, feature->event_types)
		if (strcmp(lfirst(cell), event->event_type) == 0)
			return true;
	return feature->event_types == NIL;
}

/* The most special peers of which enough is known. */
static const Profile *
score_choose(Scoring *scoring, const ScoredEvent *event, Scored *scored)
{
	for (int i = 0; i < scored->count; i++)
	{
		KnownProfile *known = oms_score_profile(scoring->store, scored->feature, scored->peers[i], event->day);

		scored->samples = oms_profile_weight(&known->profile);
		scored->peer = scored->peers[i];
		if (scored->samples >= PROFILE_ENOUGH)
			return &known->profile;
	}
	return NULL;
}

/* May so unlikely a value be reported, if only as many are as the budget says? */
static bool
score_exceeds(Scoring *scoring, const ScoredEvent *event, const Scored *scored)
{
	const Feature *feature = scored->feature;
	KnownProfile *scores = oms_score_profile(scoring->store, feature, SCORES_PEER, event->day);
	double		score = -log10(scored->probability);
	double		limit = scores->profile.count > 0 ? oms_profile_quantile(&scores->profile, 1 - feature->budget) : 0;

	/* taken at their word, too: where all is as ever, there is less to report than the budget has room for */
	limit = Max(limit, -log10(feature->budget));
	oms_profile_add(&scores->profile, score, 1);
	scores->changed = true;
	return score > limit;
}

static void
score_learn(Scoring *scoring, const ScoredEvent *event, const Scored *scored)
{
	for (int i = 0; i < scored->count; i++)
	{
		KnownProfile *known = oms_score_profile(scoring->store, scored->feature, scored->peers[i], event->day);

		oms_profile_add(&known->profile, scored->scaled, 1);
		known->changed = true;
	}
}

static Datum
score_peers_array(const Scored *scored)
{
	Datum		elements[LEVELS_MAX + 1];

	for (int i = 0; i < scored->count; i++)
		elements[i] = CStringGetTextDatum(scored->peers[i]);
	return PointerGetDatum(construct_array(elements, scored->count, TEXTOID, -1, false, TYPALIGN_INT));
}

static Datum
score_text_or_null(const char *text, char *null)
{
	*null = text ? ' ' : 'n';
	return text ? CStringGetTextDatum(text) : (Datum) 0;
}

static void
score_report(Scoring *scoring, const ScoredEvent *event, const Scored *scored)
{
	const Feature *feature = scored->feature;
	const char *asset_class = oms_score_text(event->cur, "asset_class");
	char		nulls[17];
	Datum		values[17];

	memset(nulls, ' ', sizeof(nulls));
	if (asset_class == NULL && event->parent)
		asset_class = oms_score_text(event->parent, "asset_class");
	values[0] = Int64GetDatum(event->sequence);
	values[1] = CStringGetTextDatum(feature->name);
	values[2] = Int64GetDatum(feature->version);
	values[3] = CStringGetTextDatum(oms_kinds[event->kind].record->name);
	values[4] = CStringGetTextDatum(event->id);
	values[5] = CStringGetTextDatum(event->root_id);
	values[6] = score_text_or_null(event->account, &nulls[6]);
	values[7] = score_text_or_null(asset_class, &nulls[7]);
	values[8] = score_text_or_null(oms_score_text(event->cur, "symbol"), &nulls[8]);
	values[9] = TimestampTzGetDatum(event->occurred_at);
	values[10] = Float8GetDatum(scored->value);
	values[11] = Float8GetDatum(scored->expected);
	values[12] = Float8GetDatum(scored->probability);
	values[13] = Float8GetDatum(scored->samples);
	values[14] = CStringGetTextDatum(scored->peer);
	values[15] = score_peers_array(scored);
	values[16] = CStringGetTextDatum(oms_score_reason(feature, scored->value, scored->expected, scored->probability, scored->peer));
	/* what should not be at all has no probability, and nobody it is compared with */
	if (feature->side == SIDE_ANY)
		nulls[12] = nulls[13] = 'n';
	if (SPI_execute_plan(scoring->insert, values, nulls, false, 0) != SPI_OK_INSERT)
		elog(ERROR, "cannot write an anomaly");
	scoring->anomalies += SPI_processed;
}

static void
score_value(Scoring *scoring, const ScoredEvent *event, const Facts *facts, Scored *scored)
{
	const Feature *feature = scored->feature;
	const Profile *profile;
	double		usual;
	ListCell   *cell;

	scoring->values++;
	scored->peer = "";
	if (feature->side == SIDE_ANY)
	{
		if (scored->value > 0)
			score_report(scoring, event, scored);
		return;
	}
	if (feature->is_log && scored->value <= 0)
		return;
	scored->scaled = feature->is_log ? log(scored->value) : scored->value;
	foreach(cell, feature->levels)
	{
		char	   *peer = oms_score_peer(event, facts, lfirst(cell));

		if (peer)
			scored->peers[scored->count++] = peer;
	}
	scored->peers[scored->count++] = "";
	profile = score_choose(scoring, event, scored);
	if (profile)
	{
		usual = oms_profile_quantile(profile, 0.5);
		scored->expected = feature->is_log ? exp(usual) : usual;
		scored->probability = oms_profile_probability(profile, scored->scaled, feature->side);
		if (score_exceeds(scoring, event, scored))
			score_report(scoring, event, scored);
	}
	score_learn(scoring, event, scored);
}

/* ------------------------------------------------------------------------
 * an event
 * ------------------------------------------------------------------------
 */

typedef struct ScoreQuestion
{
	Feature    *feature;
	PredicateSubject *subject;
	double		value;
	bool		has_value;
} ScoreQuestion;

static void
score_ask(void *arg)
{
	ScoreQuestion *question = arg;
	Feature    *feature = question->feature;

	if (feature->measure == NULL)
		feature->measure = oms_measure_compile(feature->text, feature->kind, feature->memory);
	question->has_value = oms_measure_evaluate(feature->measure, question->subject, &question->value);
}

/* What the features say of it: of Scored.  One that fails says nothing. */
static List *
score_measure(Scoring *scoring, const ScoredEvent *event, Jsonb *payload, const Facts *facts)
{
	PredicateSubject subject = {.kind = event->kind, .facts = facts, .rows = {[ROW_CUR] = event->cur, [ROW_PARENT] = event->parent}};
	RuleRun		run = {0};
	List	   *all = NIL;
	ListCell   *cell;

	subject.rows[ROW_ROOT] = event->root;
	foreach(cell, scoring->features)
	{
		Feature    *feature = lfirst(cell);
		ScoreQuestion question = {.feature = feature, .subject = &subject};
		const char *error;

		if (feature->broken || !score_concerns(feature, event))
			continue;
		if (feature->wants_command && subject.normal == NULL)
			subject.normal = score_command(payload);
		if (oms_rules_guard(&run, score_ask, &question, &error) && question.has_value)
		{
			Scored	   *scored = palloc0(sizeof(Scored));

			scored->feature = feature;
			scored->value = question.value;
			all = lappend(all, scored);
		}
		feature->broken = feature->measure == NULL;
	}
	oms_rules_leave(&run);
	return all;
}

/* Does a feature of the event want its root, or what its object was before? */
static void
score_wants(Scoring *scoring, const ScoredEvent *event, bool *root, bool *before)
{
	ListCell   *cell;

	*root = *before = false;
	foreach(cell, scoring->features)
	{
		const Feature *feature = lfirst(cell);

		if (!score_concerns(feature, event))
			continue;
		*root |= feature->wants_root;
		*before |= feature->wants_before;
	}
}

/* A tree whose root is of the kind of what the object belongs to, or is the object. */
static const Object *
score_root(Scoring *scoring, const ScoredEvent *event)
{
	ObjectKind	kind = oms_predicate_row_kind(event->kind, ROW_ROOT);

	if (event->kind == kind && strcmp(event->id, event->root_id) == 0)
		return event->cur;
	if (event->parent && event->parent->kind == kind && strcmp(event->parent->id, event->root_id) == 0)
		return event->parent;
	return score_find(scoring, kind, event->root_id);
}

static void
score_event(Scoring *scoring, ScoredEvent *event, Jsonb *payload)
{
	Jsonb	   *state = oms_json_get_container(payload, "state");
	bool		wants_root;
	bool		wants_before;
	Facts		facts;
	ListCell   *cell;

	event->cur = state ? score_object(event->kind, state) : NULL;
	if (event->cur == NULL)
		return;
	event->parent = score_find(scoring, oms_kinds[event->kind].parent_kind, oms_object_parent_id(event->cur));
	score_wants(scoring, event, &wants_root, &wants_before);
	event->root = wants_root ? score_root(scoring, event) : NULL;
	if (event->account == NULL && event->parent)
		event->account = oms_score_text(event->parent, "account");
	event->at = event->occurred_at / (double) USECS_PER_SEC;
	event->day = event->occurred_at / USECS_PER_DAY;
	oms_score_facts(scoring->store, event, wants_before ? score_executed_before(scoring, event) : NULL, &facts);
	foreach(cell, score_measure(scoring, event, payload, &facts))
		score_value(scoring, event, &facts, lfirst(cell));
	oms_score_remember(scoring->store, event);
}

static void
score_row(Scoring *scoring, HeapTuple row, TupleDesc desc)
{
	const KindDef *kind = oms_kind_by_name(SPI_getvalue(row, desc, 2));
	ScoredEvent event = {0};
	bool		isnull;

	event.event_type = SPI_getvalue(row, desc, 7);
	event.root_id = SPI_getvalue(row, desc, 6);
	/* what is gone for good is to be found nowhere */
	if (strcmp(event.event_type, "TreePurged") == 0)
	{
		if (SPI_execute_plan(scoring->forget, (Datum[]) {CStringGetTextDatum(event.root_id)}, NULL, false, 0) != SPI_OK_DELETE)
			elog(ERROR, "cannot forget a tree");
		return;
	}
	if (kind == NULL)
		return;
	event.kind = kind->kind;
	event.sequence = DatumGetInt64(SPI_getbinval(row, desc, 3, &isnull));
	event.id = SPI_getvalue(row, desc, 4);
	event.version = DatumGetInt64(SPI_getbinval(row, desc, 5, &isnull));
	event.occurred_at = DatumGetTimestampTz(SPI_getbinval(row, desc, 8, &isnull));
	event.account = SPI_getvalue(row, desc, 9);
	score_event(scoring, &event, DatumGetJsonbP(SPI_getbinval(row, desc, 10, &isnull)));
}

/* ------------------------------------------------------------------------
 * the batch
 * ------------------------------------------------------------------------
 */

/* Holds the position until the transaction ends; false: somebody else scores. */
static bool
score_take(Datum *position, char *isnull)
{
	static const char take[] = "SELECT p.position FROM oms.anomaly_position AS p FOR UPDATE SKIP LOCKED";
	bool		null;

	if (SPI_execute(take, false, 1) != SPI_OK_SELECT)
		elog(ERROR, "cannot take the position");
	/* an insertion would wait for who has it, so only where nobody ever had */
	if (SPI_processed == 0 &&
		(SPI_execute("INSERT INTO oms.anomaly_position (one) SELECT true WHERE NOT EXISTS (SELECT FROM oms.anomaly_position) ON CONFLICT DO NOTHING", false, 0) != SPI_OK_INSERT ||
		 SPI_execute(take, false, 1) != SPI_OK_SELECT))
		elog(ERROR, "cannot make the position");
	if (SPI_processed == 0)
		return false;
	*position = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &null);
	*isnull = null ? 'n' : ' ';
	return true;
}

static void
score_batch(void *arg)
{
	Scoring    *scoring = arg;
	Datum		values[2];
	char		nulls[2] = {' ', ' '};
	SPITupleTable *rows;
	MemoryContext old;
	bool		isnull;

	if (!score_take(&values[0], &nulls[0]))
		return;
	scoring->features = oms_score_features(false);
	scoring->store = oms_score_store_begin();
	score_prepare_plans(scoring);
	scoring->memory = AllocSetContextCreate(CurrentMemoryContext, "oms score", ALLOCSET_DEFAULT_SIZES);
	values[1] = Int32GetDatum(scoring->max);
	if (SPI_execute_with_args("SELECT e.position, e.object, e.sequence, e.aggregate_id, e.version, e.root_id, e.event_type, e.occurred_at, e.account, e.payload FROM oms.events_since(NULL, $1, $2) AS e",
							  2, (Oid[]) {TEXTOID, INT4OID}, values, nulls, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "cannot read events");
	scoring->events = SPI_processed;
	rows = SPI_tuptable;
	for (int64 i = 0; i < scoring->events; i++)
	{
		CHECK_FOR_INTERRUPTS();
		old = MemoryContextSwitchTo(scoring->memory);
		score_row(scoring, rows->vals[i], rows->tupdesc);
		MemoryContextSwitchTo(old);
		MemoryContextReset(scoring->memory);
	}
	if (scoring->events == 0)
		return;
	oms_score_store_write(scoring->store, scoring->features);
	values[0] = SPI_getbinval(rows->vals[scoring->events - 1], rows->tupdesc, 1, &isnull);
	values[1] = Int64GetDatum(scoring->events);
	if (SPI_execute_with_args("UPDATE oms.anomaly_position AS p SET position = $1, events = p.events + $2, scored_at = now()", 2, (Oid[]) {TEXTOID, INT8OID}, values, NULL, false, 0) != SPI_OK_UPDATE)
		elog(ERROR, "cannot move the position");
}

static const NamedColumn score_columns[] = {
	{"events", INT8OID}, {"values", INT8OID}, {"anomalies", INT8OID}, {"done", BOOLOID}
};

/* The argument: how many events at most. */
Datum
oms_score_events(PG_FUNCTION_ARGS)
{
	Scoring		scoring = {.max = PG_ARGISNULL(0) ? 0 : PG_GETARG_INT32(0)};
	Refusal    *refusal;
	Datum		values[lengthof(score_columns)];
	bool		nulls[lengthof(score_columns)] = {0};

	refusal = oms_gate_check_role(ROLE_ADMIN, "scores");
	if (refusal)
		oms_run_raise(refusal);
	/* what is usual is so of all accounts */
	oms_accounts_refuse_limited("oms.score_events()");
	if (scoring.max < 1 || scoring.max > SCORE_EVENTS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max_events is from 1 to %d", SCORE_EVENTS_MAX)));
	InitMaterializedSRF(fcinfo, 0);
	SPI_connect();
	oms_as_owner(OMS_ANOMALY_FEATURES, score_batch, &scoring);
	SPI_finish();
	values[0] = Int64GetDatum(scoring.events);
	values[1] = Int64GetDatum(scoring.values);
	values[2] = Int64GetDatum(scoring.anomalies);
	values[3] = BoolGetDatum(scoring.events < scoring.max);
	oms_put_named_row((ReturnSetInfo *) fcinfo->resultinfo, score_columns, lengthof(score_columns), values, nulls);
	return (Datum) 0;
}

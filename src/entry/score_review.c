/*-------------------------------------------------------------------------
 *
 * score_review.c
 *	  oms.review_anomaly(), and oms.anomaly_probability().
 *
 * Whoever reviews sees the anomaly with his own rights; what follows from it is
 * written with those of the owner, in turn with the batches that score.  What was
 * confirmed to be wrong is taken out of all that has learned it, and comes back where
 * somebody thinks better of it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "entry/score.h"
#include "store/account_rights.h"
#include "store/as_owner.h"
#include "store/caller.h"

PG_FUNCTION_INFO_V1(oms_review_anomaly);
PG_FUNCTION_INFO_V1(oms_anomaly_probability);

static const Feature *
score_feature_named(List *features, const char *name)
{
	ListCell   *cell;

	foreach(cell, features)
		if (strcmp(((const Feature *) lfirst(cell))->name, name) == 0)
			return lfirst(cell);
	return NULL;
}

/* A row of feature, value, peers and occurred_at: learned, or unlearned. */
static void
score_learn_row(ScoreStore *store, List *features, HeapTuple row, TupleDesc desc, bool learn)
{
	const Feature *feature = score_feature_named(features, SPI_getvalue(row, desc, 1));
	bool		no_value;
	bool		no_peers;
	bool		isnull;
	Datum		value = SPI_getbinval(row, desc, 2, &no_value);
	Datum		peers = SPI_getbinval(row, desc, 3, &no_peers);
	int64		day = DatumGetTimestampTz(SPI_getbinval(row, desc, 4, &isnull)) / USECS_PER_DAY;
	Datum	   *elements;
	int			count;

	if (feature == NULL || no_value || no_peers || feature->side == SIDE_ANY || (feature->is_log && DatumGetFloat8(value) <= 0))
		return;
	deconstruct_array(DatumGetArrayTypeP(peers), TEXTOID, -1, false, TYPALIGN_INT, &elements, NULL, &count);
	for (int i = 0; i < count; i++)
	{
		KnownProfile *known = oms_score_profile(store, feature, TextDatumGetCString(elements[i]), day);
		double		scaled = feature->is_log ? log(DatumGetFloat8(value)) : DatumGetFloat8(value);
		double		weight = pow(feature->fade, known->day - day);

		if (learn)
			oms_profile_add(&known->profile, scaled, weight);
		else
			oms_profile_remove(&known->profile, scaled, weight);
		known->changed = true;
	}
}

/* ------------------------------------------------------------------------
 * a review
 * ------------------------------------------------------------------------
 */

typedef struct Review
{
	Datum		key[2];			/* sequence and feature */
	const char *status;
	Datum		note;
	bool		no_note;
	Caller		caller;
} Review;

static const Oid review_key_types[] = {INT8OID, TEXTOID};

static void
score_write_review(void *arg)
{
	Review	   *review = arg;
	List	   *features;
	ScoreStore *store;
	HeapTuple	row;
	TupleDesc	desc;
	bool		isnull;
	Datum		values[] = {review->key[0], review->key[1], CStringGetTextDatum(review->status), CStringGetTextDatum(review->caller.actor), review->note};

	/* after whoever scores */
	if (SPI_execute("SELECT FROM oms.anomaly_position AS p FOR UPDATE", false, 0) != SPI_OK_SELECT)
		elog(ERROR, "cannot wait for who scores");
	if (SPI_execute_with_args("UPDATE oms.anomalies AS a SET status = $3, reviewed_by = $4, reviewed_at = now(), note = $5 WHERE a.sequence = $1 AND a.feature = $2",
							  5, (Oid[]) {INT8OID, TEXTOID, TEXTOID, TEXTOID, TEXTOID}, values, review->no_note ? "    n" : "     ", false, 0) != SPI_OK_UPDATE)
		elog(ERROR, "cannot write a review");
	/* what it was compared with knows it, unless it is wrong */
	if (SPI_execute_with_args("UPDATE oms.anomalies AS a SET learned = NOT a.learned WHERE a.sequence = $1 AND a.feature = $2 AND a.learned = (a.status = 'CONFIRMED') "
							  "RETURNING a.feature, a.value, a.peers, a.occurred_at, a.learned",
							  2, (Oid *) review_key_types, review->key, NULL, false, 0) != SPI_OK_UPDATE_RETURNING)
		elog(ERROR, "cannot learn from a review");
	if (SPI_processed == 0)
		return;
	row = SPI_tuptable->vals[0];
	desc = SPI_tuptable->tupdesc;
	store = oms_score_store_begin();
	features = oms_score_features(true);
	score_learn_row(store, features, row, desc, DatumGetBool(SPI_getbinval(row, desc, 5, &isnull)));
	oms_score_store_write(store, features);
}

static bool
score_is_status(const char *status)
{
	return strcmp(status, "OPEN") == 0 || strcmp(status, "CONFIRMED") == 0 || strcmp(status, "DISMISSED") == 0;
}

/* The arguments: sequence, feature, status, note. */
Datum
oms_review_anomaly(PG_FUNCTION_ARGS)
{
	Review		review = {.no_note = PG_ARGISNULL(3)};

	review.status = PG_ARGISNULL(2) ? "" : text_to_cstring(PG_GETARG_TEXT_PP(2));
	if (!score_is_status(review.status))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is no status of an anomaly", review.status),
				 errhint("It is OPEN, CONFIRMED or DISMISSED.")));
	review.key[0] = PG_ARGISNULL(0) ? Int64GetDatum(0) : PG_GETARG_DATUM(0);
	review.key[1] = PG_ARGISNULL(1) ? CStringGetTextDatum("") : PG_GETARG_DATUM(1);
	review.note = review.no_note ? (Datum) 0 : PG_GETARG_DATUM(3);
	if (!review.no_note && VARSIZE_ANY_EXHDR(PG_GETARG_TEXT_PP(3)) > 2000)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a note has at most 2000 bytes")));
	oms_caller_take(&review.caller);
	SPI_connect();
	if (SPI_execute_with_args("SELECT FROM oms.anomalies AS a WHERE a.sequence = $1 AND a.feature = $2", 2, (Oid *) review_key_types, review.key, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "cannot find an anomaly");
	if (SPI_processed == 0)
		ereport(ERROR,
				(errcode(OMS_NO_SUCH_OBJECT),
				 errmsg("event " INT64_FORMAT " has no anomaly \"%s\"", DatumGetInt64(review.key[0]), TextDatumGetCString(review.key[1]))));
	oms_as_owner(OMS_ANOMALY_FEATURES, score_write_review, &review);
	SPI_finish();
	PG_RETURN_VOID();
}

/* ------------------------------------------------------------------------
 * a probability
 * ------------------------------------------------------------------------
 */

typedef struct Question
{
	Datum		key[2];			/* feature and peer */
	double		value;
	double		probability;	/* below 0: nothing is known */
} Question;

static void
score_find_probability(void *arg)
{
	Question   *question = arg;
	static SPIPlanPtr plan = NULL;
	static const char query[] =
	"SELECT p.points, f.side, f.scale FROM oms.anomaly_profiles AS p"
	" CROSS JOIN LATERAL (SELECT a.side, a.scale FROM oms.anomaly_features AS a WHERE a.name = p.feature ORDER BY a.builtin LIMIT 1) AS f"
	" WHERE p.feature = $1 AND p.peer = $2";
	Profile		profile;
	TupleDesc	desc;
	HeapTuple	row;
	ProfileSide side;
	bool		is_log;
	bool		isnull;

	/* rules ask on the way of a command: it is understood once in a session */
	if (plan == NULL)
	{
		SPIPlanPtr	made = oms_score_prepare(query, 2, (Oid[]) {TEXTOID, TEXTOID});

		if (SPI_keepplan(made) != 0)
			elog(ERROR, "cannot keep the plan that reads a profile");
		plan = made;
	}
	if (SPI_execute_plan(plan, question->key, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "cannot read a profile");
	if (SPI_processed == 0)
		return;
	row = SPI_tuptable->vals[0];
	desc = SPI_tuptable->tupdesc;
	profile.count = oms_score_read_pairs(SPI_getbinval(row, desc, 1, &isnull), PROFILE_POINTS, profile.value, profile.weight);
	side = oms_score_side(SPI_getvalue(row, desc, 2));
	is_log = strcmp(SPI_getvalue(row, desc, 3), "LOG") == 0;
	if (oms_profile_weight(&profile) < PROFILE_ENOUGH || side == SIDE_ANY || (is_log && question->value <= 0))
		return;
	question->probability = oms_profile_probability(&profile, is_log ? log(question->value) : question->value, side);
}

/* The arguments: feature, value, peer. */
Datum
oms_anomaly_probability(PG_FUNCTION_ARGS)
{
	Question	question = {.probability = -1};

	/* what is usual is so of all accounts: a rule may ask for it, and who is limited may not */
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2) || (oms_predicate_subject() == NULL && oms_accounts_are_limited()))
		PG_RETURN_NULL();
	question.key[0] = PG_GETARG_DATUM(0);
	question.key[1] = PG_GETARG_DATUM(2);
	question.value = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, PG_GETARG_DATUM(1)));
	if (!isfinite(question.value))
		PG_RETURN_NULL();
	SPI_connect();
	oms_as_owner(OMS_ANOMALY_FEATURES, score_find_probability, &question);
	SPI_finish();
	if (question.probability < 0)
		PG_RETURN_NULL();
	return DirectFunctionCall1(float8_numeric, Float8GetDatum(question.probability));
}

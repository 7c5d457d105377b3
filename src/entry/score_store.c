/*-------------------------------------------------------------------------
 *
 * score_store.c
 *	  Profiles, and what is remembered, while a batch of events is scored.
 *
 * Each is read when it is first asked for and written once, at the end of the batch,
 * so that a batch costs what it touches.  Both tables are bounded: of each feature
 * the profiles with the fewest values go, and what was not seen for longest.
 *
 * Whoever scores holds the row of oms.anomaly_position: there is no other writer.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type_d.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "entry/score.h"

#define STORE_KEY_LENGTH	512

/* So many names are remembered. */
#define RECENTS_MAX			20000

typedef struct StoredProfile
{
	char		key[STORE_KEY_LENGTH];
	KnownProfile known;
} StoredProfile;

typedef struct StoredRecent
{
	char		key[STORE_KEY_LENGTH];
	bool		is_new;
	Recent		recent;
} StoredRecent;

struct ScoreStore
{
	MemoryContext memory;
	HTAB	   *profiles;
	HTAB	   *recents;
	SPIPlanPtr	read_profile;
	SPIPlanPtr	write_profile;
	SPIPlanPtr	read_recent;
	SPIPlanPtr	write_recent;
	bool		profiles_grew;
	bool		recents_grew;
};

static HTAB *
score_table(const char *name, Size size)
{
	HASHCTL		control = {.keysize = STORE_KEY_LENGTH, .entrysize = size, .hcxt = CurrentMemoryContext};

	return hash_create(name, 256, &control, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
}

SPIPlanPtr
oms_score_prepare(const char *sql, int count, Oid *types)
{
	SPIPlanPtr	plan = SPI_prepare(sql, count, types);

	if (plan == NULL)
		elog(ERROR, "cannot prepare: %s", sql);
	return plan;
}

ScoreStore *
oms_score_store_begin(void)
{
	ScoreStore *store = palloc0(sizeof(ScoreStore));

	store->memory = CurrentMemoryContext;
	store->profiles = score_table("oms profiles", sizeof(StoredProfile));
	store->recents = score_table("oms recents", sizeof(StoredRecent));
	store->read_profile = oms_score_prepare("SELECT p.points, p.day FROM oms.anomaly_profiles AS p WHERE p.feature = $1 AND p.peer = $2", 2, (Oid[]) {TEXTOID, TEXTOID});
	store->write_profile = oms_score_prepare("INSERT INTO oms.anomaly_profiles AS p (feature, peer, samples, usual, day, points) VALUES ($1, $2, $3, $4, $5, $6) "
										 "ON CONFLICT ON CONSTRAINT anomaly_profiles_pkey DO UPDATE SET samples = excluded.samples, usual = excluded.usual, day = excluded.day, points = excluded.points",
										 6, (Oid[]) {TEXTOID, TEXTOID, FLOAT8OID, FLOAT8OID, INT4OID, FLOAT8ARRAYOID});
	store->read_recent = oms_score_prepare("SELECT r.recent FROM oms.anomaly_memory AS r WHERE r.peer = $1", 1, (Oid[]) {TEXTOID});
	store->write_recent = oms_score_prepare("INSERT INTO oms.anomaly_memory AS r (peer, seen_at, recent) VALUES ($1, $2, $3) "
										"ON CONFLICT ON CONSTRAINT anomaly_memory_pkey DO UPDATE SET seen_at = excluded.seen_at, recent = excluded.recent",
										3, (Oid[]) {TEXTOID, FLOAT8OID, FLOAT8ARRAYOID});
	return store;
}

/* Pairs of doubles, at most so many; what somebody has changed by hand is cut, and never read beyond. */
int
oms_score_read_pairs(Datum array, int max, double *first, double *second)
{
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	deconstruct_array(DatumGetArrayTypeP(array), FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &elements, &nulls, &count);
	count = Min(count / 2, max);
	for (int i = 0; i < count; i++)
	{
		first[i] = nulls[2 * i] ? 0 : DatumGetFloat8(elements[2 * i]);
		second[i] = nulls[2 * i + 1] ? 0 : DatumGetFloat8(elements[2 * i + 1]);
	}
	return count;
}

static Datum
score_write_pairs(int count, const double *first, const double *second)
{
	Datum	   *elements = palloc(sizeof(Datum) * 2 * Max(count, 1));

	for (int i = 0; i < count; i++)
	{
		elements[2 * i] = Float8GetDatum(first[i]);
		elements[2 * i + 1] = Float8GetDatum(second[i]);
	}
	return PointerGetDatum(construct_array(elements, 2 * count, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* The row that a key leads to as it is now, or NULL: what this call has waited for is newer than its statement. */
static HeapTuple
score_read(SPIPlanPtr plan, Datum *values)
{
	if (SPI_execute_plan(plan, values, NULL, false, 1) != SPI_OK_SELECT)
		elog(ERROR, "cannot read profiles");
	return SPI_processed > 0 ? SPI_tuptable->vals[0] : NULL;
}

static void
score_read_profile(ScoreStore *store, StoredProfile *stored)
{
	HeapTuple	row = score_read(store->read_profile, (Datum[]) {CStringGetTextDatum(stored->known.feature->name), CStringGetTextDatum(stored->known.peer)});
	Profile    *profile = &stored->known.profile;
	bool		isnull;

	stored->known.is_new = row == NULL;
	if (row)
	{
		stored->known.day = DatumGetInt32(SPI_getbinval(row, SPI_tuptable->tupdesc, 2, &isnull));
		profile->count = oms_score_read_pairs(SPI_getbinval(row, SPI_tuptable->tupdesc, 1, &isnull), PROFILE_POINTS, profile->value, profile->weight);
	}
	SPI_freetuptable(SPI_tuptable);
}

KnownProfile *
oms_score_profile(ScoreStore *store, const Feature *feature, const char *peer, int64 day)
{
	char		key[STORE_KEY_LENGTH];
	StoredProfile *stored;
	bool		found;

	snprintf(key, sizeof(key), "%.64s\n%s", feature->name, peer);
	stored = hash_search(store->profiles, key, HASH_ENTER, &found);
	if (!found)
	{
		memset(&stored->known, 0, sizeof(KnownProfile));
		stored->known.feature = feature;
		stored->known.peer = MemoryContextStrdup(store->memory, peer);
		stored->known.day = day;
		score_read_profile(store, stored);
	}
	/* by the days of events, so that scoring them again gives the same */
	if (day > stored->known.day)
	{
		oms_profile_fade(&stored->known.profile, pow(feature->fade, day - stored->known.day));
		stored->known.day = day;
	}
	return &stored->known;
}

Recent *
oms_score_recent(ScoreStore *store, const char *what, const char *name)
{
	char		key[STORE_KEY_LENGTH];
	StoredRecent *stored;
	HeapTuple	row;
	bool		found;

	if (strlen(name) <= PEER_LENGTH_MAX)
		snprintf(key, sizeof(key), "%s\n%s", what, name);
	else
		snprintf(key, sizeof(key), "%s\n#%016llx", what, (unsigned long long) hash_bytes_extended((const unsigned char *) name, strlen(name), 0));
	stored = hash_search(store->recents, key, HASH_ENTER, &found);
	if (!found)
	{
		memset(&stored->recent, 0, sizeof(Recent));
		row = score_read(store->read_recent, (Datum[]) {CStringGetTextDatum(key)});
		stored->is_new = row == NULL;
		if (row)
			stored->recent.count = oms_score_read_pairs(SPI_getbinval(row, SPI_tuptable->tupdesc, 1, &found), RECENT_VALUES, stored->recent.value, stored->recent.at);
		SPI_freetuptable(SPI_tuptable);
	}
	return &stored->recent;
}

/* One that has lost its last value to a review goes. */
static void
score_delete_profile(const KnownProfile *known)
{
	if (SPI_execute_with_args("DELETE FROM oms.anomaly_profiles AS p WHERE p.feature = $1 AND p.peer = $2", 2, (Oid[]) {TEXTOID, TEXTOID},
							  (Datum[]) {CStringGetTextDatum(known->feature->name), CStringGetTextDatum(known->peer)}, NULL, false, 0) != SPI_OK_DELETE)
		elog(ERROR, "cannot delete a profile");
}

static void
score_write_profile(ScoreStore *store, const KnownProfile *known)
{
	double		usual = oms_profile_quantile(&known->profile, 0.5);
	Datum		values[] = {
		CStringGetTextDatum(known->feature->name), CStringGetTextDatum(known->peer), Float8GetDatum(oms_profile_weight(&known->profile)),
		Float8GetDatum(known->feature->is_log && known->peer[0] != '#' ? exp(usual) : usual), Int32GetDatum(known->day),
		score_write_pairs(known->profile.count, known->profile.value, known->profile.weight),
	};

	if (SPI_execute_plan(store->write_profile, values, NULL, false, 0) != SPI_OK_INSERT)
		elog(ERROR, "cannot write a profile");
	store->profiles_grew |= known->is_new;
}

static void
score_write_recent(ScoreStore *store, StoredRecent *stored)
{
	const Recent *recent = &stored->recent;
	Datum		values[] = {
		CStringGetTextDatum(stored->key), Float8GetDatum(recent->at[recent->count - 1]), score_write_pairs(recent->count, recent->value, recent->at),
	};

	if (SPI_execute_plan(store->write_recent, values, NULL, false, 0) != SPI_OK_INSERT)
		elog(ERROR, "cannot write what is remembered");
	store->recents_grew |= stored->is_new;
}

/* What there are too many of goes: who fills the store with names loses what is rarest first. */
static void
score_bound(ScoreStore *store, List *features)
{
	ListCell   *cell;

	foreach(cell, store->profiles_grew ? features : NIL)
	{
		const Feature *feature = lfirst(cell);
		Datum		values[] = {CStringGetTextDatum(feature->name), Int32GetDatum(feature->peers_max)};

		(void) SPI_execute_with_args("DELETE FROM oms.anomaly_profiles AS p USING (SELECT o.peer FROM oms.anomaly_profiles AS o WHERE o.feature = $1 AND o.peer NOT IN ('', '#scores') ORDER BY o.samples DESC, o.peer OFFSET $2) AS o "
									 "WHERE p.feature = $1 AND p.peer = o.peer", 2, (Oid[]) {TEXTOID, INT4OID}, values, NULL, false, 0);
	}
	if (store->recents_grew)
		(void) SPI_execute_with_args("DELETE FROM oms.anomaly_memory AS r USING (SELECT o.peer FROM oms.anomaly_memory AS o ORDER BY o.seen_at DESC, o.peer OFFSET $1) AS o WHERE r.peer = o.peer",
									 1, (Oid[]) {INT4OID}, (Datum[]) {Int32GetDatum(RECENTS_MAX)}, NULL, false, 0);
}

void
oms_score_store_write(ScoreStore *store, List *features)
{
	HASH_SEQ_STATUS scan;
	StoredProfile *profile;
	StoredRecent *recent;

	hash_seq_init(&scan, store->profiles);
	while ((profile = hash_seq_search(&scan)) != NULL)
		if (profile->known.changed && profile->known.profile.count > 0)
			score_write_profile(store, &profile->known);
		else if (profile->known.changed && !profile->known.is_new)
			score_delete_profile(&profile->known);
	hash_seq_init(&scan, store->recents);
	while ((recent = hash_seq_search(&scan)) != NULL)
		if (recent->recent.count > 0)
			score_write_recent(store, recent);
	score_bound(store, features);
}

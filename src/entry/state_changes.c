/*-------------------------------------------------------------------------
 *
 * state_changes.c
 *	  What an event changed: the fields of two states side by side.
 *
 * Writes and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"

#include "base/json.h"

PG_FUNCTION_INFO_V1(oms_state_changes);

/* One of two objects, field by field in the order of jsonb's keys. */
typedef struct ChangesSide
{
	JsonbIterator *it;
	JsonbValue	key;
	JsonbValue	value;
	bool		ended;
} ChangesSide;

/* Every event changes these. */
static const char *const counted[] = {"version", "treeVersion", "updatedAt", "treeUpdatedAt"};

static void
changes_next(ChangesSide *side)
{
	side->ended = side->ended || JsonbIteratorNext(&side->it, &side->key, true) != WJB_KEY;
	if (!side->ended)
		(void) JsonbIteratorNext(&side->it, &side->value, true);
}

static void
changes_begin(ChangesSide *side, Jsonb *state)
{
	*side = (ChangesSide) {.ended = state == NULL || !oms_json_is_object(state)};
	if (side->ended)
		return;
	side->it = JsonbIteratorInit(&state->root);
	(void) JsonbIteratorNext(&side->it, &side->key, true);
	changes_next(side);
}

/* jsonb sorts keys by their length first.  A side that has ended is behind every other. */
static int
changes_compare(const ChangesSide *a, const ChangesSide *b)
{
	if (a->ended || b->ended)
		return a->ended - b->ended;
	if (a->key.val.string.len != b->key.val.string.len)
		return a->key.val.string.len < b->key.val.string.len ? -1 : 1;
	return memcmp(a->key.val.string.val, b->key.val.string.val, a->key.val.string.len);
}

static bool
changes_is_counted(const JsonbValue *key)
{
	for (int i = 0; i < lengthof(counted); i++)
		if (strlen(counted[i]) == key->val.string.len && memcmp(counted[i], key->val.string.val, key->val.string.len) == 0)
			return true;
	return false;
}

static void
changes_write(JsonWriter *w, const ChangesSide *before, const ChangesSide *after)
{
	const JsonbValue *key = before ? &before->key : &after->key;

	if (changes_is_counted(key))
		return;
	if (before && after && oms_json_equal(JsonbValueToJsonb(unconstify(JsonbValue *, &before->value)),
										  JsonbValueToJsonb(unconstify(JsonbValue *, &after->value))))
		return;
	oms_json_key_len(w, key->val.string.val, key->val.string.len);
	oms_json_open_object(w);
	if (before)
		oms_json_scalar(w, "from", &before->value);
	if (after)
		oms_json_scalar(w, "to", &after->value);
	oms_json_close_object(w);
}

/*
 * An object with a member for each field that differs, {"from": …, "to": …}: without
 * "from" where it was not there before, without "to" where it is there no more.  NULL
 * before: there was none.
 */
Datum
oms_state_changes(PG_FUNCTION_ARGS)
{
	ChangesSide before;
	ChangesSide after;
	JsonWriter	w = {0};

	changes_begin(&before, PG_ARGISNULL(0) ? NULL : PG_GETARG_JSONB_P(0));
	changes_begin(&after, PG_ARGISNULL(1) ? NULL : PG_GETARG_JSONB_P(1));
	oms_json_open_object(&w);
	while (!before.ended || !after.ended)
	{
		int			order = changes_compare(&before, &after);

		changes_write(&w, order <= 0 ? &before : NULL, order >= 0 ? &after : NULL);
		if (order <= 0)
			changes_next(&before);
		if (order >= 0)
			changes_next(&after);
	}
	oms_json_close_object(&w);
	PG_RETURN_JSONB_P(oms_json_finish(&w));
}

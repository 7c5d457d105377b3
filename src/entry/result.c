/*-------------------------------------------------------------------------
 *
 * result.c
 *	  What a command answers.
 *
 * Built from the payloads of its events alone, so that a repeat, which reads
 * them back, answers exactly as the first time.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "entry/result.h"

Jsonb *
oms_object_state(const Object *object)
{
	JsonWriter	w = {0};

	if (object == NULL)
		return NULL;
	oms_record_to_json(oms_kind_of(object)->record, object, &w, NULL);
	return oms_json_finish(&w);
}

Jsonb *
oms_preview_payload(const Object *object, TimestampTz occurred_at)
{
	JsonWriter	w = {0};

	oms_json_open_object(&w);
	oms_record_to_json(oms_kind_of(object)->record, object, &w, "state");
	oms_json_time(&w, "occurredAt", occurred_at);
	oms_json_string(&w, "aggregateId", object->id);
	oms_json_string(&w, "aggregateType", oms_kind_of(object)->type);
	oms_json_close_object(&w);
	return oms_json_finish(&w);
}

static void
result_copy_key(JsonWriter *w, Jsonb *payload, const char *key)
{
	JsonbValue	hold;
	JsonbValue *v = oms_json_get(payload, key, &hold);

	if (v)
		oms_json_scalar(w, key, v);
}

static bool
result_key_is(Jsonb *payload, const char *key, const char *value)
{
	JsonbValue	hold;
	JsonbValue *v = oms_json_get(payload, key, &hold);

	return v && v->type == jbvString && strlen(value) == v->val.string.len &&
		memcmp(v->val.string.val, value, v->val.string.len) == 0;
}

/*
 * A fact's answer is never too large to be given: beyond these an object is
 * named by what tells it, and events are not listed any more.
 */
#define RESULT_STATES_MAX	(32 * 1024 * 1024)
#define RESULT_EVENTS_MAX	100000

static void
result_put_events(JsonWriter *w, const ResultSource *source)
{
	static const char *const keys[] = {"version", "sequence", "eventType", "aggregateId", "aggregateType"};

	oms_json_key(w, "events");
	oms_json_open_array(w);
	for (int i = 0; i < Min(source->npayloads, RESULT_EVENTS_MAX) && !source->preview; i++)
	{
		CHECK_FOR_INTERRUPTS();
		oms_json_open_object(w);
		for (int k = 0; k < lengthof(keys); k++)
			result_copy_key(w, source->payloads[i], keys[k]);
		oms_json_close_object(w);
	}
	oms_json_close_array(w);
}

/* The newest event that carries the object's state, or NULL. */
static Jsonb *
result_find_told(const ResultSource *source)
{
	for (int i = source->npayloads - 1; i >= 0; i--)
		if (result_key_is(source->payloads[i], "aggregateType", oms_kinds[source->kind].type) &&
			result_key_is(source->payloads[i], "aggregateId", source->id))
			return source->payloads[i];
	return NULL;
}

bool
oms_result_is_told(const ResultSource *source)
{
	return result_find_told(source) != NULL;
}

static void
result_put_state(JsonWriter *w, const ResultSource *source)
{
	Jsonb	   *payload = result_find_told(source);

	if (payload)
		result_copy_key(w, payload, "state");
	else if (source->state)
		oms_json_jsonb(w, "state", source->state);
}

static void
result_put_short_state(JsonWriter *w, const KindDef *kind, Jsonb *state)
{
	const char *const keys[] = {"status", kind->id_field, "version"};

	oms_json_open_object(w);
	for (int k = 0; k < lengthof(keys); k++)
		result_copy_key(w, state, keys[k]);
	oms_json_close_object(w);
}

/* An object has one event in a command, whatever happens to it.  False if not every one is there with all it has. */
static bool
result_put_objects(JsonWriter *w, const KindDef *kind, const ResultSource *source)
{
	Jsonb	   *newest = source->steps ? result_find_told(source) : NULL;
	int64		room = RESULT_STATES_MAX;
	int			listed = 0;

	oms_json_key(w, kind->record->table);
	oms_json_open_array(w);
	for (int i = 0; i < source->npayloads && listed < RESULT_EVENTS_MAX; i++)
	{
		JsonbValue	hold;
		JsonbValue *state;

		CHECK_FOR_INTERRUPTS();
		if (!result_key_is(source->payloads[i], "aggregateType", kind->type) ||
			(newest && source->payloads[i] != newest && result_key_is(source->payloads[i], "aggregateId", source->id)))
			continue;
		state = oms_json_get(source->payloads[i], "state", &hold);
		if (state == NULL || state->type != jbvBinary)
			continue;
		listed++;
		room -= state->val.binary.len;
		if (room >= 0)
			oms_json_scalar(w, NULL, state);
		else
			result_put_short_state(w, kind, JsonbValueToJsonb(state));
	}
	oms_json_close_array(w);
	return room >= 0;
}

static void
result_put_optional(JsonWriter *w, const char *key, const char *value)
{
	if (value)
		oms_json_string(w, key, value);
}

static bool
result_has_kind(const ResultSource *source, const KindDef *kind)
{
	for (int i = 0; i < source->npayloads; i++)
		if (result_key_is(source->payloads[i], "aggregateType", kind->type))
			return true;
	return false;
}

/* Of the kinds whose objects results list, or in a preview of the others too that would change.  False if not every one has all. */
static bool
result_put_kinds(JsonWriter *w, const ResultSource *source, bool in_result)
{
	bool		whole = true;

	for (int i = 0; i < oms_kind_count; i++)
		if (oms_kinds[i].in_result == in_result && (in_result || result_has_kind(source, &oms_kinds[i])) &&
			!result_put_objects(w, &oms_kinds[i], source))
			whole = false;
	return whole;
}

static Jsonb *
result_build_brief(const ResultSource *source, const char *token)
{
	Jsonb	   *payload = result_find_told(source);
	Jsonb	   *state = payload ? oms_json_get_container(payload, "state") : source->state;
	JsonWriter	w = {0};

	oms_json_open_object(&w);
	if (state)
	{
		oms_json_key(&w, "state");
		result_put_short_state(&w, &oms_kinds[source->kind], state);
	}
	oms_json_string(&w, "token", token);
	oms_json_string(&w, "status", "ACCEPTED");
	result_put_optional(&w, "commandId", source->command_id);
	if (source->duplicate)
		oms_json_bool(&w, "duplicate", true);
	oms_json_close_object(&w);
	return oms_json_finish(&w);
}

Jsonb *
oms_result_build(const ResultSource *source)
{
	JsonWriter	w = {0};
	char		token[TOKEN_LENGTH];
	bool		whole = source->npayloads <= RESULT_EVENTS_MAX;

	oms_token_write(&source->token, token);
	if (source->brief)
		return result_build_brief(source, token);
	oms_json_open_object(&w);
	/* in the order in which jsonb keeps its keys */
	result_put_state(&w, source);
	if (!source->preview)
		oms_json_string(&w, "token", token);
	result_put_events(&w, source);
	whole &= result_put_kinds(&w, source, true);
	oms_json_string(&w, "status", "ACCEPTED");
	if (source->preview)
		oms_json_bool(&w, "preview", true);
	result_put_optional(&w, "commandId", source->command_id);
	if (source->duplicate)
		oms_json_bool(&w, "duplicate", true);
	if (!whole)
		oms_json_bool(&w, "truncated", true);
	if (source->preview)
		(void) result_put_kinds(&w, source, false);
	if (source->tells)
		source->tells(source->payloads, source->npayloads, &w);
	oms_json_close_object(&w);
	return oms_json_finish(&w);
}

Jsonb *
oms_result_rejected(const Refusal *refusal, const char *command_id, const char *command_type)
{
	JsonWriter	w = {0};

	oms_json_open_object(&w);
	oms_json_string(&w, "status", "REJECTED");
	result_put_optional(&w, "commandId", command_id);
	result_put_optional(&w, "commandType", command_type);
	oms_json_key(&w, "error");
	oms_json_open_object(&w);
	oms_json_string(&w, "sqlstate", unpack_sql_state(refusal->sqlstate));
	oms_json_string(&w, "message", refusal->message);
	result_put_optional(&w, "detail", refusal->detail);
	result_put_optional(&w, "hint", refusal->hint);
	result_put_optional(&w, "rule", refusal->rule);
	oms_json_close_object(&w);
	oms_json_close_object(&w);
	return oms_json_finish(&w);
}

/*-------------------------------------------------------------------------
 *
 * run_service_call.c
 *	  Where a service that is under way has come to.
 *
 * Writes and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "entry/run_service_private.h"

/* What a refusal says of the step's fields. */
#define FIELDS_TOLD_MAX	1000

void
oms_service_call_begin(ServiceCall *call, ServiceRun *run, const Service *service, Jsonb *arguments)
{
	*call = (ServiceCall) {.run = run, .first_event = oms_uow_count_events(run->uow), .first_payload = run->recalled.npayloads};
	oms_service_begin(&call->frame, service, arguments);
}

void
oms_service_call_begin_inner(ServiceCall *inner, const ServiceCall *outer, const ServiceStep *step, const char *id)
{
	JsonWriter	w = {0};

	oms_json_open_object(&w);
	oms_service_write(&outer->frame, step->with, &w);
	oms_json_close_object(&w);
	oms_service_call_begin(inner, outer->run, step->service, oms_json_finish(&w));
	inner->own_id = id;
	inner->prefix = id ? psprintf("%s.", id) : NULL;
	inner->command_id = outer->command_id;
	inner->causation_id = outer->causation_id;
	inner->correlation_id = outer->correlation_id;
}

const char *
oms_service_call_id(const ServiceCall *call, const ServiceStep *step, int n)
{
	if (step->begins)
		return call->own_id;
	if (call->prefix == NULL)
		return NULL;
	return n == 0 ? psprintf("%s%s", call->prefix, step->name) : psprintf("%s%s:%d", call->prefix, step->name, n);
}

const char *
oms_service_call_enter_refusal(ServiceCall *call, const ServiceStep *step, const char *id)
{
	const char *outer = call->prefix;

	if (step->for_each && id)
		call->prefix = psprintf("%s.", id);
	return outer;
}

bool
oms_service_call_value(const ServiceCall *call, const ServiceStep *step, const char *name, JsonbValue *v)
{
	JsonbValue *given;
	ListCell   *cell;

	if (step->begins)
	{
		given = oms_json_get(call->frame.arguments, name, v);
		if (given && given != v)
			*v = *given;
		return given != NULL && v->type != jbvNull;
	}
	foreach(cell, step->with)
	{
		const ServiceField *field = lfirst(cell);

		if (strcmp(field->name, name) == 0)
			return oms_service_value(&call->frame, field->value, v);
	}
	return false;
}

Refusal *
oms_service_call_refused(const ServiceCall *call, const ServiceStep *step, const Refusal *refusal)
{
	Refusal    *told = oms_refusal_copy(refusal);
	JsonWriter	w = {0};
	char	   *fields;
	int			length;

	if (step->begins)
		return told;
	oms_json_open_object(&w);
	oms_service_write(&call->frame, step->with, &w);
	oms_json_close_object(&w);
	fields = oms_json_text(oms_json_finish(&w), &length);
	fields[pg_mbcliplen(fields, length, FIELDS_TOLD_MAX)] = '\0';
	return oms_with_detail(told, "%s%sIt was step \"%s\" of service \"%s\", with %s.", refusal->detail ? refusal->detail : "",
						   refusal->detail ? " " : "", step->name, call->frame.service->name, fields);
}

void
oms_service_call_note_about(ServiceCall *call, ObjectKind kind, const char *id)
{
	if (call->about_id)
		return;
	call->about = kind;
	call->about_id = id;
}

void
oms_service_call_events(const ServiceRun *run, ServiceSpan span, ResultSource *source)
{
	const Event *events;

	if (run->repeat)
	{
		source->token = run->recalled.token;
		source->payloads = run->recalled.payloads + span.first_payload;
		source->npayloads = run->recalled.npayloads - span.first_payload;
		return;
	}
	events = oms_uow_events_since(run->uow, span.first_event, &source->npayloads);
	source->payloads = palloc(sizeof(Jsonb *) * Max(source->npayloads, 1));
	for (int i = 0; i < source->npayloads; i++)
		source->payloads[i] = events[i].payload;
}

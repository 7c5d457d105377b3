/*-------------------------------------------------------------------------
 * test/unit/decide_cases.h
 *	  Cases of the core as tables: commands in, changes out.
 *
 * A command is written `Type field=value …` ("Command" left out of the type; a
 * value is up to the next space, or a JSON array or object up to its end; "!" before a type
 * says that a counterparty reports it, under an ExecID of its own).  What comes out is
 *
 *	  object:rule figure=value …; object:rule …
 *
 * in the order of the events, with the status where it changed and every figure
 * that changed (figures[] below names all that are looked at; executions only
 * what tells).  A refusal is its SQLSTATE and rule; "-" is no change at all, and
 * "same X" a repeat of what X was.
 *-------------------------------------------------------------------------
 */
#ifndef OMS_DECIDE_CASES_H
#define OMS_DECIDE_CASES_H

#include "array_source.h"

#include "utils/memutils.h"

#define STEPS_MAX 24

typedef struct Step
{
	const char *command;
	const char *outcome;
} Step;

typedef struct Case
{
	const char *name;
	Step		steps[STEPS_MAX];
} Case;

/* ------------------------------------------------------------------------
 * commands
 * ------------------------------------------------------------------------
 */

static inline int
cases_value_length(const char *text)
{
	int			depth = 0;
	const char *p = text;

	for (; *p && (depth > 0 || *p != ' '); p++)
		depth += *p == '[' || *p == '{' ? 1 : *p == ']' || *p == '}' ? -1 : 0;
	return p - text;
}

static inline bool
cases_is_bare(const CommandField *field)
{
	switch (field ? field->type : CMD_TEXT)
	{
		case CMD_QTY:
		case CMD_QTY_OR_ZERO:
		case CMD_PRICE:
		case CMD_FIGURE:
		case CMD_BOOL:
		case CMD_VERSION:
		case CMD_OBJECT:
		case CMD_CHILDREN:
		case CMD_SHARES:
		case CMD_IDS:
		case CMD_OBJECTS:
			return true;
		default:
			return false;
	}
}

/* `number` makes the ExecID of a report that has none. */
static inline char *
cases_json(const char *text, int number)
{
	bool		reported = text[0] == '!';
	int			type_length = strcspn(text += reported, " ");
	char	   *type = psprintf("%.*sCommand", type_length, text);
	const CommandDef *def = oms_command_def(type, strlen(type));
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfo(&json, "{\"commandType\": \"%s\"", type);
	if (reported && strstr(text, " execID=") == NULL)
		appendStringInfo(&json, ", \"execID\": \"x%d\"", number);
	for (text += type_length; *text == ' ';)
	{
		int			name_length = strcspn(++text, "=");
		char	   *name = pnstrdup(text, name_length);
		int			length = cases_value_length(text += name_length + 1);
		const CommandField *field = def ? oms_command_field(def, name) : NULL;
		const char *quote = cases_is_bare(field) ? "" : "\"";

		appendStringInfo(&json, ", \"%s\": %s%.*s%s", name, quote, length, text, quote);
		text += length;
	}
	appendStringInfoChar(&json, '}');
	return json.data;
}

/* ------------------------------------------------------------------------
 * outcomes
 * ------------------------------------------------------------------------
 */

typedef struct Figure
{
	const char *shown;
	const char *json;			/* of the state */
} Figure;

static const Figure order_figures[] = {
	{"qty", "orderQty"}, {"price", "price"}, {"stop", "stopPx"}, {"side", "side"}, {"account", "account"},
	{"executed", "executedQuantity"}, {"own", "ownExecutedQuantity"}, {"value", "executedValue"}, {"avg", "avgPx"},
	{"leaves", "leavesQuantity"}, {"working", "workingQuantity"}, {"reserved", "reservedQuantity"},
	{"unplaced", "unplacedQuantity"}, {"review", "reviewQuantity"}, {"children", "childCount"}, {"live", "liveChildren"},
	{"factor", "quantityFactor"}, {"cl", "clOrdID"}, {"flags", "flags"}, {"requests", "pendingRequests"},
	{"desk", "deskStatus"}, {"user", "deskUser"}, {"why", "deskReason"},
	{"members", "members"}, {"blocks", "blockOrderIds"}, {"liveBlocks", "liveBlocks"}, {NULL}
};

static const Figure execution_figures[] = {
	{"of", "orderId"}, {"px", "lastPx"}, {"quantity", "quantity"}, {"factor", "quantityFactor"}, {"flags", "flags"},
	{"corrects", "correctedExecutionId"}, {"correctedBy", "correctingExecutionId"}, {"bust", "bustExecID"},
	{"reasons", "reviewReasons"}, {NULL}
};

static const Figure request_figures[] = {
	{"qty", "orderQty"}, {"quote", "acceptedQuoteId"}, {"order", "acceptedOrderId"}, {"done", "executedQuantity"},
	{"cover", "coverQuoteId"}, {"coverPx", "coverPx"}, {"distance", "coverDistance"}, {"why", "reason"}, {NULL}
};

static const Figure quote_figures[] = {
	{"bid", "bidPx"}, {"offer", "offerPx"}, {"bidSize", "bidSize"}, {"offerSize", "offerSize"}, {"order", "orderId"}, {"takes", "side"},
	{"qty", "acceptedQuantity"}, {"at", "acceptedPx"}, {"done", "executedQuantity"}, {"insteadOf", "supersededQuoteId"},
	{"by", "supersedingQuoteId"}, {"why", "reason"}, {"flags", "flags"}, {NULL}
};

static const Figure *const figures_of[KIND_COUNT] = {
	[KIND_ORDER] = order_figures,
	[KIND_EXECUTION] = execution_figures,
	[KIND_QUOTE_REQUEST] = request_figures,
	[KIND_QUOTE] = quote_figures,
};

/* A member of a block: its order, quantity, "/" what it was allocated, "-" if released. */
static inline void
cases_show_member(StringInfo out, Jsonb *json)
{
	JsonbValue	hold;
	JsonbValue *v = oms_json_get(json, "allocatedQuantity", &hold);
	bool		allocated = v && oms_dec_sign(v->val.numeric) != 0;

	appendStringInfo(out, "%s:%s", oms_json_get_string(json, "orderId"), oms_dec_text(oms_json_get(json, "quantity", &hold)->val.numeric));
	if (allocated)
		appendStringInfo(out, "/%s", oms_dec_text(oms_json_get(json, "allocatedQuantity", &hold)->val.numeric));
	if (oms_json_get(json, "released", &hold))
		appendStringInfoChar(out, '-');
}

/* Of a request that is part of a cascade: which, and how many have yet to answer. */
static inline void
cases_show_cascade(StringInfo out, Jsonb *json)
{
	char	   *id = oms_json_get_string(json, "cascadeId");
	Numeric		awaits = id ? oms_json_get_numeric(json, "awaits") : NULL;

	if (id)
		appendStringInfo(out, "~%s%s%s", id, awaits ? oms_dec_text(awaits) : "", oms_json_get_string(json, "refused") ? "!" : "");
}

/* Of a list of requests or reasons what tells them apart; of one of texts the texts. */
static inline char *
cases_list_text(Jsonb *list)
{
	static const char *const keys[] = {"request", "code", "clOrdID", "rule"};
	StringInfoData text;
	JsonbIterator *it = JsonbIteratorInit(&list->root);
	JsonbValue	v;
	JsonbIteratorToken token;

	initStringInfo(&text);
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		if (token != WJB_ELEM)
			continue;
		if (text.len)
			appendStringInfoChar(&text, '+');
		if (v.type == jbvString)
			appendBinaryStringInfo(&text, v.val.string.val, v.val.string.len);
		else if (oms_json_get_string(JsonbValueToJsonb(&v), "orderId") && oms_json_get_string(JsonbValueToJsonb(&v), "code") == NULL)
			cases_show_member(&text, JsonbValueToJsonb(&v));
		for (int i = 0; v.type != jbvString && i < lengthof(keys); i++)
		{
			char	   *member = oms_json_get_string(JsonbValueToJsonb(&v), keys[i]);

			if (member)
				appendStringInfo(&text, "%s%s", i < 2 ? "" : ":", member);
		}
		if (v.type != jbvString)
			cases_show_cascade(&text, JsonbValueToJsonb(&v));
	}
	return text.data;
}

static inline char *
cases_names_text(const OmsName *names, uint32 bits)
{
	StringInfoData text;

	initStringInfo(&text);
	for (; names->name; names++)
		if (bits & names->value)
			appendStringInfo(&text, "%s%s", text.len ? "+" : "", names->name);
	return text.data;
}

/* A member of a state as text; NULL where it is null. */
static inline char *
cases_figure(const Object *object, const char *json)
{
	const RecordDef *def = oms_kind_of(object)->record;

	for (int i = 0; i < def->ncolumns; i++)
	{
		const RecordColumn *c = &def->columns[i];
		const void *member = (const char *) object + c->offset;

		if (c->json == NULL || strcmp(c->json, json) != 0)
			continue;
		switch (c->type)
		{
			case FIELD_TEXT:
				return *(char *const *) member;
			case FIELD_NUMERIC:
				return *(const Numeric *) member ? oms_dec_text(oms_dec_trim(*(const Numeric *) member)) : NULL;
			case FIELD_COUNT:
			case FIELD_COUNT_OR_NULL:
				return psprintf(INT64_FORMAT, *(const int64 *) member);
			case FIELD_JSON:
				return *(Jsonb *const *) member ? cases_list_text(*(Jsonb *const *) member) : NULL;
			case FIELD_NAME:
				return *(const int *) member ? unconstify(char *, oms_name_of(c->names, *(const int *) member)) : NULL;
			case FIELD_NAMES:
				return *(const uint32 *) member ? cases_names_text(c->names, *(const uint32 *) member) : NULL;
			default:
				break;
		}
	}
	elog(ERROR, "BUG: no figure \"%s\" of %s", json, def->name);
}

static inline void
cases_show_change(StringInfo out, const Change *change)
{
	const Figure *figures = figures_of[change->after->kind];
	const char *status = cases_figure(change->after, "status");

	appendStringInfo(out, "%s%s:%d", out->len ? "; " : "", change->after->id, change->rule->number);
	if (change->before == NULL || strcmp(cases_figure(change->before, "status"), status) != 0)
		appendStringInfo(out, " %s", status);
	for (const Figure *f = figures; f->shown; f++)
	{
		char	   *before = change->before ? cases_figure(change->before, f->json) : NULL;
		char	   *after = cases_figure(change->after, f->json);

		/* of a new one: what is always there, and sums of nothing */
		if (change->before == NULL && (strcmp(f->shown, "side") == 0 || strcmp(f->shown, "px") == 0 ||
									   (after && strcmp(after, "0") == 0)))
			continue;
		if (!oms_same_text(before, after))
			appendStringInfo(out, " %s=%s", f->shown, after ? after : "none");
	}
}

static inline char *
cases_outcome(const Decision *d, const Refusal *refusal)
{
	StringInfoData out;
	ListCell   *cell;

	initStringInfo(&out);
	if (refusal)
		return psprintf("%s%s%s", unpack_sql_state(refusal->sqlstate), refusal->rule ? " " : "", refusal->rule ? refusal->rule : "");
	foreach(cell, d->changes)
		cases_show_change(&out, lfirst(cell));
	if (d->repeat)
		appendStringInfo(&out, "%ssame %s", out.len ? "; " : "", d->about_id);
	return out.len ? out.data : pstrdup("-");
}

/* ------------------------------------------------------------------------
 * running them
 * ------------------------------------------------------------------------
 */

static inline void
cases_run(const Case *cases, int count)
{
	for (int i = 0; i < count; i++)
	{
		MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "case", ALLOCSET_DEFAULT_SIZES);
		MemoryContext old = MemoryContextSwitchTo(context);
		ArraySource *array = array_begin();

		for (int s = 0; s < STEPS_MAX && cases[i].steps[s].command; s++)
		{
			const Step *step = &cases[i].steps[s];
			Decision	d;
			Refusal    *refusal = array_run(array, cases_json(step->command, s), &d);
			char	   *outcome = cases_outcome(&d, refusal);

			MemoryContextSwitchTo(old);
			is_text(outcome, step->outcome, psprintf("%s: %s", cases[i].name, step->command));
			MemoryContextSwitchTo(context);
		}
		MemoryContextSwitchTo(old);
		MemoryContextDelete(context);
	}
}

#endif							/* OMS_DECIDE_CASES_H */

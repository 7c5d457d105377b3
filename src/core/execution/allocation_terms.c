/*-------------------------------------------------------------------------
 *
 * allocation_terms.c
 *	  What executions remember of the allocations that they are in.
 *
 * Pure: values in, values out.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/damage.h"
#include "base/decimal.h"
#include "base/moment.h"
#include "core/execution/allocation_terms.h"
#include "core/kind.h"

/* ------------------------------------------------------------------------
 * reading
 * ------------------------------------------------------------------------
 */

/* Without all of them nothing can be counted. */
static void
terms_must_be_whole(bool whole, const char *what, Jsonb *json)
{
	if (!whole)
		oms_damaged("%s is written as %s", what, JsonbToCString(NULL, &json->root, VARSIZE(json)));
}

typedef void (*TermsVisit) (Jsonb *element, void *arg);

/* Shown each object of an array; of what is no array there are none. */
static void
terms_each(Jsonb *array, TermsVisit visit, void *arg)
{
	JsonbIterator *it = array ? JsonbIteratorInit(&array->root) : NULL;
	JsonbValue	v;
	JsonbIteratorToken token;

	while (it && (token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
		if (token == WJB_ELEM && v.type == jbvBinary)
			visit(JsonbValueToJsonb(&v), arg);
}

static void
terms_read_entry(Jsonb *json, void *arg)
{
	List	  **entries = arg;
	AllocationEntry *entry = palloc(sizeof(AllocationEntry));

	*entry = (AllocationEntry) {
		.allocation_id = oms_json_get_string(json, "allocationId"),
		.order_id = oms_json_get_string(json, "orderId"),
		.quantity = oms_json_get_numeric(json, "quantity"),
		.value = oms_json_get_numeric(json, "value"),
		.commission = oms_json_get_numeric(json, "commission"),
	};
	terms_must_be_whole(entry->order_id && entry->quantity && entry->value && entry->allocation_id, "a part of an allocation", json);
	*entries = lappend(*entries, entry);
}

List *
oms_allocation_entries(Jsonb *json)
{
	List	   *entries = NIL;

	terms_each(json, terms_read_entry, &entries);
	return entries;
}

static uint32
terms_read_flags(Jsonb *json)
{
	JsonbIterator *it = json ? JsonbIteratorInit(&json->root) : NULL;
	JsonbValue	v;
	JsonbIteratorToken token;
	uint32		flags = 0;

	while (it && (token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
		if (token == WJB_ELEM && v.type == jbvString)
		{
			const OmsName *name = oms_name_find(oms_flag_names, v.val.string.val, v.val.string.len);

			flags |= name ? name->value : 0;
		}
	return flags;
}

static void
terms_read_party(Jsonb *json, void *arg)
{
	AllocationTerms *terms = arg;
	AllocationParty *party = &terms->parties[terms->count++];
	Numeric		priority = oms_json_get_numeric(json, "priority");

	*party = (AllocationParty) {
		.order_id = oms_json_get_string(json, "orderId"),
		.priority = priority ? strtoi64(oms_dec_text(priority), NULL, 10) : 0,
		.weight = oms_json_get_numeric(json, "weight"),
		.flags = terms_read_flags(oms_json_get_container(json, "flags")),
	};
	terms_must_be_whole(party->order_id && (party->weight || terms->method != ALLOCATE_PRO_RATA), "a member's part in an allocation", json);
}

static TimestampTz
terms_time(Jsonb *json, const char *key)
{
	char	   *text = oms_json_get_string(json, key);
	TimestampTz at;

	return text && oms_time_parse(text, strlen(text), &at) ? at : NO_TIME;
}

static void
terms_read_return(Jsonb *json, void *arg)
{
	AllocationTerms *terms = arg;
	AllocationReturn *back = palloc(sizeof(AllocationReturn));

	*back = (AllocationReturn) {
		.execution_id = oms_json_get_string(json, "executionId"),
		.at = terms_time(json, "at"),
		.quantity = oms_json_get_numeric(json, "quantity"),
		.value = oms_json_get_numeric(json, "value"),
	};
	terms_must_be_whole(back->execution_id && back->at != NO_TIME && back->quantity && back->value, "what an allocation gave back", json);
	terms->returns = lappend(terms->returns, back);
}

static void
terms_read(Jsonb *json, void *arg)
{
	List	  **list = arg;
	AllocationTerms *terms = palloc0(sizeof(AllocationTerms));
	char	   *method = oms_json_get_string(json, "method");
	const OmsName *name = method ? oms_name_find(oms_allocation_method_names, method, strlen(method)) : NULL;
	Jsonb	   *parties = oms_json_get_container(json, "members");
	JsonbValue	hold;
	JsonbValue *selected = oms_json_get(json, "selected", &hold);

	terms->id = oms_json_get_string(json, "allocationId");
	terms->alloc_id = oms_json_get_string(json, "allocID");
	terms->method = name ? name->value : ALLOCATE_MANUAL;
	terms->at = terms_time(json, "at");
	terms->selected = selected && selected->type == jbvBool && selected->val.boolean;
	terms->lot = oms_json_get_numeric(json, "lot");
	terms->pool_quantity = oms_json_get_numeric(json, "poolQuantity");
	terms->pool_value = oms_json_get_numeric(json, "poolValue");
	if (terms->pool_value == NULL)
		terms->pool_quantity = NULL;
	terms_each(oms_json_get_container(json, "returned"), terms_read_return, terms);
	terms->parties = palloc0(sizeof(AllocationParty) * Max(parties ? JB_ROOT_COUNT(parties) : 0, 1));
	terms_each(parties, terms_read_party, terms);
	terms_must_be_whole(terms->id && terms->lot && oms_dec_sign(terms->lot) > 0 && terms->at != NO_TIME, "an allocation's terms", json);
	*list = lappend(*list, terms);
}

List *
oms_allocation_terms(Jsonb *json)
{
	List	   *list = NIL;

	terms_each(json, terms_read, &list);
	return list;
}

/* ------------------------------------------------------------------------
 * writing: keys in the order in which jsonb keeps them
 * ------------------------------------------------------------------------
 */

Jsonb *
oms_allocation_entries_json(const List *entries)
{
	JsonWriter	w = {0};
	const ListCell *cell;

	if (entries == NIL)
		return NULL;
	oms_json_open_array(&w);
	foreach(cell, entries)
	{
		const AllocationEntry *entry = lfirst(cell);

		oms_json_open_object(&w);
		oms_json_numeric(&w, "value", entry->value);
		oms_json_string(&w, "orderId", entry->order_id);
		oms_json_numeric(&w, "quantity", entry->quantity);
		if (entry->commission)
			oms_json_numeric(&w, "commission", entry->commission);
		oms_json_string(&w, "allocationId", entry->allocation_id);
		oms_json_close_object(&w);
	}
	oms_json_close_array(&w);
	return oms_json_finish(&w);
}

static void
terms_write_flags(uint32 flags, JsonWriter *w)
{
	if (flags == 0)
		return;
	oms_json_key(w, "flags");
	oms_json_open_array(w);
	for (const OmsName *n = oms_flag_names; n->name != NULL; n++)
		if (flags & n->value)
			oms_json_string(w, NULL, n->name);
	oms_json_close_array(w);
}

static void
terms_write_returns(const List *returns, JsonWriter *w)
{
	const ListCell *cell;

	if (returns == NIL)
		return;
	oms_json_key(w, "returned");
	oms_json_open_array(w);
	foreach(cell, returns)
	{
		const AllocationReturn *back = lfirst(cell);

		oms_json_open_object(w);
		oms_json_time(w, "at", back->at);
		oms_json_numeric(w, "value", back->value);
		oms_json_numeric(w, "quantity", back->quantity);
		oms_json_string(w, "executionId", back->execution_id);
		oms_json_close_object(w);
	}
	oms_json_close_array(w);
}

static void
terms_write(const AllocationTerms *terms, JsonWriter *w)
{
	oms_json_open_object(w);
	oms_json_time(w, "at", terms->at);
	oms_json_numeric(w, "lot", terms->lot);
	oms_json_string(w, "method", oms_name_of(oms_allocation_method_names, terms->method));
	if (terms->alloc_id)
		oms_json_string(w, "allocID", terms->alloc_id);
	oms_json_key(w, "members");
	oms_json_open_array(w);
	for (const AllocationParty *party = terms->parties; party < terms->parties + terms->count; party++)
	{
		oms_json_open_object(w);
		terms_write_flags(party->flags, w);
		if (party->weight)
			oms_json_numeric(w, "weight", party->weight);
		oms_json_string(w, "orderId", party->order_id);
		oms_json_int(w, "priority", party->priority);
		oms_json_close_object(w);
	}
	oms_json_close_array(w);
	terms_write_returns(terms->returns, w);
	if (terms->selected)
		oms_json_bool(w, "selected", true);
	if (terms->pool_quantity)
		oms_json_numeric(w, "poolValue", terms->pool_value);
	oms_json_string(w, "allocationId", terms->id);
	if (terms->pool_quantity)
		oms_json_numeric(w, "poolQuantity", terms->pool_quantity);
	oms_json_close_object(w);
}

Jsonb *
oms_allocation_terms_json(const List *list)
{
	JsonWriter	w = {0};
	const ListCell *cell;

	if (list == NIL)
		return NULL;
	oms_json_open_array(&w);
	foreach(cell, list)
		terms_write(lfirst(cell), &w);
	oms_json_close_array(&w);
	return oms_json_finish(&w);
}

/* ------------------------------------------------------------------------
 * telling
 * ------------------------------------------------------------------------
 */

/* Those that were made by the command of this event: at its very time. */
static List *
terms_made_by(Jsonb *payload, Jsonb *state, List *made)
{
	char	   *occurred_at = oms_json_get_string(payload, "occurredAt");
	TimestampTz at;
	ListCell   *cell;

	if (occurred_at == NULL || !oms_time_parse(occurred_at, strlen(occurred_at), &at))
		return made;
	foreach(cell, oms_allocation_terms(oms_json_get_container(state, "allocationTerms")))
		if (((const AllocationTerms *) lfirst(cell))->at == at)
			made = lappend(made, lfirst(cell));
	return made;
}

static void
terms_tell(const AllocationTerms *terms, const AllocationParty *party, const List *entries, JsonWriter *w)
{
	Numeric		quantity = oms_dec_zero();
	Numeric		value = oms_dec_zero();
	Numeric		commission = NULL;
	const ListCell *cell;

	foreach(cell, entries)
	{
		const AllocationEntry *entry = lfirst(cell);

		if (!oms_same_text(entry->allocation_id, terms->id) || !oms_same_text(entry->order_id, party->order_id))
			continue;
		quantity = oms_dec_add(quantity, entry->quantity);
		value = oms_dec_add(value, entry->value);
		commission = oms_dec_plus(commission, entry->commission);
	}
	oms_json_open_object(w);
	oms_json_numeric(w, "avgPx", oms_dec_sign(quantity) == 0 ? oms_dec_zero() : oms_dec_div(value, quantity, AVG_PX_SCALE));
	terms_write_flags(party->flags, w);
	oms_json_numeric(w, "value", value);
	oms_json_string(w, "orderId", party->order_id);
	oms_json_numeric(w, "quantity", quantity);
	if (commission)
		oms_json_numeric(w, "commission", commission);
	oms_json_string(w, "allocationId", terms->id);
	oms_json_close_object(w);
}

/* Entries are read only where there is an allocation: those of plain fills are written otherwise. */
static void
terms_tell_made(Jsonb *const *payloads, int count, bool even_none, JsonWriter *w)
{
	List	   *states = NIL;
	List	   *made = NIL;
	List	   *entries = NIL;
	ListCell   *cell;

	for (int i = 0; i < count; i++)
	{
		Jsonb	   *state = oms_json_get_container(payloads[i], "state");

		CHECK_FOR_INTERRUPTS();
		if (state == NULL || !oms_same_text(oms_json_get_string(payloads[i], "aggregateType"), oms_kinds[KIND_EXECUTION].type))
			continue;
		made = terms_made_by(payloads[i], state, made);
		states = lappend(states, state);
	}
	if (made == NIL && !even_none)
		return;
	foreach(cell, made == NIL ? NIL : states)
	{
		CHECK_FOR_INTERRUPTS();
		entries = list_concat(entries, oms_allocation_entries(oms_json_get_container(lfirst(cell), "allocations")));
	}
	oms_json_key(w, "allocations");
	oms_json_open_array(w);
	foreach(cell, made)
	{
		const AllocationTerms *terms = lfirst(cell);

		for (int i = 0; i < terms->count; i++)
			terms_tell(terms, &terms->parties[i], entries, w);
	}
	oms_json_close_array(w);
}

void
oms_tell_allocations(Jsonb *const *payloads, int count, JsonWriter *w)
{
	terms_tell_made(payloads, count, true, w);
}

void
oms_tell_approved_allocations(Jsonb *const *payloads, int count, JsonWriter *w)
{
	terms_tell_made(payloads, count, false, w);
}

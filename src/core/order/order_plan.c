/*-------------------------------------------------------------------------
 *
 * order_plan.c
 *	  The slices of a placement that are due later.
 *
 * Pure.  They are no orders yet: they reserve nothing, and stand in their order as
 * they were given, by the time at which each is due.  What is due at one time is one
 * slice, in however many parts.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/damage.h"
#include "base/decimal.h"
#include "base/json.h"
#include "base/moment.h"
#include "core/desk/desk.h"
#include "core/order/order_plan.h"

/* A part of a slice. */
typedef struct PlannedPart
{
	TimestampTz at;
	Jsonb	   *slice;			/* as a placement's child */
} PlannedPart;

/* ------------------------------------------------------------------------
 * reading and writing
 * ------------------------------------------------------------------------
 */

static bool
plan_read_part(const JsonbValue *v, PlannedPart *part)
{
	char	   *at;

	if (v->type != jbvBinary || !JsonContainerIsObject(v->val.binary.data))
		return false;
	part->slice = JsonbValueToJsonb(unconstify(JsonbValue *, v));
	at = oms_json_get_string(part->slice, "placeAt");
	return at && oms_time_parse(at, strlen(at), &part->at);
}

/* A List of PlannedPart.  False: it is none. */
static bool
plan_read(Jsonb *plan, List **parts)
{
	JsonbIterator *it;
	JsonbValue	v;
	JsonbIteratorToken token;

	*parts = NIL;
	if (plan == NULL)
		return true;
	if (!oms_json_is_array(plan))
		return false;
	it = JsonbIteratorInit(&plan->root);
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		PlannedPart *part = palloc0(sizeof(PlannedPart));

		if (token != WJB_ELEM)
			continue;
		if (!plan_read_part(&v, part))
			return false;
		*parts = lappend(*parts, part);
	}
	return true;
}

static bool
plan_is_among(const char *const *names, const JsonbValue *key)
{
	for (; *names; names++)
		if (strlen(*names) == key->val.string.len && memcmp(*names, key->val.string.val, key->val.string.len) == 0)
			return true;
	return false;
}

/* The members of a slice, but for these. */
static void
plan_write_members(Jsonb *slice, const char *const *without, JsonWriter *w)
{
	JsonbIterator *it = JsonbIteratorInit(&slice->root);
	JsonbValue	key,
				v;
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		if (token != WJB_KEY)
			continue;
		JsonbIteratorNext(&it, &v, true);
		if (plan_is_among(without, &key))
			continue;
		oms_json_key_len(w, key.val.string.val, key.val.string.len);
		oms_json_scalar(w, NULL, &v);
	}
}

static int
plan_compare(const ListCell *a, const ListCell *b)
{
	TimestampTz x = ((const PlannedPart *) lfirst(a))->at;
	TimestampTz y = ((const PlannedPart *) lfirst(b))->at;

	return x < y ? -1 : x > y;
}

static Jsonb *
plan_write(List *parts)
{
	static const char *const none[] = {NULL};
	JsonWriter	w = {0};
	ListCell   *cell;

	if (parts == NIL)
		return NULL;
	oms_json_open_array(&w);
	foreach(cell, parts)
	{
		const PlannedPart *part = lfirst(cell);

		oms_json_open_object(&w);
		plan_write_members(part->slice, none, &w);
		oms_json_time(&w, "placeAt", part->at);
		oms_json_close_object(&w);
	}
	oms_json_close_array(&w);
	return oms_json_finish(&w);
}

/* ------------------------------------------------------------------------
 * what a placement does to it
 * ------------------------------------------------------------------------
 */

/* The slice that is placed is there no more; those after it keep their distances. */
static List *
plan_take_next(List *parts, TimestampTz now)
{
	TimestampTz next = ((const PlannedPart *) linitial(parts))->at;
	List	   *rest = NIL;
	ListCell   *cell;

	foreach(cell, parts)
	{
		PlannedPart *part = lfirst(cell);
		TimestampTz moved = now > next ? part->at + (now - next) : part->at;

		if (part->at == next)
			continue;
		if (oms_time_is_printable(moved))
			part->at = moved;
		rest = lappend(rest, part);
	}
	return rest;
}

static Refusal *
plan_refuse_other(const Command *command, const Order *order)
{
	char		stated[MOMENT_TEXT_SIZE];
	char		next[MOMENT_TEXT_SIZE] = "none";

	oms_time_text(command->planned_slice, stated);
	if (order->next_placement_at != NO_TIME)
		oms_time_text(order->next_placement_at, next);
	return oms_refuse_by_rule("planned_slice", psprintf("order \"%s\" has another slice to be placed next", order->id),
							  "plannedSlice is %s, nextPlacementAt is %s.", stated, next);
}

static List *
plan_add_slices(List *parts, const Command *command, TimestampTz now)
{
	JsonbValue	hold;
	JsonbValue *children = oms_json_get(command->raw, "children", &hold);

	for (int i = 0; i < command->nchildren; i++)
		if (oms_slice_is_planned(&command->children[i], now))
		{
			PlannedPart *part = palloc(sizeof(PlannedPart));

			part->at = command->children[i].place_at;
			part->slice = JsonbValueToJsonb(getIthJsonbValueFromContainer(children->val.binary.data, i));
			parts = lappend(parts, part);
		}
	return parts;
}

Refusal *
oms_plan_take(const Command *command, const Order *order, TimestampTz now, OrderEvent *event)
{
	bool		replaces = command->replace_plan == TRI_TRUE;
	List	   *parts = NIL;
	int			before;

	if (command->planned_slice != NO_TIME && command->planned_slice != order->next_placement_at)
		return plan_refuse_other(command, order);
	if (!replaces && !plan_read(order->planned_slices, &parts))
		oms_damaged("the plan of order \"%s\" %s", order->id, oms_plan_problem(order));
	before = list_length(parts);
	if (command->planned_slice != NO_TIME && parts != NIL)
		parts = plan_take_next(parts, now);
	event->replans = replaces || list_length(parts) != before;
	before = list_length(parts);
	parts = plan_add_slices(parts, command, now);
	event->replans |= list_length(parts) != before;
	if (list_length(parts) > CHILDREN_MAX)
		return oms_refuse_by_rule("planned_slice", psprintf("order \"%s\" would have too many planned slices", order->id),
								  "they would be %d; %d are possible.", list_length(parts), CHILDREN_MAX);
	list_sort(parts, plan_compare);
	event->plan = plan_write(parts);
	event->next_placement_at = parts == NIL ? NO_TIME : ((const PlannedPart *) linitial(parts))->at;
	return NULL;
}

/* A number, or a numeric text; or NULL. */
static Numeric
plan_number(Jsonb *slice, const char *name)
{
	JsonbValue	hold;
	JsonbValue *v = oms_json_get(slice, name, &hold);
	Numeric		number = NULL;

	if (v && v->type == jbvNumeric)
		return DatumGetNumericCopy(NumericGetDatum(v->val.numeric));
	return v && v->type == jbvString && oms_dec_parse(v->val.string.val, v->val.string.len, &number) ? number : NULL;
}

/* ------------------------------------------------------------------------
 * splits
 * ------------------------------------------------------------------------
 */

static void
plan_write_scaled(Jsonb *slice, Numeric factor, JsonWriter *w)
{
	static const char *const scaled[] = {"orderQty", "price", "stopPx"};
	static const char *const none[] = {NULL};

	plan_write_members(slice, none, w);
	/* of two members of one name the later one counts */
	for (int i = 0; i < lengthof(scaled); i++)
	{
		Numeric		number = plan_number(slice, scaled[i]);

		if (number)
			oms_json_numeric(w, scaled[i], i == 0 ? oms_scale_fill(number, factor) : oms_scale_price(number, factor));
	}
}

Jsonb *
oms_plan_scale(Jsonb *plan, Numeric factor)
{
	JsonWriter	w = {0};
	List	   *parts;
	ListCell   *cell;

	if (!plan_read(plan, &parts) || parts == NIL)
		return plan;
	oms_json_open_array(&w);
	foreach(cell, parts)
	{
		oms_json_open_object(&w);
		plan_write_scaled(((const PlannedPart *) lfirst(cell))->slice, factor, &w);
		oms_json_close_object(&w);
	}
	oms_json_close_array(&w);
	return oms_json_finish(&w);
}

/* ------------------------------------------------------------------------
 * what is due
 * ------------------------------------------------------------------------
 */

const char *
oms_plan_problem(const Order *order)
{
	List	   *parts;

	if (order->planned_slices == NULL)
		return order->next_placement_at == NO_TIME ? NULL : "is gone, and something of it is due";
	if (!plan_read(order->planned_slices, &parts) || parts == NIL)
		return "is no array of slices that have a time";
	return ((const PlannedPart *) linitial(parts))->at == order->next_placement_at ? NULL : "is not due when the order says";
}

/* Of the slice that is next, a part at a halted destination is enough. */
static const Halt *
plan_find_halt(const Order *order, const Order *root, const Halts *halts, TimestampTz now)
{
	const Halt *halt = NULL;
	List	   *parts;
	ListCell   *cell;

	if (halts == NULL || !plan_read(order->planned_slices, &parts))
		return NULL;
	foreach(cell, parts)
	{
		const PlannedPart *part = lfirst(cell);
		const char *destination = oms_json_get_string(part->slice, "destination");
		const char *account = oms_json_get_string(part->slice, "account");

		if (halt || part->at != order->next_placement_at)
			break;
		halt = oms_halt_find(halts, now, order->symbol, account ? account : order->account ? order->account : root->account,
							 destination ? destination : order->destination);
	}
	return halt;
}

const char *
oms_plan_waits(const Order *order, const Order *root, const Asker *asker, const Halts *halts, TimestampTz now)
{
	const Halt *halt;

	if (root->desk_status == DESK_QUEUED)
		return psprintf("Order \"%s\" waits for the execution desk.", root->id);
	if (root->desk_status == DESK_CLAIMED && !oms_same_text(root->desk_user, asker->actor))
		return psprintf("Order \"%s\" is claimed by \"%s\".", root->id, root->desk_user ? root->desk_user : "");
	if (oms_request_is_open(order, REQUEST_CANCEL))
		return psprintf("A cancel of order \"%s\" is requested.", order->id);
	if (oms_request_is_open(order, REQUEST_REPLACE))
		return psprintf("Other terms of order \"%s\" are requested.", order->id);
	if (order->conditions & (COND_SUSPENDED | COND_DONE_FOR_DAY))
		return psprintf("Order \"%s\" is %s.", order->id, order->conditions & COND_SUSPENDED ? "suspended" : "done for the day");
	halt = plan_find_halt(order, root, halts, now);
	return halt ? psprintf("Trading is halted: halt \"%s\" is in force%s%s.", halt->name, halt->reason ? ": " : "", halt->reason ? halt->reason : "") : NULL;
}

/* The plan of an order of which the next slice is written. */
typedef struct PlanDue
{
	const Order *order;
	List	   *parts;
	Numeric		left;			/* for the parts that follow */
	PlacementIsTaken is_taken;
	void	   *arg;
	int			number;			/* of the names that were looked for */
} PlanDue;

static bool
plan_has_name(const PlanDue *due, const char *cl_ord_id)
{
	ListCell   *cell;

	foreach(cell, due->parts)
		if (oms_same_text(oms_json_get_string(((const PlannedPart *) lfirst(cell))->slice, "clOrdID"), cl_ord_id))
			return true;
	return false;
}

/* A name that somebody has taken since it was planned is another one by its pattern; without one it stays, and is refused. */
static const char *
plan_name(PlanDue *due, Jsonb *slice)
{
	const char *name = oms_json_get_string(slice, "clOrdID");
	const char *pattern = oms_json_get_string(slice, "clOrdIDPattern");
	const char *destination = oms_json_get_string(slice, "destination");

	if (name == NULL || pattern == NULL || oms_placement_pattern_problem(pattern) || !due->is_taken(due->arg, name))
		return name;
	do
		name = oms_placement_name(pattern, due->order, destination ? destination : due->order->destination, ++due->number);
	while (due->number < TAKEN_NAMES_MAX && (due->is_taken(due->arg, name) || plan_has_name(due, name)));
	return name;
}

/* False: nothing is left for it. */
static bool
plan_write_due(PlanDue *due, Jsonb *slice, JsonWriter *w)
{
	static const char *const own[] = {"placeAt", "followsOrder", "clOrdIDPattern", NULL};
	static const char *const terms[] = {"placeAt", "followsOrder", "clOrdIDPattern", "ordType", "price", "stopPx", "timeInForce", "expireTime", "expireDate", NULL};
	JsonbValue	hold;
	JsonbValue *v = oms_json_get(slice, "followsOrder", &hold);
	bool		follows = v && v->type == jbvBool && v->val.boolean;
	Numeric		quantity = plan_number(slice, "orderQty");
	const char *name;

	if (oms_dec_sign(due->left) <= 0)
		return false;
	name = plan_name(due, slice);
	oms_json_open_object(w);
	plan_write_members(slice, follows ? terms : own, w);
	if (follows)
		oms_placement_write_terms(due->order, quantity, w);
	if (name)
		oms_json_string(w, "clOrdID", name);
	if (quantity)
	{
		quantity = oms_dec_min(quantity, due->left);
		due->left = oms_dec_sub(due->left, quantity);
		oms_json_numeric(w, "orderQty", quantity);
	}
	oms_json_close_object(w);
	return true;
}

Jsonb *
oms_plan_command(const Order *order, PlacementIsTaken is_taken, void *arg)
{
	PlanDue		due = {.order = order, .left = order->unplaced_quantity, .is_taken = is_taken, .arg = arg};
	JsonWriter	w = {0};
	bool		drops = oms_dec_sign(due.left) <= 0;
	ListCell   *cell;

	if (!plan_read(order->planned_slices, &due.parts))
		due.parts = NIL;
	oms_json_open_object(&w);
	oms_json_string(&w, "commandType", oms_command_defs[COMMAND_PLACE_ORDER].name);
	oms_json_string(&w, "orderId", order->id);
	if (drops)
		oms_json_bool(&w, "replacePlan", true);
	else
		oms_json_time(&w, "plannedSlice", order->next_placement_at);
	oms_json_key(&w, "children");
	oms_json_open_array(&w);
	foreach(cell, due.parts)
	{
		const PlannedPart *part = lfirst(cell);

		if (part->at == order->next_placement_at && !plan_write_due(&due, part->slice, &w))
			break;
	}
	oms_json_close_array(&w);
	oms_json_close_object(&w);
	return oms_json_finish(&w);
}

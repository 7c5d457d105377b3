/*-------------------------------------------------------------------------
 *
 * halt.c
 *	  Trading halts, and what they do to a command.
 *
 * Pure: halts are values of the decision, and only its changes are read.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/damage.h"
#include "base/decimal.h"
#include "base/json.h"
#include "base/moment.h"
#include "core/halt.h"
#include "core/order/order.h"

/* ------------------------------------------------------------------------
 * which one is it?
 * ------------------------------------------------------------------------
 */

static int
halt_compare(const void *a, const void *b)
{
	const Halt *first = a;
	const Halt *second = b;
	int			order;

	if (first->symbol == NULL || second->symbol == NULL)
		order = (first->symbol != NULL) - (second->symbol != NULL);
	else
		order = strcmp(first->symbol, second->symbol);
	return order != 0 ? order : strcmp(first->name, second->name);
}

void
oms_halts_sort(Halts *halts)
{
	if (halts->count > 1)
		qsort(halts->halts, halts->count, sizeof(Halt), halt_compare);
	for (halts->of_any_symbol = 0; halts->of_any_symbol < halts->count; halts->of_any_symbol++)
		if (halts->halts[halts->of_any_symbol].symbol)
			break;
}

/* The first that is not of a smaller symbol. */
static int
halt_first_of(const Halts *halts, const char *symbol)
{
	int			low = halts->of_any_symbol;
	int			high = halts->count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (strcmp(halts->halts[middle].symbol, symbol) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
halt_is_of(const char *scope, const char *value)
{
	return scope == NULL || (value && strcmp(scope, value) == 0);
}

const Halt *
oms_halt_find(const Halts *halts, TimestampTz now, const char *symbol, const char *account, const char *destination)
{
	for (int i = 0; i < halts->count; i++)
	{
		const Halt *halt = &halts->halts[i];

		if (i == halts->of_any_symbol && symbol)
		{
			i = halt_first_of(halts, symbol);
			halt = &halts->halts[i];
		}
		if (i == halts->count || !halt_is_of(halt->symbol, symbol))
			break;
		if (halt->since <= now && now < halt->until && halt_is_of(halt->account, account) && halt_is_of(halt->destination, destination))
			return halt;
	}
	return NULL;
}

/* ------------------------------------------------------------------------
 * what it says
 * ------------------------------------------------------------------------
 */

static const char *
halt_time(const char *before, TimestampTz time)
{
	char		text[MOMENT_TEXT_SIZE];

	if (!oms_time_is_printable(time))
		return "";
	oms_time_text(time, text);
	return psprintf(" %s %s", before, text);
}

/* The facts, as a detail has them. */
static char *
halt_facts(const Halt *halt)
{
	const char *scope = psprintf("%s%s%s%s%s%s", halt->symbol ? " of symbol " : "", halt->symbol ? halt->symbol : "",
								 halt->account ? " for account " : "", halt->account ? halt->account : "",
								 halt->destination ? " at destination " : "", halt->destination ? halt->destination : "");

	return psprintf("halt \"%s\"%s is in force%s%s%s%s", halt->name, scope[0] ? scope : " of everything", halt_time("since", halt->since),
					halt_time("until", halt->until), halt->reason ? ": " : "", halt->reason ? halt->reason : "");
}

static Refusal *
halt_refuse(const Halt *halt, char *what)
{
	return oms_refuse_by_rule("trading_halt", psprintf("%s while trading is halted", what), "%s (version " INT64_FORMAT ").", halt_facts(halt),
							  halt->version);
}

static Jsonb *
halt_saw(const Halt *halt)
{
	JsonWriter	w = {0};

	oms_json_open_object(&w);
	oms_json_string(&w, "halt", halt->name);
	if (oms_time_is_printable(halt->since))
		oms_json_time(&w, "since", halt->since);
	if (oms_time_is_printable(halt->until))
		oms_json_time(&w, "until", halt->until);
	if (halt->reason)
		oms_json_string(&w, "reason", halt->reason);
	oms_json_close_object(&w);
	return oms_json_finish(&w);
}

static Finding *
halt_finding(const Halt *halt)
{
	Finding    *finding = palloc0(sizeof(Finding));

	finding->rule = "trading_halt";
	finding->version = halt->version;
	finding->severity = FINDING_DESK;
	finding->message = psprintf("HALTED: %s", halt->reason ? halt->reason : halt->name);
	finding->why = halt_facts(halt);
	finding->saw = halt_saw(halt);
	return finding;
}

/* ------------------------------------------------------------------------
 * what the command has made
 * ------------------------------------------------------------------------
 */

/* What an order has not itself, the nearest above it has. */
static const char *
halt_destination(const Decision *d, const Order *order)
{
	Walk		walk = {0};

	while (order && order->destination == NULL && order->parent_id)
	{
		oms_walk_step(&walk, "order", order->id);
		order = oms_get_order(d, order->parent_id);
	}
	return order ? order->destination : NULL;
}

static const char *
halt_account(const Decision *d, const Order *order)
{
	const Order *root = order->account || order->parent_id == NULL ? order : oms_get_order(d, order->root_id);

	return root ? root->account : NULL;
}

static const Halt *
halt_of_order(const Decision *d, const Order *order)
{
	return oms_halt_find(d->halts, oms_decision_now(d), order->symbol, halt_account(d, order), halt_destination(d, order));
}

static bool
halt_is_more(Numeric before, Numeric after)
{
	return after && (before == NULL || oms_dec_cmp(after, before) > 0);
}

/* A request that was answered, or is pending at the counterparty already, is only told late. */
static bool
halt_asks_for_more(const Command *command, const Order *before, const Order *after)
{
	const OrderRequest *known = command->cl_ord_id ? oms_request_named(before, command->cl_ord_id) : NULL;

	if (after->pending_requests == before->pending_requests || (known && known->unasked))
		return false;
	return halt_is_more(before->order_qty, command->terms.order_qty) || halt_is_more(before->cash_order_qty, command->terms.cash_order_qty);
}

/* Would there be more of the order, or would a block work for more of it? */
static bool
halt_grows(const Command *command, const Order *before, const Order *after)
{
	if (oms_has_trait(command->def, TRAIT_ASKS_TERMS))
		return halt_asks_for_more(command, before, after);
	if (command->members.shares && oms_dec_cmp(after->reserved_quantity, before->reserved_quantity) > 0)
		return true;
	return (oms_has_trait(command->def, TRAIT_TAKES_TERMS) || command->members.shares) &&
		!oms_has_trait(command->def, TRAIT_SPLITS) &&
		(halt_is_more(before->order_qty, after->order_qty) || halt_is_more(before->cash_order_qty, after->cash_order_qty));
}

static Refusal *
halt_check_new(Decision *d, const Order *order)
{
	const Halt *halt = halt_of_order(d, order);

	if (halt == NULL)
		return NULL;
	if (order->quote_id)
		return halt_refuse(halt, psprintf("quote \"%s\" cannot be accepted", order->quote_id));
	if (order->members)
		return halt_refuse(halt, "a block order cannot be created");
	if (order->parent_id)
		return halt_refuse(halt, psprintf("order \"%s\" cannot be placed", order->parent_id));
	d->findings = lappend(list_copy(d->findings), halt_finding(halt));
	return NULL;
}

Refusal *
oms_halts_check(Decision *d)
{
	const Command *command = d->command;
	Refusal    *refusal = NULL;
	ListCell   *cell;

	/* an order that its counterparty's report makes was telephoned: it is there */
	if (oms_command_is_about_facts(command) || (oms_has_trait(command->def, TRAIT_TELEPHONED) && command->counterparty_order_id))
		return NULL;
	foreach(cell, d->changes)
	{
		const Change *change = lfirst(cell);
		const Order *order = (const Order *) change->after;
		const Halt *halt;

		if (order->kind != KIND_ORDER)
			continue;
		if (change->before == NULL)
			refusal = halt_check_new(d, order);
		else if (halt_grows(command, (const Order *) change->before, order) && (halt = halt_of_order(d, order)) != NULL)
			refusal = halt_refuse(halt, psprintf("order \"%s\" cannot be increased", order->id));
		if (refusal)
			break;
	}
	return refusal;
}

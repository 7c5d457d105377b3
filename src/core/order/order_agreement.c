/*-------------------------------------------------------------------------
 *
 * order_agreement.c
 *	  What a block and its members must have in common.
 *
 * Pure: values in, values out, but for the orders that blocks tie together.  A
 * fill of the block becomes one of the member: what a report of it is held
 * against (execution_review.c) must be the same for both.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "base/decimal.h"
#include "base/moment.h"
#include "core/order/order_block.h"
#include "core/order/order_instrument.h"

/* One that is just being made may have an id that nobody has seen. */
static const char *
agreement_name_of(const Order *block)
{
	return block->version == 0 ? "the new block" : psprintf("block \"%s\"", block->id);
}

static Refusal *
agreement_refuse(const Order *block, const Order *member, const char *field, const char *of_block, const char *of_member)
{
	return oms_refuse_by_rule("member_differs",
							  psprintf("order \"%s\" cannot be a member of %s", member->id, agreement_name_of(block)),
							  "%s is %s, the block's is %s.", field, of_member ? of_member : "not given",
							  of_block ? of_block : "not given");
}

/* Fields that both have, or neither. */
static const struct
{
	const char *field;
	size_t		offset;
}			agreement_columns[] = {
	{"symbol", offsetof(Order, symbol)},
	{"side", offsetof(Order, side)},
	{"currency", offsetof(Order, currency)},
	{"assetClass", offsetof(Order, asset_class)}
};

/* The same of what has no column: SettlType (63) and SettlDate (64). */
static const char *const agreement_fix_fields[] = {"settlType", "settlDate"};

/* Regular settlement need not be said. */
static char *
agreement_settlement(const Order *order, const char *field)
{
	char	   *text = oms_fix_text(order->fix, field);

	return text && strcmp(text, "0") == 0 ? NULL : text;
}

static Refusal *
agreement_check_limit(const Order *block, const Order *member)
{
	bool		sided = oms_sides_are_kin(member->side, "BUY") || oms_sides_are_kin(member->side, "SELL");

	if (!sided || !oms_order_has_limit(member) ||
		(oms_order_has_limit(block) && oms_price_beyond(block, block->side, block->price, member->price) == NULL))
		return NULL;
	return oms_refuse_by_rule("member_limit",
							  psprintf("%s has a worse limit than its member \"%s\"", agreement_name_of(block), member->id),
							  "The block's ordType is %s with price %s; the member's limit is %s.", block->ord_type,
							  oms_order_has_limit(block) ? oms_dec_text(block->price) : "none", oms_dec_text(member->price));
}

/* As it is once the replacement stands that waits for those below it: that asks nobody any more. */
static const Order *
agreement_awaited(const Order *order)
{
	Order	   *after = palloc(sizeof(Order));
	int			count;
	OrderRequest *requests = oms_requests_from_json(order->pending_requests, &count);

	*after = *order;
	for (int i = 0; i < count; i++)
		if (requests[i].cascade_id)
			oms_terms_apply(after, &requests[i].terms);
	return after;
}

static Refusal *
agreement_check_limits(const Order *block, const Order *member)
{
	const Order *blocks[] = {block, agreement_awaited(block)};
	const Order *members[] = {member, agreement_awaited(member)};
	Refusal    *refusal = NULL;

	for (int i = 0; i < lengthof(blocks) * lengthof(members) && refusal == NULL; i++)
		refusal = agreement_check_limit(blocks[i / 2], members[i % 2]);
	return refusal;
}

Refusal *
oms_check_agreement(const Order *block, const Order *member)
{
	InstrumentDifference difference;
	int			next = 0;

	for (int i = 0; i < lengthof(agreement_columns); i++)
	{
		const char *of_block = *(char *const *) ((const char *) block + agreement_columns[i].offset);
		const char *of_member = *(char *const *) ((const char *) member + agreement_columns[i].offset);

		if (!oms_same_text(of_block, of_member))
			return agreement_refuse(block, member, agreement_columns[i].field, of_block, of_member);
	}
	for (int i = 0; i < lengthof(agreement_fix_fields); i++)
	{
		char	   *of_block = agreement_settlement(block, agreement_fix_fields[i]);
		char	   *of_member = agreement_settlement(member, agreement_fix_fields[i]);

		if (!oms_same_text(of_block, of_member))
			return agreement_refuse(block, member, agreement_fix_fields[i], of_block, of_member);
	}
	if (oms_instrument_differs(block->fix, member->fix, &next, &difference))
		return agreement_refuse(block, member, difference.field, difference.a, difference.b);
	return agreement_check_limits(block, member);
}

/* ------------------------------------------------------------------------
 * replacements
 * ------------------------------------------------------------------------
 */

typedef struct TieCheck
{
	const Decision *d;
	const Order *order;			/* as it will be */
	Refusal    *refusal;
} TieCheck;

static void
agreement_check_tie(const char *id, void *arg)
{
	TieCheck   *check = arg;
	const Order *other = oms_get_order(check->d, id);
	bool		is_block = oms_order_is_block(check->order);
	const Order *block = is_block ? check->order : other;
	const Order *member = is_block ? other : check->order;
	OrderMember *members;
	OrderMember *membership;
	int			count;

	if (other == NULL || check->refusal)
		return;
	members = oms_members_from_json(block->members, &count);
	membership = oms_member_find(members, count, member->id);
	if (membership && oms_member_is_live(membership))
		check->refusal = oms_check_agreement(block, member);
}

Refusal *
oms_check_ties(Decision *d, const Command *command, const Order *order, const OrderEvent *event)
{
	Order		after;
	TieCheck	check = {d, &after, NULL};

	if ((order->members == NULL && order->block_order_ids == NULL) || event->split ||
		!oms_has_trait(command->def, TRAIT_TAKES_TERMS | TRAIT_ASKS_TERMS) ||
		oms_command_is_report(command) || command->pending == TRI_FALSE)
		return NULL;
	after = *order;
	if (event->edit == REQUEST_OPEN)
		oms_terms_apply(&after, &event->request.terms);
	else
		oms_order_evolve(&after, event);
	oms_order_ties(&after.object, REACH_NEAR, agreement_check_tie, &check);
	return check.refusal;
}

Refusal *
oms_check_block_quantity(const Command *command, const Order *order, OrderEvent *event)
{
	Numeric		order_qty = event->terms.order_qty ? event->terms.order_qty :
		event->edit == REQUEST_OPEN ? event->request.terms.order_qty : NULL;
	bool		is_report = oms_command_is_report(command);
	bool		is_known = oms_order_is_at_counterparty(order) || (is_report && (command->counterparty_order_id || command->fix_session));
	OrderMember *members;
	Numeric		covered;
	int			count;
	int			beyond;

	if (order->members == NULL || order_qty == NULL || (event->edit == REQUEST_OPEN && command->pending == TRI_FALSE))
		return NULL;
	members = oms_members_from_json(order->members, &count);
	covered = oms_members_quantity(members, count);
	beyond = oms_dec_cmp(order_qty, covered);
	if (beyond == 0 || (beyond < 0 && is_known))
		return NULL;
	if (is_report)
	{
		event->raises |= beyond > 0 ? FLAG_OVER_PLACED : FLAG_BELOW_PLACED;
		return NULL;
	}
	return oms_with_hint(oms_refuse_by_rule(beyond > 0 ? "over_placed" : "below_placed",
											psprintf("block \"%s\" has the quantity that its members give it", order->id),
											"orderQty %s is asked for; the memberships come to %s.", oms_dec_text(order_qty),
											oms_dec_text(covered)),
						 "Use ReplaceBlockMembersCommand to change it.");
}

/* ------------------------------------------------------------------------
 * what a new block has of its members
 * ------------------------------------------------------------------------
 */

static const Order *
agreement_member(const Decision *d, const Command *command, int i)
{
	return oms_get_order(d, command->members.shares[i].order_id);
}

/* Terms that say nothing, or what the first member has, and all have. */
static OrderTerms
agreement_common_terms(const Decision *d, const Command *command)
{
	const Order *first = agreement_member(d, command, 0);
	bool		limits = true;
	bool		times = true;
	OrderTerms	terms = {.expire_time = NO_TIME, .expire_date = NO_DATE};

	for (int i = 1; i < command->members.count; i++)
	{
		const Order *other = agreement_member(d, command, i);

		limits = limits && strcmp(first->ord_type, other->ord_type) == 0 && oms_dec_same(first->price, other->price) &&
			oms_dec_same(first->stop_px, other->stop_px);
		times = times && oms_same_text(first->time_in_force, other->time_in_force) &&
			first->expire_time == other->expire_time && first->expire_date == other->expire_date;
	}
	if (limits)
	{
		terms.ord_type = first->ord_type;
		terms.price = first->price;
		terms.stop_px = first->stop_px;
	}
	if (times)
	{
		terms.time_in_force = first->time_in_force;
		terms.expire_time = first->expire_time;
		terms.expire_date = first->expire_date;
	}
	return terms;
}

/* A price makes no sense without its type, nor a time without what it is the end of: both or neither. */
static void
agreement_default_terms(const Decision *d, Command *command)
{
	OrderTerms	common = agreement_common_terms(d, command);
	OrderTerms *terms = &command->terms;

	if (terms->price == NULL && terms->stop_px == NULL && (terms->ord_type == NULL || oms_same_text(terms->ord_type, common.ord_type)))
	{
		terms->ord_type = terms->ord_type ? terms->ord_type : common.ord_type;
		terms->price = common.price;
		terms->stop_px = common.stop_px;
	}
	if (terms->time_in_force == NULL && terms->expire_time == NO_TIME && terms->expire_date == NO_DATE)
	{
		terms->time_in_force = common.time_in_force;
		terms->expire_time = common.expire_time;
		terms->expire_date = common.expire_date;
	}
}

/* A field of FIX that the command does not have: as the first member has it that does. */
static void
agreement_default_fix_field(const Decision *d, const Command *command, const char *name, JsonWriter *w)
{
	JsonbValue	hold;

	if (command->fix && oms_json_get(command->fix, name, &hold) != NULL)
		return;
	for (int i = 0; i < command->members.count; i++)
	{
		const Order *member = agreement_member(d, command, i);
		JsonbValue *v = member->fix ? oms_json_get(member->fix, name, &hold) : NULL;

		if (v == NULL)
			continue;
		if (w->level == NULL)
			oms_json_open_object(w);
		oms_json_scalar(w, name, v);
		return;
	}
}

static void
agreement_default_fix(const Decision *d, Command *command)
{
	JsonWriter	w = {0};
	const char *name;
	int			next = 0;
	Jsonb	   *fields;

	while ((name = oms_instrument_field(&next)) != NULL)
		agreement_default_fix_field(d, command, name, &w);
	for (int i = 0; i < lengthof(agreement_fix_fields); i++)
		agreement_default_fix_field(d, command, agreement_fix_fields[i], &w);
	if (w.level == NULL)
		return;
	oms_json_close_object(&w);
	fields = oms_json_finish(&w);
	if (command->fix)
		fields = DatumGetJsonbP(DirectFunctionCall2(jsonb_concat, JsonbPGetDatum(fields), JsonbPGetDatum(command->fix)));
	command->fix = fields;
}

void
oms_block_default(const Decision *d, Command *command)
{
	const Order *first = agreement_member(d, command, 0);

	command->symbol = command->symbol ? command->symbol : first->symbol;
	command->side = command->side ? command->side : first->side;
	command->currency = command->currency ? command->currency : first->currency;
	command->asset_class = command->asset_class ? command->asset_class : first->asset_class;
	command->attributes_from = first->attributes;
	agreement_default_terms(d, command);
	agreement_default_fix(d, command);
}

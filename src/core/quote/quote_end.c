/*-------------------------------------------------------------------------
 *
 * quote_end.c
 *	  How a quote ends that is not dealt: rejected, cancelled, expired.
 *
 * Pure: reads through the decision's source, and puts what changes into the
 * decision.  While a dealer has the last look, his rejection is one of the order
 * that waits for him; the quote follows that (quote_follow.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/damage.h"
#include "core/order/order_commands.h"
#include "core/quote/quote.h"

/* Why, where the command does not say; and what a response of whoever asked makes of the quote. */
static const struct
{
	const char *resp_type;		/* QuoteRespType (694) */
	QuoteTrigger trigger;
}			end_responses[] = {
	{"COUNTER", QUOTE_REJECT},
	{"PASS", QUOTE_REJECT},
	{"COVER", QUOTE_DECLINE},	/* another was dealt, and this one was the next */
	{"DONE_AWAY", QUOTE_DECLINE},
	{"EXPIRED", QUOTE_EXPIRE}
};

static QuoteTrigger
end_trigger_of(const Command *command)
{
	const char *resp_type = command->quote.resp_type;

	for (int i = 0; resp_type && i < lengthof(end_responses); i++)
		if (strcmp(end_responses[i].resp_type, resp_type) == 0)
			return end_responses[i].trigger;
	return oms_command_trigger(command);
}

/* The dealer has the last look, and uses it. */
static Refusal *
end_refuse_acceptance(Decision *d, const Quote *quote)
{
	const Order *order;
	OrderEvent	event;

	if (!oms_decision_reaches(d, KIND_ORDER, quote->order_id))
		return oms_unreached();
	order = oms_get_order(d, quote->order_id);
	if (order == NULL)
		oms_damaged("order \"%s\", which quote \"%s\" was accepted by, does not exist", quote->order_id, quote->id);
	oms_order_event_init(&event, d->command);
	event.own = false;
	event.transition = oms_order_transition(TRIGGER_REJECT, order, 0, true);
	if (event.transition == NULL)
		return oms_refuse_quote(d->command, quote);
	oms_decision_about(d, KIND_QUOTE, quote->id, false);
	oms_apply_to_tree(d, order, &event);
	return NULL;
}

Refusal *
oms_decide_end_quote(Decision *d)
{
	const Command *command = d->command;
	const Quote *found = oms_get_quote(d, command->quote.object_id);
	QuoteTrigger trigger = end_trigger_of(command);
	const Transition *transition;
	Quote		quote;
	Refusal    *refusal;

	if (found == NULL)
		return oms_no_such(KIND_QUOTE, command->quote.object_id);
	refusal = oms_check_version(command, KIND_QUOTE, found->id, found->version);
	if (refusal)
		return refusal;
	/* a response (694) is of who accepted it: he has to wait */
	if (oms_quote_is_pending(found) && trigger == QUOTE_REJECT && command->quote.resp_type == NULL)
		return end_refuse_acceptance(d, found);
	/* what comes by a message has happened, whatever we think of it */
	transition = oms_quote_transition(found, trigger, command->fix_message != NULL);
	if (transition == NULL && command->fix_message)
		transition = oms_quote_transition(found, QUOTE_REJECT, true);
	if (transition == NULL)
		return oms_refuse_quote(command, found);
	quote = *found;
	if (transition->sets != 0)
		quote.reason = command->reason ? command->reason : command->quote.resp_type;
	if (command->text)
		quote.text = command->text;
	oms_put_quote(d, &quote, transition, false);
	oms_decision_about(d, KIND_QUOTE, quote.id, false);
	return NULL;
}

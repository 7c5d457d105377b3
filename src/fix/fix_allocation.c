/*-------------------------------------------------------------------------
 *
 * fix_allocation.c
 *	  J: how a client shares what a block has done among his accounts.
 *
 * Writes nothing itself: every command goes through oms_fix_run().  The order
 * that the message names is a block; an account is the order of the one member
 * that has it.
 *
 * Source: FIX 4.4 (Errata 20030618) volume 5, "Allocation Instruction".
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/decimal.h"
#include "core/order/order_members.h"
#include "fix/fix_private.h"

/* AllocTransType (71). */
#define ALLOC_NEW		(1 << 0)
#define ALLOC_TAKE_BACK	(1 << 1)

static const struct
{
	const char *code;
	int			does;
}			allocation_types[] = {
	{"0", ALLOC_NEW},
	{"1", ALLOC_TAKE_BACK | ALLOC_NEW},
	{"2", ALLOC_TAKE_BACK}
};

/* All others stand in its groups, though commands know many of them; its own groups end others. */
const int	oms_fix_own_of_allocation[] = {
	TAG_SIDE, TAG_SYMBOL, TAG_TEXT, TAG_TRANSACT_TIME, TAG_ALLOC_ID, TAG_ALLOC_TRANS_TYPE, TAG_REF_ALLOC_ID, TAG_NO_ORDERS,
	TAG_NO_ALLOCS, TAG_NO_EXECS, 0
};
const int	oms_fix_grouped_of_allocation[] = {TAG_CL_ORD_ID, TAG_ORDER_ID, TAG_ALLOC_ACCOUNT, TAG_ALLOC_QTY, 0};

/* An instance of NoAllocs (78). */
typedef struct AllocationShare
{
	char	   *account;
	Numeric		quantity;
	const char *order_id;		/* of the member that has the account */
} AllocationShare;

typedef struct AllocationShares
{
	AllocationShare *shares;
	int			count;
} AllocationShares;

static Refusal *
allocation_read_shares(const FixMessage *message, AllocationShares *shares)
{
	const FixTag *count = oms_fix_find(message, TAG_NO_ALLOCS);

	shares->count = oms_fix_count_instances(message, TAG_NO_ALLOCS);
	if (shares->count == 0 || oms_fix_number(count) != shares->count)
		return oms_fix_damaged("NoAllocs (78) is not the number of allocations: there are %d.", shares->count);
	shares->shares = palloc0(sizeof(AllocationShare) * shares->count);
	for (int i = 0; i < message->ntags; i++)
	{
		const FixTag *tag = &message->tags[i];
		int			instance = tag->tag == TAG_ALLOC_ACCOUNT || tag->tag == TAG_ALLOC_QTY ?
			oms_fix_instance(message, tag, TAG_NO_ALLOCS) : 0;

		CHECK_FOR_INTERRUPTS();
		if (instance == 0)
			continue;
		if (tag->tag == TAG_ALLOC_ACCOUNT)
			shares->shares[instance - 1].account = pnstrdup(tag->value, tag->length);
		else if (!oms_dec_parse(tag->value, tag->length, &shares->shares[instance - 1].quantity))
			return oms_fix_damaged("AllocQty (80) of allocation %d is no decimal number.", instance);
	}
	for (int i = 0; i < shares->count; i++)
		if (shares->shares[i].account == NULL || shares->shares[i].quantity == NULL ||
			oms_dec_sign(shares->shares[i].quantity) <= 0)
			return oms_fix_damaged("Allocation %d of %d has no AllocAccount (79), or no AllocQty (80) above zero.", i + 1, shares->count);
	return NULL;
}

/* Whose account it is, or NULL and why not. */
static const char *
allocation_find_member(FixContext *fix, const OrderMember *members, int count, const char *account, const char **why)
{
	const char *found = NULL;

	for (int i = 0; i < count; i++)
	{
		const Order *order = members[i].released ? NULL : oms_fix_order(fix->uow, members[i].order_id);

		if (order == NULL || order->account == NULL || strcmp(order->account, account) != 0)
			continue;
		if (found)
		{
			*why = psprintf("two members of the block have the account \"%s\"", account);
			return NULL;
		}
		found = order->id;
	}
	if (found == NULL)
		*why = psprintf("no member of the block has the account \"%s\"", account);
	return found;
}

/* What comes twice is added up.  False: an account is nobody's, or not one's alone. */
static bool
allocation_find_members(FixContext *fix, const Order *block, AllocationShares *shares)
{
	int			count;
	OrderMember *members = oms_members_from_json(block->members, &count);
	int			kept = 0;

	for (int i = 0; i < shares->count; i++)
	{
		AllocationShare *share = &shares->shares[i];
		int			same = 0;

		share->order_id = allocation_find_member(fix, members, count, share->account, &fix->ignored);
		if (share->order_id == NULL)
			return false;
		while (same < kept && strcmp(shares->shares[same].order_id, share->order_id) != 0)
			same++;
		if (same < kept)
			shares->shares[same].quantity = oms_dec_add(shares->shares[same].quantity, share->quantity);
		else
			shares->shares[kept++] = *share;
	}
	shares->count = kept;
	return true;
}

/* The message's own ids are those of the first order that it names. */
static bool
allocation_names_one_order(const FixMessage *message)
{
	const FixTag *first = oms_fix_find(message, TAG_CL_ORD_ID);

	for (int i = 0; i < message->ntags; i++)
	{
		const FixTag *tag = &message->tags[i];

		if (tag->tag == TAG_CL_ORD_ID &&
			(tag->length != first->length || memcmp(tag->value, first->value, tag->length) != 0))
			return false;
	}
	return true;
}

static const Order *
allocation_find_block(FixContext *fix)
{
	FixMatch	match = oms_fix_match_order(fix->uow, &fix->message, &fix->orders);
	const Order *order = match.order_id ? oms_fix_order(fix->uow, match.order_id) : NULL;

	if (!allocation_names_one_order(&fix->message))
		fix->ignored = "it names several orders";
	else if (order == NULL)
		fix->ignored = match.ambiguous ? "more than one order matches" : "the order is not known";
	else if (!oms_order_is_block(order))
		fix->ignored = "the order is no block";
	return fix->ignored ? NULL : order;
}

/*
 * Has the command before only been proposed?  Then what it takes back is not free
 * yet, and the two are no whole: somebody takes back first.
 */
static Refusal *
allocation_check_done(const FixContext *fix, const char *block_id)
{
	int			count;
	const Event *events = oms_uow_events(fix->uow, &count);
	Refusal    *refusal;

	if (count == 0 || strcmp(events[0].event_type, "ExecutionAllocationProposed") != 0)
		return NULL;
	refusal = oms_refuse_by_rule("four_eyes", psprintf("an allocation of block \"%s\" cannot be replaced by one message", block_id),
								 "%s", "by oms_state.allocation_four_eyes what is taken back waits for somebody else.");
	refusal->sqlstate = OMS_NOT_PERMITTED;
	return oms_with_hint(refusal, "AllocTransType (71) 2 takes it back, and 0 gives it anew; each is approved by itself.");
}

static JsonWriter
allocation_command(const FixMessage *message, CommandType type, const char *block_id, const char *alloc_id)
{
	JsonWriter	w = oms_fix_command(message, &oms_command_defs[type]);

	oms_json_string(&w, "orderId", block_id);
	oms_json_string(&w, "allocID", alloc_id);
	if (oms_fix_is_resent(message))
		oms_json_bool(&w, "possResend", true);
	return w;
}

/* What the allocation of this AllocID gave goes back. */
static Refusal *
allocation_take_back(FixContext *fix, const char *block_id, bool gives_anew)
{
	char	   *ref = oms_fix_get(&fix->message, TAG_REF_ALLOC_ID);
	char	   *own = oms_fix_get(&fix->message, TAG_ALLOC_ID);
	JsonWriter	w = allocation_command(&fix->message, COMMAND_DEALLOCATE_EXECUTION, block_id, ref ? ref : own);

	if (gives_anew && (ref == NULL || strcmp(ref, own) == 0))
		oms_json_bool(&w, "givesAnew", true);
	return oms_fix_run(fix, &w);
}

static Refusal *
allocation_give(FixContext *fix, const char *block_id, const AllocationShares *shares)
{
	JsonWriter	w = allocation_command(&fix->message, COMMAND_ALLOCATE_EXECUTION, block_id,
									   oms_fix_get(&fix->message, TAG_ALLOC_ID));

	oms_json_key(&w, "allocations");
	oms_json_open_array(&w);
	for (int i = 0; i < shares->count; i++)
	{
		oms_json_open_object(&w);
		oms_json_string(&w, "orderId", shares->shares[i].order_id);
		oms_json_numeric(&w, "quantity", shares->shares[i].quantity);
		oms_json_close_object(&w);
	}
	oms_json_close_array(&w);
	return oms_fix_run(fix, &w);
}

static int
allocation_does(const FixMessage *message)
{
	for (int i = 0; i < lengthof(allocation_types); i++)
		if (oms_fix_is(message, TAG_ALLOC_TRANS_TYPE, allocation_types[i].code))
			return allocation_types[i].does;
	return 0;
}

Refusal *
oms_fix_handle_allocation(FixContext *fix)
{
	int			does = allocation_does(&fix->message);
	AllocationShares shares = {0};
	const Order *block;
	Refusal    *refusal = REQUIRE(fix, TAG_ALLOC_ID, TAG_ALLOC_TRANS_TYPE);

	if (refusal)
		return refusal;
	if (does == 0)
	{
		fix->ignored = "this AllocTransType (71) stands for no command";
		return NULL;
	}
	if (does & ALLOC_NEW)
		refusal = allocation_read_shares(&fix->message, &shares);
	for (int i = 0; refusal == NULL && i < shares.count; i++)
		refusal = oms_fix_check_account(fix, shares.shares[i].account, false);
	if (refusal)
		return refusal;
	block = allocation_find_block(fix);
	if (block == NULL || ((does & ALLOC_NEW) && !allocation_find_members(fix, block, &shares)))
		return NULL;
	if (does & ALLOC_TAKE_BACK)
		refusal = allocation_take_back(fix, block->id, (does & ALLOC_NEW) != 0);
	if (refusal == NULL && does == (ALLOC_TAKE_BACK | ALLOC_NEW))
		refusal = allocation_check_done(fix, block->id);
	if (refusal == NULL && (does & ALLOC_NEW))
		refusal = allocation_give(fix, block->id, &shares);
	return refusal;
}

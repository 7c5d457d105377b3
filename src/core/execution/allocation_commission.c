/*-------------------------------------------------------------------------
 *
 * allocation_commission.c
 *	  The commission of a block's fill, shared by those who have the fill.
 *
 * Pure: values in, values out.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/decimal.h"
#include "core/execution/allocation_commission.h"

/* One that is an amount: what is a rate counts for every part as it does for the whole. */
bool
oms_commission_is_shared(const Execution *fill)
{
	return fill->commission && (fill->comm_type == NULL || strcmp(fill->comm_type, "ABSOLUTE") == 0);
}

/*
 * By quantity, rounded as values are: what the entries of one allocation have of
 * a fill is a part of what those before it have left.
 */
void
oms_commission_share(const BookFill *fill)
{
	Numeric		left = fill->now.commission;
	Numeric		quantity = fill->now.quantity;
	int			count = list_length(fill->entries);
	ShareMember *shares = palloc0(sizeof(ShareMember) * Max(count, 1));

	for (int first = 0, end; first < count; first = end)
	{
		const AllocationEntry *of = list_nth(fill->entries, first);
		int			n = 0;

		for (end = first; end < count; end++)
		{
			const AllocationEntry *entry = list_nth(fill->entries, end);

			if (!oms_same_text(entry->allocation_id, of->allocation_id))
				break;
			/* those of one allocation stand as its members are served */
			shares[n] = (ShareMember) {.order_id = entry->order_id, .priority = n, .quantity = entry->quantity};
			n++;
		}
		left = oms_dec_sub(left, oms_share_value(shares, n, left, quantity));
		for (int i = 0; i < n; i++)
		{
			AllocationEntry *entry = list_nth(fill->entries, first + i);

			entry->commission = shares[i].value;
			quantity = oms_dec_sub(quantity, entry->quantity);
		}
	}
	pfree(shares);
}

/*-------------------------------------------------------------------------
 *
 * fix_fills.c
 *	  FillsGrp (1362): a trade that was reported in parts.
 *
 * Pure.  The value of a trade is exact: Σ FillQty × FillPx.  Where no decimal of
 * 38 digits is its average price, one execution could not have that value, and
 * each part becomes one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/decimal.h"
#include "core/command.h"
#include "fix/fix_fills.h"
#include "fix/fix_tags.h"

/* Figures and ids as the group has them, by instance. */
static Refusal *
fills_read(const FixMessage *message, FixFill *fills, int count)
{
	for (int i = 0; i < message->ntags; i++)
	{
		const FixTag *tag = &message->tags[i];
		FixFill    *fill;
		int			instance;

		if (tag->tag != TAG_FILL_EXEC_ID && tag->tag != TAG_FILL_PX && tag->tag != TAG_FILL_QTY)
			continue;
		instance = oms_fix_instance(message, tag, TAG_NO_FILLS);
		if (instance == 0 || instance > count)
			return oms_fix_damaged("Tag %d stands in no instance of the fills (1362).", tag->tag);
		fill = &fills[instance - 1];
		if (tag->tag == TAG_FILL_EXEC_ID)
			fill->id = tag->length > 0 ? pnstrdup(tag->value, tag->length) : NULL;
		else if (!oms_dec_parse(tag->value, tag->length, tag->tag == TAG_FILL_PX ? &fill->price : &fill->quantity))
			return oms_fix_damaged("Tag %d of fill %d is no decimal number.", tag->tag, instance);
	}
	for (int i = 0; i < count; i++)
		if (fills[i].price == NULL || fills[i].quantity == NULL || oms_dec_sign(fills[i].quantity) <= 0)
			return oms_fix_damaged("Fill %d of %d has no FillPx (1364), or no FillQty (1365) above zero.", i + 1, count);
	return NULL;
}

static int
fills_compare_ids(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/* Each has an id of its own, that an ExecID can end with, or all are numbered. */
static void
fills_name(FixFill *fills, int count, size_t room)
{
	char	  **ids = palloc(sizeof(char *) * count);
	bool		named = true;

	for (int i = 0; i < count && named; i++)
	{
		ids[i] = fills[i].id;
		named = ids[i] != NULL && strlen(ids[i]) <= room;
	}
	if (named)
		qsort(ids, count, sizeof(char *), fills_compare_ids);
	for (int i = 1; i < count && named; i++)
		named = strcmp(ids[i - 1], ids[i]) != 0;
	for (int i = 0; i < count && !named; i++)
		fills[i].id = psprintf("%d", i + 1);
}

/* The price at which the whole has exactly this value, or NULL. */
static Numeric
fills_exact_average(Numeric quantity, Numeric value)
{
	Numeric		price = oms_dec_trim(oms_dec_div(value, quantity, FACTOR_SCALE));

	return oms_dec_acceptable(price) && oms_dec_cmp(oms_dec_mul(price, quantity), value) == 0 ? price : NULL;
}

Refusal *
oms_fix_fills(const FixMessage *message, FixFills *fills)
{
	const FixTag *count = oms_fix_find(message, TAG_NO_FILLS);
	char	   *last_qty = oms_fix_get(message, TAG_LAST_QTY);
	char	   *exec_id = oms_fix_get(message, TAG_EXEC_ID);
	int			instances = oms_fix_count_instances(message, TAG_NO_FILLS);
	Numeric		quantity = oms_dec_zero();
	Numeric		value = oms_dec_zero();
	Numeric		price;
	Numeric		stated;
	Refusal    *refusal;

	fills->count = 0;
	if (count == NULL || (last_qty && oms_fix_get(message, TAG_LAST_PX)))
		return NULL;
	if (instances == 0 || oms_fix_number(count) != instances)
		return oms_fix_damaged("NoFills (1362) is not the number of fills: there are %d.", instances);

	fills->fills = palloc0(sizeof(FixFill) * instances);
	refusal = fills_read(message, fills->fills, instances);
	if (refusal)
		return refusal;
	for (int i = 0; i < instances; i++)
	{
		quantity = oms_dec_add(quantity, fills->fills[i].quantity);
		value = oms_dec_add(value, oms_dec_mul(fills->fills[i].quantity, fills->fills[i].price));
	}
	if (last_qty && (!oms_dec_parse(last_qty, strlen(last_qty), &stated) || oms_dec_cmp(stated, quantity) != 0))
		return oms_fix_damaged("The fills make %s, LastQty (32) is another quantity.", oms_dec_text(quantity));

	fills->count = instances;
	price = fills_exact_average(quantity, value);
	if (price == NULL)
		fills_name(fills->fills, instances, exec_id && strlen(exec_id) < ID_LENGTH_MAX ? ID_LENGTH_MAX - 1 - strlen(exec_id) : 0);
	else
	{
		fills->count = 1;
		fills->fills[0] = (FixFill) {.quantity = quantity, .price = price};
	}
	return NULL;
}

void
oms_fix_put_nothing_stated(JsonWriter *w)
{
	static const char *const stated[] = {"cumQty", "leavesQty", "avgPx", "ordStatus"};
	JsonbValue	null = {.type = jbvNull};

	/* of members of the same key the last one counts */
	for (int i = 0; i < lengthof(stated); i++)
		oms_json_scalar(w, stated[i], &null);
}

char *
oms_fix_fill_exec_id(const FixMessage *message, const FixFill *fill)
{
	return psprintf("%s/%s", oms_fix_get(message, TAG_EXEC_ID), fill->id);
}

void
oms_fix_put_fill(JsonWriter *w, const FixMessage *message, const FixFill *fill, bool last)
{
	oms_json_numeric(w, "lastQty", fill->quantity);
	oms_json_numeric(w, "lastPx", fill->price);
	if (fill->id)
	{
		oms_json_string(w, "execID", oms_fix_fill_exec_id(message, fill));
		oms_json_string(w, "fillExecID", fill->id);
	}
	if (!last)
		oms_fix_put_nothing_stated(w);
}

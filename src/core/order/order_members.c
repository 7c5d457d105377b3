/*-------------------------------------------------------------------------
 *
 * order_members.c
 *	  The members of a block, as its row and theirs have them.
 *
 * Pure: values in, values out.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/damage.h"
#include "base/decimal.h"
#include "core/order/order_members.h"

const OmsName	oms_allocation_method_names[] = {
	{ALLOCATE_PRO_RATA, "PRO_RATA"},
	{ALLOCATE_PRIORITY, "PRIORITY"},
	{ALLOCATE_EQUAL, "EQUAL"},
	{ALLOCATE_MANUAL, "MANUAL"},
	{0}
};

static int
members_compare(const void *a, const void *b)
{
	const OrderMember *first = a;
	const OrderMember *second = b;

	if (first->priority != second->priority)
		return first->priority < second->priority ? -1 : 1;
	return strcmp(first->order_id, second->order_id);
}

static void
members_read_methods(Jsonb *json, OrderMember *member)
{
	JsonbValue	hold;
	JsonbValue *methods = oms_json_get(json, "methods", &hold);
	Jsonb	   *object;

	if (methods == NULL || methods->type != jbvBinary)
		return;
	object = JsonbValueToJsonb(methods);
	for (const OmsName *n = oms_allocation_method_names; n->name != NULL; n++)
		member->by_method[n->value] = oms_json_get_numeric(object, n->name);
}

static void
members_read(Jsonb *json, OrderMember *member)
{
	JsonbValue	hold;
	JsonbValue *released = oms_json_get(json, "released", &hold);
	Numeric		priority = oms_json_get_numeric(json, "priority");

	member->released = released && released->type == jbvBool && released->val.boolean;
	member->order_id = oms_json_get_string(json, "orderId");
	member->quantity = oms_json_get_numeric(json, "quantity");
	member->by_factor = oms_json_get_numeric(json, "quantityByFactor");
	member->allocated_quantity = oms_json_get_numeric(json, "allocatedQuantity");
	member->allocated_value = oms_json_get_numeric(json, "allocatedValue");
	if (member->order_id == NULL || member->quantity == NULL || member->allocated_quantity == NULL || member->allocated_value == NULL)
		oms_damaged("a member of a block is written as %s", JsonbToCString(NULL, &json->root, VARSIZE(json)));
	member->priority = priority ? strtoi64(oms_dec_text(priority), NULL, 10) : 0;
	members_read_methods(json, member);
}

OrderMember *
oms_members_from_json(Jsonb *json, int *count)
{
	OrderMember *members;
	JsonbIterator *it;
	JsonbValue	v;
	JsonbIteratorToken token;

	*count = 0;
	if (json == NULL)
		return NULL;
	members = palloc0(sizeof(OrderMember) * Max(JB_ROOT_COUNT(json), 1));
	it = JsonbIteratorInit(&json->root);
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
		if (token == WJB_ELEM)
			members_read(JsonbValueToJsonb(&v), &members[(*count)++]);
	return members;
}

static bool
members_has_methods(const OrderMember *member)
{
	for (int i = 0; i < ALLOCATION_METHODS; i++)
		if (member->by_method[i] && oms_dec_sign(member->by_method[i]) != 0)
			return true;
	return false;
}

/* Keys in the order in which jsonb keeps them. */
static void
members_write(const OrderMember *member, JsonWriter *w)
{
	static const AllocationMethod by_length[] = {ALLOCATE_EQUAL, ALLOCATE_MANUAL, ALLOCATE_PRIORITY, ALLOCATE_PRO_RATA};

	oms_json_open_object(w);
	if (members_has_methods(member))
	{
		oms_json_key(w, "methods");
		oms_json_open_object(w);
		for (int i = 0; i < lengthof(by_length); i++)
		{
			Numeric		quantity = member->by_method[by_length[i]];

			if (quantity && oms_dec_sign(quantity) != 0)
				oms_json_numeric(w, oms_name_of(oms_allocation_method_names, by_length[i]), quantity);
		}
		oms_json_close_object(w);
	}
	oms_json_string(w, "orderId", member->order_id);
	oms_json_int(w, "priority", member->priority);
	oms_json_numeric(w, "quantity", member->quantity);
	if (member->released)
		oms_json_bool(w, "released", true);
	oms_json_numeric(w, "allocatedValue", member->allocated_value);
	if (member->by_factor && !member->released)
		oms_json_numeric(w, "quantityByFactor", member->by_factor);
	oms_json_numeric(w, "allocatedQuantity", member->allocated_quantity);
	oms_json_close_object(w);
}

Jsonb *
oms_members_to_json(OrderMember *members, int count)
{
	JsonWriter	w = {0};

	qsort(members, count, sizeof(OrderMember), members_compare);
	oms_json_open_array(&w);
	for (int i = 0; i < count; i++)
		if (!members[i].released || oms_dec_sign(members[i].allocated_quantity) != 0)
			members_write(&members[i], &w);
	oms_json_close_array(&w);
	return oms_json_finish(&w);
}

/* A member without its id: keys, and numbers of usual length. */
#define MEMBER_SIZE	256

int64
oms_members_size(Jsonb *members)
{
	int			count;
	OrderMember *list = oms_members_from_json(members, &count);
	int64		size = 0;

	for (int i = 0; i < count; i++)
		size += MEMBER_SIZE + (list[i].order_id ? oms_json_string_size(list[i].order_id, strlen(list[i].order_id)) : 0);
	return size;
}

OrderMember *
oms_member_find(OrderMember *members, int count, const char *order_id)
{
	for (int i = 0; i < count; i++)
		if (strcmp(members[i].order_id, order_id) == 0)
			return &members[i];
	return NULL;
}

Numeric
oms_member_lacks(const OrderMember *member)
{
	return oms_dec_max(oms_dec_zero(), oms_dec_sub(member->quantity, member->allocated_quantity));
}

bool
oms_member_is_live(const OrderMember *member)
{
	return !member->released && oms_dec_cmp(member->quantity, member->allocated_quantity) > 0;
}

Numeric
oms_members_quantity(const OrderMember *members, int count)
{
	Numeric		sum = oms_dec_zero();

	for (int i = 0; i < count; i++)
		sum = oms_dec_add(sum, members[i].quantity);
	return sum;
}

/* ------------------------------------------------------------------------
 * arrays of texts
 * ------------------------------------------------------------------------
 */

/* Shown each text of the array; true ends it. */
static bool
members_any_text(Jsonb *texts, bool (*visit) (const char *text, void *arg), void *arg)
{
	JsonbIterator *it = texts ? JsonbIteratorInit(&texts->root) : NULL;
	JsonbValue	v;
	JsonbIteratorToken token;

	while (it && (token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
		if (token == WJB_ELEM && v.type == jbvString && visit(pnstrdup(v.val.string.val, v.val.string.len), arg))
			return true;
	return false;
}

typedef struct TextCopy
{
	JsonWriter	w;
	const char *without;
	int			count;
} TextCopy;

static bool
members_copy_text(const char *text, void *arg)
{
	TextCopy   *copy = arg;

	if (copy->without && strcmp(text, copy->without) == 0)
		return false;
	oms_json_string(&copy->w, NULL, text);
	copy->count++;
	return false;
}

static bool
members_is_text(const char *text, void *arg)
{
	return strcmp(text, arg) == 0;
}

bool
oms_texts_has(Jsonb *texts, const char *text)
{
	return members_any_text(texts, members_is_text, unconstify(char *, text));
}

static Jsonb *
members_copy_texts(Jsonb *texts, const char *without, const char *with)
{
	TextCopy	copy = {.without = without};

	oms_json_open_array(&copy.w);
	(void) members_any_text(texts, members_copy_text, &copy);
	if (with)
		(void) members_copy_text(with, &copy);
	oms_json_close_array(&copy.w);
	return copy.count == 0 ? NULL : oms_json_finish(&copy.w);
}

Jsonb *
oms_texts_add(Jsonb *texts, const char *text)
{
	return oms_texts_has(texts, text) ? texts : members_copy_texts(texts, NULL, text);
}

static bool
members_join_text(const char *text, void *arg)
{
	Jsonb	  **texts = arg;

	*texts = oms_texts_add(*texts, text);
	return false;
}

Jsonb *
oms_texts_join(Jsonb *texts, Jsonb *more)
{
	(void) members_any_text(more, members_join_text, &texts);
	return texts;
}

Jsonb *
oms_texts_remove(Jsonb *texts, const char *text)
{
	return members_copy_texts(texts, text, NULL);
}

/* ------------------------------------------------------------------------
 * ties
 * ------------------------------------------------------------------------
 */

typedef struct TieShow
{
	TieVisit	visit;
	void	   *arg;
} TieShow;

static bool
members_show_tie(const char *text, void *arg)
{
	const TieShow *show = arg;

	show->visit(text, show->arg);
	return false;
}

void
oms_order_ties(const Object *root, Reach reach, TieVisit visit, void *arg)
{
	const Order *order = (const Order *) root;
	int			count;
	OrderMember *members = oms_members_from_json(order->members, &count);
	TieShow		show = {visit, arg};

	for (int i = 0; i < count; i++)
		visit(members[i].order_id, arg);
	if (reach != REACH_MEMBERS)
		(void) members_any_text(order->block_order_ids, members_show_tie, &show);
}

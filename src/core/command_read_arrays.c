/*-------------------------------------------------------------------------
 *
 * command_read_arrays.c
 *	  Reading the fields of a command that are arrays.
 *
 * Pure.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "core/command_read.h"

Refusal *
oms_field_open_array(const CommandField *f, const JsonbValue *v, int fewest, int most, FieldArray *array)
{
	if (v->type != jbvBinary || !JsonContainerIsArray(v->val.binary.data))
		return oms_field_wrong_type(f, v);
	array->count = JsonContainerSize(v->val.binary.data);
	array->number = 0;
	array->it = JsonbIteratorInit(v->val.binary.data);
	if (array->count >= fewest && array->count <= most)
		return NULL;
	if (fewest == 0)
		return oms_field_bad(f, "It has %d members; at most %d are possible.", array->count, most);
	return oms_field_bad(f, "It has %d members; from %d to %d are possible.", array->count, fewest, most);
}

bool
oms_field_next_member(FieldArray *array)
{
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&array->it, &array->member, true)) != WJB_DONE)
		if (token == WJB_ELEM)
		{
			array->number++;
			return true;
		}
	return false;
}

Refusal *
oms_field_check_object(const CommandField *f, const FieldArray *array)
{
	if (array->member.type == jbvBinary && JsonContainerIsObject(array->member.val.binary.data))
		return NULL;
	return oms_field_bad(f, "Member %d is no object.", array->number);
}

static Refusal *
command_read_share(const CommandField *f, const FieldArray *array, OrderShare *share)
{
	static const struct
	{
		const char *name;
		CommandFieldType type;
		size_t		offset;
		bool		required;
	}			parts[] = {
		{"orderId", CMD_ID, offsetof(OrderShare, order_id), true},
		{"quantity", CMD_QTY_OR_ZERO, offsetof(OrderShare, quantity), true},
		{"priority", CMD_VERSION, offsetof(OrderShare, priority), false}
	};
	JsonbIterator *it = JsonbIteratorInit(array->member.val.binary.data);
	JsonbValue	key,
				value;
	JsonbIteratorToken token;
	bool		seen[lengthof(parts)] = {0};

	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		int			i = 0;
		CommandField part = *f;
		Refusal    *refusal;

		if (token != WJB_KEY)
			continue;
		JsonbIteratorNext(&it, &value, true);
		while (i < lengthof(parts) && !(strlen(parts[i].name) == key.val.string.len &&
										memcmp(parts[i].name, key.val.string.val, key.val.string.len) == 0))
			i++;
		if (i == lengthof(parts))
			return oms_field_bad(f, "Member %d has an unknown field \"%.*s\"; it knows orderId, quantity, priority.", array->number,
								 pg_mbcliplen(key.val.string.val, key.val.string.len, 128), key.val.string.val);
		if (value.type == jbvNull)
			continue;
		part.name = psprintf("%s.%d.%s", f->name, array->number, parts[i].name);
		part.type = parts[i].type;
		refusal = oms_field_read_value(&part, &value, (char *) share + parts[i].offset);
		if (refusal)
			return refusal;
		seen[i] = true;
	}
	for (int i = 0; i < lengthof(parts); i++)
		if (parts[i].required && !seen[i])
			return oms_field_bad(f, "Member %d has no field \"%s\".", array->number, parts[i].name);
	return NULL;
}

Refusal *
oms_field_read_shares(const CommandField *f, const JsonbValue *v, OrderShares *list)
{
	FieldArray	array;
	Refusal    *refusal = oms_field_open_array(f, v, 0, SHARES_MAX, &array);

	if (refusal)
		return refusal;
	list->shares = palloc0(sizeof(OrderShare) * Max(array.count, 1));
	while (oms_field_next_member(&array))
	{
		OrderShare *share = &list->shares[list->count];

		refusal = oms_field_check_object(f, &array);
		if (refusal == NULL)
			refusal = command_read_share(f, &array, share);
		if (refusal)
			return refusal;
		for (int i = 0; i < list->count; i++)
			if (strcmp(list->shares[i].order_id, share->order_id) == 0)
				return oms_field_bad(f, "Order \"%s\" is named twice.", share->order_id);
		list->count++;
	}
	return NULL;
}

static Refusal *
command_check_id(const CommandField *f, const FieldArray *array)
{
	const JsonbValue *v = &array->member;

	if (v->type == jbvString && v->val.string.len > 0 && v->val.string.len <= ID_LENGTH_MAX)
		return NULL;
	return oms_field_bad(f, "Member %d is no identifier of at most %d bytes.", array->number, ID_LENGTH_MAX);
}

Refusal *
oms_field_read_elements(const CommandField *f, const JsonbValue *v, Jsonb **member)
{
	FieldArray	array;
	Refusal    *refusal = oms_field_open_array(f, v, 1, ELEMENTS_MAX, &array);

	while (refusal == NULL && oms_field_next_member(&array))
		refusal = f->type == CMD_IDS ? command_check_id(f, &array) : oms_field_check_object(f, &array);
	if (refusal == NULL)
		*member = JsonbValueToJsonb(unconstify(JsonbValue *, v));
	return refusal;
}

/*-------------------------------------------------------------------------
 *
 * json_write.c
 *	  Building jsonb without going through text.
 *
 * Pure.  Writes the on-disk form (utils/jsonb.h, which a dump of today and
 * pg_upgrade depend on) as values come: what is a container already, a command
 * or a state, is copied as it is.  pushJsonbValue() would take such a container
 * apart and put it together again, and sort keys that are in order; measured, it
 * was the largest cost of a command (doc/performance.md).  test/unit/json.c
 * holds the result against PostgreSQL's, byte for byte.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/json.h"
#include "base/moment.h"

#define INSERTED_MAX 64			/* members that are sorted by insertion, which takes a quarter of qsort()'s time */

/* One value of an open container: where its bytes are, and their type. */
typedef struct JsonItem
{
	const char *key;			/* of an object's member */
	int			key_length;
	int			number;			/* among the values as they came */
	JEntry		type;			/* JENTRY_IS… */
	int			start;			/* in the level's data */
	int			length;
} JsonItem;

typedef struct JsonLevel
{
	struct JsonLevel *up;
	bool		object;
	bool		in_order;		/* keys ascend, none is there twice */
	JsonItem   *items;
	int			count;
	int			room;
	const char *key;			/* of the container that is open in it */
	int			key_length;
	char	   *data;			/* the values, each on a multiple of four */
	int			length;
	int			size;
} JsonLevel;

static void
json_open_level(JsonWriter *w, bool object)
{
	JsonLevel  *level = palloc(sizeof(JsonLevel));

	if (w->level)
	{
		w->level->key = w->key;
		w->level->key_length = w->key_length;
	}
	level->up = w->level;
	level->object = object;
	level->in_order = true;
	level->count = 0;
	level->room = 48;
	level->items = palloc(sizeof(JsonItem) * level->room);
	level->length = 0;
	level->size = 1024;
	level->data = palloc(level->size);
	w->level = level;
}

static void
json_check_size(size_t size)
{
	if (size > JENTRY_OFFLENMASK)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("total size of jsonb elements exceeds the maximum of %u bytes", JENTRY_OFFLENMASK)));
}

/* Room for `length` bytes at a multiple of four. */
static char *
json_reserve(JsonLevel *level, size_t length)
{
	size_t		start = INTALIGN(level->length);

	json_check_size(start + length);
	while (start + length > level->size)
	{
		level->size *= 2;
		level->data = repalloc(level->data, level->size);
	}
	level->length = start + length;
	return level->data + start;
}

static int
json_compare_keys(const JsonItem *a, const JsonItem *b)
{
	if (a->key_length != b->key_length)
		return a->key_length < b->key_length ? -1 : 1;
	return memcmp(a->key, b->key, a->key_length);
}

/* Members of the same key: the later one first. */
static int
json_compare_items(const void *a, const void *b)
{
	const JsonItem *x = a;
	const JsonItem *y = b;
	int			order = json_compare_keys(x, y);

	return order != 0 ? order : y->number - x->number;
}

/* Each member to its place among those before it: few, and mostly in order. */
static void
json_insert_members(JsonItem *items, int count)
{
	for (int i = 1; i < count; i++)
	{
		const JsonItem item = items[i];
		int			low = 0;
		int			high = i;

		if (json_compare_items(&items[i - 1], &item) <= 0)
			continue;
		while (low < high)
		{
			int			middle = (low + high) / 2;

			if (json_compare_items(&items[middle], &item) <= 0)
				low = middle + 1;
			else
				high = middle;
		}
		memmove(&items[low + 1], &items[low], sizeof(JsonItem) * (i - low));
		items[low] = item;
	}
}

/* Sort the members; of those with the same key the last counts. */
static void
json_sort_members(JsonLevel *level)
{
	int			kept = 1;

	if (level->count <= INSERTED_MAX)
		json_insert_members(level->items, level->count);
	else
		qsort(level->items, level->count, sizeof(JsonItem), json_compare_items);
	for (int i = 1; i < level->count; i++)
		if (json_compare_keys(&level->items[i], &level->items[kept - 1]) != 0)
			level->items[kept++] = level->items[i];
	level->count = kept;
}

/* The value whose bytes were just reserved; of an object, under the writer's key. */
static void
json_add_item(const JsonWriter *w, JEntry type, int length)
{
	JsonLevel  *level = w->level;
	JsonItem   *item;

	if (level->count == level->room)
	{
		level->room *= 2;
		level->items = repalloc(level->items, sizeof(JsonItem) * level->room);
	}
	item = &level->items[level->count];
	item->key = w->key;
	item->key_length = w->key_length;
	item->number = level->count;
	item->type = type;
	item->start = level->length - length;
	item->length = length;
	if (level->object && level->count > 0 && json_compare_keys(item - 1, item) >= 0)
		level->in_order = false;
	level->count++;
}

static void
json_add_value(JsonWriter *w, JEntry type, const void *data, int length)
{
	char	   *at = json_reserve(w->level, length);

	memcpy(at, data, length);
	json_add_item(w, type, length);
}

/* As convertJsonbObject() does: each JB_OFFSET_STRIDE'th entry holds where it ends, the others their length. */
static JEntry
json_make_entry(int index, JEntry type, int end, int length)
{
	if (index % JB_OFFSET_STRIDE == 0)
		return type | end | JENTRY_HAS_OFF;
	return type | length;
}

static size_t
json_container_bound(const JsonLevel *level)
{
	size_t		bound = sizeof(uint32) + sizeof(JEntry) * level->count + level->length + sizeof(int32);

	if (level->object)
		for (int i = 0; i < level->count; i++)
			bound += sizeof(JEntry) + level->items[i].key_length;
	return bound;
}

/* Write the container in its final form; `out` is at a multiple of four. */
static int
json_write_container(const JsonLevel *level, char *out)
{
	JsonbContainer *container = (JsonbContainer *) out;
	int			nkeys = level->object ? level->count : 0;
	char	   *base = (char *) &container->children[nkeys + level->count];
	char	   *at = base;

	container->header = level->count | (level->object ? JB_FOBJECT : JB_FARRAY);
	for (int i = 0; i < nkeys; i++)
	{
		const JsonItem *item = &level->items[i];

		memcpy(at, item->key, item->key_length);
		at += item->key_length;
		container->children[i] = json_make_entry(i, JENTRY_ISSTRING, at - base, item->key_length);
	}
	for (int i = 0; i < level->count; i++)
	{
		const JsonItem *item = &level->items[i];
		char	   *start = at;

		if (item->type == JENTRY_ISNUMERIC || item->type == JENTRY_ISCONTAINER)
			while ((at - out) % sizeof(int32) != 0)
				*at++ = 0;
		memcpy(at, level->data + item->start, item->length);
		at += item->length;
		container->children[nkeys + i] = json_make_entry(nkeys + i, item->type, at - base, at - start);
	}
	return at - out;
}

static void
json_close_level(JsonWriter *w)
{
	JsonLevel  *level = w->level;
	size_t		bound;

	if (!level->in_order)
		json_sort_members(level);
	bound = json_container_bound(level);
	json_check_size(bound);
	w->level = level->up;
	if (w->level == NULL)
	{
		w->result = palloc(VARHDRSZ + bound);
		SET_VARSIZE(w->result, VARHDRSZ + json_write_container(level, VARDATA(w->result)));
	}
	else
	{
		char	   *at = json_reserve(w->level, bound);
		int			length = json_write_container(level, at);

		w->level->length -= bound - length;
		oms_json_key_len(w, w->level->key, w->level->key_length);
		json_add_item(w, JENTRY_ISCONTAINER, length);
	}
	pfree(level->items);
	pfree(level->data);
	pfree(level);
}

void
oms_json_open_object(JsonWriter *w)
{
	json_open_level(w, true);
}

void
oms_json_close_object(JsonWriter *w)
{
	json_close_level(w);
}

void
oms_json_open_array(JsonWriter *w)
{
	json_open_level(w, false);
}

void
oms_json_close_array(JsonWriter *w)
{
	json_close_level(w);
}

void
oms_json_string_len(JsonWriter *w, const char *key, const char *value, int length)
{
	if (key)
		oms_json_key(w, key);
	json_add_value(w, JENTRY_ISSTRING, value, length);
}

void
oms_json_numeric(JsonWriter *w, const char *key, Numeric value)
{
	if (key)
		oms_json_key(w, key);
	json_add_value(w, JENTRY_ISNUMERIC, value, VARSIZE_ANY(value));
}

void
oms_json_int(JsonWriter *w, const char *key, int64 value)
{
	oms_json_numeric(w, key, int64_to_numeric(value));
}

void
oms_json_bool(JsonWriter *w, const char *key, bool value)
{
	if (key)
		oms_json_key(w, key);
	json_add_value(w, value ? JENTRY_ISBOOL_TRUE : JENTRY_ISBOOL_FALSE, "", 0);
}

void
oms_json_time(JsonWriter *w, const char *key, TimestampTz value)
{
	char		buf[MOMENT_TEXT_SIZE];

	oms_json_string_len(w, key, buf, oms_time_text(value, buf));
}

void
oms_json_date(JsonWriter *w, const char *key, DateADT value)
{
	char		buf[MOMENT_TEXT_SIZE];

	oms_json_string_len(w, key, buf, oms_date_text(value, buf));
}

void
oms_json_jsonb(JsonWriter *w, const char *key, const Jsonb *value)
{
	JsonbValue	v;

	if (!JB_ROOT_IS_SCALAR(value) || !JsonbExtractScalar(unconstify(JsonbContainer *, &value->root), &v))
	{
		v.type = jbvBinary;
		v.val.binary.data = unconstify(JsonbContainer *, &value->root);
		v.val.binary.len = VARSIZE(value) - VARHDRSZ;
	}
	oms_json_scalar(w, key, &v);
}

/* A value as the functions of the server give it: a scalar, or a container in its on-disk form. */
void
oms_json_scalar(JsonWriter *w, const char *key, const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvNull:
			if (key)
				oms_json_key(w, key);
			json_add_value(w, JENTRY_ISNULL, "", 0);
			break;
		case jbvString:
			oms_json_string_len(w, key, value->val.string.val, value->val.string.len);
			break;
		case jbvNumeric:
			oms_json_numeric(w, key, value->val.numeric);
			break;
		case jbvBool:
			oms_json_bool(w, key, value->val.boolean);
			break;
		case jbvBinary:
			if (key)
				oms_json_key(w, key);
			json_add_value(w, JENTRY_ISCONTAINER, value->val.binary.data, value->val.binary.len);
			break;
		default:
			elog(ERROR, "BUG: jsonb value of type %d", (int) value->type);
	}
}

Jsonb *
oms_json_finish(JsonWriter *w)
{
	return w->result;
}

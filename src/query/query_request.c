/*-------------------------------------------------------------------------
 *
 * query_request.c
 *	  What oms_query() is asked: an object, and a document with where, orderBy,
 *	  limit, after and select.
 *
 * Every list has a bound, and what is wrong is said with the place where it
 * stands.  Reads no table but what is kept of asset classes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/numeric.h"

#include "base/decimal.h"
#include "base/guc.h"
#include "query/query_request.h"
#include "store/asset_classes.h"

#define SELECT_MAX	200

static Refusal *
request_is_no(const char *at, const char *wanted)
{
	return oms_with_detail(oms_refuse(OMS_BAD_QUERY, "bad query: %s", at), "Expected: %s.", wanted);
}

/* A list of texts, or one text; each is shown to `take`. */
static Refusal *
request_read_texts(const JsonbValue *value, const char *at, int most,
				   Refusal *(*take) (QueryRequest *, const char *, int, const char *), QueryRequest *request)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	v;
	int			count = 0;
	Refusal    *refusal = NULL;

	if (value->type == jbvString)
		return take(request, value->val.string.val, value->val.string.len, at);
	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data) || JsonContainerSize(value->val.binary.data) > most)
		return request_is_no(at, psprintf("a list of at most %d names of fields", most));
	it = JsonbIteratorInit(value->val.binary.data);
	while (refusal == NULL && (token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
		if (token == WJB_ELEM)
		{
			char	   *place = psprintf("%s[%d]", at, count++);

			refusal = v.type == jbvString ? take(request, v.val.string.val, v.val.string.len, place) :
				request_is_no(place, "the name of a field");
		}
	return refusal;
}

static bool
request_same_field(const QueryField *a, const QueryField *b)
{
	return strcmp(a->name, b->name) == 0;
}

Refusal *
oms_query_read_key(QueryRequest *request, const char *name, int length, const char *at)
{
	bool		descending = length > 0 && name[0] == '-';
	QueryKey	key = {.descending = descending};
	Refusal    *refusal = oms_query_value(&request->target, name + descending, length - descending, at, &key.field);

	if (refusal)
		return refusal;
	/* what comes again sorts no more */
	for (int i = 0; i < request->nkeys; i++)
		if (request_same_field(&request->keys[i].field, &key.field))
			return NULL;
	request->keys[request->nkeys++] = key;
	return NULL;
}

/* A tree is shown from its root down, unless somebody wants another order. */
Refusal *
oms_query_end_keys(QueryRequest *request)
{
	const char *id = request->target.key;
	Refusal    *refusal = NULL;

	if (request->nkeys == 0 && request->target.rows == QUERY_TREE)
		refusal = oms_query_read_key(request, "path", strlen("path"), "orderBy");
	if (refusal == NULL)
		refusal = oms_query_read_key(request, id, strlen(id), "orderBy");
	for (int i = 0; refusal == NULL && i < request->nkeys; i++)
		if (strcmp(request->keys[i].field.name, id) == 0)
			request->nkeys = i + 1;
	return refusal;
}

static Refusal *
request_read_order(const JsonbValue *value, QueryRequest *request)
{
	return request_read_texts(value, "orderBy", CURSOR_KEYS_MAX - 1, oms_query_read_key, request);
}

static Refusal *
request_select_one(QueryRequest *request, const char *name, int length, const char *at)
{
	QueryField	field;
	Refusal    *refusal = oms_query_value(&request->target, name, length, at, &field);

	if (refusal)
		return refusal;
	for (int i = 0; i < request->nselect; i++)
		if (request_same_field(&request->select[i], &field))
			return NULL;
	request->select[request->nselect++] = field;
	return NULL;
}

static Refusal *
request_read_select(const JsonbValue *value, QueryRequest *request)
{
	request->select = palloc(sizeof(QueryField) * SELECT_MAX);
	request->nselect = 0;
	return request_read_texts(value, "select", SELECT_MAX, request_select_one, request);
}

static Refusal *
request_read_limit(const JsonbValue *value, QueryRequest *request)
{
	int			most = oms_guc_query_limit_max;
	Numeric		n = value->type == jbvNumeric ? value->val.numeric : NULL;

	if (n == NULL || oms_dec_cmp(n, oms_dec_round(n, 0)) != 0 || oms_dec_sign(n) <= 0 || oms_dec_cmp(n, int64_to_numeric(most)) > 0)
	{
		Refusal    *refusal = request_is_no("limit", psprintf("a whole number from 1 to %d", most));

		return n ? oms_with_hint(refusal, "The greatest is oms_state.query_limit_max; ask for the next page with \"after\".") : refusal;
	}
	request->limit = DatumGetInt32(DirectFunctionCall1(numeric_int4, NumericGetDatum(n)));
	return NULL;
}

static Refusal *
request_read_after(const JsonbValue *value, QueryRequest *request)
{
	if (value->type != jbvString)
		return request_is_no("after", "the cursor of a row");
	request->after = value->val.string.val;
	request->after_length = value->val.string.len;
	return NULL;
}

static Refusal *
request_read_where(const JsonbValue *value, QueryRequest *request)
{
	return oms_spec_read(value, "where", &request->where);
}

Refusal *
oms_query_read_where(Jsonb *where, const char *path, QueryRequest *request)
{
	JsonbValue	value = {.type = jbvBinary};
	Refusal    *refusal;

	value.val.binary.data = &where->root;
	value.val.binary.len = VARSIZE(where) - VARHDRSZ;
	refusal = oms_spec_read(&value, path, &request->where);
	return refusal ? refusal : oms_spec_bind(&request->target, oms_asset_classes(), &request->where);
}

static const struct
{
	const char *name;
	Refusal    *(*read) (const JsonbValue *value, QueryRequest *request);
} request_members[] = {
	{"where", request_read_where},
	{"orderBy", request_read_order},
	{"limit", request_read_limit},
	{"after", request_read_after},
	{"select", request_read_select},
};

/* A null member is as one that is not there. */
static Refusal *
request_read_member(const JsonbValue *key, const JsonbValue *value, QueryRequest *request)
{
	for (int i = 0; i < lengthof(request_members); i++)
	{
		const char *name = request_members[i].name;

		if (key->val.string.len == strlen(name) && memcmp(key->val.string.val, name, strlen(name)) == 0)
			return value->type == jbvNull ? NULL : request_members[i].read(value, request);
	}
	return oms_with_detail(oms_refuse(OMS_BAD_QUERY, "unknown member \"%s\" of a query", oms_query_shown(key->val.string.val, key->val.string.len)),
						   "There are: where, orderBy, limit, after, select.");
}

Refusal *
oms_query_read(const QueryTarget *target, Jsonb *spec, QueryRequest *request)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	key,
				value;
	Refusal    *refusal = NULL;

	*request = (QueryRequest) {.target = *target, .nselect = -1, .limit = Min(oms_guc_query_limit, oms_guc_query_limit_max)};
	if (!oms_json_is_object(spec))
		return request_is_no("the query", "an object with where, orderBy, limit, after, select");
	it = JsonbIteratorInit(&spec->root);
	while (refusal == NULL && (token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
		if (token == WJB_KEY)
		{
			JsonbIteratorNext(&it, &value, true);
			refusal = request_read_member(&key, &value, request);
		}
	if (refusal == NULL && request->where == NULL)
		refusal = oms_spec_read(NULL, "where", &request->where);
	if (refusal == NULL)
		refusal = oms_spec_bind(target, oms_asset_classes(), &request->where);
	return refusal ? refusal : oms_query_end_keys(request);
}

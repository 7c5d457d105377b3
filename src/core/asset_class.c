/*-------------------------------------------------------------------------
 *
 * asset_class.c
 *	  What an asset class says of attributes.
 *
 * Pure.  Which classes there are is a value that whoever decides is given.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"

#include "base/json.h"
#include "core/asset_class.h"

/* ------------------------------------------------------------------------
 * all attributes of an object
 * ------------------------------------------------------------------------
 */

static const AttributeDef *
class_attribute(const AttributeSet *set, const char *name, int length)
{
	for (int i = 0; i < set->count; i++)
		if (strncmp(set->members[i].name, name, length) == 0 && set->members[i].name[length] == '\0')
			return &set->members[i];
	return NULL;
}

static void
class_problem(List **problems, const char *attribute, const JsonbValue *given, const char *wanted, const char *allowed)
{
	AttributeProblem *problem = palloc(sizeof(AttributeProblem));

	*problem = (AttributeProblem) {pstrdup(attribute), given ? oms_attribute_text(given) : NULL, wanted, allowed};
	*problems = lappend(*problems, problem);
}

static char *
class_attribute_names(const AttributeSet *set)
{
	StringInfoData out;

	initStringInfo(&out);
	for (int i = 0; i < set->count; i++)
		appendStringInfo(&out, "%s%s", i > 0 ? ", " : "", set->members[i].name);
	return out.data;
}

/* Some attributes on their way into an object. */
typedef struct ClassTaking
{
	const AssetClass *class;
	const AttributeSet *set;
	bool		makes;			/* it is made with them; else it is there already, … */
	Jsonb	   *has;			/* … and has these; or what stands in for what is not given; NULL: nothing */
	bool	   *given;			/* by attribute */
	JsonWriter	w;
	bool		any;			/* something was written */
	List	   *problems;
} ClassTaking;

static const JsonbValue *
class_has(const ClassTaking *t, const AttributeDef *def, JsonbValue *hold)
{
	const JsonbValue *has = t->has ? oms_json_get(t->has, def->name, hold) : NULL;

	return has && has->type != jbvNull ? has : NULL;
}

/* What is there may be from before the class was as it is: then it is what the class would have made of it. */
static bool
class_is_another(const AttributeDef *def, const JsonbValue *has, const JsonbValue *value)
{
	JsonbValue	taken;

	return oms_attribute_compare(oms_attribute_take(def, has, &taken) == NULL ? &taken : has, value) != 0;
}

static void
class_take_one(ClassTaking *t, const AttributeDef *def, const JsonbValue *given)
{
	JsonbValue	hold;
	JsonbValue	value = *given;
	const JsonbValue *has = t->makes ? NULL : class_has(t, def, &hold);
	const char *wanted = NULL;

	if (given->type != jbvNull)
		wanted = oms_attribute_take(def, given, &value);
	else if (t->makes)
		return;
	else if (def->required)
		wanted = "a value: it is required";
	if (wanted)
	{
		value = *given;
		class_problem(&t->problems, def->name, given, wanted, oms_attribute_allowed(def));
	}
	else if (def->fixed && has && class_is_another(def, has, &value))
		class_problem(&t->problems, def->name, given, psprintf("%s, as it is: it cannot be changed", oms_attribute_text(has)), NULL);
	t->given[def - t->set->members] = true;
	oms_json_scalar(&t->w, def->name, &value);
}

static void
class_take_given(ClassTaking *t, Jsonb *given)
{
	JsonbIterator *it = JsonbIteratorInit(&given->root);
	JsonbIteratorToken token;
	JsonbValue	key;
	JsonbValue	value;

	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		const AttributeDef *def;
		const char *name = key.val.string.val;
		int			length = key.val.string.len;

		if (token != WJB_KEY)
			continue;
		(void) JsonbIteratorNext(&it, &value, true);
		def = class_attribute(t->set, name, length);
		if (def)
		{
			class_take_one(t, def, &value);
			continue;
		}
		if (t->class->closed && value.type != jbvNull)
			class_problem(&t->problems, pnstrdup(name, pg_mbcliplen(name, length, CLASS_NAME_MAX)), &value, "no such attribute", class_attribute_names(t->set));
		oms_json_key_len(&t->w, name, length);
		oms_json_scalar(&t->w, NULL, &value);
	}
}

/* What is not given.  What stands in for it may be from before the class was as it is. */
static void
class_fill(ClassTaking *t)
{
	for (int i = 0; i < t->set->count; i++)
	{
		const AttributeDef *def = &t->set->members[i];
		JsonbValue	hold;
		JsonbValue	value;
		const JsonbValue *has = t->given[i] ? NULL : class_has(t, def, &hold);

		if (t->given[i])
			continue;
		if (has && oms_attribute_take(def, has, &value) == NULL)
			has = &value;
		else
			has = def->preset;
		if (has == NULL && def->required)
			class_problem(&t->problems, def->name, NULL, "a value: it is required", oms_attribute_allowed(def));
		if (has == NULL)
			continue;
		oms_json_scalar(&t->w, def->name, has);
		t->any = true;
	}
}

static Jsonb *
class_take(ClassTaking *t, AttributeHolder holder, Jsonb *given, List **problems)
{
	t->set = &t->class->sets[holder];
	t->given = palloc0(sizeof(bool) * (t->set->count + 1));
	t->any = given != NULL;
	oms_json_open_object(&t->w);
	if (given)
		class_take_given(t, given);
	if (t->makes)
		class_fill(t);
	oms_json_close_object(&t->w);
	*problems = t->problems;
	return t->any ? oms_json_finish(&t->w) : NULL;
}

Jsonb *
oms_class_make(const AssetClass *class, AttributeHolder holder, Jsonb *given, Jsonb *from, List **problems)
{
	ClassTaking taking = {.class = class, .makes = true, .has = from};

	return class_take(&taking, holder, given, problems);
}

Jsonb *
oms_class_change(const AssetClass *class, AttributeHolder holder, Jsonb *given, Jsonb *before, List **problems)
{
	ClassTaking taking = {.class = class, .has = before};

	return class_take(&taking, holder, given, problems);
}

/* ------------------------------------------------------------------------
 * which class
 * ------------------------------------------------------------------------
 */

AssetClass *
oms_class_find(const AssetClasses *classes, const char *name)
{
	int			low = 0;
	int			high = classes->count;

	while (low < high)
	{
		int			middle = (low + high) / 2;
		int			order = strcmp(name, classes->members[middle]->name);

		if (order == 0)
			return classes->members[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

bool
oms_class_is_a(const AssetClass *class, const char *name)
{
	while (class && strcmp(class->name, name) != 0)
		class = class->parent;
	return class != NULL;
}

static bool
class_is_of_type(const AssetClass *class, const char *security_type)
{
	ListCell   *cell;

	foreach(cell, class->security_types)
		if (strcmp(lfirst(cell), security_type) == 0)
			return true;
	return false;
}

static bool
class_is_of_product(const AssetClass *class, const char *product)
{
	ListCell   *cell;

	foreach(cell, class->products)
		if (strcmp(psprintf("%d", lfirst_int(cell)), product) == 0)
			return true;
	return false;
}

static bool
class_is_of_pair(const AssetClass *class, const char *symbol)
{
	return class->pairs && strlen(symbol) == 7 && strspn(symbol, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3 && symbol[3] == '/' &&
		strspn(symbol + 4, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3;
}

const AssetClass *
oms_class_of_instrument(const AssetClasses *classes, const char *security_type, const char *product, const char *symbol)
{
	/* the first that is said decides, whether a class is for it or not */
	bool		(*is_of) (const AssetClass *class, const char *said) = security_type ? class_is_of_type : product ? class_is_of_product : class_is_of_pair;
	const char *said = security_type ? security_type : product ? product : symbol;
	const AssetClass *found = NULL;

	for (int i = 0; said && i < classes->count; i++)
	{
		const AssetClass *class = classes->members[i];

		/* one of the caller's goes before a shipped one */
		if (class->enabled && class->fault == NULL && (found == NULL || (found->builtin && !class->builtin)) && is_of(class, said))
			found = class;
	}
	return found;
}

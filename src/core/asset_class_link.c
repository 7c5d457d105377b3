/*-------------------------------------------------------------------------
 *
 * asset_class_link.c
 *	  Asset classes get what those have that they extend.
 *
 * Pure.  What cannot be together is a fault of the class that extends, as what is
 * wrong with its own definition is (asset_class_read.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "core/asset_class_private.h"

static AttributeDef *
link_member(const AttributeSet *set, const char *name)
{
	for (int i = 0; i < set->count; i++)
		if (strcmp(set->members[i].name, name) == 0)
			return &set->members[i];
	return NULL;
}

/* The parent's attributes first; one of the same name takes the place of the parent's. */
static void
link_inherit_set(ClassReader *r, AttributeSet *set, const AttributeSet *parent)
{
	AttributeSet both = {palloc(sizeof(AttributeDef) * (set->count + parent->count + 1)), 0};

	for (int i = 0; i < parent->count; i++)
	{
		const AttributeDef *own = link_member(set, parent->members[i].name);

		if (own && own->type != parent->members[i].type)
		{
			oms_definition_enter(&r->base, own->name);
			oms_definition_fault(&r->base, "class \"%s\", which it extends, has it as %s", parent->members[i].class_name,
							oms_name_of(oms_attribute_type_names, parent->members[i].type));
			return;
		}
		both.members[both.count++] = own ? *own : parent->members[i];
	}
	for (int i = 0; i < set->count; i++)
		if (link_member(parent, set->members[i].name) == NULL)
			both.members[both.count++] = set->members[i];
	for (int i = 0; i < both.count; i++)
		for (int k = 0; k < i; k++)
			if (strcmp(both.members[i].column, both.members[k].column) == 0)
			{
				oms_definition_enter(&r->base, both.members[i].name);
				oms_definition_fault(&r->base, "\"%s\" would have the same column \"%s\"", both.members[k].name, both.members[i].column);
				return;
			}
	*set = both;
}

static void
link_inherit(ClassReader *r, const AssetClass *parent)
{
	static const char *const keys[] = {"attributes", "executionAttributes"};
	AssetClass *class = r->class;

	if (parent->fault)
	{
		oms_definition_enter(&r->base, "extends");
		oms_definition_fault(&r->base, "class \"%s\" cannot be used: %s: %s", parent->name, parent->fault->path, parent->fault->message);
		return;
	}
	for (int i = 0; i < ATTRIBUTE_HOLDERS; i++)
	{
		oms_definition_enter(&r->base, keys[i]);
		link_inherit_set(r, &class->sets[i], &parent->sets[i]);
		r->base.path = "";
	}
	class->closed |= parent->closed;
	/* what takes the place of a shipped class is for what that is for, unless it says for what */
	if (strcmp(class->name, parent->name) == 0 && class->security_types == NIL && class->products == NIL && !class->pairs)
	{
		class->security_types = parent->security_types;
		class->products = parent->products;
		class->pairs = parent->pairs;
	}
	if (class->factor_attribute == NULL && class->factor == NULL)
	{
		class->factor_attribute = parent->factor_attribute;
		class->factor = parent->factor;
	}
}

static void
link_check_notional(ClassReader *r)
{
	const AssetClass *class = r->class;
	const AttributeDef *def;

	if (class->factor_attribute == NULL)
		return;
	def = link_member(&class->sets[ATTRIBUTES_OF_ORDER], class->factor_attribute);
	if (def && def->type == ATTRIBUTE_NUMBER)
		return;
	oms_definition_enter(&r->base, "notional");
	oms_definition_fault(&r->base, "\"%s\" is no attribute of type number", class->factor_attribute);
}

/* Views show both sets beside each other: what has one name is one attribute, of a fill if that has it, else of its order. */
static void
link_check_columns(ClassReader *r)
{
	const AttributeSet *orders = &r->class->sets[ATTRIBUTES_OF_ORDER];
	const AttributeSet *executions = &r->class->sets[ATTRIBUTES_OF_EXECUTION];

	for (int i = 0; i < executions->count; i++)
		for (int k = 0; k < orders->count; k++)
		{
			const AttributeDef *mine = &executions->members[i];
			const AttributeDef *other = &orders->members[k];
			bool		same = strcmp(mine->name, other->name) == 0;

			if (strcmp(mine->column, other->column) != 0 || (same && mine->type == other->type))
				continue;
			r->base.path = psprintf("executionAttributes.%s", mine->name);
			oms_definition_fault(&r->base, same ? "\"%s\" of orders is %s" : "\"%s\" of orders, a %s, would have the same column",
							other->name, oms_name_of(oms_attribute_type_names, other->type));
		}
}

/* A parent before its children. */
static void
link_class(const AssetClasses *classes, const AssetClasses *hidden, AssetClass *class, int depth)
{
	ClassReader reader = {.base = {.path = "extends", .fault = class->fault}, .class = class};
	bool		own = class->extends && strcmp(class->extends, class->name) == 0;
	AssetClass *parent = class->extends ? oms_class_find(own ? hidden : classes, class->extends) : NULL;

	if (class->link != CLASS_UNLINKED)
		return;
	class->link = CLASS_LINKING;
	if (class->extends && parent == NULL)
		oms_definition_fault(&reader.base, "there is no %sclass \"%s\"", own ? "shipped " : "", class->extends);
	else if (parent && (parent->link == CLASS_LINKING || depth == CLASS_DEPTH_MAX))
		oms_definition_fault(&reader.base, parent->link == CLASS_LINKING ? "it comes back to class \"%s\"" :
						"it goes further than to \"%s\", which is too far", parent->name);
	else if (parent && reader.base.fault == NULL)
	{
		link_class(classes, hidden, parent, depth + 1);
		reader.base.path = "";
		class->parent = parent;
		link_inherit(&reader, parent);
	}
	reader.base.path = "";
	if (reader.base.fault == NULL)
		link_check_notional(&reader);
	if (reader.base.fault == NULL)
		link_check_columns(&reader);
	class->fault = reader.base.fault;
	class->link = CLASS_LINKED;
}

void
oms_classes_link(const AssetClasses *classes, const AssetClasses *hidden)
{
	for (int i = 0; i < classes->count; i++)
		link_class(classes, hidden, classes->members[i], 0);
}

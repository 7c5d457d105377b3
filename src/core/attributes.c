/*-------------------------------------------------------------------------
 *
 * attributes.c
 *	  What asset classes say of the attributes of a command.
 *
 * Pure: which classes there are is a value of the decision.  An object of a class
 * that nobody has registered has what attributes it likes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "base/guc.h"
#include "core/attributes.h"

/* Told by a counterparty: what is wrong with it has happened all the same. */
static bool
attributes_are_facts(const Command *command)
{
	return oms_command_is_fact(command) || (oms_has_trait(command->def, TRAIT_TELEPHONED) && command->counterparty_order_id) ||
		(oms_has_trait(command->def, TRAIT_TOLD) && command->fix_message);
}

/* The classes are read again when they change, and what is decided outlives that. */
static void
attributes_find(Decision *d, int64 version, const char *message, const char *why)
{
	Finding    *finding = palloc0(sizeof(Finding));

	*finding = (Finding) {.rule = "asset_class", .version = version, .severity = FINDING_FLAG, .message = message, .why = why};
	d->findings = lappend(list_copy(d->findings), finding);
}

static Refusal *
attributes_weigh(Decision *d, const Command *command, const AssetClass *class, const List *problems)
{
	bool		facts = problems != NIL && attributes_are_facts(command);
	ListCell   *cell;

	foreach(cell, problems)
	{
		const AttributeProblem *problem = lfirst(cell);
		const char *message = psprintf("attribute \"%s\" is not as asset class \"%s\" has it", problem->attribute, class->name);
		char	   *facts_of = problem->given ? psprintf("%s is %s", problem->attribute, problem->given) : psprintf("%s is not given", problem->attribute);

		if (facts)
		{
			attributes_find(d, class->version, message, psprintf("fails: %s; wanted is %s", facts_of, problem->wanted));
			continue;
		}
		return oms_with_hint(oms_refuse_by_rule("asset_class", message, "%s; version " INT64_FORMAT " of the class wants %s.", facts_of,
												class->version, problem->wanted),
							 problem->allowed ? psprintf("Allowed are %s.", problem->allowed) : NULL);
	}
	return NULL;
}

static char *
attributes_known_classes(const AssetClasses *classes)
{
	StringInfoData out;

	initStringInfo(&out);
	for (int i = 0; classes && i < classes->count && out.len < 500; i++)
		if (classes->members[i]->enabled)
			appendStringInfo(&out, "%s%s", out.len ? ", " : "Registered are ", classes->members[i]->name);
	if (out.len == 0)
		return "oms.register_asset_class() registers one.";
	appendStringInfoChar(&out, '.');
	return out.data;
}

static Refusal *
attributes_of_no_class(Decision *d, const Command *command, const char *class_name)
{
	const char *message = class_name ? psprintf("there is no asset class \"%s\"", class_name) : "an asset class is needed";

	if (!oms_guc_require_asset_class)
		return NULL;
	if (!attributes_are_facts(command))
		return oms_with_hint(oms_refuse_by_rule("asset_class", message, "assetClass is %s; oms_state.require_asset_class is on.",
												class_name ? class_name : "not given"),
							 attributes_known_classes(d->classes));
	attributes_find(d, 0, message, "fails");
	return NULL;
}

/* The class that is asked; NULL: it is free, or *refusal says why it cannot be asked.  Facts are then as they come. */
static const AssetClass *
attributes_class(const Decision *d, const Command *command, const char *class_name, Refusal **refusal)
{
	const AssetClass *class = class_name && d->classes ? oms_class_find(d->classes, class_name) : NULL;

	*refusal = NULL;
	if (class == NULL || !class->enabled)
		return NULL;
	if (class->fault == NULL)
		return class;
	if (!attributes_are_facts(command))
		*refusal = oms_with_detail(oms_refuse(OMS_BAD_CONFIGURATION, "asset class \"%s\" cannot be used", class_name),
								   "%s: %s.", pstrdup(class->fault->path), pstrdup(class->fault->message));
	return NULL;
}

Refusal *
oms_attributes_make(Decision *d, const Command *command, const char *class_name, AttributeHolder holder, Jsonb *from, Jsonb **attributes)
{
	Refusal    *refusal;
	const AssetClass *class = attributes_class(d, command, class_name, &refusal);
	List	   *problems;

	if (class == NULL)
		return refusal || holder != ATTRIBUTES_OF_ORDER ? refusal : attributes_of_no_class(d, command, class_name);
	*attributes = oms_class_make(class, holder, *attributes, from, &problems);
	return attributes_weigh(d, command, class, problems);
}

Refusal *
oms_attributes_change(Decision *d, const Command *command, const char *class_name, AttributeHolder holder, Jsonb *before, Jsonb **attributes)
{
	Refusal    *refusal;
	const AssetClass *class = *attributes ? attributes_class(d, command, class_name, &refusal) : NULL;
	List	   *problems;

	if (*attributes == NULL)
		return NULL;
	if (class == NULL)
		return refusal;
	*attributes = oms_class_change(class, holder, *attributes, before, &problems);
	return attributes_weigh(d, command, class, problems);
}

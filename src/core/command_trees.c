/*-------------------------------------------------------------------------
 *
 * command_trees.c
 *	  Which objects a command names, before any of them is read.
 *
 * Pure.  Whoever locks trees asks it (trees.c); which fields count is said in
 * the table of commands, beside each field that is an id.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "core/command_trees.h"

static TreeName *
command_add_name(TreeNames *names)
{
	if (names->count == names->size)
	{
		names->size = names->size ? 2 * names->size : 4;
		names->names = names->names ? repalloc_huge(names->names, sizeof(TreeName) * names->size) :
			palloc(sizeof(TreeName) * names->size);
	}
	return &names->names[names->count++];
}

int
oms_name_object(TreeNames *names, ObjectKind kind, const char *id, Reach reach)
{
	*command_add_name(names) = (TreeName) {.kind = kind, .key = OBJECT_BY_ID, .values = {id}, .unless = NOT_NAMED, .reach = reach,
	.command = names->command};
	return names->count - 1;
}

void
oms_name_search(TreeNames *names, const TreeName *search)
{
	*command_add_name(names) = *search;
}

void
oms_names_copy_texts(TreeNames *names, int first)
{
	for (int i = first; i < names->count; i++)
	{
		TreeName   *name = &names->names[i];

		for (int k = 0; k < KEY_COLUMNS_MAX; k++)
			if (name->values[k])
				name->values[k] = pstrdup(name->values[k]);
		if (name->guard_scope)
			name->guard_scope = pstrdup(name->guard_scope);
	}
}

static const ObjectKind role_kinds[ID_ROLE_COUNT] = {
	[ID_OTHER] = KIND_NONE,
	[ID_OF_ROOT] = KIND_NONE,
	[ID_OF_ORDER] = KIND_ORDER,
	[ID_OF_EXECUTION] = KIND_EXECUTION,
	[ID_OF_QUOTE_REQUEST] = KIND_QUOTE_REQUEST,
	[ID_OF_QUOTE] = KIND_QUOTE,
	[ID_OF_OWN] = KIND_NONE,
	[ID_OF_NEW] = KIND_NONE,
};

ObjectKind
oms_role_kind(const CommandDef *def, IdRole role)
{
	return role == ID_OF_OWN ? def->kind : role_kinds[role];
}

void
oms_command_trees(const Command *command, TreeNames *names)
{
	names->first = names->count;
	for (const CommandField *f = command->def->fields; f->name != NULL; f++)
	{
		ObjectKind	kind = oms_role_kind(command->def, f->role);
		const char *id = kind == KIND_NONE ? NULL : *(char *const *) ((const char *) command + f->offset);

		if (id)
			oms_name_object(names, kind, id, command->def->reach);
	}
	if (command->def->trees)
		command->def->trees(command, names);
}

/*-------------------------------------------------------------------------
 *
 * command_trees.h
 *	  Which objects a command names, before any of them is read.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_COMMAND_TREES_H
#define OMS_COMMAND_TREES_H

#include "postgres.h"

#include "core/command.h"
#include "core/kind.h"

#define NOT_NAMED (-1)

/* Objects of a kind that one of its keys leads to: by OBJECT_BY_ID one, or none. */
typedef struct TreeName
{
	ObjectKind	kind;
	int			key;
	const char *values[KEY_COLUMNS_MAX];	/* NULL asks for null */

	/*
	 * Of a search: where the name with number `unless` is not there (or is
	 * NOT_NAMED), nobody else makes such an object until the transaction ends:
	 * nobody, that is, who asks under the same scope.  NULL: that does not matter.
	 */
	const char *guard_scope;
	int			unless;

	Reach		reach;			/* from the root of its tree */
	int			command;		/* TreeNames' */
	const char *root_id;		/* of the tree that it is in, said whoever looked */
	bool		absent;			/* there is none, said he too */
	bool		hidden;			/* … because the caller may not see it */
} TreeName;

typedef struct TreeNames
{
	TreeName   *names;
	int			count;
	int			size;
	int			first;			/* of the command that is being named */
	int			command;		/* … its number among those of a call with many, from 0 */
	bool		hides_all;		/* nothing that is named by its id is to be there */
} TreeNames;

/* Returns the name's number.  The texts are not copied. */
extern int	oms_name_object(TreeNames *names, ObjectKind kind, const char *id, Reach reach);
extern void oms_name_search(TreeNames *names, const TreeName *search);

/* Texts of the names from number `first` on are copied: what they were named by may go. */
extern void oms_names_copy_texts(TreeNames *names, int first);

/*
 * What the command names: by the roles of its ids (command_list.c), and what its
 * CommandDef adds.  All that deciding upon it reads is in the trees of these.
 */
extern void oms_command_trees(const Command *command, TreeNames *names);

/* Of what kind is the object that exists under an id in this role?  KIND_NONE: it names none. */
extern ObjectKind oms_role_kind(const CommandDef *def, IdRole role);

#endif							/* OMS_COMMAND_TREES_H */

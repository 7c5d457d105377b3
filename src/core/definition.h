/*-------------------------------------------------------------------------
 *
 * definition.h
 *	  Reading a definition, an object of configuration, by tables of its keys.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_DEFINITION_H
#define OMS_DEFINITION_H

#include "postgres.h"
#include "nodes/pg_list.h"
#include "utils/jsonb.h"

/* What is wrong with one, and where: "steps.create.with.side". */
typedef struct DefinitionFault
{
	const char *path;
	const char *message;
} DefinitionFault;

/* What is being read; the first member of what a reader knows besides. */
typedef struct DefinitionReader
{
	const char *path;			/* "": the whole */
	const DefinitionFault *fault;	/* the first one; what is read then is used by nobody */
} DefinitionReader;

/* A key of an object, and what reads its value; in the order in which they are read. */
typedef struct DefinitionKey
{
	const char *key;
	void		(*read) (DefinitionReader *r, const JsonbValue *v, void *target);
	size_t		offset;			/* of what `read` is given as its target, in that of the object */
} DefinitionKey;

/* It is that; the first fault is kept. */
extern void oms_definition_fault(DefinitionReader *r, const char *fmt,...) pg_attribute_printf(2, 3);

/* What is read next is that part of what is being read; gives the path to come back to. */
extern const char *oms_definition_enter(DefinitionReader *r, const char *key);

extern bool oms_definition_is_object(const JsonbValue *v);
extern bool oms_definition_is_array(const JsonbValue *v);

/* The members of an object: a key that is in no table is a fault, one that is null is not given. */
extern void oms_definition_read(DefinitionReader *r, const JsonbValue *object, const DefinitionKey *keys, void *target);

/* The values of an array (of JsonbValue), or the keys of an object and their values in turn; NIL with a fault where it is none, or has too many. */
extern List *oms_definition_elements(DefinitionReader *r, const JsonbValue *v, int most);
extern List *oms_definition_members(DefinitionReader *r, const JsonbValue *v, int most);

/* A text of 1 to so many bytes; NULL with a fault. */
extern char *oms_definition_text(DefinitionReader *r, const JsonbValue *v, int most);
extern void oms_definition_read_bool(DefinitionReader *r, const JsonbValue *v, void *target);

/* Does it begin with a letter, and have letters, digits and _ alone? */
extern bool oms_definition_is_identifier(const char *text);

#endif							/* OMS_DEFINITION_H */

/*-------------------------------------------------------------------------
 *
 * attributes.h
 *	  What asset classes say of the attributes of a command.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ATTRIBUTES_H
#define OMS_ATTRIBUTES_H

#include "postgres.h"

#include "core/asset_class.h"
#include "core/decision.h"

/*
 * Something of a class is made: its attributes, as the command gives them, become
 * what the class makes of them; `from` is what has those that are not given, or
 * NULL.  What somebody asks for is refused (OM005, rule asset_class); a fact is
 * not: what is wrong stands as it came, and is a finding.
 */
extern Refusal *oms_attributes_make(Decision *d, const Command *command, const char *class_name, AttributeHolder holder,
									Jsonb *from, Jsonb **attributes);

/* The same of those that are given later, to something that has `before`. */
extern Refusal *oms_attributes_change(Decision *d, const Command *command, const char *class_name, AttributeHolder holder,
									  Jsonb *before, Jsonb **attributes);

#endif							/* OMS_ATTRIBUTES_H */

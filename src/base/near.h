/*-------------------------------------------------------------------------
 *
 * near.h
 *	  Names that somebody may have meant who wrote another.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_NEAR_H
#define OMS_NEAR_H

#include "postgres.h"

#include "nodes/pg_list.h"

/* Nothing longer is taken for a name that was misspelt. */
#define OMS_NEAR_MAX	64

/* Letters and digits alone, in lower case: what two spellings of one name have in common. */
extern char *oms_squeezed(const char *name, int length);

/*
 * "Did you mean "a" or "b"?" of those of the names (texts) that are nearest to
 * what was given, at most three: misspelt by up to three letters, or else one
 * is a part of the other.  NULL: none is near.
 */
extern const char *oms_did_you_mean(const List *names, const char *given, int length);

#endif							/* OMS_NEAR_H */

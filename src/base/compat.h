/*-------------------------------------------------------------------------
 *
 * compat.h
 *	  What differs between PostgreSQL 15 and 18 for every file.
 *
 * What differs in the executor is in table_compat.h, for those that write rows.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_COMPAT_H
#define OMS_COMPAT_H

#include "postgres.h"

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 190000
#error "oms_state supports PostgreSQL 15 to 18"
#endif

/* 16 took the sizes of values out of postgres.h. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* 18 put the mark of a function that does not return before its declaration. */
#if PG_VERSION_NUM < 180000
#define pg_noreturn				pg_attribute_noreturn()
#endif

/* 16 asks for the owner of every class of objects by one function; for users of utils/acl.h and catalog/pg_class_d.h. */
#if PG_VERSION_NUM >= 160000
#define oms_owns_relation(relid, roleid)	object_ownercheck(RelationRelationId, (relid), (roleid))
#else
#define oms_owns_relation(relid, roleid)	pg_class_ownercheck((relid), (roleid))
#endif

#endif							/* OMS_COMPAT_H */

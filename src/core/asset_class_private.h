/*-------------------------------------------------------------------------
 *
 * asset_class_private.h
 *	  What is wrong with an asset class, and where in its definition: shared by what
 *	  reads one and what gives it what it extends.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ASSET_CLASS_PRIVATE_H
#define OMS_ASSET_CLASS_PRIVATE_H

#include "core/asset_class.h"

typedef struct ClassReader
{
	AssetClass *class;
	const char *path;			/* of what is being read */
} ClassReader;

/* It is that; the first fault is kept. */
extern void oms_class_fault(ClassReader *r, const char *fmt,...) pg_attribute_printf(2, 3);

/* What is read next is that part of what is being read; gives the path to come back to. */
extern const char *oms_class_enter(ClassReader *r, const char *key);

#endif							/* OMS_ASSET_CLASS_PRIVATE_H */

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
	DefinitionReader base;		/* first */
	AssetClass *class;
} ClassReader;

#endif							/* OMS_ASSET_CLASS_PRIVATE_H */

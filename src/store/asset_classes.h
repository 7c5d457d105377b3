/*-------------------------------------------------------------------------
 *
 * asset_classes.h
 *	  The asset classes of oms.asset_classes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ASSET_CLASSES_H
#define OMS_ASSET_CLASSES_H

#include "postgres.h"

#include "core/asset_class.h"

extern void oms_asset_classes_init(void);

/*
 * All of them, those that are not enabled too.  The newest, whatever the transaction
 * sees; good until this is called again.
 */
extern const AssetClasses *oms_asset_classes(void);

#endif							/* OMS_ASSET_CLASSES_H */

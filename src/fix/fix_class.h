/*-------------------------------------------------------------------------
 *
 * fix_class.h
 *	  The asset class of what a message is about, and its attributes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_FIX_CLASS_H
#define OMS_FIX_CLASS_H

#include "postgres.h"

#include "base/json.h"
#include "core/asset_class.h"
#include "fix/fix_message.h"

/*
 * Into an open command that makes something: the class that SecurityType (167),
 * else Product (460), else a symbol that is a currency pair stands for, and the
 * attributes of that; nothing where no class is for it.  Of the message, or of one
 * instance of a group.
 */
extern void oms_fix_put_class(JsonWriter *w, const FixMessage *message, const FixSpan *span);

/* The attributes alone, of a class that is known; NULL: of none. */
extern void oms_fix_put_attributes(JsonWriter *w, const FixMessage *message, const FixSpan *span, const char *class_name, AttributeHolder holder);

#endif							/* OMS_FIX_CLASS_H */

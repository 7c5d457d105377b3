/*-------------------------------------------------------------------------
 *
 * fix_class.c
 *	  The asset class of what a message is about, and its attributes: fields that
 *	  the class maps by tag.
 *
 * An attribute is a copy: the field stays wherever else it is kept.  What it may be
 * is asked of the command, as of anybody's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fix/fix_class.h"
#include "fix/fix_tags.h"
#include "store/asset_classes.h"

/* In the encoding of the database?  Of a message in bytes only what commands read was converted. */
static bool
class_can_take(const FixMessage *message, const FixTag *tag)
{
	if ((message->encoding == NULL && !message->base64) || oms_fix_is_read(message, tag->tag))
		return true;
	for (int i = 0; i < tag->length; i++)
		if (IS_HIGHBIT_SET(tag->value[i]))
			return false;
	return true;
}

static void
class_put_attributes(JsonWriter *w, const FixMessage *message, const FixSpan *span, const AssetClass *class, AttributeHolder holder)
{
	const AttributeSet *set = &class->sets[holder];
	bool		any = false;

	for (int i = 0; i < set->count; i++)
	{
		const AttributeDef *def = &set->members[i];
		const FixTag *tag = def->tag != 0 ? oms_fix_find_in(message, span, def->tag) : NULL;

		/* what is of one symbol may stand outside of its group */
		if (tag == NULL && span && def->tag != 0)
			tag = oms_fix_find(message, def->tag);
		if (tag == NULL || tag->length == 0 || !class_can_take(message, tag))
			continue;
		if (!any)
		{
			oms_json_key(w, "attributes");
			oms_json_open_object(w);
			any = true;
		}
		oms_json_string_len(w, def->name, tag->value, tag->length);
	}
	if (any)
		oms_json_close_object(w);
}

void
oms_fix_put_class(JsonWriter *w, const FixMessage *message, const FixSpan *span)
{
	char	   *said[] = {oms_fix_get_in(message, span, TAG_SECURITY_TYPE), oms_fix_get_in(message, span, TAG_PRODUCT), oms_fix_get_in(message, span, TAG_SYMBOL)};
	const AssetClass *class = oms_class_of_instrument(oms_asset_classes(), said[0], said[1], said[2]);

	if (class == NULL)
		return;
	oms_json_string(w, "assetClass", class->name);
	class_put_attributes(w, message, span, class, ATTRIBUTES_OF_ORDER);
}

void
oms_fix_put_attributes(JsonWriter *w, const FixMessage *message, const FixSpan *span, const char *class_name, AttributeHolder holder)
{
	const AssetClass *class = class_name ? oms_class_find(oms_asset_classes(), class_name) : NULL;

	if (class && class->enabled && class->fault == NULL)
		class_put_attributes(w, message, span, class, holder);
}

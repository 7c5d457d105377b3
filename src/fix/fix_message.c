/*-------------------------------------------------------------------------
 *
 * fix_message.c
 *	  One FIX message as tags and values.
 *
 * Pure.  Knows the envelope and nothing of what a message means.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/base64.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "base/names.h"
#include "fix/fix_charset.h"
#include "fix/fix_private.h"
#include "fix/fix_tags.h"

#define SOH '\001'
#define TAG_DIGITS_MAX 9
#define COMP_ID_LENGTH_MAX 100
#define BEGIN_STRING_MAX 16
#define SHOWN_MAX 20			/* bytes of a value in an error */
#define HEAD_MAX 1024			/* bytes of a message that is too large to be kept */
#define FIELDS_PER_INTERRUPT 1024

/* Up to so many bytes, in ASCII: what else there is may be in any encoding, and a character must not be cut. */
static char *
message_in_ascii(const char *bytes, size_t length, size_t most)
{
	StringInfoData text;

	initStringInfo(&text);
	for (size_t i = 0; i < length && i < most; i++)
	{
		unsigned char c = bytes[i];

		if (c >= ' ' && c < 0x7f)
			appendStringInfoChar(&text, c);
		else
			appendStringInfo(&text, "\\x%02x", c);
	}
	if (length > most)
		appendStringInfoString(&text, "...");
	return text.data;
}

/* A value as an error shows it. */
static char *
message_shown(const FixTag *tag)
{
	return message_in_ascii(tag->value, tag->length, SHOWN_MAX);
}

char *
oms_fix_head(const char *bytes, size_t length)
{
	return message_in_ascii(bytes, length, HEAD_MAX);
}

int
oms_fix_number(const FixTag *tag)
{
	int			number = 0;

	if (tag->length == 0 || tag->length > TAG_DIGITS_MAX)
		return -1;
	for (int i = 0; i < tag->length; i++)
	{
		if (tag->value[i] < '0' || tag->value[i] > '9')
			return -1;
		number = number * 10 + (tag->value[i] - '0');
	}
	return number;
}

/* Read the field at `at`; *next is where the one after it begins. */
static Refusal *
message_read_field(const char *text, const char *at, const char *end, char separator, int data_tag, int data_length,
				   FixTag *tag, const char **next)
{
	const char *equals = memchr(at, '=', Min(end - at, TAG_DIGITS_MAX + 1));
	FixTag		number = {.value = at, .length = equals ? equals - at : 0};
	const char *stop;

	tag->tag = equals ? oms_fix_number(&number) : -1;
	if (tag->tag <= 0 || *at == '0')
		return oms_fix_damaged("There is no tag=value at byte %d.", (int) (at - text));
	tag->value = equals + 1;
	/* where the length is wrong, or stands alone, the separator decides */
	if (tag->tag == data_tag && data_length > 0 && end - tag->value > data_length && tag->value[data_length] == separator)
		stop = tag->value + data_length;
	else
		stop = memchr(tag->value, separator, end - tag->value);
	/* the last separator is easily lost where a message is copied */
	if (stop == NULL && tag->tag == TAG_CHECK_SUM)
		stop = end;
	if (stop == NULL)
		return oms_fix_damaged("The field of tag %d is not ended.", tag->tag);
	tag->length = stop - tag->value;
	*next = stop + 1;
	return NULL;
}

static Refusal *
message_read_fields(const char *text, size_t length, char separator, FixMessage *message)
{
	const char *at = text;
	const char *end = text + length;
	int			size = 32;
	int			data_tag = 0;
	int			data_length = 0;

	message->tags = palloc(sizeof(FixTag) * size);
	while (at < end)
	{
		FixTag	   *tag;
		Refusal    *refusal;

		if (message->ntags % FIELDS_PER_INTERRUPT == 0)
			CHECK_FOR_INTERRUPTS();
		if (message->ntags == size)
		{
			size *= 2;
			message->tags = repalloc_huge(message->tags, sizeof(FixTag) * size);
		}
		tag = &message->tags[message->ntags++];
		refusal = message_read_field(text, at, end, separator, data_tag, data_length, tag, &at);
		if (refusal)
			return refusal;
		data_tag = oms_fix_data_tag_after(tag->tag);
		data_length = data_tag ? oms_fix_number(tag) : 0;
	}
	return NULL;
}

/*
 * CheckSum is of the message as it is sent, with SOH behind each field.  Eight bytes
 * at once: what is added up are the even and the odd ones, each in 16 bits, which
 * hold 256 of them.
 */
static unsigned int
message_sum(const char *text, const char *end, char separator)
{
	const uint64 every_other = UINT64CONST(0x00FF00FF00FF00FF);
	unsigned int sum = 0;

	while (separator == SOH && end - text >= 8)
	{
		uint64		sums = 0;

		for (int i = 0; i < 128 && end - text >= 8; i++, text += 8)
		{
			uint64		word;

			memcpy(&word, text, sizeof(word));
			sums += (word & every_other) + (word >> 8 & every_other);
		}
		for (int i = 0; i < 64; i += 16)
			sum += sums >> i & 0xFFFF;
	}
	for (; text < end; text++)
		sum += *text == separator ? SOH : (unsigned char) *text;
	return sum % 256;
}

/* BodyLength counts from after its own field to before CheckSum's. */
static Refusal *
message_check_envelope(const char *text, char separator, const FixMessage *message)
{
	const FixTag *tags = message->tags;
	const FixTag *last = &tags[message->ntags - 1];
	const char *body;
	const char *trailer;
	unsigned int sum;

	if (message->ntags < 4 || tags[0].tag != TAG_BEGIN_STRING || tags[1].tag != TAG_BODY_LENGTH ||
		tags[2].tag != TAG_MSG_TYPE || last->tag != TAG_CHECK_SUM)
		return oms_fix_damaged("It must begin with tags 8, 9 and 35 and end with tag 10.");
	if (tags[0].length < 5 || (memcmp(tags[0].value, "FIX.4", 5) != 0 && memcmp(tags[0].value, "FIXT.", 5) != 0))
		return oms_fix_damaged("BeginString (8) is no version from FIX 4.2 to 5.0 SP2.");
	body = tags[1].value + tags[1].length + 1;
	trailer = last->value - 3;	/* "10=" */
	if (oms_fix_number(&tags[1]) != trailer - body)
		return oms_fix_damaged("BodyLength (9) is %s; the body has %d bytes.", message_shown(&tags[1]), (int) (trailer - body));
	sum = message_sum(text, trailer, separator);
	if (last->length != 3 || oms_fix_number(last) != sum)
		return oms_fix_damaged("CheckSum (10) is %s; the message has %03u.", message_shown(last), sum);
	return NULL;
}

/* As it is, or, where one of the two has the sign between them, with that and "\\" escaped. */
static void
message_append_comp_id(StringInfo session, const char *comp_id, bool escaped)
{
	for (const char *p = comp_id; *p != '\0'; p++)
	{
		if (escaped && (*p == '|' || *p == '\\'))
			appendStringInfoChar(session, '\\');
		appendStringInfoChar(session, *p);
	}
}

/* The pair of comp ids in alphabetical order: both directions are one session. */
static Refusal *
message_name_session(FixMessage *message)
{
	char	   *sender = oms_fix_get(message, TAG_SENDER_COMP_ID);
	char	   *target = oms_fix_get(message, TAG_TARGET_COMP_ID);
	bool		in_order;
	bool		escaped;
	StringInfoData session;

	if (sender == NULL || target == NULL)
		return oms_fix_damaged("SenderCompID (49) and TargetCompID (56) are required.");
	if (strlen(sender) > COMP_ID_LENGTH_MAX || strlen(target) > COMP_ID_LENGTH_MAX)
		return oms_fix_damaged("A comp id has more than %d bytes.", COMP_ID_LENGTH_MAX);
	in_order = strcmp(sender, target) <= 0;
	escaped = strchr(sender, '|') || strchr(target, '|');
	initStringInfo(&session);
	message_append_comp_id(&session, in_order ? sender : target, escaped);
	appendStringInfoChar(&session, '|');
	message_append_comp_id(&session, in_order ? target : sender, escaped);
	message->session = session.data;
	return NULL;
}

/* The messages that commands are made of: what is read must be said once, and what is asked for said. */
static Refusal *
message_check_fields(FixMessage *message)
{
	const FixTag *again = NULL;
	const FixTag *before;
	const FixTag *msg_type = &message->tags[2];

	if (msg_type->length == 0)
		return oms_fix_damaged("MsgType (35) is empty.");
	message->msg_type = pnstrdup(msg_type->value, msg_type->length);
	message->def = oms_fix_message_def(message->msg_type);
	before = oms_fix_find_scopes(message, &again);
	if (message->def == NULL)
		return NULL;
	if (before)
		return oms_fix_damaged("Tag %d comes twice, as %s and as %s, and not in two instances of a group.", before->tag,
							   message_shown(before), message_shown(again));
	for (int i = 0; i < message->ntags && (message->def->traits & FIX_NO_EMPTY); i++)
		if (message->tags[i].length == 0)
			return oms_fix_damaged("The field of tag %d is empty.", message->tags[i].tag);
	return NULL;
}

static Refusal *
message_read(const char *text, size_t length, FixMessage *message)
{
	size_t		head = Min(length, BEGIN_STRING_MAX);
	const char *soh = memchr(text, SOH, head);
	const char *bar = memchr(text, '|', head);
	char		separator = bar && (soh == NULL || bar < soh) ? '|' : SOH;
	Refusal    *refusal;

	/* logs end a message with a line break */
	while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r'))
		length--;
	if (length == 0)
		return oms_fix_damaged("It is empty.");
	refusal = message_read_fields(text, length, separator, message);
	if (refusal == NULL)
		refusal = message_check_envelope(text, separator, message);
	return refusal ? refusal : message_check_fields(message);
}

Refusal *
oms_fix_parse_text(const char *text, size_t length, FixMessage *message)
{
	Refusal    *refusal;

	memset(message, 0, sizeof(*message));
	message->raw = text;
	refusal = message_read(text, length, message);
	if (refusal && message->ntags > 0 && !oms_charset_is_ascii(text, length))
		oms_with_hint(refusal, "A message that was not written in the database's encoding is given as bytea.");
	return refusal ? refusal : message_name_session(message);
}

/* Ids and figures that decide must be readable; of all that a report only states is kept what there is. */
static bool
message_must_be_readable(const FixMessage *message, int tag)
{
	const char *name = oms_fix_command_field(tag);
	const CommandField *field = name ? oms_command_field(&oms_command_defs[COMMAND_EXECUTE_ORDER], name) : NULL;

	if (message->def && (message->def->traits & FIX_QUOTE) && oms_fix_quote_decides(tag))
		return true;
	return tag == TAG_SENDER_COMP_ID || tag == TAG_TARGET_COMP_ID || (field && !field->stated) || tag == TAG_ALLOC_ACCOUNT;
}

/* Only what becomes fields of commands is converted: data stays in the raw message. */
static Refusal *
message_convert_values(FixMessage *message, const FixCharset *charset)
{
	for (int i = 0; i < message->ntags; i++)
	{
		FixTag	   *tag = &message->tags[i];
		char	   *text;

		if (!oms_fix_is_read(message, tag->tag) || oms_charset_is_ascii(tag->value, tag->length))
			continue;
		text = oms_charset_convert(charset, tag->value, tag->length, false);
		if (text == NULL && message_must_be_readable(message, tag->tag))
			return oms_fix_damaged("The field of tag %d cannot be converted from %s: %s.", tag->tag, oms_charset_name(charset),
								   message_shown(tag));
		if (text == NULL)
			text = oms_charset_escape(charset, tag->value, tag->length);
		tag->value = text;
		tag->length = strlen(text);
	}
	return NULL;
}

static char *
message_to_base64(const char *bytes, size_t length)
{
	int			size = pg_b64_enc_len(length) + 1;
	char	   *text = palloc(size);
	int			written = pg_b64_encode((const void *) bytes, length, text, size);

	if (written < 0)
		elog(ERROR, "cannot encode a message of %zu bytes", length);
	text[written] = '\0';
	return text;
}

/* How the message itself is kept, so that its bytes can be had again. */
static void
message_keep_raw(const char *bytes, size_t length, const FixCharset *charset, FixMessage *message)
{
	char	   *text = oms_charset_convert(charset, bytes, length, true);

	message->encoding = text ? oms_charset_name(charset) : NULL;
	message->base64 = text == NULL;
	message->raw = text ? text : message_to_base64(bytes, length);
}

Refusal *
oms_fix_parse_bytes(const char *bytes, size_t length, FixMessage *message)
{
	bool		ascii = oms_charset_is_ascii(bytes, length);
	FixCharset	charset = {0};
	char	   *name;
	Refusal    *refusal;

	memset(message, 0, sizeof(*message));
	if (ascii)
		message->raw = pnstrdup(bytes, length);
	refusal = message_read(bytes, length, message);
	if (!ascii)
	{
		name = message->infos ? oms_fix_get(message, TAG_MESSAGE_ENCODING) : NULL;
		charset = oms_charset_open(name);
		message_keep_raw(bytes, length, &charset, message);
		if (refusal == NULL)
			refusal = message_convert_values(message, &charset);
	}
	return refusal ? refusal : message_name_session(message);
}

char *
oms_fix_get(const FixMessage *message, int tag)
{
	const FixTag *found = oms_fix_find(message, tag);

	return found && found->length > 0 ? pnstrdup(found->value, found->length) : NULL;
}

bool
oms_fix_is_none(int tag, const char *value, int length)
{
	if (tag == TAG_ORDER_ID || tag == TAG_EXEC_REF_ID)
		return oms_order_id_is_none(value, length);
	return oms_id_is_none(value, length);
}

char *
oms_fix_get_id(const FixMessage *message, int tag)
{
	char	   *id = oms_fix_get(message, tag);

	return id && !oms_fix_is_none(tag, id, strlen(id)) ? id : NULL;
}

bool
oms_fix_is(const FixMessage *message, int tag, const char *value)
{
	const FixTag *found = oms_fix_find(message, tag);

	/* none is no value, and neither is an empty one; a value may have bytes of zero in it */
	return found && found->length > 0 && strlen(value) == found->length && memcmp(found->value, value, found->length) == 0;
}

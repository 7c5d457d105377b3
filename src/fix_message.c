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

#include "mb/pg_wchar.h"

#include "fix_message.h"

#define SOH '\001'
#define TAG_DIGITS_MAX 9
#define COMP_ID_LENGTH_MAX 100

enum HeaderTag
{
	TAG_BEGIN_STRING = 8,
	TAG_BODY_LENGTH = 9,
	TAG_CHECK_SUM = 10,
	TAG_MSG_TYPE = 35,
	TAG_SENDER_COMP_ID = 49,
	TAG_TARGET_COMP_ID = 56
};

/* Fields of raw data, which may hold a separator, and the field that tells how long they are. */
static const struct
{
	int			length_tag;
	int			data_tag;
}			data_fields[] = {
	{90, 91}, {93, 89}, {95, 96}, {212, 213}, {348, 349}, {350, 351}, {352, 353}, {354, 355},
	{356, 357}, {358, 359}, {360, 361}, {362, 363}, {364, 365}, {445, 446}, {618, 619}, {621, 622}
};

static Refusal *
damaged(const char *fmt,...) pg_attribute_printf(1, 2);

static Refusal *
damaged(const char *fmt,...)
{
	char		facts[256];
	va_list		args;

	va_start(args, fmt);
	vsnprintf(facts, sizeof(facts), fmt, args);
	va_end(args);
	return oms_with_detail(oms_refuse(OMS_BAD_FIX, "damaged FIX message"), "%s", facts);
}

static int
data_tag_after(int length_tag)
{
	for (int i = 0; i < lengthof(data_fields); i++)
		if (data_fields[i].length_tag == length_tag)
			return data_fields[i].data_tag;
	return 0;
}

/* A value that is a plain number, or -1. */
static int
number_of(const FixTag *tag)
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
read_field(const char *text, const char *at, const char *end, char separator, int data_length,
		   FixTag *tag, const char **next)
{
	const char *equals = memchr(at, '=', Min(end - at, TAG_DIGITS_MAX + 1));
	FixTag		number = {.value = at, .length = equals ? equals - at : 0};
	const char *stop;

	tag->tag = equals ? number_of(&number) : -1;
	if (tag->tag <= 0 || *at == '0')
		return damaged("There is no tag=value at byte %d.", (int) (at - text));
	tag->value = equals + 1;
	if (data_length > 0 && end - tag->value > data_length && tag->value[data_length] == separator)
		stop = tag->value + data_length;
	else
		stop = memchr(tag->value, separator, end - tag->value);
	/* the last separator is easily lost where a message is copied */
	if (stop == NULL && tag->tag == TAG_CHECK_SUM)
		stop = end;
	if (stop == NULL)
		return damaged("The field of tag %d is not ended.", tag->tag);
	tag->length = stop - tag->value;
	if (tag->length == 0)
		return damaged("The field of tag %d is empty.", tag->tag);
	*next = stop + 1;
	return NULL;
}

static Refusal *
read_fields(const char *text, size_t length, char separator, FixMessage *message)
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

		if (message->ntags == size)
		{
			size *= 2;
			message->tags = repalloc_huge(message->tags, sizeof(FixTag) * size);
		}
		tag = &message->tags[message->ntags++];
		refusal = read_field(text, at, end, separator, data_length, tag, &at);
		if (refusal)
			return refusal;
		if (data_length > 0 && tag->tag != data_tag)
			return damaged("Tag %d must follow its length.", data_tag);
		data_tag = data_tag_after(tag->tag);
		data_length = data_tag ? number_of(tag) : 0;
	}
	return NULL;
}

/* BodyLength counts from after its own field to before CheckSum's. */
static Refusal *
check_envelope(const char *text, char separator, const FixMessage *message)
{
	const FixTag *tags = message->tags;
	const FixTag *last = &tags[message->ntags - 1];
	const char *body;
	const char *trailer;
	unsigned int sum = 0;

	if (message->ntags < 4 || tags[0].tag != TAG_BEGIN_STRING || tags[1].tag != TAG_BODY_LENGTH ||
		tags[2].tag != TAG_MSG_TYPE || last->tag != TAG_CHECK_SUM)
		return damaged("It must begin with tags 8, 9 and 35 and end with tag 10.");
	if (tags[0].length < 5 || (memcmp(tags[0].value, "FIX.4", 5) != 0 && memcmp(tags[0].value, "FIXT.", 5) != 0))
		return damaged("BeginString (8) is no version from FIX 4.2 to 5.0 SP2.");
	body = tags[1].value + tags[1].length + 1;
	trailer = last->value - 3;	/* "10=" */
	if (number_of(&tags[1]) != trailer - body)
		return damaged("BodyLength (9) is %.*s; the body has %d bytes.", Min(tags[1].length, 20), tags[1].value,
					   (int) (trailer - body));
	for (const char *p = text; p < trailer; p++)
		sum += *p == separator ? SOH : (unsigned char) *p;
	if (last->length != 3 || number_of(last) != sum % 256)
		return damaged("CheckSum (10) is %.*s; the message has %03u.", Min(last->length, 20), last->value, sum % 256);
	return NULL;
}

/* The pair of comp ids in alphabetical order: both directions are one session. */
static Refusal *
name_session(FixMessage *message)
{
	char	   *sender = oms_fix_get(message, TAG_SENDER_COMP_ID);
	char	   *target = oms_fix_get(message, TAG_TARGET_COMP_ID);

	if (sender == NULL || target == NULL)
		return damaged("SenderCompID (49) and TargetCompID (56) are required.");
	if (strlen(sender) > COMP_ID_LENGTH_MAX || strlen(target) > COMP_ID_LENGTH_MAX)
		return damaged("A comp id has more than %d bytes.", COMP_ID_LENGTH_MAX);
	if (strcmp(sender, target) <= 0)
		message->session = psprintf("%s|%s", sender, target);
	else
		message->session = psprintf("%s|%s", target, sender);
	return NULL;
}

Refusal *
oms_fix_parse(const char *text, size_t length, FixMessage *message)
{
	char		separator = memchr(text, SOH, length) ? SOH : '|';
	Refusal    *refusal;

	memset(message, 0, sizeof(*message));
	message->raw = text;
	/* logs end a message with a line break */
	while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r'))
		length--;
	if (length == 0)
		return damaged("It is empty.");
	refusal = read_fields(text, length, separator, message);
	if (refusal == NULL)
		refusal = check_envelope(text, separator, message);
	if (refusal)
		return refusal;
	message->msg_type = oms_fix_get(message, TAG_MSG_TYPE);
	return name_session(message);
}

char *
oms_fix_get(const FixMessage *message, int tag)
{
	for (int i = 0; i < message->ntags; i++)
		if (message->tags[i].tag == tag)
			return pnstrdup(message->tags[i].value, message->tags[i].length);
	return NULL;
}

char *
oms_fix_get_id(const FixMessage *message, int tag)
{
	char	   *id = oms_fix_get(message, tag);

	return id && strcmp(id, "NONE") != 0 ? id : NULL;
}

bool
oms_fix_is(const FixMessage *message, int tag, const char *value)
{
	char	   *found = oms_fix_get(message, tag);

	return found && strcmp(found, value) == 0;
}

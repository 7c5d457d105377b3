/*
 * debezium/bridge/kafka_settings.h
 *     The properties of librdkafka: one table of those that the bridge has a say in. All others are the user's.
 */
#ifndef KAFKA_SETTINGS_H
#define KAFKA_SETTINGS_H

#include "options.h"

/* What a client of the library is for. */
typedef enum KafkaRole
{
	KAFKA_ADMIN = 1,			/* looks at topics and at their ends, committed or not */
	KAFKA_READER = 2,			/* reads records, committed ones only */
	KAFKA_PRODUCER = 4
} KafkaRole;

typedef enum KafkaHold
{
	HOLD_FIXED,					/* what the guarantees rest on: a user may not name it */
	HOLD_DEFAULT,				/* ours as long as the user says nothing */
	HOLD_FORCED,				/* goes in last, over what the user said for other clients */
	HOLD_LIMITED				/* the user's, for these roles alone */
} KafkaHold;

typedef struct KafkaSetting
{
	KafkaHold	hold;
	int			roles;			/* whose value this is */
	const char *name;
	const char *value;			/* NULL: worked out by kafka_conf.c, or the library's own */
	const char *why;			/* of FIXED: the hint for whoever names it */
} KafkaSetting;

extern const KafkaSetting kafka_settings[];
extern const int kafka_setting_count;

/* Of a property: it is shown to nobody. */
extern bool property_secret(const char *name);
/* False for one that is the bridge's, that the library does not have, or that it has no such value for. */
extern bool property_check(const char *name, const char *value, Problem *problem);

#endif

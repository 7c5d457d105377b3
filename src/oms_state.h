/*-------------------------------------------------------------------------
 *
 * oms_state.h
 *	  Public header: all that another extension needs to build on oms_state.
 *
 * The values that both share, predicates of rules (doc/rules.md, "Predicates in
 * C"), hooks on events, and kinds of object of its own (doc/core_library.md).
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_STATE_H
#define OMS_STATE_H

#include "postgres.h"
#include "datatype/timestamp.h"
#include "fmgr.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#define OMS_STATE_SCHEMA_VERSION 2	/* of an event's payload; those of version 1 stay readable */

/* OrdStatus (FIX tag 39).  Shown is the one that wins FIX's precedence. */
typedef enum OmsOrderStatus
{
	OMS_ORDER_PENDING_NEW = 1,
	OMS_ORDER_NEW,
	OMS_ORDER_PARTIALLY_FILLED,
	OMS_ORDER_FILLED,
	OMS_ORDER_DONE_FOR_DAY,
	OMS_ORDER_CANCELLED,
	OMS_ORDER_PENDING_CANCEL,
	OMS_ORDER_PENDING_REPLACE,
	OMS_ORDER_STOPPED,
	OMS_ORDER_SUSPENDED,
	OMS_ORDER_REJECTED,
	OMS_ORDER_EXPIRED,
	OMS_ORDER_CALCULATED,
	OMS_ORDER_ACCEPTED_FOR_BIDDING
} OmsOrderStatus;

#define OMS_ORDER_STATUS_COUNT	14

typedef enum OmsExecutionStatus
{
	OMS_EXECUTION_REVIEW = 1,	/* no quantity moved */
	OMS_EXECUTION_VALIDATED,	/* live, not wholly allocated */
	OMS_EXECUTION_ALLOCATED,	/* live, wholly allocated */
	OMS_EXECUTION_CORRECTED,
	OMS_EXECUTION_BUSTED,
	OMS_EXECUTION_REJECTED
} OmsExecutionStatus;

/* ------------------------------------------------------------------------
 * predicates
 * ------------------------------------------------------------------------
 */

typedef enum OmsAnswer
{
	OMS_FALSE,
	OMS_TRUE,
	OMS_NULL					/* what it needs is missing */
} OmsAnswer;

/* What a predicate is asked of; good until it returns. */
typedef struct OmsQuestion
{
	Jsonb	   *command;		/* in its normal form, as other predicates see it */

	/* The state of "cur", "parent" or "root", as events carry it; NULL: there is none.  An error for any other name. */
	Jsonb	   *(*row) (const struct OmsQuestion *question, const char *name);
} OmsQuestion;

/*
 * It may raise errors: they are an answer, as those of any predicate.  It reads and
 * computes, in the current memory context, which goes when it returns, and calls
 * CHECK_FOR_INTERRUPTS() where it takes long.  What writes is an error.
 */
typedef OmsAnswer (*OmsPredicate) (const OmsQuestion *question);

typedef struct OmsRegistered
{
	struct OmsRegistered *next;
	const char *name;
	OmsPredicate predicate;
} OmsRegistered;

/* Another number once what stands above is another: who was compiled with that is not found, then, and not called wrongly. */
#define OMS_PREDICATES	"oms_state predicates 1"

/*
 * From _PG_init(): rules may say oms.registered('name') then, in sessions that have
 * loaded the library, before oms_state or after it.  Of two by one name the one
 * registered last is asked.
 */
static inline void
oms_register_predicate(const char *name, OmsPredicate predicate)
{
	OmsRegistered **all = (OmsRegistered **) find_rendezvous_variable(OMS_PREDICATES);
	OmsRegistered *added;

	if (name == NULL || predicate == NULL)
		elog(ERROR, "cannot register a predicate without a name or a function");
	added = (OmsRegistered *) MemoryContextAlloc(TopMemoryContext, sizeof(OmsRegistered));
	added->next = *all;
	added->name = MemoryContextStrdup(TopMemoryContext, name);
	added->predicate = predicate;
	*all = added;
}

/* ------------------------------------------------------------------------
 * the library
 * ------------------------------------------------------------------------
 */

/*
 * Another number once what stands below is another.  The struct grows at its end
 * under the same number: `size` says what of it is there.
 */
#define OMS_API_VERSION	1

/* One event, when its row and all others of the call are written.  Good until the hook returns; the values are copies. */
typedef struct OmsEvent
{
	const char *aggregate_type; /* "Order" */
	const char *aggregate_id;
	const char *root_id;
	const char *event_type;
	int64		version;		/* of the object */
	int64		tree_version;
	int64		sequence;
	TimestampTz occurred_at;
	int			transition;
	const char *command_id;
	const char *actor;
	Jsonb	   *payload;		/* the whole event, as it goes to Kafka */
	bytea	   *hash;
} OmsEvent;

/*
 * Called once for each event of objects, in the order of their sequence, before the call that
 * made them returns: inside of its transaction, as its user.  An error undoes the
 * call.  It may read and write tables of its own by SPI; a command is 55000.
 */
typedef void (*OmsEventHook) (const OmsEvent *event, void *arg);

typedef enum OmsFieldType
{
	OMS_ID = 1,					/* text of 1 to 256 bytes */
	OMS_TEXT,					/* text of at most 64 kB */
	OMS_QUANTITY,				/* numeric above zero, of at most 38 digits */
	OMS_QUANTITY_OR_ZERO,		/* … not negative */
	OMS_PRICE,					/* … of any sign */
	OMS_NAME,					/* one of a closed set of names; text in the table */
	OMS_TIME,					/* timestamptz */
	OMS_DATE,					/* date */
	OMS_BOOL,					/* boolean; in a column true or null */
	OMS_COUNT,					/* bigint, not negative; in a column that is not required 0 is null */
	OMS_OBJECT					/* jsonb, an object */
} OmsFieldType;

#define OMS_COLUMNS_MAX		40	/* of a kind */
#define OMS_FIELDS_MAX		32	/* of a command */
#define OMS_STATUSES_MAX	31

/* A column of a kind, besides those that every kind has. */
typedef struct OmsColumn
{
	const char *json;			/* its name in states: "maxValue" */
	const char *column;			/* … in the table: "max_value" */
	OmsFieldType type;
	bool		required;		/* never null: what would leave it so is OM001 */
	const char *const *names;	/* of OMS_NAME; ends with NULL */
} OmsColumn;

/* A row of the kind's machine; bit i of a mask is status i of the kind. */
typedef struct OmsTransition
{
	int			number;			/* stands in every event, never used again; from 10000 on, ascending */
	const char *trigger;
	uint32		requires;		/* statuses that must all hold; a new object has none */
	uint32		forbids;		/* … none of which may */
	uint32		sets;
	uint32		clears;
	const char *event_type;
	const char *sentence;
} OmsTransition;

typedef enum OmsRole
{
	OMS_TRADER = 1,
	OMS_DESK,
	OMS_ADMIN
} OmsRole;

/* A field of a command, besides the id and those that every command has. */
typedef struct OmsCommandField
{
	const char *name;
	bool		required;
	const char *column;			/* that it fills, of whose type it is; or NULL */
	OmsFieldType type;			/* without a column */
	const char *const *names;	/* likewise */
} OmsCommandField;

/* What a decide function looks at: the object before (none of a new one) and after, and the command. */
typedef enum OmsSide
{
	OMS_BEFORE,
	OMS_AFTER,
	OMS_COMMAND
} OmsSide;

typedef struct OmsDecision OmsDecision;

/*
 * What the command does besides its transition and the columns that its fields
 * fill, which OMS_AFTER has already.  It computes of what it is given, by the
 * functions of OmsApi, and has no effect but by them.
 */
typedef void (*OmsDecide) (OmsDecision *decision);

typedef struct OmsKindCommand
{
	const char *name;			/* "OpenBasketCommand" */
	const char *trigger;
	bool		creates;		/* it makes the object, whose id it may give; else it names one */
	OmsRole		role;			/* who may give it, once oms.create_roles() was called */
	const OmsCommandField *fields;	/* ends with one without a name; NULL: none */
	OmsDecide	decide;			/* or NULL */
} OmsKindCommand;

/*
 * A kind of object, each its own root.  Everything that it points to stays, and
 * as it is: it is not copied.
 */
typedef struct OmsKind
{
	const char *name;			/* "basket"; its events stand in oms.basket_events */
	const char *table;			/* "baskets" */
	const char *type;			/* "Basket": aggregateType; its id is basketId */
	const char *described;		/* "a basket" */
	const OmsColumn *columns;	/* ends with one without a name; "account" may be one, an OMS_ID */
	const char *const *statuses;	/* in order of precedence: the status is the first that holds; ends with NULL */
	const OmsTransition *transitions;	/* ends with number 0 */
	const OmsKindCommand *commands; /* ends with one without a name */
} OmsKind;

typedef struct OmsApi
{
	uint32		version;
	uint32		size;

	void		(*add_event_hook) (OmsEventHook hook, void *arg);
	void		(*add_kind) (const OmsKind *kind);

	/*
	 * Of a decision.  A column by its name in the table, also those that every kind has; a
	 * field of the command by its own.  text, numeric, timestamptz, date,
	 * boolean, bigint or jsonb; false: it is null.
	 */
	bool		(*get) (const OmsDecision *decision, OmsSide side, const char *name, Datum *value);

	/* A column of the kind's own becomes that of OMS_AFTER; NULL: null. */
	void		(*set) (OmsDecision *decision, const char *column, const Datum *value);

	/* OM005: `rule` is its name, the rest is for people; detail may be NULL.  The first one counts. */
	void		(*refuse) (OmsDecision *decision, const char *rule, const char *message, const char *detail);

	TimestampTz (*now) (const OmsDecision *decision);	/* the time of the event */
	const char *(*actor) (const OmsDecision *decision);
} OmsApi;

#define OMS_API			"oms_state api"			/* of OmsApi, once oms_state is loaded */
#define OMS_LIBRARIES	"oms_state libraries"	/* of OmsLibrary: what was loaded, in whichever order */

/* A library that builds on oms_state; a static variable of its own.  This struct is the same under every number. */
typedef struct OmsLibrary
{
	const char *name;
	void		(*init) (const OmsApi *api);	/* registers all that it brings */
	uint32		version;		/* oms_join() sets the rest */
	uint32		size;
	bool		joined;
	struct OmsLibrary *next;
} OmsLibrary;

static inline void
oms_library_init(OmsLibrary *library, const OmsApi *api)
{
	if (library->joined)
		return;
	if (api->version != library->version)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("library \"%s\" was built for version %u of the interface of oms_state, which has version %u", library->name, library->version, api->version),
				 errhint("Build it with the header of the oms_state that is installed.")));
	if (api->size < library->size)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("library \"%s\" needs %u bytes of the interface of oms_state, which has %u", library->name, library->size, api->size),
				 errhint("Install a newer oms_state.")));
	library->init(api);
	library->joined = true;
}

/*
 * From _PG_init(): library->init() is called as soon as oms_state is loaded too.
 * Where that cannot be, whoever is loaded second fails: what a library was to keep
 * or refuse must not be left out in silence.
 */
static inline void
oms_join(OmsLibrary *library)
{
	OmsLibrary **all = (OmsLibrary **) find_rendezvous_variable(OMS_LIBRARIES);
	const OmsApi *api = *(const OmsApi **) find_rendezvous_variable(OMS_API);
	OmsLibrary *known = *all;

	while (known && known != library)
		known = known->next;
	if (known == NULL)
	{
		library->version = OMS_API_VERSION;
		library->size = sizeof(OmsApi);
		library->next = *all;
		*all = library;
	}
	if (api)
		oms_library_init(library, api);
}

#endif							/* OMS_STATE_H */

/*-------------------------------------------------------------------------
 *
 * command.h
 *	  What a command is: one struct, and the table of all commands.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_COMMAND_H
#define OMS_COMMAND_H

#include "postgres.h"

#include "base/errors.h"
#include "core/order/order_machine.h"
#include "core/order/order_record.h"
#include "core/quote/quote_terms.h"

typedef enum CommandType
{
	COMMAND_CREATE_ORDER,
	COMMAND_ACCEPT_ORDER,
	COMMAND_REJECT_ORDER,
	COMMAND_REQUEST_CANCEL_ORDER,
	COMMAND_CANCEL_ORDER,
	COMMAND_REJECT_CANCEL_ORDER,
	COMMAND_REQUEST_REPLACE_ORDER,
	COMMAND_REPLACE_ORDER,
	COMMAND_REJECT_REPLACE_ORDER,
	COMMAND_SUSPEND_ORDER,
	COMMAND_RESUME_ORDER,
	COMMAND_STOP_ORDER,
	COMMAND_DONE_FOR_DAY_ORDER,
	COMMAND_RESTATE_ORDER,
	COMMAND_CALCULATE_ORDER,
	COMMAND_EXPIRE_ORDER,
	COMMAND_UPDATE_ORDER,
	COMMAND_PLACE_ORDER,
	COMMAND_SEND_TO_DESK,
	COMMAND_CLAIM_ORDER,
	COMMAND_ASSIGN_ORDER,
	COMMAND_RELEASE_FROM_DESK,
	COMMAND_CREATE_BLOCK,
	COMMAND_REPLACE_MEMBERS,
	COMMAND_EXECUTE_ORDER,
	COMMAND_CREATE_MANUAL_EXECUTION,
	COMMAND_CORRECT_EXECUTION,
	COMMAND_BUST_EXECUTION,
	COMMAND_APPROVE_EXECUTION,
	COMMAND_REJECT_EXECUTION,
	COMMAND_ALLOCATE_EXECUTION,
	COMMAND_DEALLOCATE_EXECUTION,
	COMMAND_CREATE_QUOTE_REQUEST,
	COMMAND_REJECT_QUOTE_REQUEST,
	COMMAND_CANCEL_QUOTE_REQUEST,
	COMMAND_EXPIRE_QUOTE_REQUEST,
	COMMAND_CREATE_QUOTE,
	COMMAND_REPLACE_QUOTE,
	COMMAND_ACCEPT_QUOTE,
	COMMAND_REJECT_QUOTE,
	COMMAND_CANCEL_QUOTE,
	COMMAND_EXPIRE_QUOTE,
	COMMAND_PURGE_ORDER,
	COMMAND_PURGE_QUOTE_REQUEST,
	COMMAND_PURGE_EXECUTION,
	COMMAND_TYPE_COUNT			/* those of other libraries come behind */
} CommandType;

#define COMMANDS_ADDED_MAX	64
#define COMMAND_TYPES_MAX		(COMMAND_TYPE_COUNT + COMMANDS_ADDED_MAX)

typedef enum CommandFieldType
{
	CMD_ID,						/* text, not empty, at most ID_LENGTH_MAX bytes */
	CMD_TEXT,					/* text, at most TEXT_LENGTH_MAX bytes */
	CMD_QTY,					/* decimal above zero */
	CMD_QTY_OR_ZERO,			/* decimal, not negative */
	CMD_PRICE,					/* decimal of any sign */
	CMD_FIGURE,					/* decimal of any sign, its scale kept */
	CMD_NAME,					/* one of a closed set; kept as our name of it */
	CMD_OPEN_NAME,				/* the same, but other text is kept as it is */
	CMD_TIME,					/* RFC 3339 or FIX UTCTimestamp */
	CMD_DATE,
	CMD_BOOL,
	CMD_VERSION,				/* integer, not negative */
	CMD_OBJECT,					/* JSON object */
	CMD_CHILDREN,				/* JSON array of objects: the slices of a placement */
	CMD_SHARES,					/* JSON array of objects: orders, and how much of or for each */
	CMD_IDS,					/* JSON array of identifiers */
	CMD_OBJECTS					/* JSON array of objects, kept as they are */
} CommandFieldType;

#define ID_LENGTH_MAX	256
#define TEXT_LENGTH_MAX	65536
#define CHILDREN_MAX	1000
#define SHARES_MAX		1000
#define ELEMENTS_MAX	1000

typedef enum Tristate
{
	TRI_UNSET,
	TRI_FALSE,
	TRI_TRUE
} Tristate;

typedef struct CommandDef CommandDef;
struct AddedCommand;
struct Decision;
struct OrderContext;
struct OrderEvent;
struct TreeNames;

/* A part of an order, or of what there is for it. */
typedef struct OrderShare
{
	char	   *order_id;
	Numeric		quantity;
	int64		priority;		/* 0: not given */
} OrderShare;

typedef struct OrderShares
{
	OrderShare *shares;			/* NULL: not given */
	int			count;
} OrderShares;

/* What a command or an object of a kind of another library has (core/added/), of whatever type. */
typedef union AddedValue
{
	char	   *text;
	Numeric		numeric;
	Jsonb	   *json;
	int64		count;
	TimestampTz time;
	DateADT		date;
	Tristate	tristate;
	int			name;
	bool		truth;
} AddedValue;

/* One command, read and checked field by field; what was not given is null. */
typedef struct Command
{
	const CommandDef *def;
	Jsonb	   *raw;			/* as it came in; every event carries it */
	char	   *command_id;		/* made if absent */
	bool		command_id_given;
	char	   *root_id;		/* whose tree the sender believes it to be */
	int64		expected_version;	/* -1: not given */
	char	   *correlation_id;
	char	   *causation_id;
	TimestampTz transact_time;
	char	   *text;
	Jsonb	   *attributes;
	Jsonb	   *fix;			/* fields of FIX that have no member here */

	/* set by oms_fix() alone */
	char	   *fix_message;	/* the raw message as text or base64, or the commandId of the command that has it */
	char	   *fix_encoding;	/* that its text was converted from, or NULL */
	char	   *fix_session;

	char	   *order_id;
	char	   *parent_id;
	char	   *cl_ord_id;
	char	   *orig_cl_ord_id;
	char	   *counterparty_order_id;
	char	   *symbol;
	char	   *side;
	OrderTerms	terms;
	char	   *account;
	char	   *currency;
	char	   *asset_class;
	char	   *destination;
	Tristate	pending;
	Tristate	for_bidding;
	Tristate	overdue;		/* it should have expired, and could not */
	Tristate	ambiguous;		/* more than one order matches the report */
	char	   *reason;
	Numeric		quantity_factor;
	char	   *corporate_action_id;
	struct Command *children;	/* of a placement, each a Create order */
	int			nchildren;
	TimestampTz place_at;		/* of a slice: not before then */
	Tristate	follows_order;	/* … with the terms that its order has then */
	char	   *cl_ord_id_pattern;	/* … and by this another ClOrdID, where its own is taken by then */
	TimestampTz planned_slice;	/* of a placement: it is the slice of the plan that is due then */
	Tristate	replace_plan;	/* … and what is planned by now is forgotten */

	/* what a report states */
	char	   *execution_id;
	char	   *exec_id;
	char	   *exec_type;
	char	   *exec_ref_id;
	char	   *ord_status;
	Numeric		last_qty;
	Numeric		last_px;
	char	   *last_mkt;
	Numeric		cum_qty;
	Numeric		leaves_qty;
	Numeric		avg_px;
	DateADT		trade_date;
	DateADT		settl_date;
	Numeric		commission;
	char	   *comm_type;
	char	   *last_capacity;
	Tristate	poss_dup;		/* PossDupFlag (43), PossResend (97): it may have been reported before */
	Tristate	poss_resend;
	char	   *multi_leg_type; /* of a report that is only compared; else it is in `fix` */

	/* the execution desk */
	char	   *desk_user;
	char	   *desk_status;
	char	   *desk_reason;
	OrderShares members;
	OrderShares allocations;
	char	   *method;
	char	   *weights;
	Numeric		quantity;		/* how much of a pool is allocated */
	Tristate	preview;
	Tristate	confirm;
	char	   *dk_reason;
	char	   *alloc_id;		/* AllocID (70) of the message that allocates, or that did */
	Tristate	gives_anew;		/* it takes back what a message of the same AllocID is about to give otherwise */
	char	   *supersedes;
	char	   *moved_from;		/* of what is typed: the fill of another order in whose place it stands … */
	char	   *moved_to;		/* … and of the bust of that, the typed one */

	Jsonb	   *attributes_from;	/* of what makes an order: who has the attributes of its class that are not given; not its parent, which has them too */
	QuoteTerms	quote;			/* of quotes and requests for them; of what makes an order, the quote that it accepts */

	TimestampTz as_of;			/* of a purge: retention is asked as of then; NO_TIME: as of its events */

	char	   *cascade_id;		/* of a request: the replacement further up that it is a part of */
	char	   *added_id;		/* of an object of another library's kind */
	AddedValue	added[OMS_FIELDS_MAX];	/* what its commands have besides */

	bool		told_before;	/* the store tells it again: it has waited for its order */
	bool		decided;		/* the store gives it because of what somebody has asked for: no rule refuses it */
} Command;

/*
 * What an identifier names.  Where several name the tree of a command, the
 * smaller role is looked at first: executions get their ids from whoever
 * reports them, orders mostly from us.
 */
typedef enum IdRole
{
	ID_OTHER,					/* no object of ours, or no identifier at all */
	ID_OF_ROOT,
	ID_OF_ORDER,				/* one that is there, or should be */
	ID_OF_EXECUTION,			/* one that is there, or should be */
	ID_OF_QUOTE_REQUEST,		/* likewise */
	ID_OF_QUOTE,				/* likewise */
	ID_OF_OWN,					/* one of the command's own kind, which another library has brought; likewise */
	ID_OF_NEW,					/* what the command makes */
	ID_ROLE_COUNT
} IdRole;

typedef struct CommandField
{
	const char *name;
	CommandFieldType type;
	bool		required;
	bool		internal;		/* only oms_fix() may set it */
	size_t		offset;
	const OmsName *names;		/* for CMD_NAME and CMD_OPEN_NAME */
	IdRole		role;			/* for CMD_ID */
	bool		stated;			/* a report only echoes it: what cannot be read costs nothing (read_fields()) */
	const char *unless;			/* needed, but where this other field is given; "" where oms_fix() may leave it out */
} CommandField;

/* Who may give a command; each has the rights of those above it. */
typedef enum CommandRole
{
	ROLE_TRADER = 1,			/* orders and quotes */
	ROLE_DESK,					/* executions, and their review and allocation */
	ROLE_ADMIN					/* configuration and purge */
} CommandRole;

/* What commands have in common with some others; no code asks for a command's type. */
#define TRAIT_ANSWER_FROM_COUNTERPARTY (1 << 0) /* as a message it comes from nobody else (9), whatever it says */
#define TRAIT_TAKES_TERMS		(1 << 1)	/* new terms come into force */
#define TRAIT_ASKS_TERMS		(1 << 2)	/* new terms are asked for */
#define TRAIT_CHANGES_ACCOUNT	(1 << 3)	/* the account too (FIX 4.4 vol. 4, Order Cancel/Replace Request) */
#define TRAIT_SPLITS			(1 << 4)	/* it may be a split */
#define TRAIT_MERGES_ATTRIBUTES (1 << 5)
#define TRAIT_MERGES_FIX		(1 << 6)	/* the FIX fields of an order are those of its newest terms too */
#define TRAIT_TELEPHONED		(1 << 7)	/* a message with an OrderID makes the order: a counterparty's report */
#define TRAIT_FILL				(1 << 8)	/* a fill, which may say that the order is over */
#define TRAIT_CORRECTION		(1 << 9)	/* what it leaves out is as it was */
#define TRAIT_BUST				(1 << 10)	/* it takes a fill back */
#define TRAIT_BOUND_BY_CLAIM	(1 << 11)	/* of an order that another has claimed on the desk it is refused */
#define TRAIT_PLACES			(1 << 12)	/* of an order that waits for the desk too */
#define TRAIT_TOLD				(1 << 14)	/* as a message it tells what a dealer did: what it only echoes costs nothing */
#define TRAIT_TYPED				(1 << 13)	/* a person says it: no report, whatever ids it has */
#define TRAIT_MAY_WAIT			(1 << 15)	/* without a parent it makes a client order, which may wait on the desk at once */
#define TRAIT_REVIEWS			(1 << 17)	/* it ends the review in which the rules of all commands have put a fill */
#define TRAIT_PURGES			(1 << 18)	/* it removes whole trees, and changes none */
#define TRAIT_ALLOCATES			(1 << 16)	/* it gives parts of fills: what somebody asks for, about what is a fact */

/* How like an earlier report must this one be to be its repeat? */
typedef enum RepeatRule
{
	REPEAT_NEVER,				/* it does no harm twice: nothing is looked up */
	REPEAT_EXACT,				/* time and figures too: brokers number what is no fill carelessly */
	REPEAT_CONTENT
} RepeatRule;

/* What a repeat rule may depend on. */
typedef enum RepeatCase
{
	REPEAT_ANY,
	REPEAT_IN_FORCE,			/* its ClOrdID is the order's already */
	REPEAT_SUSPENDED,			/* the order is suspended */
	REPEAT_SPLIT,				/* it is a split */
	REPEAT_AS_FILL				/* FIX 4.2 has the guarantee in the form of a fill */
} RepeatCase;

struct CommandDef
{
	const char *name;
	CommandType type;			/* its place in the list */
	ObjectKind	kind;			/* of the object that it is about */
	CommandRole role;			/* who may give it */
	int			trigger;		/* of the machine of that kind, or of the order that a fill changes */
	struct
	{
		size_t		member;		/* of Command, a Tristate … */
		Tristate	is;			/* … which, if it is this, means … */
		int			trigger;	/* … that trigger instead */
	}			variant;
	uint32		traits;			/* TRAIT_… */
	RequestKind opens;			/* the request that it makes */
	RequestKind answers;		/* the request that it answers */
	struct
	{
		RepeatCase	content_if; /* in this case REPEAT_CONTENT, … */
		RepeatCase	only_if;	/* … otherwise, and only in this one, … */
		RepeatRule	rule;		/* … this */
	}			repeat;			/* of a report without a flag that says it */
	uint32		fix_messages;	/* whose other fields are welcome: FIX_MSG_… */
	const CommandField *fields; /* ends with a field without a name */
	Refusal    *(*decide) (struct Decision *d); /* what it does: decision.h */

	/* Of an order that is there: what it brings along besides its transition; `terms` are those that it gives (order.h). */
	Refusal    *(*details) (const Command *command, const struct OrderContext *context, OrderTerms *terms,
							struct OrderEvent *event);

	Reach		reach;			/* of what the ids name */

	/* What its result has besides, as a key and its value, read from the payloads of its events; NULL: nothing. */
	void		(*tells) (Jsonb *const *payloads, int count, JsonWriter *w);

	/* what it concerns beyond the ids it gives: command_trees.h; NULL: nothing */
	void		(*trees) (const Command *command, struct TreeNames *names);

	const struct AddedCommand *added;	/* of another library (core/added/added.h); NULL: one of ours */
};

static inline bool
oms_has_trait(const CommandDef *def, uint32 trait)
{
	return (def->traits & trait) != 0;
}

/* Fields of FIX that we keep without giving them a column. */
#define FIX_MSG_ORDER		(1 << 0)	/* D, G and F */
#define FIX_MSG_REPORT		(1 << 1)	/* 8 and 9 */
#define FIX_MSG_QUOTE		(1 << 2)	/* R, S and what answers them */

typedef struct FixField
{
	int			tag;
	const char *name;
	uint32		messages;
} FixField;

extern const FixField oms_fix_fields[]; /* ends with tag 0 */
extern const FixField *oms_fix_field_by_tag(int tag, uint32 messages);
extern const FixField *oms_fix_field_by_name(const char *name, size_t length, uint32 messages);

extern CommandDef oms_command_defs[COMMAND_TYPES_MAX];
extern int	oms_command_count;	/* with those of other libraries */
extern const CommandDef oms_slice_def;	/* of a placement's children */
extern const CommandField oms_every_field[];	/* what commands of other libraries have too; ends with one without a name */
extern const CommandDef *oms_command_def(const char *name, size_t length);

/* When the library is loaded: every command is defined in its place, and says what it does. */
extern void oms_commands_check(void);

/* A field of this command by its name, those of oms_fix() included. */
extern const CommandField *oms_command_field(const CommandDef *def, const char *name);

/* A command of which only some fields are known, to be read one by one: OM001 where it does not take the value; what is null is not given. */
extern void oms_command_begin(const CommandDef *def, Command *command);
extern Refusal *oms_command_read_field(const CommandField *f, const JsonbValue *v, Command *command);

extern const char *oms_command_field_type_name(CommandFieldType type);

extern const OmsName oms_exec_type_names[];	/* ExecType (150) */

/*
 * Read a command.  `from_fix`: the fields that only oms_fix() may set are
 * known.  OM001 or OM002 if it is malformed; the command is then unusable.
 */
extern Refusal *oms_command_parse(Jsonb *raw, bool from_fix, Command *command);

/* Give it, and its slices, the id that it goes by in place of the one that was made; it is not remembered by that. */
extern void oms_command_name(Command *command, char *command_id);

/* The trigger that the command is, with what it says. */
extern int	oms_command_trigger(const Command *command);

/* Does the command tell what a counterparty did?  Facts are not refused. */
extern bool oms_command_is_report(const Command *command);

/* Does it tell what was done: a fill, its correction or bust, whoever tells of it, or a report? */
extern bool oms_command_is_fact(const Command *command);

/* A report, or a command about a kind of which all that is told is a fact. */
extern bool oms_command_is_about_facts(const Command *command);

/* A request to cancel or replace, by who wants it. */
extern bool oms_command_is_fresh_request(const Command *command);

/* Does it say of itself that it may have been reported before? */
extern bool oms_command_is_resent(const Command *command);

#endif							/* OMS_COMMAND_H */

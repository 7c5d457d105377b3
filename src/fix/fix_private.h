/*-------------------------------------------------------------------------
 *
 * fix_private.h
 *	  What the files of this folder share that handle messages; nobody else includes it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_FIX_PRIVATE_H
#define OMS_FIX_PRIVATE_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "entry/run.h"
#include "fix/fix_class.h"
#include "fix/fix_command.h"
#include "fix/fix_match.h"
#include "fix/fix_message.h"
#include "fix/fix_tags.h"
#include "store/fix_sessions.h"
#include "store/trees.h"
#include "store/work.h"

/* One message on its way. */
typedef struct FixContext
{
	UnitOfWork *uow;
	FixMessage	message;
	const FixSession *session;	/* what is known of it, or NULL */
	FixOrders	orders;			/* that it may mean */
	List	   *results;		/* of Jsonb */
	const char *ignored;		/* why nothing was done, or NULL */
	TreeNames  *naming;			/* only what it is about is asked for: of a message of quotes, by its handler */
} FixContext;

/* fix.c: the steps of a message, which oms_fix_many() takes for all of a call.  NULL, SQL's null, is no message. */
extern Refusal *oms_fix_read(bytea *bytes, bool as_text, FixMessage *message);

/* Name what its trees are found by, to lock those of all messages at once: as far as they can be found by now. */
extern void oms_fix_name(FixContext *fix, TreeNames *names);
extern Refusal *oms_fix_handle(FixContext *fix);
extern Jsonb *oms_fix_answer(const FixContext *fix);

/*
 * Handle it in a unit of work of its own: the answer, or NULL and why it was refused.  It is applied whole or not at
 * all: one that stands for several commands in a subtransaction, for the first of them must be undone if a later one
 * is refused.  (Then, or if it was none, the unit of work is NULL.)
 */
extern Jsonb *oms_fix_try_apply(FixContext *fix, Refusal **refusal);
extern bool oms_fix_is_several(const FixMessage *message);

/* Keep a refusal with the whole message, and make it a result. */
extern Jsonb *oms_fix_keep_refusal(UnitOfWork *uow, const FixMessage *message, const Refusal *refusal);

/* Close the command, apply it, keep its result.  What is wrong with a field makes the message damaged (OM009). */
extern Refusal *oms_fix_run(FixContext *fix, JsonWriter *w);
extern Refusal *oms_fix_run_taken(FixContext *fix, TakenCommand *taken);

/* The same by another way than oms_run(): a service that begins with the command. */
typedef Jsonb *(*FixWay) (UnitOfWork *uow, TakenCommand *taken, bool searched, Refusal **refusal);
extern Refusal *oms_fix_run_by(FixContext *fix, FixWay way, TakenCommand *taken);

/* Close the command, and read it. */
extern TakenCommand *oms_fix_take(FixContext *fix, JsonWriter *w);
extern Refusal *oms_fix_run_for_order(FixContext *fix, CommandType type, const char *order_id);

/* What a session asks for is of its own account, where it has one; NULL: it states none, and what the message `makes` gets the session's. */
extern Refusal *oms_fix_check_account(const FixContext *fix, const char *account, bool makes);

/* Does the message say of itself that it may have been sent before? */
extern bool oms_fix_is_resent(const FixMessage *message);

/* What a command says but for the envelope of its message, what its asset class has made of that, and the time if any will do. */
extern Jsonb *oms_fix_content_of(Jsonb *command, bool any_time);

/* Did this command make the order?  All but the envelope is compared, and the time unless any will do. */
extern bool oms_fix_is_same_order(FixContext *fix, const Order *order, Jsonb *command, bool any_time);

/* Nothing changes: the order as it stands is the result. */
extern void oms_fix_answer_with_order(FixContext *fix, const char *order_id, bool duplicate);

/* OM009 if one of these tags is missing, has no value (unless `even_empty`), or is a ClOrdID that stands for none. */
extern Refusal *oms_fix_require(const FixMessage *message, const int *tags, int count, bool even_empty);

#define REQUIRE(fix, ...) \
	oms_fix_require(&(fix)->message, (const int[]) {__VA_ARGS__}, lengthof(((const int[]) {__VA_ARGS__})), false)
#define REQUIRE_EVEN_EMPTY(fix, ...) \
	oms_fix_require(&(fix)->message, (const int[]) {__VA_ARGS__}, lengthof(((const int[]) {__VA_ARGS__})), true)

/* Is it a report of a fill, or of a change of one? */
extern bool oms_fix_tells_fill(const FixMessage *message);

/* The messages that commands are made of, and what is asked of them. */
#define FIX_NO_EMPTY	(1 << 0)	/* what is asked for is said: no field is empty */
#define FIX_REPORT		(1 << 1)	/* a counterparty's: a fact */
#define FIX_NEW			(1 << 2)	/* it makes what it is about */
#define FIX_SEVERAL		(1 << 3)	/* it may stand for several commands */
#define FIX_ONE_SYMBOL	(1 << 5)	/* … but for one symbol it stands for one */
#define FIX_QUOTE		(1 << 4)	/* of quotes: its handler finds and locks what it is about */
#define FIX_MARKET		(1 << 6)	/* of a market, and of no order: it is for every database */

struct FixMessageDef
{
	const char *msg_type;
	Refusal    *(*handler) (FixContext *fix);
	uint32		traits;			/* FIX_… */
	const int  *own;			/* besides the envelope; all else stands in groups.  NULL: what commands know of orders, or of quotes, is its own */
	const int  *grouped;		/* what is read of its groups; both end with 0 */
};

/* NULL: a message of this type stands for no command. */
extern const FixMessageDef *oms_fix_message_def(const char *msg_type);

/* fix_request.c */
extern Refusal *oms_fix_handle_new_order(FixContext *fix);
extern Refusal *oms_fix_handle_cancel_request(FixContext *fix);
extern Refusal *oms_fix_handle_replace_request(FixContext *fix);
extern Refusal *oms_fix_handle_status_request(FixContext *fix);

/* fix_report.c */
extern Refusal *oms_fix_handle_execution_report(FixContext *fix);
extern Refusal *oms_fix_handle_cancel_reject(FixContext *fix);

/* fix_allocation.c */
extern Refusal *oms_fix_handle_allocation(FixContext *fix);
extern const int oms_fix_own_of_allocation[];
extern const int oms_fix_grouped_of_allocation[];

/* fix_halt.c */
extern Refusal *oms_fix_handle_security_status(FixContext *fix);
extern Refusal *oms_fix_handle_trading_session_status(FixContext *fix);
extern const int oms_fix_own_of_market[];

/* fix_quote_fields.c: is a field of this tag read, wherever it stands in a message of quotes? */
extern bool oms_fix_quote_reads(int tag);

/* … and does it say what is quoted or meant, so that it must be readable? */
extern bool oms_fix_quote_decides(int tag);

/* fix_quote.c */
extern Refusal *oms_fix_handle_quote_request(FixContext *fix);
extern Refusal *oms_fix_handle_quote_request_reject(FixContext *fix);
extern Refusal *oms_fix_handle_quote(FixContext *fix);
extern const int oms_fix_own_of_quote_request[];

/* fix_quote_cancel.c; does a Quote Cancel name one quote, or the quotes of one request? */
extern Refusal *oms_fix_handle_quote_cancel(FixContext *fix);
extern const int oms_fix_own_of_quote_cancel[];
extern bool oms_fix_cancels_one(const FixMessage *message);

/* fix_quote_status.c */
extern Refusal *oms_fix_handle_quote_status_report(FixContext *fix);
extern Refusal *oms_fix_handle_mass_quote_ack(FixContext *fix);
extern const int oms_fix_own_of_mass_quote_ack[];

/* fix_quote_mass.c */
extern Refusal *oms_fix_handle_mass_quote(FixContext *fix);
extern const int oms_fix_own_of_mass_quote[];

/* fix_quote_response.c */
extern Refusal *oms_fix_handle_quote_response(FixContext *fix);

#endif							/* OMS_FIX_PRIVATE_H */

/*-------------------------------------------------------------------------
 *
 * fix_quote.h
 *	  What the files share that handle messages of quotes; nobody else includes it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_FIX_QUOTE_H
#define OMS_FIX_QUOTE_H

#include "postgres.h"

#include "core/command_trees.h"
#include "core/quote/quote.h"
#include "fix/fix_private.h"

/* How many entries one message may have, and how many quotes it may end. */
#define FIX_QUOTE_ENTRIES_MAX	1000
#define FIX_QUOTES_ENDED_MAX	10000

/* ------------------------------------------------------------------------
 * fix_quote_fields.c: fields
 * ------------------------------------------------------------------------
 */

/*
 * A command with all fields that the message itself and this instance of a group
 * (or NULL) have for it, but for the tags in `skip` (which ends with 0, or is
 * NULL); legs too.  Still open.
 */
extern JsonWriter oms_fix_quote_command(const FixMessage *message, CommandType type, const FixSpan *span, const int *skip);

/* Who quotes: a party that says so, else who sent the message. */
extern char *oms_fix_dealer(const FixMessage *message);

/* The party, of the message or in this instance, that is a dealer by its role; or NULL. */
extern char *oms_fix_dealer_party(const FixMessage *message, const FixSpan *span);

/* Who is asked, as a field of the command; nothing where the message does not say it. */
extern void oms_fix_put_dealers(JsonWriter *w, const FixMessage *message, const FixSpan *span);

/* Who sent it: on whose behalf, if it says so. */
extern char *oms_fix_sender(const FixMessage *message);

/* The sides that are not quoted, by FIX's habit to state what does not apply as 0; is anything left? */
typedef struct QuotedSides
{
	bool		bid;
	bool		offer;
	bool		any;			/* a price, rate or yield of any kind */
} QuotedSides;

extern QuotedSides oms_fix_quoted_sides(const FixMessage *message, const FixSpan *span);

/* OM009 where it has more instances than the most, or another number of them than it says. */
extern Refusal *oms_fix_check_instances(const FixMessage *message, int count_tag, int instances);

/* Why, by a code of FIX and a text: "NO_INVENTORY", or NULL. */
typedef struct FixCode
{
	const char *code;
	const char *name;
} FixCode;

extern const FixCode oms_fix_request_reject_reasons[];	/* QuoteRequestRejectReason (658); ends with NULL */
extern const FixCode oms_fix_quote_reject_reasons[];	/* QuoteRejectReason (300), QuoteEntryRejectReason (368) */
extern const char *oms_fix_code_name(const FixCode *codes, const char *code);

/* ------------------------------------------------------------------------
 * fix_quote_match.c: which request, which quote
 *
 * All of it is read without a lock: names never change their object, and what
 * has ended has ended.  The trees are locked then, and the commands look again.
 * ------------------------------------------------------------------------
 */

/* What one message is about; to be locked as a whole. */
typedef struct QuoteNames
{
	FixContext *fix;
	TreeNames	names;
} QuoteNames;

extern void oms_fix_name_quote(QuoteNames *names, const Quote *quote);
extern void oms_fix_name_request(QuoteNames *names, const QuoteRequest *request);

/* Lock them.  False where only their names were asked for: then nothing is to be done. */
extern bool oms_fix_lock_quotes(QuoteNames *names);

typedef struct RequestMatch
{
	const QuoteRequest *request;	/* NULL: none, or several */
	bool		ambiguous;		/* several */
} RequestMatch;

/*
 * The request with this QuoteReqID (of one that asks for several symbols, the one
 * for this symbol): of the session; else of SQL callers; else the only open one
 * of another session, a client's that went out to dealers.
 */
extern RequestMatch oms_fix_match_request(FixContext *fix, const char *quote_req_id, const char *symbol);

/* The n-th request of a message, from 1, is known under this name in its session. */
extern char *oms_fix_request_name(const char *quote_req_id, int n);

/* The request that has it, or NULL. */
extern const QuoteRequest *oms_fix_named_request(FixContext *fix, const char *session, const char *quote_req_id, int n);

typedef struct QuoteMatch
{
	const Quote *quote;			/* NULL: none, or several */
	bool		ambiguous;		/* several that are open */
} QuoteMatch;

/* Is this quote one that may be meant? */
typedef bool (*QuoteFilter) (const Quote *quote, const void *arg);

/* Of the quotes with this QuoteID in a session (""; of SQL callers) that pass the filter the open one, else the newest. */
extern QuoteMatch oms_fix_match_quote(FixContext *fix, const char *session, const char *quote_id, QuoteFilter filter, const void *arg);

/*
 * The quote that the message names by QuoteID (117) in a session; its symbol must
 * not be another.  QuoteReqID (131) tells which of several is meant; `of_request`:
 * it must not be another's.
 */
extern QuoteMatch oms_fix_match_named_quote(FixContext *fix, const char *session, bool of_request);

/* Nothing is done to one of several that may be meant, and the message is kept. */
extern Refusal *oms_fix_several(const char *noun);

/* The quotes of a request; of Quote. */
extern List *oms_fix_quotes_of_request(FixContext *fix, const char *request_id);

/* Did the sender of the message ask for it, in this session?  Then he is not who quotes. */
extern bool oms_fix_is_asker(FixContext *fix, const QuoteRequest *request);

/* Is this content (one of several forms) that of an event of the object?  What is resent changes nothing then. */
extern bool oms_fix_was_told(FixContext *fix, const Object *object, Jsonb *const *contents, int count);

/* The object as it stands is the result, and nothing changes. */
extern void oms_fix_answer_with(FixContext *fix, const Object *object, bool duplicate);

/* ------------------------------------------------------------------------
 * fix_quote_offer.c: what a dealer quotes, by itself or as an entry of a mass quote
 * ------------------------------------------------------------------------
 */
typedef struct QuoteOffer
{
	const FixSpan *span;		/* of its entry, or NULL */
	const char *set_id;
	const char *entry_id;
	const char *dealer;
	const char *symbol;			/* NULL: not said */
	const char *underlying;		/* of its set, or NULL */
	const char *valid_until;	/* likewise */
	const QuoteRequest *request;
	const Quote *known;			/* the quote that it is, or is another version of; NULL: it is new */
} QuoteOffer;

extern Refusal *oms_fix_take_offer(FixContext *fix, const QuoteOffer *offer);

/* fix_quote_mass.c: the open quote of the session that is this entry (of this dealer; NULL: of any), or NULL. */
extern const Quote *oms_fix_open_entry(FixContext *fix, const char *dealer, const char *set_id, const char *entry_id);

/* fix_quote_cancel.c: the quotes of the session that are named as QuoteCancelType (298) says by this code end. */
extern Refusal *oms_fix_cancel_quotes(FixContext *fix, const char *cancel_code);

#endif							/* OMS_FIX_QUOTE_H */

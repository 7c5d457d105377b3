/*
 * Trading halts in the core: which one is found, and what it does to commands.  What
 * breaks if a scope is read too widely or too narrowly, if a bound of its time is on the wrong
 * side, if a fact is refused, or if anything of a halted symbol can be placed.
 */
#include "unit.h"

#include "common/pg_prng.h"

#include "core_invariants.h"

static Halts
halts_of(const Halt *halts, int count)
{
	Halts		all = {.halts = palloc(sizeof(Halt) * (count + 1)), .count = count};

	memcpy(all.halts, halts, sizeof(Halt) * count);
	oms_halts_sort(&all);
	return all;
}

/* ------------------------------------------------------------------------
 * which one is found
 * ------------------------------------------------------------------------
 */

static pg_prng_state prng;

static int
below(int n)
{
	return (int) pg_prng_uint64_range(&prng, 0, n - 1);
}

static const char *
any_of(const char *const *texts, int count)
{
	int			i = below(count + 1);

	return i == count ? NULL : texts[i];
}

static void
find_random(void)
{
	static const char *const symbols[] = {"A", "AB", "B", "C", "D", "Z"};
	static const char *const others[] = {"P", "Q"};
	int			wrong = 0;
	int			found = 0;

	pg_prng_seed(&prng, 11);
	for (int round = 0; round < 2000; round++)
	{
		Halt		some[12];
		int			count = below(lengthof(some) + 1);
		Halts		halts;

		for (int i = 0; i < count; i++)
			some[i] = (Halt) {.name = psprintf("h%d", i), .symbol = any_of(symbols, lengthof(symbols)),
				.account = below(3) ? NULL : any_of(others, lengthof(others)),
				.destination = below(3) ? NULL : any_of(others, lengthof(others)),
			.since = below(4), .until = 4 + below(4)};
		halts = halts_of(some, count);
		for (int i = 0; i < 30; i++)
		{
			const char *symbol = any_of(symbols, lengthof(symbols));
			const char *account = any_of(others, lengthof(others));
			const char *destination = any_of(others, lengthof(others));
			TimestampTz now = below(9);
			const Halt *halt = oms_halt_find(&halts, now, symbol, account, destination);

			wrong += (halt != NULL) != halts_hold(&halts, now, symbol, account, destination);
			found += halt != NULL;
		}
	}
	ok(wrong == 0, "60000 questions about 2000 sets of halts are answered as in the slow way");
	ok(found > 6000 && found < 54000, "… some with yes and some with no");
}

/* ------------------------------------------------------------------------
 * what it does
 * ------------------------------------------------------------------------
 */

/* What every trial finds, made while nothing was halted. */
static const char *const made[] = {
	"CreateOrder orderId=A symbol=X side=BUY orderQty=100 account=P destination=V",
	"CreateOrder orderId=B parentId=A orderQty=60 price=10",
	"RequestReplaceOrder orderId=B clOrdID=open orderQty=50",
	"CreateOrder orderId=F parentId=A orderQty=5",
	"RequestCancelOrder orderId=F",
	"CreateOrder orderId=G parentId=A orderQty=5 pending=true",
	"CreateOrder orderId=H parentId=A orderQty=5",
	"SuspendOrder orderId=H",
	"CreateOrder orderId=C symbol=X side=BUY orderQty=100 account=P",
	"CreateOrder orderId=D symbol=X side=BUY orderQty=100 account=Q",
	"CreateOrder orderId=E symbol=X side=BUY cashOrderQty=1000",
	"CreateBlockOrder orderId=K members=[{\"orderId\":\"C\",\"quantity\":50},{\"orderId\":\"D\",\"quantity\":50}]",
	"CreateBlockOrder orderId=M members=[{\"orderId\":\"C\",\"quantity\":10},{\"orderId\":\"D\",\"quantity\":10}]",
	"CreateOrder orderId=L parentId=K orderQty=10",
	"ExecuteOrder orderId=L executionId=fill lastQty=4 lastPx=10 execID=l1",
	"AllocateExecution executionId=fill method=PRO_RATA reason=r",
	"ExecuteOrder orderId=L executionId=rest lastQty=6 lastPx=10 execID=l2",
	"ExecuteOrder orderId=B executionId=b1 lastQty=10 lastPx=10 execID=b1",
	"ExecuteOrder orderId=B executionId=waits lastQty=1 lastPx=99 execID=b2",
	"CreateQuoteRequest quoteRequestId=R symbol=X orderQty=5 account=P",
	"CreateQuote quoteId=Q quoteRequestId=R dealer=V bidPx=10 offerPx=11 validUntilTime=2026-01-07T12:00:00Z",
	"CreateQuoteRequest quoteRequestId=RA symbol=X orderQty=5 orderId=A",
	"CreateQuote quoteId=QA quoteRequestId=RA dealer=V bidPx=10 offerPx=11 validUntilTime=2026-01-07T12:00:00Z",
	"CreateQuoteRequest quoteRequestId=RZ symbol=X orderQty=5",
	"SendOrderToDesk orderId=E reason=r",
};

#define REFUSED	"OM005 trading_halt"
#define WAITS	"waits"
#define PASSES	"passes"
#define MEMBERS(c, d)	"[{\"orderId\":\"C\",\"quantity\":" #c "},{\"orderId\":\"D\",\"quantity\":" #d "}]"

/* "!" is reported by a counterparty; every command is there. */
static const struct
{
	const char *command;
	const char *becomes;
}			trials[] = {
	{"CreateOrder orderId=N symbol=X side=BUY orderQty=100", WAITS},
	{"CreateOrder orderId=N symbol=X side=BUY orderQty=100 pending=true fixMessage=D fixSession=S", WAITS},
	{"CreateOrder orderId=N symbol=X side=BUY orderQty=100 orderID=telephoned fixMessage=8 fixSession=S", PASSES},
	{"CreateOrder orderId=N parentId=A orderQty=1", REFUSED},
	{"PlaceOrder orderId=A children=[{\"orderQty\":1}]", REFUSED},
	{"CreateBlockOrder orderId=N members=[{\"orderId\":\"C\",\"quantity\":1}]", REFUSED},
	{"ReplaceBlockMembers orderId=M members=" MEMBERS(11, 10), REFUSED},
	{"ReplaceBlockMembers orderId=M members=" MEMBERS(9, 11), REFUSED},
	{"ReplaceBlockMembers orderId=M members=" MEMBERS(9, 9), PASSES},
	{"AcceptQuote quoteId=Q orderId=N side=SELL orderQty=5", REFUSED},
	{"AcceptQuote quoteId=Q orderId=N side=BUY pending=true", REFUSED},
	{"AcceptQuote quoteId=QA orderId=N side=BUY orderQty=5", REFUSED},
	{"ReplaceOrder orderId=A orderQty=101", REFUSED},
	{"ReplaceOrder orderId=A orderQty=100 price=11", PASSES},
	{"ReplaceOrder orderId=A orderQty=90", PASSES},
	{"ReplaceOrder orderId=B orderQty=61", REFUSED},
	{"ReplaceOrder orderId=B clOrdID=open", PASSES},
	{"!ReplaceOrder orderId=B orderQty=61", PASSES},
	{"ReplaceOrder orderId=E cashOrderQty=1001", REFUSED},
	{"ReplaceOrder orderId=E cashOrderQty=999", PASSES},
	{"RequestReplaceOrder orderId=A orderQty=101", REFUSED},
	{"RequestReplaceOrder orderId=A orderQty=100.5 clOrdID=c pending=false fixMessage=G fixSession=S", REFUSED},
	{"RequestReplaceOrder orderId=A orderQty=99 clOrdID=c pending=false", PASSES},
	{"RequestReplaceOrder orderId=B price=12", PASSES},
	{"RequestReplaceOrder orderId=E cashOrderQty=1001", REFUSED},
	{"!RequestReplaceOrder orderId=B orderQty=61 clOrdID=c", PASSES},
	{"RejectReplaceOrder orderId=B clOrdID=open", PASSES},
	{"RestateOrder orderId=A orderQty=120", PASSES},
	{"RestateOrder orderId=A quantityFactor=2", PASSES},
	{"AcceptOrder orderId=E orderQty=77", PASSES},
	{"RequestCancelOrder orderId=A", PASSES},
	{"CancelOrder orderId=B", PASSES},
	{"!CancelOrder orderId=B", PASSES},
	{"!RejectCancelOrder orderId=F", PASSES},
	{"RejectCancelOrder orderId=F", PASSES},
	{"RejectOrder orderId=G", PASSES},
	{"SuspendOrder orderId=B", PASSES},
	{"ResumeOrder orderId=H", PASSES},
	{"StopOrder orderId=B", PASSES},
	{"DoneForDayOrder orderId=B", PASSES},
	{"CalculateOrder orderId=B", PASSES},
	{"ExpireOrder orderId=B", PASSES},
	{"UpdateOrder orderId=A text=t", PASSES},
	{"SendOrderToDesk orderId=A reason=r", PASSES},
	{"ClaimOrder orderId=E", PASSES},
	{"AssignOrder orderId=E deskUser=ann", PASSES},
	{"ReleaseOrderFromDesk orderId=E", PASSES},
	{"ExecuteOrder orderId=B executionId=f lastQty=10 lastPx=10", PASSES},
	{"!ExecuteOrder orderId=B lastQty=60 lastPx=10 orderQty=70", PASSES},
	{"CreateManualExecution orderId=B lastQty=7 lastPx=10 reason=r", PASSES},
	{"CorrectExecution executionId=b1 lastQty=11", PASSES},
	{"BustExecution executionId=b1", PASSES},
	{"ApproveExecution executionId=waits", PASSES},
	{"RejectExecution executionId=waits reason=r", PASSES},
	{"AllocateExecution orderId=K method=PRO_RATA", PASSES},
	{"DeallocateExecution executionId=fill orderId=C", PASSES},
	{"CreateQuoteRequest quoteRequestId=N symbol=X orderQty=5", PASSES},
	{"RejectQuoteRequest quoteRequestId=RZ", PASSES},
	{"CancelQuoteRequest quoteRequestId=R", PASSES},
	{"ExpireQuoteRequest quoteRequestId=RZ", PASSES},
	{"CreateQuote quoteId=N quoteRequestId=R dealer=W bidPx=9 offerPx=12", PASSES},
	{"ReplaceQuote quoteId=Q bidPx=8", PASSES},
	{"RejectQuote quoteId=Q", PASSES},
	{"CancelQuote quoteId=Q", PASSES},
	{"ExpireQuote quoteId=Q", PASSES},
};

static ArraySource *
all_made(void)
{
	ArraySource *array = array_begin();

	for (int i = 0; i < lengthof(made); i++)
	{
		Decision	d;
		Refusal    *refusal = array_run(array, cases_json(made[i], 1000 + i), &d);

		if (refusal)
			elog(ERROR, "BUG: %s is refused: %s", made[i], refusal->message);
	}
	return array;
}

/* The outcome, and the order that was made if it waits. */
static char *
outcome_of(ArraySource *array, const char *text, const Halts *halts, Command *command, const Order **waits)
{
	Decision	d;
	Refusal    *refusal;
	char	   *outcome;
	ListCell   *cell;

	array->halts = halts;
	/* made ids are the same both times */
	array->made = 0;
	outcome = decided(array, cases_json(text, 1), false, command, &d, &refusal);
	*waits = NULL;
	foreach(cell, d.changes)
	{
		const Change *change = lfirst(cell);
		const Order *order = (const Order *) change->after;

		if (refusal == NULL && order->kind == KIND_ORDER && change->before == NULL && order->desk_status == DESK_QUEUED)
			*waits = order;
	}
	return outcome;
}

static const char *
becomes(ArraySource *array, const char *text, const Halts *halts, Command *command)
{
	const Order *waits;
	const char *plain;
	const char *halted;

	array->clock += USECS_PER_SEC;
	plain = outcome_of(array, text, NULL, command, &waits);
	halted = outcome_of(array, text, halts, command, &waits);
	if (waits)
		return WAITS;
	/* what is refused in any case says nothing */
	return strcmp(plain, halted) != 0 || strncmp(plain, "OM", 2) == 0 ? halted : PASSES;
}

static void
try_every_command(void)
{
	static const Halt everything = {.name = "stop", .version = 3, .since = DT_NOBEGIN, .until = DT_NOEND};
	Halts		halts = halts_of(&everything, 1);
	bool		tried[COMMAND_TYPE_COUNT] = {false};
	ArraySource *array = all_made();
	Command		command;
	const Order *waits;

	for (int i = 0; i < lengthof(trials); i++)
	{
		is_text(becomes(array, trials[i].command, &halts, &command), trials[i].becomes, psprintf("in a halt: %s", trials[i].command));
		tried[command.def->type] = true;
	}
	for (int i = 0; i < COMMAND_TYPE_COUNT; i++)
		/* what purges makes nothing */
		if (!tried[i] && !oms_has_trait(&oms_command_defs[i], TRAIT_PURGES))
			ok(false, "%s was tried", oms_command_defs[i].name);
	(void) outcome_of(array, trials[0].command, &halts, &command, &waits);
	is_text(waits->desk_reason, "HALTED: stop", "what waits says why");
}

/* ------------------------------------------------------------------------
 * scopes, and when
 * ------------------------------------------------------------------------
 */

#define ROOT	"CreateOrder orderId=N symbol=X side=BUY orderQty=100"
#define PLACE(slice)	"PlaceOrder orderId=A children=[{\"orderQty\":1},{\"orderQty\":1" slice "}]"

/* Orders as above: A is for P at V, B below it, C and the request R for P, D for Q, K a block of C and D. */
static const struct
{
	Halt		halt;
	const char *command;
	const char *becomes;
}			scopes[] = {
	{{.symbol = "X"}, ROOT, WAITS},
	{{.symbol = "Y"}, ROOT, PASSES},
	{{.symbol = "X"}, "PlaceOrder orderId=A children=[{\"orderQty\":1}]", REFUSED},
	{{.symbol = "x"}, "PlaceOrder orderId=A children=[{\"orderQty\":1}]", PASSES},
	{{.account = "P"}, ROOT, PASSES},
	{{.account = "P"}, ROOT " account=P", WAITS},
	{{.account = "P"}, ROOT " account=Q", PASSES},
	{{.account = "P"}, "CreateOrder orderId=N parentId=A orderQty=1", REFUSED},
	{{.account = "Q"}, "CreateOrder orderId=N parentId=A orderQty=1", PASSES},
	{{.account = "Q"}, "ReplaceOrder orderId=A orderQty=101 account=Q", REFUSED},
	{{.account = "P"}, "AcceptQuote quoteId=Q orderId=N side=BUY", REFUSED},
	{{.account = "P"}, "AcceptQuote quoteId=QA orderId=N side=BUY", REFUSED},
	{{.account = "Q"}, "AcceptQuote quoteId=QA orderId=N side=BUY", PASSES},
	{{.account = "Q"}, "ReplaceBlockMembers orderId=M members=" MEMBERS(9, 11), REFUSED},
	{{.account = "P"}, "ReplaceBlockMembers orderId=M members=" MEMBERS(9, 11), PASSES},
	{{.account = "Q"}, "CreateBlockOrder orderId=N members=[{\"orderId\":\"D\",\"quantity\":1}]", REFUSED},
	{{.account = "Q"}, "CreateBlockOrder orderId=N members=[{\"orderId\":\"C\",\"quantity\":1}]", PASSES},
	{{.destination = "V"}, ROOT, PASSES},
	{{.destination = "V"}, ROOT " destination=V", WAITS},
	{{.destination = "V"}, PLACE(""), REFUSED},
	{{.destination = "W"}, PLACE(""), PASSES},
	{{.destination = "W"}, PLACE(",\"destination\":\"W\""), REFUSED},
	{{.destination = "V"}, "PlaceOrder orderId=A children=[{\"orderQty\":1,\"destination\":\"W\"}]", PASSES},
	{{.destination = "V"}, "ReplaceOrder orderId=B orderQty=61", REFUSED},
	{{.destination = "V"}, "AcceptQuote quoteId=Q orderId=N side=BUY", REFUSED},
	{{.destination = "W"}, "AcceptQuote quoteId=Q orderId=N side=BUY", PASSES},
	{{.symbol = "X", .account = "P", .destination = "V"}, "ReplaceOrder orderId=B orderQty=61", REFUSED},
	{{.symbol = "X", .account = "Q", .destination = "V"}, "ReplaceOrder orderId=B orderQty=61", PASSES},
	{{.symbol = "X", .account = "P", .destination = "W"}, "ReplaceOrder orderId=B orderQty=61", PASSES},
	{{.symbol = "Y", .account = "P", .destination = "V"}, "ReplaceOrder orderId=B orderQty=61", PASSES},
};

static void
try_scopes(void)
{
	ArraySource *array = all_made();
	Command		command;

	for (int i = 0; i < lengthof(scopes); i++)
	{
		Halt		halt = scopes[i].halt;
		Halts		halts;

		halt.name = "h";
		halt.since = DT_NOBEGIN;
		halt.until = DT_NOEND;
		halts = halts_of(&halt, 1);
		is_text(becomes(array, scopes[i].command, &halts, &command), scopes[i].becomes,
				psprintf("halt of %s for %s at %s: %s", halt.symbol ? halt.symbol : "any", halt.account ? halt.account : "any",
						 halt.destination ? halt.destination : "any", scopes[i].command));
	}
}

static void
try_times(void)
{
	static const struct
	{
		int			since;		/* microseconds from the command's time */
		int			until;
		const char *becomes;
	}			times[] = {{0, 1, WAITS}, {1, 2, PASSES}, {-1, 0, PASSES}, {-5, 1, WAITS}, {-5, -5, PASSES}};
	ArraySource *array = all_made();
	Command		command;

	for (int i = 0; i < lengthof(times); i++)
	{
		Halt		halt = {.name = "h"};
		Halts		halts;

		/* becomes() lets a second go by */
		halt.since = array->clock + USECS_PER_SEC + times[i].since;
		halt.until = array->clock + USECS_PER_SEC + times[i].until;
		halts = halts_of(&halt, 1);
		is_text(becomes(array, ROOT, &halts, &command), times[i].becomes, psprintf("from %d to before %d", times[i].since, times[i].until));
	}
}

/* What a refusal and a finding say. */
static void
try_texts(void)
{
	static const Halt halt = {.name = "news", .version = 7, .symbol = "X", .account = "P", .destination = "V", .since = ARRAY_BEGINS,
	.until = ARRAY_BEGINS + USECS_PER_HOUR, .reason = "news pending"};
	Halts		halts = halts_of(&halt, 1);
	ArraySource *array = all_made();
	Decision	d;
	Refusal    *refusal;
	int			length;

	array->halts = &halts;
	refusal = array_run(array, cases_json("ReplaceOrder orderId=B orderQty=61", 1), &d);
	if (refusal == NULL)
	{
		ok(false, "it is refused");
		return;
	}
	is_text(refusal->message, "order \"B\" cannot be increased while trading is halted", "the message says what was refused");
	is_text(refusal->detail, "Rule trading_halt: halt \"news\" of symbol X for account P at destination V is in force since 2026-01-07T10:00:00.000000Z "
			"until 2026-01-07T11:00:00.000000Z: news pending (version 7).", "… and the detail the facts");
	refusal = array_run(array, cases_json(ROOT " account=P destination=V", 2), &d);
	is_text(oms_json_text(oms_findings_json(((const Change *) linitial(d.changes))->findings), &length),
			"[{\"saw\": {\"halt\": \"news\", \"since\": \"2026-01-07T10:00:00.000000Z\", \"until\": \"2026-01-07T11:00:00.000000Z\", "
			"\"reason\": \"news pending\"}, \"why\": \"halt \\\"news\\\" of symbol X for account P at destination V is in force since "
			"2026-01-07T10:00:00.000000Z until 2026-01-07T11:00:00.000000Z: news pending\", \"rule\": \"trading_halt\", "
			"\"message\": \"HALTED: news pending\", \"version\": 7, \"severity\": \"DESK\"}]", "an order that waits has it in its event");
	is_text(((const Order *) ((const Change *) linitial(d.changes))->after)->desk_reason, "HALTED: news pending", "… and as deskReason");
	is_text(psprintf("%d", list_length(d.changes)), "1", "… which is its only one");
}

UNIT_TEST(halt)
{
	find_random();
	try_every_command();
	try_scopes();
	try_times();
	try_texts();
}

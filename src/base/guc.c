/*-------------------------------------------------------------------------
 *
 * guc.c
 *	  The settings of oms_state.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "mb/pg_wchar.h"
#include "pgtime.h"
#include "utils/acl.h"
#include "utils/guc_tables.h"
#include "utils/varlena.h"
#include "utils/memutils.h"

#include "base/decimal.h"
#include "base/guc.h"
#include "base/moment.h"

#define SECONDS_PER_DAY 86400
#define CORRELATION_ID_MAX 200	/* bytes; as long as an id of a command may be */

/*
 * How long a commandId is remembered.  An administrator raises it where
 * clients retry after more than a week, and lowers it to keep oms.commands
 * small.
 */
int			oms_guc_command_retention_s = 7 * SECONDS_PER_DAY;

/*
 * How large a command may be, as JSON in UTF-8.  Its event, which has the state
 * too, is at most a sixth larger (and 64 kB): as shipped it is below what Kafka
 * takes.  An administrator who raises it raises the limits of the topics too.
 */
int			oms_guc_command_size_kb = 768;

/*
 * How much WAL a slot may hold back, and how old a commit that its reader has
 * not confirmed may be, before oms.bridge_alerts has a row.  An administrator
 * sets the size well below what the disk (or max_slot_wal_keep_size) has room
 * for, and the age to what consumers of the events put up with.
 */
int			oms_guc_slot_alert_size_mb = 1024;
int			oms_guc_slot_alert_age_s = 60;

/*
 * By how much fills may exceed an order before they wait in review.  A desk
 * that trades lots or notional raises it, as a part of the order's quantity.
 */
static char *overfill_tolerance_text = NULL;
static Numeric overfill_tolerance = NULL;

static bool
guc_check_tolerance(char **newval, void **extra, GucSource source)
{
	Numeric		value;

	if (!oms_dec_parse(*newval, strlen(*newval), &value) || oms_dec_sign(value) < 0 ||
		oms_dec_cmp(value, oms_dec_one()) > 0)
	{
		GUC_check_errdetail("It must be a decimal number from 0 to 1.");
		return false;
	}
	return true;
}

static void
guc_assign_tolerance(const char *newval, void *extra)
{
	if (overfill_tolerance)
		pfree(overfill_tolerance);
	overfill_tolerance = NULL;	/* read again when next needed */
}

Numeric
oms_guc_overfill_tolerance(void)
{
	if (overfill_tolerance == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

		if (!oms_dec_parse(overfill_tolerance_text, strlen(overfill_tolerance_text),
						   &overfill_tolerance))
			elog(ERROR, "BUG: oms_state.overfill_tolerance was not checked");
		MemoryContextSwitchTo(old);
	}
	return overfill_tolerance;
}

/*
 * The encoding of FIX messages that come as bytes and do not say theirs
 * (MessageEncoding).  FIX itself is ASCII; a feed that writes names or texts in
 * anything but ISO 8859-1 sets it for its role.
 */
static char *fix_encoding_name = NULL;

static bool
guc_check_encoding(char **newval, void **extra, GucSource source)
{
	int			encoding = pg_char_to_encoding(*newval);

	if (encoding < 0 || encoding == PG_SQL_ASCII || encoding == PG_MULE_INTERNAL)
	{
		GUC_check_errdetail("It must be an encoding of PostgreSQL, as UTF8, LATIN1, SJIS or EUC_JP.");
		return false;
	}
	return true;
}

int
oms_guc_fix_encoding(void)
{
	return pg_char_to_encoding(fix_encoding_name);
}

/*
 * Which request commands came with that do not say it themselves.
 */
char	   *oms_guc_correlation_id = NULL;

static bool
guc_check_correlation_id(char **newval, void **extra, GucSource source)
{
	if (strlen(*newval) > CORRELATION_ID_MAX)
	{
		GUC_check_errdetail("It has %zu bytes; the most is %d.", strlen(*newval), CORRELATION_ID_MAX);
		return false;
	}
	for (const char *c = *newval; *c; c++)
		if ((unsigned char) *c < ' ' || (unsigned char) *c > '~')
		{
			GUC_check_errdetail("It may have printable characters of ASCII.");
			return false;
		}
	return true;
}

/*
 * By how much a fill may be beyond its order's limit before it waits in
 * review: an amount of the price's unit, or, with a per cent sign, a part of
 * the limit.  A desk that is dealt at rounded prices raises it.
 */
static char *price_tolerance_text = NULL;

static bool
guc_read_price_tolerance(const char *text, PriceTolerance *tolerance)
{
	size_t		length = strlen(text);

	tolerance->is_part = length > 0 && text[length - 1] == '%';
	if (tolerance->is_part)
		length--;
	return oms_dec_parse(text, length, &tolerance->amount) && oms_dec_sign(tolerance->amount) >= 0;
}

static bool
guc_check_price_tolerance(char **newval, void **extra, GucSource source)
{
	PriceTolerance tolerance;

	if (guc_read_price_tolerance(*newval, &tolerance))
		return true;
	GUC_check_errdetail("It must be a decimal number that is not negative, or one followed by %%.");
	return false;
}

static PriceTolerance price_tolerance;
static bool price_tolerance_valid = false;

static void
guc_assign_price_tolerance(const char *newval, void *extra)
{
	price_tolerance_valid = false;	/* read again when next needed */
}

const PriceTolerance *
oms_guc_price_tolerance(void)
{
	if (!price_tolerance_valid)
	{
		MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

		if (price_tolerance.amount)
			pfree(price_tolerance.amount);
		price_tolerance.amount = NULL;
		if (!guc_read_price_tolerance(price_tolerance_text, &price_tolerance))
			elog(ERROR, "BUG: oms_state.price_tolerance was not checked");
		if (price_tolerance.is_part)
		{
			Numeric		part = oms_dec_div(price_tolerance.amount, int64_to_numeric(100), FACTOR_SCALE);

			pfree(price_tolerance.amount);
			price_tolerance.amount = DatumGetNumericCopy(NumericGetDatum(part));
		}
		MemoryContextSwitchTo(old);
		price_tolerance_valid = true;
	}
	return &price_tolerance;
}

/*
 * Whether a fill that somebody types, corrects or takes back waits for somebody
 * else; whether an allocation by hand does.  An administrator of a desk that has
 * the rule turns them on, and names the roles of the programs that tell what
 * venues have told: they need nobody else.
 */
bool		oms_guc_four_eyes = false;
bool		oms_guc_allocation_four_eyes = false;
static char *feed_roles_text = NULL;
static List *feed_roles = NIL;

static bool
guc_check_roles(char **newval, void **extra, GucSource source)
{
	char	   *copy = pstrdup(*newval);
	List	   *names;
	bool		is_list = SplitIdentifierString(copy, ',', &names);

	if (!is_list)
		GUC_check_errdetail("It must be a list of names of roles.");
	list_free(names);
	pfree(copy);
	return is_list;
}

static void
guc_assign_roles(const char *newval, void *extra)
{
	list_free_deep(feed_roles);
	feed_roles = NIL;			/* read again when next needed */
}

List *
oms_guc_feed_roles(void)
{
	if (feed_roles == NIL && feed_roles_text[0] != '\0')
	{
		MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);
		char	   *copy = pstrdup(feed_roles_text);
		List	   *names;
		List	   *roles = NIL;
		ListCell   *cell;

		if (!SplitIdentifierString(copy, ',', &names))
			elog(ERROR, "BUG: oms_state.feed_roles was not checked");
		foreach(cell, names)
			roles = lappend(roles, pstrdup(lfirst(cell)));
		list_free(names);
		pfree(copy);
		MemoryContextSwitchTo(old);
		/* set last: an error on the way leaves no half of it */
		feed_roles = roles;
	}
	return feed_roles;
}

/*
 * Whether fills that came before their order are booked when it comes to be
 * known; else they are only shown with it.
 */
bool		oms_guc_book_waiting_fills = false;

/*
 * How far apart a typed and an electronic fill of one order, side, quantity and
 * price may be to be taken for one and the same.  A desk that types at the end of
 * the day what was dealt in the morning raises it.
 */
int			oms_guc_duplicate_window_s = 15 * 60;

/*
 * How long a quote can be accepted that does not say it.  A desk that deals what
 * moves slowly raises it.
 */
int			oms_guc_quote_lifetime_s = 60;

/*
 * Whether an order, or a request for quotes, must be of a registered asset class.
 * Whoever has registered all that he trades sets it: a class that is spelled
 * otherwise is then no class that anything goes with.
 */
bool		oms_guc_require_asset_class = false;

/*
 * Whether what a client's FIX session sends is routed: placed, or sent to the
 * desk, as oms.routing_rules says.  Else it waits for somebody to do it.
 */
bool		oms_guc_submit_client_orders = true;

/*
 * Whether an order that is due and live at a counterparty is flagged, for only who
 * has it can end it, or expires here all the same.  An administrator whose venues
 * end day orders without telling it sets "expire".
 */
bool		oms_guc_flag_overdue = true;
static int	expire_counterparty_orders;

static const struct config_enum_entry expire_counterparty_options[] = {
	{"flag", 1, false}, {"expire", 0, false}, {NULL, 0, false}
};

static void
guc_assign_expire_counterparty(int newval, void *extra)
{
	oms_guc_flag_overdue = newval == 1;
}

int			oms_guc_query_limit = 100;
int			oms_guc_query_limit_max = 10000;

/*
 * Which day a moment belongs to where no calendar says it: the date in this
 * zone, and the time of day at which the next one begins.  An administrator of
 * a desk that trades one market sets both to that market's convention.
 */
static char *trading_day_zone_text = NULL;
static char *trading_day_roll_text = NULL;

static bool
guc_check_zone(char **newval, void **extra, GucSource source)
{
	pg_tz	   *zone = pg_tzset(*newval);

	if (zone && pg_tz_acceptable(zone))
		return true;
	GUC_check_errdetail("It must be the name of a time zone, as UTC or America/Chicago.");
	return false;
}

/* "17:00" in minutes */
static bool
guc_read_roll(const char *text, int *minutes)
{
	if (strlen(text) != 5 || strspn(text, "0123456789:") != 5 || text[2] != ':' ||
		strchr(text, ':') != strrchr(text, ':'))
		return false;
	*minutes = ((text[0] - '0') * 10 + text[1] - '0') * 60 + (text[3] - '0') * 10 + text[4] - '0';
	return text[3] <= '5' && *minutes < 24 * 60;
}

static bool
guc_check_roll(char **newval, void **extra, GucSource source)
{
	int			minutes;

	if (guc_read_roll(*newval, &minutes))
		return true;
	GUC_check_errdetail("It must be a time of day from 00:00 to 23:59, as 17:00.");
	return false;
}

/* A roll in the afternoon begins the next date's day, one in the morning its own date's. */
DateADT
oms_trading_day(TimestampTz time)
{
	pg_tz	   *zone = pg_tzset(trading_day_zone_text);
	int			roll = 0;

	if (zone == NULL || !guc_read_roll(trading_day_roll_text, &roll))
		elog(ERROR, "BUG: oms_state.trading_day_zone or trading_day_roll was not checked");
	return oms_date_in(time, zone, roll >= 12 * 60 ? 24 * 60 - roll : -roll);
}

/* ------------------------------------------------------------------------
 * defining
 * ------------------------------------------------------------------------
 */

/* The library may be loaded in the middle of a parallel query, and what was set before must reach its settings there too. */
#ifdef GUC_ALLOW_IN_PARALLEL
#define ANYWHERE		GUC_ALLOW_IN_PARALLEL
#else
#define ANYWHERE		0			/* minor versions before August 2024 cannot */
#endif

/* A page is kept as a whole before its first row is seen. */
#define QUERY_LIMIT_MAX	1000000

/* The one that everybody may set. */
#define FIX_ENCODING	"oms_state.fix_encoding"

/*
 * What a client says of a setting while it connects hides what the server, the
 * database or the role say of it.  That only a superuser may is found out when the
 * setting is defined: it would have its default then, and four eyes, say, be off.
 * Who tries has no library; where the server has loaded it, he has no session.
 */
static void
guc_check_client(void)
{
	static const char prefix[] = "oms_state.";
	struct config_generic **all;
	int			count;

#if PG_VERSION_NUM >= 160000
	all = get_guc_variables(&count);
#else
	all = get_guc_variables();
	count = GetNumConfigOptions();
#endif
	for (int i = 0; i < count; i++)
	{
		const struct config_generic *setting = all[i];

		if ((setting->flags & GUC_CUSTOM_PLACEHOLDER) == 0 || setting->reset_source < PGC_S_CLIENT ||
			pg_strncasecmp(setting->name, prefix, strlen(prefix)) != 0 || pg_strcasecmp(setting->name, FIX_ENCODING) == 0 ||
			setting->reset_scontext == PGC_SU_BACKEND ||
			pg_parameter_aclcheck(setting->name, setting->reset_srole, ACL_SET) == ACLCHECK_OK)
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to set parameter \"%s\"", setting->name),
				 errhint("Connect without it.")));
	}
}

/* What the execution desk goes by. */
static void
guc_define_desk(void)
{
	DefineCustomBoolVariable("oms_state.four_eyes",
							 "Whether a fill that somebody types, corrects or takes back waits for somebody else.",
							 "What a role of oms_state.feed_roles tells waits for nobody.", &oms_guc_four_eyes,
							 false, PGC_SUSET, ANYWHERE, NULL, NULL, NULL);
	DefineCustomBoolVariable("oms_state.allocation_four_eyes",
							 "Whether an allocation by hand, or taking one back, waits for somebody else.",
							 "So does a FIX J, unless a role of oms_state.feed_roles brings it in.", &oms_guc_allocation_four_eyes,
							 false, PGC_SUSET, ANYWHERE, NULL, NULL, NULL);
	DefineCustomStringVariable("oms_state.feed_roles",
							   "The roles that tell what venues have told.",
							   "Where none is named, no claim binds a command with an execID, whoever gives it, and by oms_state.four_eyes "
							   "everybody's fills wait.", &feed_roles_text, "", PGC_SUSET, ANYWHERE | GUC_LIST_INPUT,
							   guc_check_roles, guc_assign_roles, NULL);
	DefineCustomBoolVariable("oms_state.book_waiting_fills",
							 "Whether fills that came before their order are booked when it comes to be known.",
							 NULL, &oms_guc_book_waiting_fills,
							 false, PGC_SUSET, ANYWHERE, NULL, NULL, NULL);
	DefineCustomIntVariable("oms_state.duplicate_window",
							"How far apart a typed and an electronic fill may be to be taken for the same.",
							"0 compares none.", &oms_guc_duplicate_window_s,
							15 * 60, 0, INT_MAX, PGC_SUSET, ANYWHERE | GUC_UNIT_S, NULL, NULL, NULL);
}

void
oms_guc_init(void)
{
	guc_check_client();
	DefineCustomIntVariable("oms_state.command_retention",
							"How long a commandId is remembered, so that a repeat returns the first result.",
							NULL, &oms_guc_command_retention_s,
							7 * SECONDS_PER_DAY, 0, INT_MAX, PGC_SUSET, ANYWHERE | GUC_UNIT_S,
							NULL, NULL, NULL);
	DefineCustomIntVariable("oms_state.command_size",
							"How large a command may be, as JSON in UTF-8.",
							"An object's texts, FIX fields and attributes may have a sixth of it.", &oms_guc_command_size_kb,
							768, 16, 64 * 1024, PGC_SUSET, ANYWHERE | GUC_UNIT_KB,
							NULL, NULL, NULL);
	DefineCustomIntVariable("oms_state.slot_alert_size",
							"How much WAL a replication slot may hold back before oms.bridge_alerts has a row.",
							"-1 is never.", &oms_guc_slot_alert_size_mb,
							1024, -1, INT_MAX, PGC_SUSET, ANYWHERE | GUC_UNIT_MB,
							NULL, NULL, NULL);
	DefineCustomIntVariable("oms_state.slot_alert_age",
							"How old a commit that a slot's reader has not confirmed may be before oms.bridge_alerts has a row.",
							"-1 is never.", &oms_guc_slot_alert_age_s,
							60, -1, INT_MAX, PGC_SUSET, ANYWHERE | GUC_UNIT_S,
							NULL, NULL, NULL);
	DefineCustomStringVariable("oms_state.overfill_tolerance",
							   "By which part of its quantity an order may be overfilled before a fill waits in review.",
							   "0.01 allows one per cent.",
							   &overfill_tolerance_text, "0", PGC_SUSET, ANYWHERE,
							   guc_check_tolerance, guc_assign_tolerance, NULL);
	DefineCustomStringVariable(FIX_ENCODING,
							   "The encoding of FIX messages given as bytea that do not say theirs (MessageEncoding, 347).",
							   NULL, &fix_encoding_name, "LATIN1", PGC_USERSET, ANYWHERE,
							   guc_check_encoding, NULL, NULL);
	DefineCustomStringVariable("oms_state.price_tolerance",
							   "By how much the price of a fill may be beyond its order's limit before it waits in review.",
							   "0.01 is an amount of the price's unit, 1% is a part of the limit.",
							   &price_tolerance_text, "0", PGC_SUSET, ANYWHERE,
							   guc_check_price_tolerance, guc_assign_price_tolerance, NULL);
	DefineCustomStringVariable("oms_state.trading_day_zone",
							   "The time zone of the trading day.",
							   NULL, &trading_day_zone_text, "UTC", PGC_SUSET, ANYWHERE,
							   guc_check_zone, NULL, NULL);
	DefineCustomStringVariable("oms_state.trading_day_roll",
							   "The time of day in that zone at which a trading day begins.",
							   "From 12:00 on it begins the next date's day, before 12:00 its own date's.",
							   &trading_day_roll_text, "00:00", PGC_SUSET, ANYWHERE,
							   guc_check_roll, NULL, NULL);
	guc_define_desk();
	DefineCustomStringVariable("oms_state.correlation_id",
							   "The correlationId in the events of commands that say none.",
							   "What stands before the database (a gateway, a pool) says here which request a command came with.",
							   &oms_guc_correlation_id, "", PGC_USERSET, ANYWHERE, guc_check_correlation_id, NULL, NULL);
	DefineCustomIntVariable("oms_state.quote_lifetime",
							"How long a quote is valid that does not say it, and whose request has no expireTime.",
							NULL, &oms_guc_quote_lifetime_s,
							60, 1, INT_MAX, PGC_SUSET, ANYWHERE | GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomBoolVariable("oms_state.require_asset_class",
							 "Whether orders and requests for quotes must be of a registered asset class.",
							 NULL, &oms_guc_require_asset_class,
							 false, PGC_SUSET, ANYWHERE, NULL, NULL, NULL);
	DefineCustomBoolVariable("oms_state.submit_client_orders",
							 "Whether orders and replacements that come in a client's FIX session are routed by oms.routing_rules.",
							 NULL, &oms_guc_submit_client_orders,
							 true, PGC_SUSET, ANYWHERE, NULL, NULL, NULL);
	DefineCustomEnumVariable("oms_state.expire_counterparty_orders",
							 "What oms.expire() does with orders that are live at a counterparty.",
							 "flag: EXPIRY_OVERDUE, until the counterparty tells their end; expire: they expire as others.",
							 &expire_counterparty_orders, 1, expire_counterparty_options, PGC_SUSET, ANYWHERE, NULL,
							 guc_assign_expire_counterparty, NULL);
	DefineCustomIntVariable("oms_state.query_limit",
							"How many rows oms_query() returns at most where the query has no limit.",
							NULL, &oms_guc_query_limit, 100, 1, QUERY_LIMIT_MAX, PGC_SUSET, ANYWHERE, NULL, NULL, NULL);
	DefineCustomIntVariable("oms_state.query_limit_max",
							"The greatest limit that a query may have.",
							NULL, &oms_guc_query_limit_max, 10000, 1, QUERY_LIMIT_MAX, PGC_SUSET, ANYWHERE, NULL, NULL, NULL);
	MarkGUCPrefixReserved("oms_state");
}

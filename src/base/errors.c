/*-------------------------------------------------------------------------
 *
 * errors.c
 *	  Making refusals, and raising one as a PostgreSQL error.
 *
 * Writes no table, takes no lock.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/errors.h"

static char *errors_format_args(const char *fmt, va_list args) pg_attribute_printf(1, 0);

static char *
errors_format_args(const char *fmt, va_list args)
{
	char	   *buf;
	size_t		size = 128;

	for (;;)
	{
		va_list		copy;
		size_t		needed;

		buf = palloc(size);
		va_copy(copy, args);
		needed = pvsnprintf(buf, size, fmt, copy);
		va_end(copy);
		if (needed < size)
			return buf;
		pfree(buf);
		size = needed;
	}
}

Refusal *
oms_refuse(int sqlstate, const char *fmt,...)
{
	Refusal    *refusal = palloc0(sizeof(Refusal));
	va_list		args;

	refusal->sqlstate = sqlstate;
	va_start(args, fmt);
	refusal->message = errors_format_args(fmt, args);
	va_end(args);
	return refusal;
}

Refusal *
oms_with_detail(Refusal *refusal, const char *fmt,...)
{
	va_list		args;

	va_start(args, fmt);
	refusal->detail = errors_format_args(fmt, args);
	va_end(args);
	return refusal;
}

Refusal *
oms_with_hint(Refusal *refusal, const char *hint)
{
	refusal->hint = hint;
	return refusal;
}

Refusal *
oms_refuse_by_rule(const char *rule, const char *message, const char *fmt,...)
{
	Refusal    *refusal = oms_refuse(OMS_RULE, "%s", message);
	va_list		args;
	char	   *facts;

	va_start(args, fmt);
	facts = errors_format_args(fmt, args);
	va_end(args);
	refusal->rule = rule;
	return oms_with_detail(refusal, "Rule %s: %s", rule, facts);
}

Refusal *
oms_refusal_copy(const Refusal *refusal)
{
	Refusal    *copy = palloc(sizeof(Refusal));

	*copy = *refusal;
	copy->message = pstrdup(refusal->message);
	copy->detail = refusal->detail ? pstrdup(refusal->detail) : NULL;
	copy->hint = refusal->hint ? pstrdup(refusal->hint) : NULL;
	copy->rule = refusal->rule ? pstrdup(refusal->rule) : NULL;
	return copy;
}

void
oms_raise(const Refusal *refusal)
{
	ereport(ERROR,
			(errcode(refusal->sqlstate),
			 errmsg_internal("%s", refusal->message),
			 refusal->detail ? errdetail_internal("%s", refusal->detail) : 0,
			 refusal->hint ? errhint("%s", refusal->hint) : 0));
	pg_unreachable();
}

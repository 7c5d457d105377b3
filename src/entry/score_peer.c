/*-------------------------------------------------------------------------
 *
 * score_peer.c
 *	  With whom an event is compared, and how what is unusual is said.
 *
 * A level names columns and facts ("symbol+account"); a peer is the values of one
 * level.  A sign of its own stands in a value after a "\".  Writes and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "entry/score.h"

static char *
score_peer_fact(const Facts *facts, const char *name)
{
	int			fact = oms_fact_find(name);

	return fact == FACT_COUNT || facts->value[fact] == NULL ? NULL :
		DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(facts->value[fact])));
}

static const char *
score_peer_value(const ScoredEvent *event, const Facts *facts, const char *name)
{
	const char *value = oms_score_text(event->cur, name);

	if (value == NULL && event->parent)
		value = oms_score_text(event->parent, name);
	return value ? value : score_peer_fact(facts, name);
}

char *
oms_score_peer(const ScoredEvent *event, const Facts *facts, const char *level)
{
	StringInfoData peer;

	initStringInfo(&peer);
	for (const char *at = level; *at; at += *at == '+')
	{
		int			length = strcspn(at, "+");
		char	   *name = pnstrdup(at, length);
		const char *value = score_peer_value(event, facts, name);

		if (value == NULL)
			return NULL;
		appendStringInfo(&peer, "%s%s=", peer.len > 0 ? "," : "", name);
		for (const char *c = value; *c; c++)
		{
			if (*c == ',' || *c == '\\')
				appendStringInfoChar(&peer, '\\');
			appendStringInfoChar(&peer, *c);
		}
		at += length;
	}
	return peer.len > PEER_LENGTH_MAX ? NULL : peer.data;
}

/* "FUND in VOD in depth 3": names of facts are told, those of columns are not. */
char *
oms_score_peer_text(const char *peer)
{
	StringInfoData text;
	bool		in_name = true;
	const char *name = peer;

	if (*peer == '\0')
		return pstrdup("all");
	initStringInfo(&text);
	for (const char *c = peer; *c; c++)
	{
		if (in_name && *c == '=')
		{
			char	   *fact = pnstrdup(name, c - name);

			if (oms_fact_find(fact) != FACT_COUNT)
				appendStringInfo(&text, "%s ", fact);
			in_name = false;
		}
		else if (!in_name && *c == ',')
		{
			appendStringInfoString(&text, " in ");
			in_name = true;
			name = c + 1;
		}
		else if (!in_name)
		{
			if (*c == '\\' && c[1] != '\0')
				c++;
			appendStringInfoChar(&text, *c);
		}
	}
	return text.data;
}

char *
oms_score_reason(const Feature *feature, double value, double expected, double probability, const char *peer)
{
	char	   *whose = oms_score_peer_text(peer);
	char	   *odds;
	double		times;

	if (feature->side == SIDE_ANY)
		return psprintf("%s %.10g, and it should be 0", feature->label, value);
	odds = psprintf("1 in %.0f", 1 / probability);
	times = expected != 0 ? value / expected : 0;
	if (feature->is_log && times >= 1.5)
		return psprintf("%s %.10g is %.*f times the usual of %s (%s)", feature->label, value, times < 10 ? 1 : 0, times, whose, odds);
	if (feature->is_log && times > 0 && times <= 1 / 1.5)
		return psprintf("%s %.10g is one part in %.*f of the usual of %s (%s)", feature->label, value, 1 / times < 10 ? 1 : 0, 1 / times, whose, odds);
	return psprintf("%s %.10g; usual of %s is %.6g (%s)", feature->label, value, whose, expected, odds);
}

/*-------------------------------------------------------------------------
 *
 * finding.c
 *	  What a rule, a halt or the routing says of a command, as a value.
 *
 * Pure.  Which rules there are, and how they are asked, is nothing of the core's:
 * it says what their answers do.  No rule refuses a fact.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/json.h"
#include "core/finding.h"
#include "core/kind.h"

/* Bytes of JSON: what an event has of all its findings, and one of them beside its texts. */
#define FINDINGS_SIZE_MAX	(16 * 1024)
#define FINDING_SIZE		128

const OmsName oms_severity_names[] = {
	{FINDING_ROUTE, "ROUTE"},
	{FINDING_WARN, "WARN"},
	{FINDING_FLAG, "FLAG"},
	{FINDING_DESK, "DESK"},
	{FINDING_REVIEW, "REVIEW"},
	{FINDING_REFUSE, "REFUSE"},
	{0}
};

/* The first of the gravest that are more than a warning, or NULL. */
static const Finding *
finding_gravest(const List *findings)
{
	const Finding *gravest = NULL;
	ListCell   *cell;

	foreach(cell, findings)
	{
		const Finding *finding = lfirst(cell);

		if (finding->severity > FINDING_WARN && (gravest == NULL || finding->severity > gravest->severity))
			gravest = finding;
	}
	return gravest;
}

FindingEffect
oms_findings_effect(const List *findings, const Command *command)
{
	const Finding *gravest = finding_gravest(findings);

	if (gravest == NULL)
		return FINDINGS_TELL;
	if (gravest->severity == FINDING_FLAG)
		return FINDINGS_FLAG;
	if (gravest->severity == FINDING_DESK && oms_has_trait(command->def, TRAIT_MAY_WAIT) && command->parent_id == NULL)
		return FINDINGS_QUEUE;
	/* a fill's command may tell its bust */
	if (oms_has_trait(command->def, TRAIT_FILL | TRAIT_CORRECTION) && !oms_same_text(command->exec_type, "TRADE_CANCEL"))
		return FINDINGS_HOLD;
	return oms_command_is_fact(command) || command->decided ? FINDINGS_FLAG : FINDINGS_REFUSE;
}

const char *
oms_findings_desk_reason(const List *findings)
{
	ListCell   *cell;

	foreach(cell, findings)
	{
		const Finding *finding = lfirst(cell);

		if (finding->severity == FINDING_DESK)
			return finding->message ? finding->message : finding->rule;
	}
	return NULL;
}

Refusal *
oms_findings_refuse(const List *findings, const Command *command)
{
	const Finding *finding = finding_gravest(findings);

	return oms_refuse_by_rule(finding->rule, finding->message ? finding->message :
							  psprintf("a rule refuses %s", command->def->name),
							  "version " INT64_FORMAT " of it %s for this command.", finding->version,
							  finding->why ? finding->why : "does not hold");
}

static void
finding_put_text(JsonWriter *w, const char *key, const char *text)
{
	if (text)
		oms_json_string(w, key, text);
}

List *
oms_findings_add(List *findings, Finding *finding)
{
	ListCell   *cell;

	foreach(cell, findings)
	{
		const Finding *old = lfirst(cell);

		if (old->version == finding->version && old->severity == finding->severity && strcmp(old->rule, finding->rule) == 0 &&
			oms_same_text(old->why, finding->why) && oms_same_text(old->answer, finding->answer))
			return findings;
	}
	return lappend(findings, finding);
}

static int64
finding_text_size(const char *text)
{
	return text ? oms_json_string_size(text, strlen(text)) : 0;
}

bool
oms_finding_fits(const Finding *finding, int64 *told)
{
	bool		is_first = *told == 0;

	*told += FINDING_SIZE + finding_text_size(finding->rule) + finding_text_size(finding->message) + finding_text_size(finding->why) +
		finding_text_size(finding->action) + finding_text_size(finding->answer) + (finding->saw ? oms_json_size(finding->saw) : 0);
	return is_first || *told <= FINDINGS_SIZE_MAX;
}

Jsonb *
oms_findings_json(const List *findings)
{
	JsonWriter	w = {0};
	int64		told = 0;
	ListCell   *cell;

	oms_json_open_array(&w);
	foreach(cell, findings)
	{
		const Finding *finding = lfirst(cell);

		oms_json_open_object(&w);
		if (!oms_finding_fits(finding, &told))
		{
			oms_json_int(&w, "more", list_length(findings) - foreach_current_index(cell));
			oms_json_close_object(&w);
			break;
		}
		/* in the order in which jsonb keeps its keys */
		if (finding->saw)
			oms_json_jsonb(&w, "saw", finding->saw);
		finding_put_text(&w, "why", finding->why);
		oms_json_string(&w, "rule", finding->rule);
		finding_put_text(&w, "action", finding->action);
		finding_put_text(&w, "answer", finding->answer);
		finding_put_text(&w, "message", finding->message);
		oms_json_int(&w, "version", finding->version);
		oms_json_string(&w, "severity", oms_name_of(oms_severity_names, finding->severity));
		oms_json_close_object(&w);
	}
	oms_json_close_array(&w);
	return oms_json_finish(&w);
}

/*-------------------------------------------------------------------------
 *
 * registered.c
 *	  Predicates that other libraries bring: oms.registered('name').
 *
 * They are found by a rendezvous variable (oms_state.h), so that neither library
 * needs the other to be loaded.  What they are given are copies.  What one leaves
 * behind is cleared up, and is an error of the predicate: a memory context, a
 * subtransaction, a transaction id.
 *
 * Writes and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/builtins.h"

#include "core/kind.h"
#include "oms_state.h"
#include "store/event_hooks.h"
#include "store/predicate.h"

PG_FUNCTION_INFO_V1(oms_registered);

typedef struct Question
{
	OmsQuestion question;		/* first: what is given to the predicate */
	const PredicateSubject *subject;
} Question;

static Jsonb *
registered_state(const Object *object)
{
	JsonWriter	w = {0};

	oms_record_to_json(oms_kinds[object->kind].record, object, &w, NULL);
	return oms_json_finish(&w);
}

static Jsonb *
registered_row(const OmsQuestion *question, const char *name)
{
	static const char *const names[ROW_COUNT] = {[ROW_CUR] = "cur", [ROW_PARENT] = "parent", [ROW_ROOT] = "root"};
	const PredicateSubject *subject = ((const Question *) question)->subject;

	for (int row = 0; row < ROW_COUNT; row++)
		if (name && strcmp(names[row], name) == 0)
			return subject->rows[row] ? registered_state(subject->rows[row]) : NULL;
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("there is no row \"%s\": a predicate knows cur, parent and root", name ? name : "")));
}

static OmsPredicate
registered_find(const char *name)
{
	for (const OmsRegistered *one = *(OmsRegistered **) find_rendezvous_variable(OMS_PREDICATES); one; one = one->next)
		if (strcmp(one->name, name) == 0)
			return one->predicate;
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FUNCTION),
			 errmsg("no predicate \"%s\" is registered in this session", name),
			 errhint("Add the library that brings it to session_preload_libraries.")));
}

/* What it has begun and not ended is undone with whoever asks. */
static const char *
registered_left_behind(int level)
{
	const char *left = TransactionIdIsValid(GetCurrentTransactionIdIfAny()) ? "has written" : NULL;

	return oms_subtransactions_end(level) ? "has left a subtransaction open" : left;
}

Datum
oms_registered(PG_FUNCTION_ARGS)
{
	PredicateSubject *subject = oms_predicate_subject();
	MemoryContext memory = CurrentMemoryContext;
	int			level = GetCurrentTransactionNestLevel();
	Question	question;
	char	   *name;
	OmsAnswer	answer;
	const char *left;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (subject == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("oms.registered() has an answer in predicates of rules only")));
	name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	question = (Question) {{DatumGetJsonbPCopy(JsonbPGetDatum(oms_predicate_command(subject))), registered_row}, subject};
	answer = registered_find(name) (&question.question);
	left = registered_left_behind(level);
	MemoryContextSwitchTo(memory);
	if (left)
		ereport(ERROR,
				(errcode(ERRCODE_EXTERNAL_ROUTINE_INVOCATION_EXCEPTION),
				 errmsg("registered predicate \"%s\" %s", name, left)));
	if (answer == OMS_NULL)
		PG_RETURN_NULL();
	if (answer != OMS_TRUE && answer != OMS_FALSE)
		ereport(ERROR,
				(errcode(ERRCODE_EXTERNAL_ROUTINE_INVOCATION_EXCEPTION),
				 errmsg("registered predicate \"%s\" answered %d", name, (int) answer)));
	PG_RETURN_BOOL(answer == OMS_TRUE);
}

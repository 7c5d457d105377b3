/*-------------------------------------------------------------------------
 * test/modules/registered/registered.c
 *	  Predicates of rules as another library brings them: one that is of use, and
 *	  some that do what none may.  test/t/088_registered.pl asks them.
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "oms_state.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

static Numeric
figure(Jsonb *object, char *name)
{
	JsonbValue	key = {.type = jbvString};
	JsonbValue *value;

	key.val.string.val = name;
	key.val.string.len = strlen(name);
	value = object ? findJsonbValueFromContainer(&object->root, JB_FOBJECT, &key) : NULL;
	return value && value->type == jbvNumeric ? DatumGetNumericCopy(NumericGetDatum(value->val.numeric)) : NULL;
}

/* No more than twice what there is; null without either. */
static OmsAnswer
registered_doubles(const OmsQuestion *question)
{
	Numeric		now = figure(question->row(question, "cur"), "orderQty");
	Numeric		then = figure(question->command, "orderQty");

	if (now == NULL || then == NULL)
		return OMS_NULL;
	return DatumGetBool(DirectFunctionCall2(numeric_le, NumericGetDatum(then),
											DirectFunctionCall2(numeric_add, NumericGetDatum(now), NumericGetDatum(now)))) ? OMS_TRUE : OMS_FALSE;
}

/* It has the three rows that there are. */
static OmsAnswer
registered_rows(const OmsQuestion *question)
{
	return question->row(question, "cur") == NULL && question->row(question, "parent") != NULL && question->row(question, "root") != NULL ? OMS_TRUE : OMS_FALSE;
}

static OmsAnswer
registered_no_such_row(const OmsQuestion *question)
{
	return question->row(question, "grandparent") ? OMS_TRUE : OMS_FALSE;
}

static OmsAnswer
registered_yes(const OmsQuestion *question)
{
	return OMS_TRUE;
}

static OmsAnswer
registered_no(const OmsQuestion *question)
{
	return OMS_FALSE;
}

static OmsAnswer
registered_raises(const OmsQuestion *question)
{
	ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("it is a bad day")));
}

static OmsAnswer
registered_odd(const OmsQuestion *question)
{
	return (OmsAnswer) 42;
}

static OmsAnswer
registered_scribbles(const OmsQuestion *question)
{
	memset((char *) question->command + VARHDRSZ, 0x7f, VARSIZE(question->command) - VARHDRSZ);
	return OMS_TRUE;
}

static OmsAnswer
registered_sql(const char *statement)
{
	SPI_connect();
	SPI_execute(statement, false, 0);
	SPI_finish();
	return OMS_TRUE;
}

static OmsAnswer
registered_writes(const OmsQuestion *question)
{
	return registered_sql("INSERT INTO oms.limits VALUES ('', '', 'WRITTEN', 1)");
}

static OmsAnswer
registered_commands(const OmsQuestion *question)
{
	return registered_sql("SELECT oms_command('{\"commandType\": \"CreateOrderCommand\", \"symbol\": \"X\", \"side\": \"BUY\", \"orderQty\": 1}')");
}

static OmsAnswer
registered_opens(const OmsQuestion *question)
{
	BeginInternalSubTransaction(NULL);
	BeginInternalSubTransaction(NULL);
	return OMS_TRUE;
}

/* And is in the innermost of them when it fails. */
static OmsAnswer
registered_falls(const OmsQuestion *question)
{
	(void) registered_opens(question);
	ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("it fell")));
}

/* What it leaves open the server closes, with a warning. */
static OmsAnswer
registered_leaks(const OmsQuestion *question)
{
	SPI_connect();
	(void) table_open(RelationRelationId, AccessShareLock);
	MemoryContextSwitchTo(TopMemoryContext);
	return OMS_TRUE;
}

static OmsAnswer
registered_sleeps(const OmsQuestion *question)
{
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		pg_usleep(1000);
	}
	return OMS_NULL;
}

void
_PG_init(void)
{
	static const struct
	{
		const char *name;
		OmsPredicate predicate;
	}			all[] = {
		{"doubles", registered_doubles}, {"rows", registered_rows}, {"no_such_row", registered_no_such_row}, {"yes", registered_no}, {"yes", registered_yes},
		{"raises", registered_raises}, {"odd", registered_odd}, {"scribbles", registered_scribbles}, {"writes", registered_writes},
		{"commands", registered_commands}, {"opens", registered_opens}, {"falls", registered_falls}, {"leaks", registered_leaks}, {"sleeps", registered_sleeps}
	};

	for (int i = 0; i < lengthof(all); i++)
		oms_register_predicate(all[i].name, all[i].predicate);
}

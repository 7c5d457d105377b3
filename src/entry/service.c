/*-------------------------------------------------------------------------
 *
 * service.c
 *	  Business services: several commands, in one unit of work.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "entry/submit_order.h"

PG_FUNCTION_INFO_V1(oms_service);

typedef struct ServiceDef
{
	const char *name;
	Refusal    *(*arguments) (Jsonb *arguments, Jsonb **raw);	/* the command that it begins with */
	Jsonb	   *(*run) (UnitOfWork *uow, TakenCommand *first, bool searched, Refusal **refusal);
} ServiceDef;

static const ServiceDef services[] = {
	{"SubmitClientOrder", oms_submit_arguments, oms_submit_order},
};

static const ServiceDef *
service_find(const char *name)
{
	for (int i = 0; i < lengthof(services); i++)
		if (strcmp(services[i].name, name) == 0)
			return &services[i];
	return NULL;
}

static Jsonb *
service_run(UnitOfWork *uow, const char *name, Jsonb *arguments, Refusal **refusal)
{
	const ServiceDef *service = service_find(name);
	Jsonb	   *raw;

	*refusal = service ? service->arguments(arguments, &raw) : oms_refuse(OMS_NO_SUCH_OBJECT, "service \"%s\" does not exist", name);
	return *refusal ? NULL : service->run(uow, oms_run_take(raw, false), false, refusal);
}

/* What is null is no name, and no arguments. */
Datum
oms_service(PG_FUNCTION_ARGS)
{
	JsonbValue	null = {.type = jbvNull};
	char	   *name = PG_ARGISNULL(0) ? "" : text_to_cstring(PG_GETARG_TEXT_PP(0));
	Jsonb	   *arguments = PG_ARGISNULL(1) ? JsonbValueToJsonb(&null) : PG_GETARG_JSONB_P(1);
	UnitOfWork *uow;
	Refusal    *refusal;
	Jsonb	   *result;

	oms_run_begin("oms_service()", false);
	uow = oms_uow_begin();
	result = service_run(uow, name, arguments, &refusal);
	if (result == NULL)
		oms_run_raise(refusal);
	oms_run_end(uow, NULL);
	PG_RETURN_JSONB_P(result);
}

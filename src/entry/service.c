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

#include "entry/run_service.h"
#include "store/services.h"

PG_FUNCTION_INFO_V1(oms_service);

static Jsonb *
service_run(UnitOfWork *uow, const char *name, Jsonb *arguments, Refusal **refusal)
{
	const Service *service;

	service = oms_services_find(name);
	if (service)
		return oms_run_service(uow, service, arguments, refusal);
	*refusal = oms_refuse(OMS_NO_SUCH_OBJECT, "service \"%s\" does not exist", name);
	return NULL;
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

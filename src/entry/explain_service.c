/*-------------------------------------------------------------------------
 *
 * explain_service.c
 *	  A service as people read it.
 *
 * Reads oms.services as oms_service() does.  Writes and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "store/services.h"

PG_FUNCTION_INFO_V1(oms_explain_service);

Datum
oms_explain_service(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	const Service *service;
	List	   *lines = NIL;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	service = oms_services_find(name);
	if (service)
		lines = oms_service_explain(service);
	else
		oms_raise(oms_refuse(OMS_NO_SUCH_OBJECT, "service \"%s\" does not exist", name));
	foreach(cell, lines)
	{
		Datum		value = CStringGetTextDatum(lfirst(cell));
		bool		isnull = false;

		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, &value, &isnull);
	}
	return (Datum) 0;
}

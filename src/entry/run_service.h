/*-------------------------------------------------------------------------
 *
 * run_service.h
 *	  A service of oms.services is done: its steps, through the one pipeline.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_RUN_SERVICE_H
#define OMS_RUN_SERVICE_H

#include "postgres.h"

#include "core/service.h"
#include "entry/run.h"

/* What it answers, or NULL and why it was refused: then the caller has to raise that, for steps before may have been done. */
extern Jsonb *oms_run_service(UnitOfWork *uow, const Service *service, Jsonb *arguments, Refusal **refusal);

#endif							/* OMS_RUN_SERVICE_H */

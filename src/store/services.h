/*-------------------------------------------------------------------------
 *
 * services.h
 *	  The services of oms.services.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_SERVICES_H
#define OMS_SERVICES_H

#include "postgres.h"

#include "core/service.h"
#include "store/work.h"

/* When the library is loaded; with the built-in steps that there are. */
extern void oms_services_init(const ServiceBuiltin *builtins);

/*
 * By its name, or NULL; one that is not enabled, or has a fault, too.  The newest,
 * whatever the transaction sees; it, and what it calls, is there until this is called again.
 */
extern const Service *oms_services_find(const char *name);

/*
 * Does the predicate of a step hold of its command, whose trees are locked?  One without a
 * predicate always does, null does not.  OM011 where it fails.
 */
extern Refusal *oms_services_ask(UnitOfWork *uow, const Service *service, const ServiceStep *step, const Command *command, bool *holds);

#endif							/* OMS_SERVICES_H */

/*-------------------------------------------------------------------------
 *
 * run_service_private.h
 *	  A service that is under way: shared by what foresees it, does its steps, and its built-in ones.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_RUN_SERVICE_PRIVATE_H
#define OMS_RUN_SERVICE_PRIVATE_H

#include "postgres.h"

#include "core/command_trees.h"
#include "core/service.h"
#include "entry/run.h"

typedef struct ServiceRun
{
	UnitOfWork *uow;
	bool		repeat;
	int			ncommands;
	TreeNames	trees;			/* that are known before anything is done */
	List	   *ids;			/* of char *: the ids of commands by which a repeat is known */
	bool		ids_are_enough;
	ResultSource recalled;		/* of a repeat: the payloads of its commands so far */
} ServiceRun;

/* A service within the run. */
typedef struct ServiceCall
{
	ServiceRun *run;
	ServiceFrame frame;
	const char *own_id;			/* of the command that it begins with; NULL: none was given */
	const char *prefix;			/* of the ids of its other commands; likewise */
	const char *command_id;		/* of the whole, or NULL */
	const char *causation_id;
	const char *correlation_id;
	int			first_event;
	int			first_payload;
	const Command *begin;		/* the command that it begins with, once it is done */
	ObjectKind	about;			/* of the first step that was done, … */
	const char *about_id;		/* … what it was about */
} ServiceCall;

/* Where the events of a step, or of all of them, begin. */
typedef struct ServiceSpan
{
	int			first_event;
	int			first_payload;
} ServiceSpan;

/* run_service_call.c: where it has come to. */
extern void oms_service_call_begin(ServiceCall *call, ServiceRun *run, const Service *service, Jsonb *arguments);
extern void oms_service_call_begin_inner(ServiceCall *inner, const ServiceCall *outer, const ServiceStep *step, const char *id);

/* `n`: the element's number from 1 on; 0: it is done once. */
extern const char *oms_service_call_id(const ServiceCall *call, const ServiceStep *step, int n);

/* What follows a refusal in a loop is done for that element: its ids say so.  Gives the prefix to come back to. */
extern const char *oms_service_call_enter_refusal(ServiceCall *call, const ServiceStep *step, const char *id);

/* The value of a field of the step, as far as it is known by now; false: there is none. */
extern bool oms_service_call_value(const ServiceCall *call, const ServiceStep *step, const char *name, JsonbValue *v);

/* The refusal as it is, and where it came from; what the service begins with is refused as it would be without one. */
extern Refusal *oms_service_call_refused(const ServiceCall *call, const ServiceStep *step, const Refusal *refusal);

/* The first step that is done says what the service is about. */
extern void oms_service_call_note_about(ServiceCall *call, ObjectKind kind, const char *id);

/* The payloads since then, as they are, or were the first time. */
extern void oms_service_call_events(const ServiceRun *run, ServiceSpan span, ResultSource *source);

/* run_service_foresee.c: lock all trees that are known now; is it a repeat? */
extern void oms_service_foresee(ServiceRun *run, const ServiceCall *call);

/* run_service_builtin.c */
extern Refusal *oms_service_do_builtin(ServiceCall *call, const ServiceStep *step, const char *id);

#endif							/* OMS_RUN_SERVICE_PRIVATE_H */

/*-------------------------------------------------------------------------
 *
 * service.h
 *	  Business services: several commands as one definition.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_SERVICE_H
#define OMS_SERVICE_H

#include "postgres.h"
#include "nodes/pg_list.h"

#include "base/json.h"
#include "core/command.h"
#include "core/definition.h"
#include "core/service_builtin.h"

#define SERVICE_NAME_MAX	48
#define SERVICE_TEXT_MAX	1000			/* bytes of a description */
#define SERVICE_SIZE_MAX	(256 * 1024)	/* bytes of a definition */
#define SERVICE_MEMBERS_MAX	100				/* arguments, fields of a step, members of a result */
#define SERVICE_STEPS_MAX	100				/* those after refusals among them */
#define SERVICE_COMMANDS_MAX 10000		/* that one gives */
#define SERVICE_DEPTH_MAX	8				/* of services in services, of steps in steps, of a path */

/* What a value is, as far as it is known before there is one. */
typedef enum ValueShape
{
	VALUE_ANY,
	VALUE_TEXT,
	VALUE_NUMBER,
	VALUE_TIME,
	VALUE_DATE,
	VALUE_BOOLEAN,
	VALUE_OBJECT,
	VALUE_TEXTS,				/* an array of texts */
	VALUE_OBJECTS				/* an array of objects */
} ValueShape;

struct ServiceArguments;

/* Of an object, or of each in an array, what is known of its members; where both are NULL, nothing. */
typedef struct ValueType
{
	ValueShape	shape;
	const RecordDef *record;	/* it is the state of one of these */
	const struct ServiceArguments *members;
} ValueType;

/* An argument of a service, or a member of the objects of one. */
typedef struct ServiceArgument
{
	CommandField field;			/* as which it is read: its name, its type, is it required? */
	ValueType	type;
	const char *description;	/* or NULL */
} ServiceArgument;

typedef struct ServiceArguments
{
	ServiceArgument *members;
	int			count;
} ServiceArguments;

typedef enum ExpressionSort
{
	EXPRESSION_CONSTANT,
	EXPRESSION_ARGUMENT,
	EXPRESSION_STEP,			/* of what a step before it answered */
	EXPRESSION_EACH,			/* of the element that a loop around it has come to */
	EXPRESSION_CONCAT
} ExpressionSort;

typedef struct ServiceExpression
{
	ExpressionSort sort;
	ValueType	type;
	JsonbValue	constant;
	const char *name;			/* of the argument, step or element */
	int			number;			/* of the step that answered, or loops */
	List	   *path;			/* of char * */
	List	   *parts;			/* of ServiceExpression */
} ServiceExpression;

/* A field of a step's command or service, or a member of what the service answers. */
typedef struct ServiceField
{
	const char *name;
	const ServiceExpression *value;
} ServiceField;

typedef struct ServiceStep
{
	const char *name;
	int			number;			/* from 0 on, as they stand in the definition */
	int			behind;			/* the number behind the last of the steps after its refusal */
	const CommandDef *command;	/* NULL: it is a built-in step, or a service … */
	const ServiceBuiltin *builtin;	/* … NULL: it is a service … */
	const char *service_name;
	const struct Service *service;	/* … once oms_services_link() has found it */
	List	   *with;			/* of ServiceField */
	const char *predicate;		/* it is done where this holds of its command; or NULL */
	const ServiceExpression *when;	/* it is done where this is there, and not false; or NULL */
	const ServiceExpression *for_each;	/* it is done for each element of this list; or NULL */
	const char *as;				/* by which expressions name the element */
	bool		told;			/* an expression asks what it answered */
	bool		goes_on;		/* where it is refused the service goes on … */
	List	   *on_refusal;		/* … after these, of ServiceStep */
	const struct ServiceStep *within;	/* the step after whose refusal it is done; or NULL */
	bool		begins;			/* the service is this command first: by its own commandId, with all of its arguments … */
	List	   *without;		/* … but these, of char * */
} ServiceStep;

/* What takes the fields of a step: its command, or a built-in step; NULL: a service does. */
static inline const CommandDef *
oms_service_step_takes(const ServiceStep *step)
{
	return step->builtin ? &step->builtin->takes : step->command;
}

typedef struct Service
{
	const char *name;
	int64		version;
	bool		builtin;
	bool		enabled;
	const char *description;	/* or NULL */
	ServiceArguments arguments;
	bool		takes_arguments;	/* it says which */
	const ServiceStep *begin;	/* the first step, where it is the service itself; NULL: it is a step as any */
	List	   *steps;			/* of ServiceStep, without those after a refusal */
	ServiceStep *all[SERVICE_STEPS_MAX];	/* by their numbers */
	int			nsteps;
	List	   *result;			/* of ServiceField */
	void		(*tells) (Jsonb *const *payloads, int count, JsonWriter *w);	/* of a built-in step of it: CommandDef.tells */
	const DefinitionFault *fault;	/* it cannot be used, and why; NULL: it can */
	enum
	{
		SERVICE_UNLINKED,
		SERVICE_LINKING,
		SERVICE_LINKED
	}			link;			/* oms_services_link() */
	int			depth;			/* of services in it, itself counted */
	bool		names_trees;	/* steps behind the first one may name trees by what is known before any is done */
	int			id_room;		/* so many bytes do the ids of its commands have besides its own */
} Service;

typedef struct Services
{
	Service   **members;		/* by name */
	int			count;
} Services;

/* The built-in steps that there are: a list that ends with one without a name. */
extern void oms_service_know_builtins(const ServiceBuiltin *builtins);

/* A service as its row says; `fault` tells what is wrong.  The memory is the current context's, and the definition's. */
extern Service *oms_service_read(const char *name, Jsonb *definition);

/* Find the services that are steps of others; what cannot be (unknown, a circle, arguments that it does not take) has a fault. */
extern void oms_services_link(const Services *services);
extern Service *oms_service_find(const Services *services, const char *name);

/* service_explain.c: as people read it, line by line: of char *. */
extern List *oms_service_explain(const Service *service);

/* The type that an argument is declared with. */
extern const char *oms_service_type_name(const ServiceArgument *argument);

/* service_run.c: where a service that is under way has come to. */
typedef struct ServiceFrame
{
	const Service *service;
	Jsonb	   *arguments;
	Jsonb	  **answers;		/* by the numbers of steps; NULL: not done */
	Jsonb	  **elements;		/* likewise, of those that loop: each of them an array of the one element */
} ServiceFrame;

/* Are these its arguments?  OM001. */
extern Refusal *oms_service_check_arguments(const Service *service, Jsonb *arguments);

extern void oms_service_begin(ServiceFrame *frame, const Service *service, Jsonb *arguments);

/* False: there is none, or it is null. */
extern bool oms_service_value(const ServiceFrame *frame, const ServiceExpression *expression, JsonbValue *value);

/* Is it done, as far as its `when` is an expression? */
extern bool oms_service_is_done(const ServiceFrame *frame, const ServiceStep *step);

/* The elements that it is done for, of JsonbValue; OM001 where they are no list, or too many. */
extern Refusal *oms_service_elements(const ServiceFrame *frame, const ServiceStep *step, List **elements);

/* It has come to that element; what steps after its refusal answered for another one is forgotten. */
extern void oms_service_enter(ServiceFrame *frame, const ServiceStep *step, const JsonbValue *element);

/* Write the fields, or members, that have a value. */
extern void oms_service_write(const ServiceFrame *frame, const List *fields, JsonWriter *w);

#endif							/* OMS_SERVICE_H */

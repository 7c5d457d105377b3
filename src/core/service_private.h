/*-------------------------------------------------------------------------
 *
 * service_private.h
 *	  Reading a service: shared by what reads its steps, and what reads expressions.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_SERVICE_PRIVATE_H
#define OMS_SERVICE_PRIVATE_H

#include "core/service.h"

typedef struct ServiceReader
{
	DefinitionReader base;		/* first */
	Service    *service;
	const ServiceStep *steps[SERVICE_DEPTH_MAX];	/* that are being read: each after a refusal of the one before */
	int			depth;
	bool		inside;			/* … and of the innermost one, what is done for each of its elements */
} ServiceReader;

/* service_type.c: what a field of a command, or an argument, is. */
extern ValueType oms_field_value_type(const CommandField *field);

/* May a value of the one be where the other is wanted? */
extern bool oms_value_fits(ValueShape given, ValueShape wanted);
extern const char *oms_value_shape_name(ValueShape shape);

/* What a step answers, and what a path leads to from there; a fault where it leads nowhere. */
extern ValueType oms_service_answer_type(const ServiceStep *step);
extern ValueType oms_service_walk_type(DefinitionReader *r, ValueType type, const List *path);

/* Of each in an array. */
extern ValueType oms_service_element_type(ValueType type);

/* The arguments of a service, with those that every one has. */
extern void oms_service_read_arguments(DefinitionReader *r, const JsonbValue *v, void *target);

/* Is it an argument of every service: one of the ids that its commands go by? */
extern bool oms_service_is_common(const char *name);

/* service_expression.c: never NULL; without a fault it has its type. */
extern ServiceExpression *oms_service_read_expression(ServiceReader *r, const JsonbValue *v);

#endif							/* OMS_SERVICE_PRIVATE_H */

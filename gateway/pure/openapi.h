/*
 * gateway/pure/openapi.h
 *     The OpenAPI document (3.0): the routes from their table, the commands and fields as PostgreSQL tells them.
 */
#ifndef OPENAPI_H
#define OPENAPI_H

#include "text.h"

/* A field of a command, a row of oms.command_reference. */
typedef struct OpenApiField
{
	char	   *owner;			/* the command's type; of a query the object: "quote_requests" */
	char	   *object;			/* the command's object: "quote_request"; of a query NULL */
	char	   *name;
	char	   *type;			/* as PostgreSQL calls it */
	bool		required;
	Text		names;			/* a JSON array of what it may be called, or nothing */
} OpenApiField;

typedef struct OpenApiFields
{
	OpenApiField *fields;
	size_t		count;
} OpenApiFields;

typedef struct OpenApiCatalog
{
	const char *version;		/* of the gateway */
	OpenApiFields commands;		/* fields of one command stand together, commands of one object too */
	OpenApiFields queries;		/* fields of one object stand together */
} OpenApiCatalog;

/* Copies. object may be NULL; names is a JSON array or of no length. */
extern void openapi_add(OpenApiFields *fields, const char *owner, const char *object, const char *name, const char *type, bool required, Span names);
extern void openapi_clear(OpenApiFields *fields);

/* Of a catalog with nothing in it: the routes alone, with bodies of any fields. */
extern void openapi_write(const OpenApiCatalog *catalog, Text *out);

#endif

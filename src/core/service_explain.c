/*-------------------------------------------------------------------------
 *
 * service_explain.c
 *	  A service as people read it.
 *
 * Pure.  A line for each thing that a definition says, in the order in which it is done;
 * what belongs to a step stands below it, further in.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "core/service_private.h"

#define INDENT	4

typedef struct Explained
{
	List	   *lines;			/* of char * */
	int			indent;
} Explained;

static void pg_attribute_printf(2, 3)
explain_line(Explained *e, const char *fmt,...)
{
	StringInfoData line;

	initStringInfo(&line);
	appendStringInfoSpaces(&line, e->indent);
	for (;;)
	{
		va_list		args;
		int			needed;

		va_start(args, fmt);
		needed = appendStringInfoVA(&line, fmt, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&line, needed);
	}
	e->lines = lappend(e->lines, line.data);
}

static void
explain_path(StringInfo out, const ServiceExpression *x)
{
	ListCell   *cell;

	foreach(cell, x->path)
		appendStringInfo(out, "%s%s", foreach_current_index(cell) ? "." : "", (const char *) lfirst(cell));
	if (x->path)
		appendStringInfoString(out, " of ");
}

static void
explain_constant(StringInfo out, const JsonbValue *v)
{
	JsonWriter	w = {0};
	char	   *text;
	int			length;

	oms_json_open_array(&w);
	oms_json_scalar(&w, NULL, v);
	oms_json_close_array(&w);
	text = oms_json_text(oms_json_finish(&w), &length);
	appendBinaryStringInfo(out, text + 1, length - 2);
}

static void
explain_expression(StringInfo out, const ServiceExpression *x)
{
	static const char *const sources[] = {
		[EXPRESSION_ARGUMENT] = "argument", [EXPRESSION_STEP] = "step", [EXPRESSION_EACH] = "element",
	};
	ListCell   *cell;

	if (x->sort == EXPRESSION_CONSTANT)
		explain_constant(out, &x->constant);
	else if (x->sort != EXPRESSION_CONCAT)
	{
		explain_path(out, x);
		appendStringInfo(out, "%s %s", sources[x->sort], x->name);
	}
	foreach(cell, x->parts)
	{
		appendStringInfoString(out, foreach_current_index(cell) ? " || " : "");
		explain_expression(out, lfirst(cell));
	}
}

static char *
explain_text(const ServiceExpression *x)
{
	StringInfoData out;

	initStringInfo(&out);
	explain_expression(&out, x);
	return out.data;
}

static void
explain_arguments(Explained *e, const ServiceArguments *arguments)
{
	for (int i = 0; i < arguments->count; i++)
	{
		const ServiceArgument *argument = &arguments->members[i];

		/* what every service takes is no part of this one */
		if (oms_service_is_common(argument->field.name))
			continue;
		explain_line(e, "%s: %s%s%s%s", argument->field.name, oms_service_type_name(argument), argument->field.required ? ", required" : "",
					 argument->description ? ". " : "", argument->description ? argument->description : "");
		if (argument->type.members)
		{
			e->indent += INDENT;
			explain_arguments(e, argument->type.members);
			e->indent -= INDENT;
		}
	}
}

static void
explain_fields(Explained *e, const List *fields)
{
	ListCell   *cell;

	foreach(cell, fields)
	{
		const ServiceField *field = lfirst(cell);

		explain_line(e, "%s = %s", field->name, explain_text(field->value));
	}
}

static const char *
explain_names(const List *names)
{
	StringInfoData text;
	ListCell   *cell;

	initStringInfo(&text);
	foreach(cell, names)
		appendStringInfo(&text, "%s%s", foreach_current_index(cell) > 0 ? ", " : "", (const char *) lfirst(cell));
	return text.data;
}

static void
explain_gives(Explained *e, const ServiceBuiltin *builtin)
{
	StringInfoData gives;

	initStringInfo(&gives);
	for (int i = 0; builtin->gives[i].command; i++)
		appendStringInfo(&gives, "%s%s", i > 0 ? ", " : "", builtin->gives[i].command->name);
	if (gives.len)
		explain_line(e, "gives %s", gives.data);
}

static void explain_steps(Explained *e, const List *steps, const char *number);

static void
explain_step(Explained *e, const ServiceStep *step, const char *number)
{
	if (step->builtin)
		explain_line(e, "%s %s: built in, %s: %s", number, step->name, step->builtin->takes.name, step->builtin->sentence);
	else
		explain_line(e, "%s %s: %s%s", number, step->name, step->command ? step->command->name : "service ", step->command ? "" : step->service_name);
	e->indent += INDENT;
	if (step->begins)
		explain_line(e, "with all arguments, and by the commandId of the service");
	if (step->builtin)
		explain_gives(e, step->builtin);
	if (step->for_each)
		explain_line(e, "for each %s in %s", step->as, explain_text(step->for_each));
	if (step->predicate)
		explain_line(e, "if %s", step->predicate);
	if (step->when)
		explain_line(e, "if %s is given, and not false", explain_text(step->when));
	explain_fields(e, step->with);
	if (step->goes_on && step->on_refusal == NIL)
		explain_line(e, "where it is refused: goes on");
	if (step->on_refusal)
	{
		explain_line(e, "where it is refused:");
		e->indent += INDENT;
		explain_steps(e, step->on_refusal, number);
		e->indent -= INDENT;
	}
	e->indent -= INDENT;
}

static void
explain_steps(Explained *e, const List *steps, const char *number)
{
	ListCell   *cell;

	check_stack_depth();
	foreach(cell, steps)
		explain_step(e, lfirst(cell), psprintf("%s%d.", number, foreach_current_index(cell) + 1));
}

List *
oms_service_explain(const Service *service)
{
	Explained	e = {0};

	explain_line(&e, "%s%s%s", service->name, service->description ? ": " : "", service->description ? service->description : "");
	if (service->fault)
	{
		explain_line(&e, "It cannot be used. %s: %s.", service->fault->path[0] ? service->fault->path : "The whole", service->fault->message);
		return e.lines;
	}
	if (!service->enabled)
		explain_line(&e, "It is not enabled.");
	explain_line(&e, "Arguments");
	e.indent = INDENT;
	if (service->begin)
		explain_line(&e, "the fields of %s%s%s", service->begin->command->name, service->begin->without ? ", but " : "",
					 explain_names(service->begin->without));
	else
		explain_arguments(&e, &service->arguments);
	e.indent = 0;
	explain_line(&e, "Steps");
	e.indent = INDENT;
	explain_steps(&e, service->steps, "");
	e.indent = 0;
	if (service->result)
	{
		explain_line(&e, "Result");
		e.indent = INDENT;
		explain_fields(&e, service->result);
	}
	return e.lines;
}

/*-------------------------------------------------------------------------
 *
 * services.c
 *	  The services of oms.services.
 *
 * Keeps what the table says (config_rows.c); what a definition may say stands in
 * core/.  A row that is no service any more (somebody has got round the trigger, or
 * what it calls is gone) has a fault: it alone is refused.  Writes and locks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/builtins.h"

#include "store/rules.h"
#include "store/services.h"

PG_FUNCTION_INFO_V1(oms_check_service);

typedef struct ServiceRow
{
	ConfigRow	row;			/* first */
	Jsonb	   *definition;
	Service    *service;
	Rule	   *conditions[SERVICE_STEPS_MAX];	/* by the numbers of steps: their predicates, of those that have one */
} ServiceRow;

static void
services_read(const ConfigRows *rows, Relation rel, TupleTableSlot *slot, ConfigRow *row)
{
	ServiceRow *service = (ServiceRow *) row;

	service->definition = oms_config_document(rel, slot, "definition");
	service->service = oms_service_read(row->name, service->definition);
	service->service->version = row->version;
	service->service->builtin = row->builtin;
	service->service->enabled = row->enabled;
	for (int i = 0; i < service->service->nsteps; i++)
	{
		const ServiceStep *step = service->service->all[i];
		Rule	   *rule;

		/* without a command there is a fault */
		if (step->predicate == NULL || step->command == NULL)
			continue;
		rule = service->conditions[i] = palloc0(sizeof(Rule));
		rule->row.name = psprintf("%s.%s", row->name, step->name ? step->name : "");
		rule->kind = step->command->kind;
		rule->predicate = step->predicate;
	}
}

static void services_known(ConfigRows *rows);

static ConfigRows services = {
	.table = {.which = OMS_SERVICES}, .size = sizeof(ServiceRow), .read = services_read, .known = services_known,
};

static Services
services_of(const ConfigRows *rows, int room)
{
	Services	all = {palloc(sizeof(Service *) * Max(rows->count + room, 1)), rows->count};

	for (int i = 0; i < rows->count; i++)
		all.members[i] = ((ServiceRow *) rows->rows[i])->service;
	return all;
}

static void
services_known(ConfigRows *rows)
{
	MemoryContext old = MemoryContextSwitchTo(rows->context);
	Services	all = services_of(rows, 0);

	oms_services_link(&all);
	MemoryContextSwitchTo(old);
}

void
oms_services_init(const ServiceBuiltin *builtins)
{
	oms_service_know_builtins(builtins);
	oms_config_rows_init(&services);
}

static ServiceRow *
services_find_row(const char *name)
{
	for (int i = 0; i < services.count; i++)
		if (strcmp(services.rows[i]->name, name) == 0)
			return (ServiceRow *) services.rows[i];
	return NULL;
}

const Service *
oms_services_find(const char *name)
{
	ServiceRow *row;

	oms_config_rows_know(&services);
	row = services_find_row(name);
	return row ? row->service : NULL;
}

Refusal *
oms_services_ask(UnitOfWork *uow, const Service *service, const ServiceStep *step, const Command *command, bool *holds)
{
	PredicateSubject subject = {.command = command};
	ServiceRow *row = step->predicate ? services_find_row(service->name) : NULL;
	RuleRun		run = {0};
	RuleAnswer	answer;
	const char *error;

	*holds = true;
	if (row == NULL)
		return NULL;
	oms_rules_find_rows(uow, command, &subject);
	answer = oms_rule_ask(&run, row->conditions[step->number], &subject, &error);
	oms_rules_leave(&run);
	*holds = answer == RULE_TRUE;
	if (answer != RULE_ERROR)
		return NULL;
	return oms_with_detail(oms_refuse(OMS_BAD_CONFIGURATION, "the condition of step \"%s\" of service \"%s\" fails", step->name, service->name),
						   "%s.", error);
}

/* ------------------------------------------------------------------------
 * a row is stored
 * ------------------------------------------------------------------------
 */

pg_noreturn static void
service_is_bad(const Service *service, const DefinitionFault *fault)
{
	ereport(ERROR,
			(errcode(OMS_BAD_CONFIGURATION),
			 errmsg("the definition of service \"%s\" cannot be used", service->name),
			 errdetail("%s: %s.", fault->path[0] ? fault->path : "The whole", fault->message)));
}

/* As they would be with this one in the place of that of its name; each is read anew, for linking changes it. */
static Services
services_with(Service *stored)
{
	Services	all;
	int			at = 0;

	all = services_of(&services, 1);
	for (int i = 0; i < all.count; i++)
	{
		const ServiceRow *row = (const ServiceRow *) services.rows[i];

		all.members[i] = oms_service_read(row->row.name, row->definition);
		all.members[i]->enabled = row->row.enabled;
		at += strcmp(row->row.name, stored->name) < 0;
	}
	if (at == all.count || strcmp(all.members[at]->name, stored->name) != 0)
	{
		memmove(&all.members[at + 1], &all.members[at], sizeof(Service *) * (all.count - at));
		all.count++;
	}
	all.members[at] = stored;
	oms_services_link(&all);
	return all;
}

/* Does what it calls take what it gives, and can what calls it still be done? */
static void
services_check_links(Service *stored)
{
	Services	all = services_with(stored);

	if (stored->fault)
		service_is_bad(stored, stored->fault);
	for (int i = 0; i < all.count; i++)
	{
		const ServiceRow *before = services_find_row(all.members[i]->name);

		if (all.members[i]->fault && before && before->service->fault == NULL)
			ereport(ERROR,
					(errcode(OMS_BAD_CONFIGURATION),
					 errmsg("service \"%s\" cannot become this: \"%s\" could not be used any more", stored->name, all.members[i]->name),
					 errdetail("%s: %s.", all.members[i]->fault->path, all.members[i]->fault->message)));
	}
}

/* A row that comes back from a dump may come before what it calls. */
static bool
service_comes_back(TriggerData *trigger, TupleTableSlot *slot)
{
	bool		no_hash;

	(void) oms_config_column(trigger->tg_relation, slot, "hash", BYTEAOID, &no_hash);
	return TRIGGER_FIRED_BY_INSERT(trigger->tg_event) && !no_hash;
}

Datum
oms_check_service(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	bool		is_update;
	TupleTableSlot *slot;
	ServiceRow *row;
	const ServiceRow *hides;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(trigger->tg_event) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("oms.check_service() was not called by the trigger manager before a row")));
	is_update = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
	slot = is_update ? trigger->tg_newslot : trigger->tg_trigslot;
	row = (ServiceRow *) oms_config_row_read(&services, trigger->tg_relation, slot);
	if (row->service->fault)
		service_is_bad(row->service, row->service->fault);
	for (int i = 0; i < row->service->nsteps; i++)
		if (row->conditions[i])
			oms_rule_check_predicate("condition", row->conditions[i]);
	oms_config_rows_know(&services);
	hides = services_find_row(row->row.name);
	if (!service_comes_back(trigger, slot) && !(row->row.builtin && hides && !hides->row.builtin))
		services_check_links(row->service);
	return PointerGetDatum(is_update ? trigger->tg_newtuple : trigger->tg_trigtuple);
}

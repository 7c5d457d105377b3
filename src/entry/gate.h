/*-------------------------------------------------------------------------
 *
 * gate.h
 *	  May the current user give a command?
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_GATE_H
#define OMS_GATE_H

#include "postgres.h"

#include "core/command.h"

/*
 * NULL, or OM008.  Whoever owns the tables, and a superuser, may give every
 * command.  Else the current user must have the privileges of the command's
 * role, as PostgreSQL counts them: SET ROLE and NOINHERIT act.  Where nobody has
 * made the roles in this cluster, EXECUTE on the entry function decided.
 */
extern Refusal *oms_gate_check(const CommandDef *def);

/* The same for what is not one command, as a FIX message; `what` is the subject of the refusal, in the plural. */
extern Refusal *oms_gate_check_role(CommandRole role, const char *what);

/* The role's name in the cluster. */
extern const char *oms_gate_role_name(CommandRole role);

#endif							/* OMS_GATE_H */

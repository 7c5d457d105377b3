/*-------------------------------------------------------------------------
 *
 * command_normal.h
 *	  A command as everybody would write it who writes as we do.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_COMMAND_NORMAL_H
#define OMS_COMMAND_NORMAL_H

#include "postgres.h"
#include "utils/jsonb.h"

#include "core/command.h"

/*
 * What was sent, with what was read of it: enumerations by our names, decimals
 * as numbers, times in RFC 3339 and UTC.  So whoever asks what a command says
 * need not know how it may be said, and nobody is missed for saying it otherwise.
 */
extern Jsonb *oms_command_normal(const Command *command);

#endif							/* OMS_COMMAND_NORMAL_H */

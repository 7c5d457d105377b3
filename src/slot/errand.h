/*-------------------------------------------------------------------------
 *
 * errand.h
 *	  A fixed statement in a transaction of its own, in this database or
 *	  another one of the cluster.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_ERRAND_H
#define OMS_ERRAND_H

#include "postgres.h"

typedef enum ErrandKind
{
	ERRAND_REPAIR_PUBLICATION,
	ERRAND_SCHEDULE,
	ERRAND_UNSCHEDULE,
	ERRAND_COUNT
} ErrandKind;

/*
 * Have the statement done by a background worker, with the rights of the
 * current user, and return its answer (JSON as text) once that is committed.
 * An error of the worker is raised here.
 */
extern char *oms_errand_apart(ErrandKind kind, Oid database, const char *argument);
/* The same here, in the caller's transaction. */
extern char *oms_errand_here(ErrandKind kind, const char *argument);

/* Where the postmaster starts the worker. */
extern PGDLLEXPORT void oms_errand_main(Datum segment);

#endif							/* OMS_ERRAND_H */

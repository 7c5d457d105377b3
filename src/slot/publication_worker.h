/*-------------------------------------------------------------------------
 *
 * publication_worker.h
 *	  oms.repair_publication() in a transaction of its own.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_PUBLICATION_WORKER_H
#define OMS_PUBLICATION_WORKER_H

#include "postgres.h"

/*
 * Repair the publication in a background worker with the rights of the current
 * user, and return what it did (a JSON array as text) once that is committed.
 * An error of the worker is raised here.
 */
extern char *oms_repair_publication_apart(Name publication);

/* Where the postmaster starts the worker. */
extern PGDLLEXPORT void oms_publication_worker_main(Datum segment);

#endif							/* OMS_PUBLICATION_WORKER_H */

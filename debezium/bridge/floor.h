/*
 * debezium/bridge/floor.h
 *     What a start leaves out for good: start = now, or from some event on.
 */
#ifndef FLOOR_H
#define FLOOR_H

#include "position.h"
#include "tables.h"

/* What the transaction of the connection sees, below start; -1: all of it. */
extern bool floor_set(Floor *floor, PGconn *connection, const bool *tables, int64_t start, Problem *problem);
/* Is it of the history that the tables have? */
extern bool floor_check(const Floor *floor, PGconn *connection, const bool *tables, Problem *problem);

#endif

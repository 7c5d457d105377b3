/*-------------------------------------------------------------------------
 *
 * library.h
 *	  What other libraries build on (oms_state.h).
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_LIBRARY_H
#define OMS_LIBRARY_H

#include "postgres.h"

/*
 * When all of ours is set up: other libraries find it, and those that were loaded
 * before are asked what they bring.  An error of one is raised, and asked again.
 */
extern void oms_library_open(void);

#endif							/* OMS_LIBRARY_H */

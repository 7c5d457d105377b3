/*
 * gateway/server/desk.h
 *     What a desk's page asks before it shows anything: which commands there are and which are the user's, what waits, what a policy proposes.
 */
#ifndef DESK_H
#define DESK_H

#include "request.h"

extern void desk_catalogue(Request *request);
extern void desk_list(Request *request);
extern void desk_review(Request *request);
extern void desk_placement(Request *request);

#endif

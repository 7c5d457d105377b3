/*
 * gateway/server/queries.h
 *     The routes that read: lists, searches, objects, their trees and histories.
 */
#ifndef QUERIES_H
#define QUERIES_H

#include "request.h"

extern void queries_list(Request *request);	/* and searches: the specification is the body */
extern void queries_object(Request *request);
extern void queries_tree(Request *request);
extern void queries_history(Request *request);

#endif

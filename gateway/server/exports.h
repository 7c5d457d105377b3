/*
 * gateway/server/exports.h
 *     All rows of a live view as a CSV, written in slices while the client takes it.
 */
#ifndef EXPORTS_H
#define EXPORTS_H

#include "live.h"
#include "request.h"

/* owner: whose rights the view has. Answers. */
extern void exports_begin(Request *request, const void *owner, View *view, const Look *look, const char *name);
/* Those rights are not what they were: what is not whole is cut off. */
extern void exports_cut(const void *owner);

#endif

/*
 * gateway/server/document.h
 *     GET /openapi.json.
 */
#ifndef DOCUMENT_H
#define DOCUMENT_H

#include "request.h"

extern void document_run(Request *request);

#endif

/*
 * gateway/server/page.h
 *     The page of the blotter, and what it is made of.
 */
#ifndef PAGE_H
#define PAGE_H

#include "request.h"

extern void page_run(Request *request);		/* GET / */
extern void page_asset(Request *request);	/* GET /assets/{build}/{name} */

#endif

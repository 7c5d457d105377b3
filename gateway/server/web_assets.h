/*
 * gateway/server/web_assets.h
 *     The files of the page, as web/embed.pl has made C of them.
 */
#ifndef WEB_ASSETS_H
#define WEB_ASSETS_H

#include <stddef.h>

typedef struct WebAsset
{
	const char *name;			/* "main.js" */
	const char *type;			/* for Content-Type */
	const unsigned char *plain;
	size_t		nplain;
	const unsigned char *gzip;
	size_t		ngzip;
} WebAsset;

/* Ended by one without a name. index.html is among them. */
extern const WebAsset web_assets[];
/* A hash of all of them: it stands in the path of each, so another build has other paths. */
extern const char web_build[];

#endif

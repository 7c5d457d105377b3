/*
 * gateway/server/page.c
 *     The page of the blotter: the same bytes for everybody, so nobody is asked who he is.
 *
 * The page itself is asked for again each time. Its parts have the build in their paths and never change: whoever has one keeps it.
 */
#include "page.h"

#include <string.h>

#include "bytes.h"
#include "web_assets.h"

/* Nothing from elsewhere, nothing inline, no text that becomes markup or code, in nobody's frame. */
#define POLICY "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; worker-src 'self'; " \
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types oms"

/* Whether the client says that it takes gzip, and not that it does not. */
static bool
page_takes_gzip(const Request *request)
{
	Span		rest = request_header(request, "Accept-Encoding");

	while (rest.len > 0)
	{
		Span		one = span_cut(&rest, ',');
		Span		name = span_trim(span_cut(&one, ';'));

		one = span_trim(one);
		if (span_is_like(name, "gzip"))
			return !span_is(one, "q=0") && !(one.len > 4 && strncmp(one.data, "q=0.", 4) == 0 && strspn(one.data + 4, "0") >= one.len - 4);
	}
	return false;
}

static void
page_send(Request *request, const WebAsset *asset, const char *cache)
{
	Text		text = {0};

	request->cache = cache;
	request_add_header(request, "Content-Security-Policy", POLICY);
	request_add_header(request, "X-Frame-Options", "DENY");
	request_add_header(request, "Referrer-Policy", "no-referrer");
	request_add_header(request, "Cross-Origin-Opener-Policy", "same-origin");
	request_add_header(request, "Cross-Origin-Resource-Policy", "same-origin");
	request_add_header(request, "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
	request_add_header(request, "Vary", "Accept-Encoding");
	if (page_takes_gzip(request))
	{
		request_add_header(request, "Content-Encoding", "gzip");
		text_add(&text, (const char *) asset->gzip, asset->ngzip);
	}
	else
		text_add(&text, (const char *) asset->plain, asset->nplain);
	request_answer(request, 200, asset->type, &text);
}

static const WebAsset *
page_find(const char *name)
{
	const WebAsset *asset = web_assets;

	while (asset->name != NULL && strcmp(asset->name, name) != 0)
		asset++;
	return asset->name != NULL ? asset : NULL;
}

void
page_run(Request *request)
{
	page_send(request, page_find("index.html"), "no-cache");
}

void
page_asset(Request *request)
{
	const WebAsset *asset = strcmp(request->match.parameters[0], web_build) == 0 ? page_find(request->match.parameters[1]) : NULL;

	if (asset == NULL)
		request_refuse_with(request, 404, "there is no such part of the page in this build");
	else
		page_send(request, asset, "public, max-age=31536000, immutable");
}

/*
 * gateway/pure/base64url.h
 *     RFC 4648 5, without padding.
 */
#ifndef BASE64URL_H
#define BASE64URL_H

#include "text.h"

/* Adds what it stands for. False: another character, or bits at the end that stand for nothing; then out is as it was. */
extern bool base64url_decode(Span encoded, Text *out);

#endif

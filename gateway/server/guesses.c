/*
 * gateway/server/guesses.c
 *     Users and addresses whose last login failed, and until when they wait.
 */
#include "guesses.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loop.h"
#include "text.h"

#define PAUSE_MAX_S 60
#define GUESSES_MAX 4096		/* remembered */

typedef struct Guess
{
	char		what[USER_MAX + 3];	/* "u NAME" or "a ADDRESS" */
	int64_t		until_us;		/* no try before */
	int			pause_s;
} Guess;

static Guess *guesses;
static size_t nguesses;

static Guess *
guess_find(const char *what)
{
	for (size_t i = 0; i < nguesses; i++)
		if (strcmp(guesses[i].what, what) == 0)
			return &guesses[i];
	return NULL;
}

/* The one whose pause is over first gives its place away. */
static Guess *
guess_new(const char *what)
{
	Guess	   *guess = NULL;

	if (guesses == NULL)
		guesses = must_alloc(GUESSES_MAX * sizeof *guesses);
	if (nguesses < GUESSES_MAX)
		guess = &guesses[nguesses++];
	else
		for (size_t i = 0; i < nguesses; i++)
			if (guess == NULL || guesses[i].until_us < guess->until_us)
				guess = &guesses[i];
	*guess = (Guess) {.pause_s = 0};
	snprintf(guess->what, sizeof guess->what, "%s", what);
	return guess;
}

static void
guess_add(const char *what)
{
	Guess	   *guess = guess_find(what);

	if (guess == NULL)
		guess = guess_new(what);
	guess->pause_s = guess->pause_s == 0 ? 1 : guess->pause_s * 2 > PAUSE_MAX_S ? PAUSE_MAX_S : guess->pause_s * 2;
	guess->until_us = ticks_us() + guess->pause_s * INT64_C(1000000);
}

static void
guess_drop(const char *what)
{
	Guess	   *guess = guess_find(what);

	if (guess != NULL)
		*guess = guesses[--nguesses];
}

static void
guess_names(const char *user, const char *address, char names[2][USER_MAX + 3])
{
	snprintf(names[0], USER_MAX + 3, "u %s", user);
	snprintf(names[1], USER_MAX + 3, "a %s", address != NULL ? address : "");
}

bool
guesses_may(const char *user, const char *address, Refused *refused)
{
	char		names[2][USER_MAX + 3];

	guess_names(user, address, names);
	for (int i = 0; i < (address != NULL ? 2 : 1); i++)
	{
		const Guess *guess = guess_find(names[i]);

		if (guess != NULL && guess->until_us > loop_now_us())
			return refuse(refused, 429, "the last login failed: the next may be tried in %d s", (int) ((guess->until_us - loop_now_us()) / 1000000 + 1));
	}
	return true;
}

void
guesses_failed(const char *user, const char *address)
{
	char		names[2][USER_MAX + 3];

	guess_names(user, address, names);
	guess_add(names[0]);
	guess_add(names[1]);
}

void
guesses_forget(const char *user, const char *address)
{
	char		names[2][USER_MAX + 3];

	guess_names(user, address, names);
	guess_drop(names[0]);
	guess_drop(names[1]);
}

void
guesses_end(void)
{
	free(guesses);
	guesses = NULL;
	nguesses = 0;
}

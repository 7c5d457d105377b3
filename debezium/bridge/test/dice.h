/*
 * debezium/bridge/test/dice.h
 *     Random numbers that can be had again: from OMS_TEST_SEED, or the same in every run.
 */
#ifndef DICE_H
#define DICE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t dice_state;

/* Says the seed, so that a failure can be had again. */
static inline void
dice_start(uint64_t otherwise)
{
	const char *given = getenv("OMS_TEST_SEED");

	dice_state = given != NULL ? strtoull(given, NULL, 10) : otherwise;
	printf("# OMS_TEST_SEED=%llu\n", (unsigned long long) dice_state);
}

/* splitmix64 (Steele, Lea, Flood 2014): every seed is a good one. */
static inline uint64_t
dice_bits(void)
{
	uint64_t	z = dice_state += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

/* 0, 1, ... below - 1. */
static inline uint64_t
dice(uint64_t below)
{
	return dice_bits() % below;
}

#endif

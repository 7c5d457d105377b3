/*
 * debezium/bridge/questions.h
 *     What the store is asked by interval: for an anchor (oms.anchor(), so that the topic oms-anchors follows what it published), and for the
 *     figures of its lifecycle.
 */
#ifndef QUESTIONS_H
#define QUESTIONS_H

#include "postgres.h"

#define QUESTION_COUNT 2

typedef struct Question
{
	PGconn	   *connection;		/* of its own, while there is an interval: an answer may have to wait for somebody, or read for long */
	bool		waiting;		/* there is no answer yet */
	bool		sent;			/* it is connected, and asked */
	PostgresPollingStatusType wants;	/* while it connects */
	int64_t		asked_us;		/* ticks: 0: not in this session */
	bool		late;			/* and that was said */
	bool		failing;		/* the last one failed, and that was said */
} Question;

/* Asks what is due, and takes the answers that are there; waits for none. What fails is logged and tried again with the next interval. */
extern void questions_turn(Question questions[QUESTION_COUNT], const Options *options);
extern void questions_end(Question questions[QUESTION_COUNT]);

#endif

/*-------------------------------------------------------------------------
 *
 * bench_floor.c
 *	  Timed loops inside one backend, and the floor.
 *
 * All contestants run in loops of this file, so that what is around the work
 * costs them the same.  The floor is saved SPI statements with parameters that
 * were all made before the clock starts: it writes the rows that the real
 * commands wrote when they were recorded, and does nothing else.
 *
 * bench.load() keeps plans and parameters in this backend; the others take the
 * time between their first and last call and return it in seconds.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/toast_compression.h"
#include "access/toast_internals.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "portability/instr_time.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(bench_load);
PG_FUNCTION_INFO_V1(bench_replay);
PG_FUNCTION_INFO_V1(bench_call);
PG_FUNCTION_INFO_V1(bench_execute);
PG_FUNCTION_INFO_V1(bench_compressed);

/* One execution of a saved statement. */
typedef struct Step
{
	int			command;		/* number of the command that it belongs to */
	int			order;			/* within that */
	SPIPlanPtr	plan;
	Datum	   *values;
	char	   *nulls;
} Step;

static MemoryContext store = NULL;
static Step *steps = NULL;
static int	nsteps = 0;
static int	room = 0;

static double
seconds_since(instr_time start)
{
	instr_time	end;

	INSTR_TIME_SET_CURRENT(end);
	INSTR_TIME_SUBTRACT(end, start);
	return INSTR_TIME_GET_DOUBLE(end);
}

static SPIPlanPtr
save_plan(const char *statement, int nargs, Oid *types)
{
	SPIPlanPtr	plan = SPI_prepare(statement, nargs, types);

	if (plan == NULL || SPI_keepplan(plan) != 0)
		elog(ERROR, "cannot prepare: %s", statement);
	return plan;
}

/*
 * Copy a row's columns after the first, each as a command has it in memory: what
 * commands store compressed was compressed before the clock starts, so that the
 * same bytes are written.
 */
static void
add_step(SPIPlanPtr plan, HeapTuple row, TupleDesc desc)
{
	MemoryContext old = MemoryContextSwitchTo(store);
	Step	   *step;
	bool		isnull;

	if (nsteps == room)
	{
		room = Max(1024, 2 * room);
		steps = steps ? repalloc_huge(steps, sizeof(Step) * room)
			: MemoryContextAllocHuge(store, sizeof(Step) * room);
	}
	step = &steps[nsteps];
	step->command = DatumGetInt32(SPI_getbinval(row, desc, 1, &isnull));
	step->order = nsteps++;
	step->plan = plan;
	step->values = palloc0(sizeof(Datum) * desc->natts);
	step->nulls = palloc0(desc->natts);
	for (int i = 1; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		Datum		value = SPI_getbinval(row, desc, i + 1, &isnull);

		step->nulls[i - 1] = isnull ? 'n' : ' ';
		if (isnull)
			continue;
		if (att->attlen == -1 && !VARATT_IS_COMPRESSED(DatumGetPointer(value)))
			step->values[i - 1] = PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
		else
			step->values[i - 1] = datumCopy(value, att->attbyval, att->attlen);
	}
	MemoryContextSwitchTo(old);
}

static int
compare_steps(const void *a, const void *b)
{
	const Step *x = a;
	const Step *y = b;

	if (x->command != y->command)
		return x->command < y->command ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

/*
 * bench.load(statements text[], sources text[]) returns integer
 *
 * Each source is a query: the number of a command, then the parameters of the
 * statement.  The steps of one command run in the order of the statements.
 */
Datum
bench_load(PG_FUNCTION_ARGS)
{
	Datum	   *statements;
	Datum	   *sources;
	int			count;
	int			nsources;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), TEXTOID, -1, false, TYPALIGN_INT, &statements, NULL, &count);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT, &sources, NULL, &nsources);
	if (count != nsources)
		elog(ERROR, "cannot load %d statements from %d sources", count, nsources);

	if (store)
		MemoryContextDelete(store);
	store = AllocSetContextCreate(TopMemoryContext, "bench floor", ALLOCSET_DEFAULT_SIZES);
	steps = NULL;
	nsteps = room = 0;

	SPI_connect();
	for (int i = 0; i < count; i++)
	{
		SPITupleTable *rows;
		Oid		   *types;
		SPIPlanPtr	plan;

		if (SPI_execute(TextDatumGetCString(sources[i]), true, 0) != SPI_OK_SELECT)
			elog(ERROR, "cannot read source %d", i + 1);
		rows = SPI_tuptable;
		types = palloc(sizeof(Oid) * rows->tupdesc->natts);
		for (int column = 1; column < rows->tupdesc->natts; column++)
			types[column - 1] = TupleDescAttr(rows->tupdesc, column)->atttypid;
		plan = save_plan(TextDatumGetCString(statements[i]), rows->tupdesc->natts - 1, types);
		for (uint64 row = 0; row < rows->numvals; row++)
			add_step(plan, rows->vals[row], rows->tupdesc);
		SPI_freetuptable(rows);
	}
	SPI_finish();
	if (nsteps > 0)
		qsort(steps, nsteps, sizeof(Step), compare_steps);
	PG_RETURN_INT32(nsteps);
}

/* bench.replay(first integer, last integer) returns float8: the steps of these commands */
Datum
bench_replay(PG_FUNCTION_ARGS)
{
	int			first = PG_GETARG_INT32(0);
	int			last = PG_GETARG_INT32(1);
	int			from = 0;
	instr_time	start;

	while (from < nsteps && steps[from].command < first)
		from++;
	SPI_connect();
	INSTR_TIME_SET_CURRENT(start);
	for (int i = from; i < nsteps && steps[i].command <= last; i++)
	{
		const Step *step = &steps[i];

		if (SPI_execute_plan(step->plan, step->values, step->nulls, false, 0) < 0 || SPI_processed != 1)
			elog(ERROR, "cannot replay: step %d of command %d wrote " UINT64_FORMAT " rows", i,
				 step->command, SPI_processed);
	}
	SPI_finish();
	PG_RETURN_FLOAT8(seconds_since(start));
}

/* bench.call(function regprocedure, arguments jsonb[]) returns float8: one call for each element */
Datum
bench_call(PG_FUNCTION_ARGS)
{
	FmgrInfo	function;
	Datum	   *arguments;
	int			count;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "bench call", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old;
	instr_time	start;

	fmgr_info(PG_GETARG_OID(0), &function);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), JSONBOID, -1, false, TYPALIGN_INT, &arguments, NULL, &count);
	old = MemoryContextSwitchTo(context);
	INSTR_TIME_SET_CURRENT(start);
	for (int i = 0; i < count; i++)
	{
		FunctionCall1(&function, arguments[i]);
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(old);
	PG_RETURN_FLOAT8(seconds_since(start));
}

/* bench.execute(statement text, arguments anyarray) returns float8: a saved plan, once for each element */
Datum
bench_execute(PG_FUNCTION_ARGS)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(1);
	Oid			type = ARR_ELEMTYPE(array);
	int16		length;
	bool		byval;
	char		align;
	Datum	   *arguments;
	int			count;
	SPIPlanPtr	plan;
	instr_time	start;
	double		result;

	get_typlenbyvalalign(type, &length, &byval, &align);
	deconstruct_array(array, type, length, byval, align, &arguments, NULL, &count);
	SPI_connect();
	plan = save_plan(text_to_cstring(PG_GETARG_TEXT_PP(0)), 1, &type);
	INSTR_TIME_SET_CURRENT(start);
	for (int i = 0; i < count; i++)
	{
		if (SPI_execute_plan(plan, &arguments[i], NULL, false, 0) < 0)
			elog(ERROR, "cannot execute element %d", i + 1);
		SPI_freetuptable(SPI_tuptable);
	}
	result = seconds_since(start);
	SPI_freeplan(plan);
	SPI_finish();
	PG_RETURN_FLOAT8(result);
}

/* bench.compressed(jsonb) returns jsonb: as a command stores a payload, where the server has lz4 */
Datum
bench_compressed(PG_FUNCTION_ARGS)
{
	Datum		value = PointerGetDatum(PG_DETOAST_DATUM(PG_GETARG_DATUM(0)));
#ifdef USE_LZ4
	Datum		compressed = toast_compress_datum(value, TOAST_LZ4_COMPRESSION);

	if (DatumGetPointer(compressed) != NULL)
		return compressed;
#endif
	return value;
}

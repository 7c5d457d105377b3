/*-------------------------------------------------------------------------
 *
 * names.h
 *	  Tables of names: a C value, our name for it, and FIX's code.
 *
 *-------------------------------------------------------------------------
 */
#ifndef OMS_NAMES_H
#define OMS_NAMES_H

#include "postgres.h"

typedef struct OmsName
{
	int			value;			/* ends at the entry without a name */
	const char *name;			/* as we store and print it */
	const char *fix;			/* FIX's code, or NULL */
	const char *other;			/* another spelling that is understood, or NULL */
} OmsName;

/*
 * Find by name, other spelling or FIX code.  Case, spaces, underscores and
 * hyphens of a name do not matter; a FIX code is taken as it is.
 */
extern const OmsName *oms_name_find(const OmsName *names, const char *text, size_t length);
extern const char *oms_name_of(const OmsName *names, int value);

/* "BUY, SELL, …" for an error's detail. */
extern char *oms_names_list(const OmsName *names);

/* The closed sets of FIX 4.4 that have no C value of their own. */
extern const OmsName oms_side_names[];			/* Side (54) */
extern const OmsName oms_ord_type_names[];		/* OrdType (40) */
extern const OmsName oms_time_in_force_names[];	/* TimeInForce (59) */
extern const OmsName oms_restatement_names[];	/* ExecRestatementReason (378) */
extern const OmsName oms_comm_type_names[];		/* CommType (13) */
extern const OmsName oms_last_capacity_names[];	/* LastCapacity (29) */
extern const OmsName oms_dk_reason_names[];		/* DKReason (127) */

/*
 * What FIX messages say where there is no id: "NONE", "UNKNOWN", "N/A" or "[N/A]"
 * in any case, or nothing; of an OrderID or ExecRefID also "0", which a ClOrdID may be.
 */
extern bool oms_id_is_none(const char *text, size_t length);
extern bool oms_order_id_is_none(const char *text, size_t length);

/* Equal, or both NULL. */
extern bool oms_same_text(const char *a, const char *b);

#endif							/* OMS_NAMES_H */

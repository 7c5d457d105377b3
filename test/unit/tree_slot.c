/*
 * Slots and the ids that carry them: what breaks if a bit of the rule changes, if made ids of
 * one backend do not ascend, or if a field that names an object is not looked at by the router.
 */
#include "unit.h"

#include "core/command_route.h"
#include "base/uuid.h"

static void
check_rule(void)
{
	static const struct
	{
		const char *id;
		int			slot;
		bool		carries;
	}			rule[] = {
		/* CRC-32 of "123456789" is cbf43926, as in every table of checksums */
		{"123456789", 0x3926, false},
		{"", 0, false},
		{"x{123456789}y", 0x3926, true},
		{"}{123456789}", 0x3926, true},
		{"{123456789}{b}", 0x3926, true},
		/* RFC 9562, appendix A.6 and B.1: variant and what is after it */
		{"017F22E2-79B0-7CC3-98C4-DC0C0C07398F", 0x18c4, true},
		{"017f22e2-79b0-7cc3-98c4-dc0c0c07398f", 0x18c4, true},
		{"2489E9AD-2EE2-8E00-8EC9-32D5F69181C0", 0x0ec9, true},
		{"00000000-0000-7000-bfff-000000000000", 0x3fff, true},
		{"00000000-0000-7000-8000-ffffffffffff", 0, true},
		{"child-1{017F22E2-79B0-7CC3-98C4-DC0C0C07398F}", 0x18c4, true},
	};
	/* near misses: all are hashed, and so differ from their last digit on */
	static const char *const hashed[] = {
		"017F22E2-79B0-4CC3-98C4-DC0C0C07398F", "017F22E2-79B0-7CC3-C8C4-DC0C0C07398F",
		"017F22E2-79B0-7CC3-78C4-DC0C0C07398F", "017F22E279B07CC398C4DC0C0C07398F",
		"017F22E2-79B0-7CC3-98C4-DC0C0C07398G", "017F22E2-79B0-7CC3-98C4-DC0C0C07398F ",
		"017F22E2-79B0-7CC3098C4-DC0C0C07398F", "{}", "{}{b}", "a{b", "a}b", "a}{b"
	};

	for (int i = 0; i < lengthof(rule); i++)
	{
		ok(oms_tree_slot(rule[i].id) == rule[i].slot, "slot of \"%s\" is %d", rule[i].id, rule[i].slot);
		ok(oms_id_carries_slot(rule[i].id) == rule[i].carries, "does \"%s\" carry its slot", rule[i].id);
	}
	for (int i = 0; i < lengthof(hashed); i++)
		ok(oms_tree_slot(hashed[i]) != oms_tree_slot(psprintf("%s.", hashed[i])) && !oms_id_carries_slot(hashed[i]),
		   "\"%s\" is hashed whole", hashed[i]);
	ok(oms_tree_slot("{{b}}") == oms_tree_slot("{b"), "a tag ends at the next brace, and may hold an opening one");
	ok(oms_scoped_slot("ab", "c") != oms_scoped_slot("a", "bc"), "two texts, not their concatenation");
	ok(oms_scoped_slot("", "c") != oms_tree_slot("c"), "an empty scope counts");
}

static void
check_new_ids(void)
{
	char	   *last = oms_new_id(0);
	bool		ascend = true;
	bool		carry = true;
	bool		shaped = true;

	for (int i = 0; i < 50000; i++)
	{
		int			slot = (i * 7919) & (OMS_SLOTS - 1);
		char	   *id = oms_new_id(slot);

		carry = carry && oms_tree_slot(id) == slot;
		ascend = ascend && strcmp(last, id) < 0;
		shaped = shaped && id[14] == '7' && strchr("89ab", id[19]) && strlen(id) == 36;
		pfree(last);
		last = id;
	}
	ok(carry, "every made id carries its tree's slot");
	ok(ascend, "made ids ascend, whatever their slots");
	ok(shaped, "made ids are UUIDs of version 7");
	ok(strcmp(oms_new_id(OMS_ANY_SLOT) + 19, oms_new_id(OMS_ANY_SLOT) + 19) != 0, "what no slot is asked for is random");
}

/* orderID, clOrdID, execID … are counterparties' names; orderId, executionId … are objects of ours */
static void
check_fields(void)
{
	for (int i = 0; i < COMMAND_TYPE_COUNT; i++)
		for (const CommandField *f = oms_command_defs[i].fields; f->name != NULL; f++)
		{
			size_t		length = strlen(f->name);
			bool		names_object = f->type == CMD_ID && length > 2 &&
				(strcmp(f->name + length - 2, "Id") == 0 || strcmp(f->name, "supersedes") == 0) && strcmp(f->name, "commandId") != 0 && strcmp(f->name, "correlationId") != 0 &&
				strcmp(f->name, "causationId") != 0 && strcmp(f->name, "corporateActionId") != 0 && strcmp(f->name, "cascadeId") != 0;

			if (names_object != (f->role != ID_OTHER))
				ok(false, "\"%s\" of %s has no role, or should have none", f->name, oms_command_defs[i].name);
		}
	ok(true, "every field that names an object says what it names");
}

UNIT_TEST(tree_slot)
{
	check_rule();
	check_new_ids();
	check_fields();
}

/*-------------------------------------------------------------------------
 *
 * fix_scope.c
 *	  Which fields of a message are its own, and which stand in groups.
 *
 * Pure; linear in the number of fields.  FIX does not say where a group ends,
 * and users have groups of their own, so the message's structure decides
 * (doc/fix.md, "A tag that comes twice"):
 *
 * A count opens a group, whose first field is its delimiter; where the delimiter
 * comes again the next instance begins.  A tag that FIX does not define opens a
 * group too, if its delimiter comes exactly as often as its value says, and more
 * than once.  What follows an instance's beginning belongs to the instance, but
 * for the fields of the message itself: those are in a group of FIX only where
 * FIX says so, and in a group of users only between two of its beginnings, or
 * after the last one if they stood between two before.
 *
 * Inside one instance, and outside all groups, a tag must not come again with
 * another value.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"

#include "fix/fix_private.h"

#define FIELDS_PER_INTERRUPT 1024

/* What is known of one tag of the message; 0 as tag is a free place. */
struct FixTagInfo
{
	int			tag;
	int			own;			/* field that is the message's own, or -1 */
	int			first;			/* first field of this tag, or -1 */
	int			last;			/* last one read so far, or -1 */
	bool		again;			/* more than one, with different values */
	int			begins;			/* group whose delimiter it is, or -1; so also below */
	int			counts;			/* group whose count it is */
};

/* Groups are on a stack while another instance of them may come. */
typedef struct Scoping
{
	FixMessage *message;
	int		   *stack;			/* of groups */
	int			depth;
	int			room;
} Scoping;

static bool
scope_is_among(const int *tags, int tag)
{
	while (tags && *tags != 0 && *tags != tag)
		tags++;
	return tags && *tags == tag;
}

bool
oms_fix_is_own(const FixMessage *message, int tag)
{
	const FixMessageDef *def = message->def;

	if (def && def->own)
		return oms_fix_tag_is_envelope(tag) || scope_is_among(def->own, tag);
	return def && (def->traits & FIX_QUOTE) ? oms_fix_tag_is_envelope(tag) || oms_fix_tag_is_of_quotes(tag) : oms_fix_tag_is_own(tag);
}

bool
oms_fix_is_read(const FixMessage *message, int tag)
{
	const FixMessageDef *def = message->def;

	return oms_fix_is_own(message, tag) || (def && scope_is_among(def->grouped, tag)) ||
		(def && (def->traits & FIX_QUOTE) && oms_fix_quote_reads(tag));
}

static FixTagInfo *
scope_info_of(const FixMessage *message, int tag)
{
	uint32		at = murmurhash32((uint32) tag) & message->mask;

	while (message->infos[at].tag != 0 && message->infos[at].tag != tag)
		at = (at + 1) & message->mask;
	return &message->infos[at];
}

static FixTagInfo *
scope_make_info(FixMessage *message, int tag)
{
	FixTagInfo *info = scope_info_of(message, tag);

	if (info->tag == 0)
	{
		info->tag = tag;
		info->own = info->first = info->last = info->begins = info->counts = -1;
	}
	return info;
}

static bool
scope_is_open(const Scoping *s, int group)
{
	const FixGroup *g = &s->message->groups[group];

	return g->place < s->depth && s->stack[g->place] == group;
}

/* The innermost open group of a chain; those that were closed are forgotten. */
static int
scope_open_one(const Scoping *s, int *chain, bool by_count)
{
	while (*chain >= 0 && !scope_is_open(s, *chain))
	{
		const FixGroup *g = &s->message->groups[*chain];

		*chain = by_count ? g->same_count : g->same_delimiter;
	}
	return *chain;
}

static void
scope_set(const Scoping *s, FixTag *tag)
{
	tag->group = s->depth > 0 ? s->stack[s->depth - 1] : -1;
	tag->instance = tag->group >= 0 ? s->message->groups[tag->group].instances : 0;
}

/* One scope up. */
static void
scope_leave(const FixMessage *message, FixTag *tag)
{
	const FixGroup *g = &message->groups[tag->group];

	tag->group = g->parent;
	tag->instance = g->parent_instance;
}

static FixGroup *
scope_new_group(Scoping *s)
{
	FixMessage *message = s->message;

	if (message->ngroups == s->room)
	{
		s->room = s->room ? s->room * 2 : 8;
		if (message->groups == NULL)
		{
			message->groups = palloc(sizeof(FixGroup) * s->room);
			s->stack = palloc(sizeof(int) * s->room);
		}
		else
		{
			message->groups = repalloc_huge(message->groups, sizeof(FixGroup) * s->room);
			s->stack = repalloc_huge(s->stack, sizeof(int) * s->room);
		}
	}
	return &message->groups[message->ngroups++];
}

/* Does this field open a group?  Its delimiter is the next field's tag. */
static void
scope_open_group(Scoping *s, int at)
{
	FixMessage *message = s->message;
	FixTag	   *tag = &message->tags[at];
	bool		unknown = oms_fix_tag_is_unknown(tag->tag);
	int			count = unknown || oms_fix_tag_is_count(tag->tag) ? oms_fix_number(tag) : 0;
	int			delimiter = at + 1 < message->ntags ? message->tags[at + 1].tag : 0;
	FixTagInfo *info;
	FixGroup   *g;
	int			open;

	if (count <= 0 || delimiter == 0 ||
		(oms_fix_is_own(message, delimiter) && !oms_fix_tag_may_stand_in(tag->tag, delimiter)))
		return;
	/* the same count again ends what it opened before, one of the message itself all that FIX defines */
	info = &message->infos[tag->info];
	open = scope_open_one(s, &info->counts, true);
	if (open >= 0)
		s->depth = message->groups[open].place;
	while (oms_fix_is_own(message, tag->tag) && s->depth > 0 && !message->groups[s->stack[s->depth - 1]].unknown)
		s->depth--;
	scope_set(s, tag);

	g = scope_new_group(s);
	g->count_tag = tag->tag;
	g->count = count;
	g->instances = 0;
	g->unknown = unknown;
	g->parent = tag->group;
	g->parent_instance = tag->instance;
	g->place = s->depth;
	g->same_count = info->counts;
	info->counts = message->ngroups - 1;
	info = scope_make_info(message, delimiter);
	g->same_delimiter = info->begins;
	info->begins = message->ngroups - 1;
	s->stack[s->depth++] = message->ngroups - 1;
}

/* First reading: where each field stands. */
static void
scope_find(FixMessage *message)
{
	Scoping		s = {.message = message};

	for (int i = 0; i < message->ntags; i++)
	{
		FixTag	   *tag = &message->tags[i];
		FixTagInfo *info = scope_make_info(message, tag->tag);
		int			group = scope_open_one(&s, &info->begins, false);

		tag->info = info - message->infos;
		if (i % FIELDS_PER_INTERRUPT == 0)
			CHECK_FOR_INTERRUPTS();
		if (group >= 0)
		{
			s.depth = message->groups[group].place + 1;
			message->groups[group].instances++;
		}
		scope_set(&s, tag);
		scope_open_group(&s, i);
	}
}

static bool
scope_same(const FixTag *a, const FixTag *b)
{
	return a->group == b->group && a->instance == b->instance;
}

static bool
scope_same_value(const FixTag *a, const FixTag *b)
{
	return a->length == b->length && memcmp(a->value, b->value, a->length) == 0;
}

/* May a field of the message itself stand in this instance of this group? */
static bool
scope_may_stand_in(const FixMessage *message, const FixTag *tag, const FixTagInfo *info)
{
	const FixGroup *g = &message->groups[tag->group];

	if (!g->unknown)
		return oms_fix_tag_may_stand_in(g->count_tag, tag->tag);
	return tag->instance < g->instances ||
		(info->last >= 0 && message->tags[info->last].group == tag->group);
}

static bool
scope_is_no_group(const FixGroup *g)
{
	return g->unknown && (g->instances != g->count || g->count < 2);
}

/*
 * What proved to be no group is none: what stands in it stands where its count
 * does.  A count comes before what it opens, so one step up is enough for each.
 */
static void
scope_forget_no_groups(FixMessage *message)
{
	for (int i = 0; i < message->ngroups; i++)
	{
		FixGroup   *g = &message->groups[i];

		if (g->parent >= 0 && scope_is_no_group(&message->groups[g->parent]))
		{
			const FixGroup *none = &message->groups[g->parent];

			g->parent = none->parent;
			g->parent_instance = none->parent_instance;
		}
	}
}

/* Second reading: the groups are known whole now. */
static const FixTag *
scope_settle(FixMessage *message, int at)
{
	FixTag	   *tag = &message->tags[at];
	FixTagInfo *info = &message->infos[tag->info];
	bool		own = oms_fix_is_own(message, tag->tag);
	const FixTag *before = NULL;

	while (tag->group >= 0 && (scope_is_no_group(&message->groups[tag->group]) ||
							   (own && !scope_may_stand_in(message, tag, info))))
		scope_leave(message, tag);
	if (own && tag->group < 0 && info->own >= 0)
		before = &message->tags[info->own];
	else if (info->last >= 0)
		before = &message->tags[info->last];

	if (info->first < 0)
		info->first = at;
	else if (!scope_same_value(tag, &message->tags[info->first]))
		info->again = true;
	if (tag->group < 0 && info->own < 0)
		info->own = at;
	info->last = at;
	return before && scope_same(before, tag) && !scope_same_value(before, tag) ? before : NULL;
}

const FixTag *
oms_fix_find_scopes(FixMessage *message, const FixTag **again)
{
	const FixTag *before = NULL;
	uint32		size = 64;

	while (size < (uint32) message->ntags * 2)
		size *= 2;
	message->infos = MemoryContextAllocExtended(CurrentMemoryContext, sizeof(FixTagInfo) * size,
												MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	message->mask = size - 1;
	scope_find(message);
	scope_forget_no_groups(message);
	for (int i = 0; i < message->ntags && before == NULL; i++)
	{
		if (i % FIELDS_PER_INTERRUPT == 0)
			CHECK_FOR_INTERRUPTS();
		before = scope_settle(message, i);
		if (before)
			*again = &message->tags[i];
	}
	return before;
}

/*
 * The message's own value; of a tag that only groups have, the first one; of a
 * field of the message that stands in a group of users alone, that one if all
 * its values are one: it may have been no group.
 */
static const FixTag *
scope_find_by(const FixMessage *message, const FixTagInfo *info)
{
	const FixTag *first;

	if (info->tag == 0 || info->first < 0)
		return NULL;
	if (info->own >= 0)
		return &message->tags[info->own];
	first = &message->tags[info->first];
	if (oms_fix_is_own(message, info->tag) && (info->again || !message->groups[first->group].unknown))
		return NULL;
	return first;
}

const FixTag *
oms_fix_find(const FixMessage *message, int tag)
{
	return scope_find_by(message, scope_info_of(message, tag));
}

bool
oms_fix_is_found(const FixMessage *message, const FixTag *tag)
{
	return scope_find_by(message, &message->infos[tag->info]) == tag;
}

int
oms_fix_count_instances(const FixMessage *message, int count_tag)
{
	int			instances = 0;

	for (int i = 0; i < message->ngroups; i++)
		if (message->groups[i].count_tag == count_tag)
			instances += message->groups[i].instances;
	return instances;
}

int
oms_fix_instance(const FixMessage *message, const FixTag *tag, int count_tag)
{
	FixTag		scope = *tag;

	while (scope.group >= 0 && message->groups[scope.group].count_tag != count_tag)
		scope_leave(message, &scope);
	return scope.group >= 0 ? scope.instance : 0;
}

/* ------------------------------------------------------------------------
 * instances as a whole
 * ------------------------------------------------------------------------
 */

bool
oms_fix_counts_agree(const FixMessage *message, int count_tag)
{
	for (int i = 0; i < message->ngroups; i++)
		if (message->groups[i].count_tag == count_tag && message->groups[i].count != message->groups[i].instances)
			return false;
	return true;
}

int
oms_fix_spans(const FixMessage *message, int count_tag, const FixSpan *within, FixSpan **spans)
{
	int			first = within ? within->first : 0;
	int			end = within ? within->end : message->ntags;
	int			room = 0;
	int			n = 0;

	*spans = NULL;
	for (int i = first; i < end; i++)
	{
		const FixTag *tag = &message->tags[i];
		const FixSpan *last = n > 0 ? &(*spans)[n - 1] : NULL;

		if (tag->group < 0 || message->groups[tag->group].count_tag != count_tag || tag->instance == 0 ||
			(last && last->group == tag->group && last->instance == tag->instance) || (within && !oms_fix_is_in_span(message, within, tag)))
			continue;
		if (n == room)
		{
			room = room ? 2 * room : 8;
			*spans = n ? repalloc_huge(*spans, sizeof(FixSpan) * room) : palloc(sizeof(FixSpan) * room);
		}
		if (n > 0)
			(*spans)[n - 1].end = i;
		(*spans)[n++] = (FixSpan) {tag->group, tag->instance, i, end};
	}
	return n;
}

bool
oms_fix_is_in_span(const FixMessage *message, const FixSpan *span, const FixTag *tag)
{
	FixTag		scope = *tag;

	while (scope.group >= 0 && !(scope.group == span->group && scope.instance == span->instance))
		scope_leave(message, &scope);
	return scope.group >= 0;
}

const FixTag *
oms_fix_find_in(const FixMessage *message, const FixSpan *span, int tag)
{
	if (span == NULL)
		return oms_fix_find(message, tag);
	for (int i = span->first; i < span->end; i++)
		if (message->tags[i].tag == tag && oms_fix_is_in_span(message, span, &message->tags[i]))
			return &message->tags[i];
	return NULL;
}

char *
oms_fix_get_in(const FixMessage *message, const FixSpan *span, int tag)
{
	const FixTag *found = oms_fix_find_in(message, span, tag);

	return found && found->length > 0 ? pnstrdup(found->value, found->length) : NULL;
}

/*-------------------------------------------------------------------------
 *
 * fix_tags.c
 *	  What has to be known of a tag to read a message: is it a count of a
 *	  group, the length of raw data, a field of the message itself?
 *
 * Pure data, and looking it up in constant time.
 *
 * Source: the field lists of FIX 4.2, 4.4 (Errata 20030618), FIXT 1.1 and 5.0
 * SP2 with its extension packs: every field of type NumInGroup, and every one of
 * type data or XMLData with its length.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fix/fix_command.h"
#include "fix/fix_tags.h"

/* Fields of raw data, which may hold any byte, and the field that tells how long they are; by length. */
static const struct
{
	int			length_tag;
	int			data_tag;
}			data_fields[] = {
	{90, 91}, {93, 89}, {95, 96}, {212, 213}, {348, 349}, {350, 351}, {352, 353}, {354, 355}, {356, 357}, {358, 359},
	{360, 361}, {362, 363}, {364, 365}, {445, 446}, {618, 619}, {621, 622}, {1184, 1185}, {1277, 1278}, {1280, 1281},
	{1282, 1283}, {1397, 1398}, {1401, 1402}, {1403, 1404}, {1468, 1469}, {1525, 1527}, {1578, 1579}, {1620, 1621},
	{1664, 1665}, {1678, 1697}, {1733, 1734}, {1871, 1872}, {1874, 1875}, {2072, 2073}, {2074, 2075}, {2111, 2112},
	{2179, 2180}, {2287, 2288}, {2351, 2352}, {2372, 2371}, {2481, 2482}, {2494, 2493}, {2522, 2521}, {2637, 2638},
	{2651, 2652}, {2665, 2666}, {2715, 2716}, {2718, 2719}, {2721, 2722}, {2797, 2798}, {2802, 2801}, {2809, 2808},
	{2815, 2814}, {40004, 40005}, {40008, 40009}, {40978, 40979}, {40980, 40981}, {40982, 40983}, {40984, 40985},
	{40986, 40987}, {40988, 40989}, {41083, 41084}, {41101, 41102}, {41107, 41108}, {41256, 41257}, {41320, 41321},
	{41324, 41325}, {41458, 41459}, {41476, 41477}, {41482, 41483}, {41653, 41654}, {41710, 41711}, {41806, 41807},
	{41811, 41812}, {41873, 41874}, {41969, 41970}, {42025, 42026}, {42171, 42172}, {42451, 42452}, {42652, 42653},
	{42947, 42948}, {43109, 42684}, {43110, 42486}, {43111, 42982}
};

/* Counts of groups, ascending. */
static const int group_counts[] = {
	33, 73, 78, 85, 124, 136, 146, 199, 215, 232, 267, 268, 295, 296, 382, 384, 386, 398, 420, 428, 453, 454, 457,
	473, 510, 518, 534, 539, 552, 555, 558, 576, 580, 604, 627, 670, 683, 702, 711, 735, 753, 756, 768, 778, 781,
	801, 802, 804, 806, 809, 816, 862, 864, 870, 887, 897, 936, 938, 948, 952, 957, 981, 984, 1016, 1018, 1052, 1058,
	1062, 1116, 1120, 1141, 1158, 1165, 1175, 1177, 1201, 1205, 1218, 1232, 1234, 1235, 1236, 1237, 1239, 1286, 1292,
	1296, 1309, 1310, 1311, 1312, 1334, 1342, 1351, 1362, 1370, 1387, 1413, 1414, 1445, 1461, 1475, 1483, 1491, 1494,
	1499, 1508, 1514, 1516, 1519, 1529, 1534, 1540, 1559, 1562, 1566, 1569, 1572, 1582, 1586, 1610, 1618, 1624, 1630,
	1636, 1643, 1647, 1656, 1657, 1661, 1668, 1669, 1671, 1676, 1677, 1694, 1700, 1703, 1707, 1772, 1773, 1777, 1789,
	1791, 1793, 1795, 1812, 1829, 1838, 1841, 1844, 1855, 1861, 1868, 1889, 1890, 1892, 1907, 1908, 1918, 1919, 1920,
	1971, 1976, 1981, 2045, 2053, 2056, 2059, 2076, 2080, 2104, 2113, 2218, 2250, 2253, 2254, 2258, 2304, 2308, 2312,
	2345, 2428, 2433, 2474, 2529, 2545, 2548, 2550, 2558, 2560, 2580, 2593, 2633, 2639, 2653, 2668, 2691, 2706, 2709,
	2734, 2746, 2772, 2781, 2845, 2849, 2864, 2871, 40000, 40019, 40022, 40040, 40042, 40046, 40049, 40085, 40090,
	40142, 40171, 40174, 40178, 40181, 40191, 40199, 40201, 40204, 40209, 40212, 40230, 40233, 40238, 40241, 40277,
	40278, 40367, 40374, 40414, 40418, 40448, 40473, 40495, 40533, 40537, 40540, 40656, 40659, 40664, 40704, 40708,
	40825, 40828, 40868, 40872, 40902, 40923, 40927, 40928, 40929, 40930, 40931, 40932, 40933, 40934, 40935, 40936,
	40937, 40938, 40939, 40940, 40941, 40942, 40943, 40944, 40945, 40946, 40947, 40948, 40949, 40950, 40951, 40952,
	40953, 40954, 40955, 40956, 40957, 40958, 40959, 40960, 40961, 40962, 40966, 40967, 40968, 40969, 40970, 40971,
	40972, 40973, 40974, 40975, 40976, 40977, 40994, 40997, 41005, 41007, 41010, 41013, 41018, 41029, 41031, 41037,
	41051, 41054, 41081, 41085, 41092, 41094, 41096, 41116, 41137, 41140, 41152, 41161, 41192, 41220, 41224, 41227,
	41230, 41237, 41241, 41249, 41277, 41280, 41283, 41286, 41289, 41312, 41316, 41335, 41340, 41342, 41344, 41363,
	41366, 41374, 41376, 41379, 41382, 41387, 41398, 41400, 41408, 41422, 41425, 41452, 41456, 41460, 41467, 41469,
	41471, 41491, 41512, 41515, 41527, 41530, 41561, 41589, 41593, 41596, 41599, 41604, 41607, 41614, 41616, 41625,
	41633, 41635, 41638, 41646, 41674, 41677, 41680, 41683, 41686, 41713, 41716, 41724, 41726, 41729, 41732, 41737,
	41748, 41750, 41756, 41770, 41773, 41800, 41804, 41808, 41820, 41841, 41844, 41856, 41864, 41866, 41868, 41878,
	41909, 41937, 41941, 41944, 41947, 41954, 41962, 41990, 41993, 41996, 41999, 42002, 42036, 42039, 42041, 42060,
	42065, 42068, 42077, 42085, 42087, 42090, 42099, 42112, 42149, 42173, 42177, 42180, 42182, 42184, 42186, 42188,
	42190, 42198, 42200, 42203, 42214, 42236, 42272, 42274, 42294, 42296, 42306, 42310, 42364, 42366, 42386, 42388,
	42405, 42419, 42459, 42485, 42495, 42504, 42508, 42530, 42534, 42560, 42564, 42569, 42571, 42581, 42606, 42620,
	42660, 42683, 42696, 42705, 42709, 42731, 42735, 42761, 42765, 42770, 42772, 42775, 42788, 42799, 42853, 42855,
	42862, 42882, 42884, 42901, 42915, 42955, 42981, 42991, 43000, 43005, 43008, 43030, 43034, 43060, 43064, 43069,
	43071, 43074
};

/* What the header and the trailer have; 347 is MessageEncoding, 627 a group of hops. */
static const int envelope_tags[] = {
	8, 9, 10, 34, 35, 43, 49, 50, 52, 56, 57, 89, 90, 91, 93, 97, 115, 116, 122, 128, 129, 142, 143, 144, 145, 212,
	213, 347, 369, 627, 1128, 1129, 1137, 1156
};

/*
 * In the messages that are read, a field of the message itself stands in a group only here
 * (TrdgSesGrp of D and G; FillExecID is kept by name too).  Checked against the message definitions of all three versions.
 */
static const struct
{
	int			count_tag;
	int			tag;
}			own_in_group[] = {
	{386, 336}, {386, 625}, {1362, 1363}
};

/* FIX defines tags up to here, and those of its later ranges; all others are users' own, or younger. */
#define LAST_TAG			2964
#define LATER_FIRST			40000
#define LATER_LAST			43123

#define KIND_OWN			(1 << 0)
#define KIND_COUNT			(1 << 1)
#define KIND_ENVELOPE		(1 << 2)
#define KIND_QUOTE			(1 << 3)
#define KIND_LENGTH			(1 << 4)

static uint8 kinds[LAST_TAG + 1];
static bool kinds_known = false;

static void
tags_learn_kinds(void)
{
	for (int i = 0; i < lengthof(envelope_tags); i++)
		kinds[envelope_tags[i]] |= KIND_OWN | KIND_ENVELOPE;
	for (const FixCommandTag *t = oms_fix_command_tags; t->tag != 0; t++)
		kinds[t->tag] |= KIND_OWN;
	for (const FixCommandTag *t = oms_fix_quote_tags; t->tag != 0; t++)
		kinds[t->tag] |= KIND_QUOTE;
	for (const FixField *f = oms_fix_fields; f->tag != 0; f++)
		kinds[f->tag] |= (f->messages & (FIX_MSG_ORDER | FIX_MSG_REPORT) ? KIND_OWN : 0) |
			(f->messages & FIX_MSG_QUOTE ? KIND_QUOTE : 0);
	for (int i = 0; i < lengthof(group_counts) && group_counts[i] <= LAST_TAG; i++)
		kinds[group_counts[i]] |= KIND_COUNT;
	for (int i = 0; i < lengthof(data_fields) && data_fields[i].length_tag <= LAST_TAG; i++)
		kinds[data_fields[i].length_tag] |= KIND_LENGTH;
	kinds_known = true;
}

static bool
tags_has_kind(int tag, uint8 kind)
{
	if (!kinds_known)
		tags_learn_kinds();
	return tag >= 0 && tag <= LAST_TAG && (kinds[tag] & kind) != 0;
}

bool
oms_fix_tag_is_own(int tag)
{
	return tags_has_kind(tag, KIND_OWN);
}

bool
oms_fix_tag_is_envelope(int tag)
{
	return tags_has_kind(tag, KIND_ENVELOPE);
}

bool
oms_fix_tag_is_of_quotes(int tag)
{
	return tags_has_kind(tag, KIND_QUOTE);
}

static int
tags_compare_tags(const void *a, const void *b)
{
	return *(const int *) a - *(const int *) b;
}

bool
oms_fix_tag_is_count(int tag)
{
	if (tag <= LAST_TAG)
		return tags_has_kind(tag, KIND_COUNT);
	return bsearch(&tag, group_counts, lengthof(group_counts), sizeof(int), tags_compare_tags) != NULL;
}

bool
oms_fix_tag_is_unknown(int tag)
{
	return tag > LAST_TAG && (tag < LATER_FIRST || tag > LATER_LAST);
}

bool
oms_fix_tag_may_stand_in(int count_tag, int tag)
{
	for (int i = 0; i < lengthof(own_in_group); i++)
		if (own_in_group[i].count_tag == count_tag && own_in_group[i].tag == tag)
			return true;
	return false;
}

int
oms_fix_data_tag_after(int length_tag)
{
	const void *found;

	if (length_tag <= LAST_TAG && !tags_has_kind(length_tag, KIND_LENGTH))
		return 0;
	found = bsearch(&length_tag, data_fields, lengthof(data_fields), sizeof(data_fields[0]), tags_compare_tags);

	return found ? ((const int *) found)[1] : 0;
}

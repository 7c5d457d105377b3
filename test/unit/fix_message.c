/*
 * Reading a FIX message: the tables of tags, groups, data, what comes twice, and bytes.
 * What breaks if a pair of length and data is missing, a group's end is not seen, a
 * group of users costs a valid message, a repetition outside groups is taken, a
 * field of one instance is another's, or the work grows faster than the message.
 */
#include "unit.h"

#include "portability/instr_time.h"

#include "fix/fix_charset.h"
#include "fix/fix_fills.h"
#include "fix/fix_message.h"
#include "fix/fix_tags.h"

static const char *msg_type = "8";

/* Fields, separated by |, as a message of this type; with BodyLength and CheckSum. */
static StringInfo
message_of(const char *fields, int length)
{
	const char *head = psprintf("35=%s|49=A|56=B|", msg_type);
	StringInfo	m = makeStringInfo();
	unsigned int sum = 0;

	appendStringInfo(m, "8=FIX.4.4|9=%d|%s", (int) strlen(head) + length, head);
	for (int i = 0; i < m->len; i++)
		if (m->data[i] == '|')
			m->data[i] = '\001';
	appendBinaryStringInfo(m, fields, length);
	for (int i = 0; i < m->len; i++)
		sum += (unsigned char) m->data[i];
	appendStringInfo(m, "10=%03u\001", sum % 256);
	return m;
}

static Refusal *
parse_bytes(const char *fields, int length, FixMessage *message)
{
	StringInfo	m = message_of(fields, length);

	return oms_fix_parse_bytes(m->data, m->len, message);
}

static char *
with_soh(const char *fields)
{
	char	   *text = pstrdup(fields);

	for (char *p = text; *p; p++)
		if (*p == '|')
			*p = '\001';
	return text;
}

static Refusal *
parse(const char *fields, FixMessage *message)
{
	return parse_bytes(with_soh(fields), strlen(fields), message);
}

/* The value that counts, or what it is refused for. */
static void
bytes_are(const char *fields, int length, int tag, const char *expected, const char *name)
{
	FixMessage	message;
	Refusal    *refusal = parse_bytes(fields, length, &message);
	char	   *value = refusal ? psprintf("! %s", refusal->detail) : oms_fix_get(&message, tag);

	is_text(value ? value : "(none)", expected, name);
}

static void
value_is(const char *fields, int tag, const char *expected, const char *name)
{
	bytes_are(with_soh(fields), strlen(fields), tag, expected, name);
}

static void
test_tables(void)
{
	static const int pairs[][2] = {
		{90, 91}, {93, 89}, {95, 96}, {212, 213}, {354, 355}, {364, 365}, {445, 446}, {618, 619}, {621, 622},
		{1184, 1185}, {1401, 1402}, {1525, 1527}, {1578, 1579}, {1678, 1697}, {2372, 2371}, {2522, 2521}, {2815, 2814},
		{41873, 41874}, {43109, 42684}, {43111, 42982}
	};

	for (int i = 0; i < lengthof(pairs); i++)
		ok(oms_fix_data_tag_after(pairs[i][0]) == pairs[i][1], "%d is the length of %d", pairs[i][0], pairs[i][1]);
	ok(oms_fix_data_tag_after(58) == 0 && oms_fix_data_tag_after(0) == 0 && oms_fix_data_tag_after(99999) == 0, "others are none");
	ok(oms_fix_tag_is_count(453) && oms_fix_tag_is_count(1362) && oms_fix_tag_is_count(957) && oms_fix_tag_is_count(40000) &&
	   oms_fix_tag_is_count(33), "counts of groups of every range are known");
	ok(!oms_fix_tag_is_count(38) && !oms_fix_tag_is_count(9001) && !oms_fix_tag_is_count(0), "others are no counts");
	ok(oms_fix_tag_is_own(38) && oms_fix_tag_is_own(49) && oms_fix_tag_is_own(151) && oms_fix_tag_is_own(528), "fields of the message are known");
	ok(!oms_fix_tag_is_own(448) && !oms_fix_tag_is_own(1364) && !oms_fix_tag_is_own(9001) && !oms_fix_tag_is_own(40010), "members of groups are none");
	ok(oms_fix_tag_is_unknown(5000) && oms_fix_tag_is_unknown(39999) && oms_fix_tag_is_unknown(60000) && !oms_fix_tag_is_unknown(1) &&
	   !oms_fix_tag_is_unknown(40001), "users' tags are told from those of FIX");
}

static void
test_groups(void)
{
	value_is("38=1|38=1|", 38, "1", "the same value twice does no harm");
	value_is("38=1|38=2|", 38, "! Tag 38 comes twice, as 1 and as 2, and not in two instances of a group.", "another value is damage");
	value_is("9001=a|9001=b|", 9001, "! Tag 9001 comes twice, as a and as b, and not in two instances of a group.", "of a user's tag too");
	value_is("453=2|448=a|447=D|452=1|448=b|447=D|452=3|38=7|", 38, "7", "a field after a group is the message's");
	value_is("38=7|453=2|448=a|452=1|448=b|452=3|38=8|", 38, "! Tag 38 comes twice, as 7 and as 8, and not in two instances of a group.", "no field of the message hides in a group");
	value_is("453=2|448=a|38=7|448=b|38=8|", 38, "! Tag 38 comes twice, as 7 and as 8, and not in two instances of a group.", "nor between two parties");
	value_is("453=2|448=a|447=D|447=E|448=b|", 447, "! Tag 447 comes twice, as D and as E, and not in two instances of a group.", "twice in one instance");
	value_is("453=2|448=a|802=2|523=x|803=1|523=y|803=2|448=b|802=1|523=z|803=9|38=7|", 38, "7", "nested groups");
	value_is("555=2|600=A|624=1|539=2|524=p|525=D|524=q|525=D|687=5|600=B|624=2|539=1|524=r|687=6|38=7|", 38, "7", "legs with nested parties");
	value_is("453=1|448=a|382=2|375=x|375=y|136=2|137=1|137=2|711=2|311=u|311=v|518=2|519=1|519=2|78=2|79=k|80=1|79=l|80=2|768=2|769=s|769=t|957=2|958=m|958=n|38=7|",
			 38, "7", "one group after the other");
	value_is("386=2|336=1|625=a|336=2|625=b|38=7|", 38, "7", "336 may stand in 386");
	value_is("453=3|448=a|448=b|38=7|", 38, "7", "a count that says too much costs nothing");
	/* groups of users */
	value_is("9100=2|9101=a|9102=x|9101=b|9102=y|38=7|", 38, "7", "a user's group");
	value_is("38=7|58=t|9100=2|9101=a|38=1|58=p|9101=b|38=2|58=q|", 38, "7", "it may have fields of the message");
	value_is("9100=2|9101=a|38=1|9101=b|38=2|38=7|", 38, "! Tag 38 comes twice, as 2 and as 7, and not in two instances of a group.", "not the same twice in its last instance");
	value_is("9100=2|9101=a|38=1|9101=b|38=2|", 38, "(none)", "what stands in it alone is not the message's");
	value_is("9100=2|9101=a|9101=b|38=7|", 38, "7", "what comes once may have followed it");
	value_is("38=1|9100=2|9101=a|38=2|", 38, "! Tag 38 comes twice, as 1 and as 2, and not in two instances of a group.", "a number is no count unless as many came");
	value_is("38=1|9100=1|9101=a|38=2|", 38, "! Tag 38 comes twice, as 1 and as 2, and not in two instances of a group.", "one instance repeats nothing");
	value_is("9500=2|9501=a|453=1|448=x|9501=b|453=2|448=y|448=z|38=7|", 38, "7", "a user's group with parties in it");
	value_is("453=2|448=a|9001=2|447=D|448=b|9001=1|447=D|38=7|", 38, "7", "a user's field in a group of FIX");
	value_is("3500=2|3501=a|3501=b|38=7|", 38, "7", "a group of a later version");
}

static void
test_values(void)
{
	FixMessage	message;

	value_is("37=|38=7|", 38, "7", "an empty value is none");
	value_is("37=|38=7|", 37, "(none)", "and is not there");
	if (parse("37=Unknown|11=0|19=0|41=n/a|", &message) != NULL)
		elog(ERROR, "ids that are none cost a message");
	ok(oms_fix_get_id(&message, 37) == NULL && oms_fix_get_id(&message, 19) == NULL && oms_fix_get_id(&message, 41) == NULL, "ids that are none are read as none");
	is_text(oms_fix_get_id(&message, 11), "0", "but a ClOrdID may be 0");
	value_is("354=5|38=7|", 38, "7", "a length without its data");
	value_is("354=99|355=ab|38=7|", 38, "7", "a wrong length");
}

static void
test_bytes(void)
{
	static const char data[] = "95=7\00196=a\001b\000c=\377\00138=7\001";
	static const char xml[] = "1184=3\0011185=\001\000\001\0011578=3\0011579=\00110\00138=7\001";
	static const char bad[] = "58=a\000b\001347=UTF-8\00155=\377\00138=7\001";
	static const char id[] = "11=a\377\001347=UTF-8\001";
	FixMessage	message;

	bytes_are(data, sizeof(data) - 1, 38, "7", "raw data may hold any byte, and ends where its length says");
	bytes_are(xml, sizeof(xml) - 1, 38, "7", "so of 5.0 SP2, also where it looks like a field");
	bytes_are(bad, sizeof(bad) - 1, 58, "a\\x00b", "what cannot be converted costs nothing: a zero byte");
	bytes_are(bad, sizeof(bad) - 1, 55, "\\xff", "or one that is no UTF-8");
	bytes_are(id, sizeof(id) - 1, 38, "! The field of tag 11 cannot be converted from UTF8: a\\xff.", "but an id must be one");
	ok(parse_bytes(data, sizeof(data) - 1, &message) == NULL && message.base64 && message.encoding == NULL, "a zero byte is kept in base64");
	ok(parse("58=plain|", &message) == NULL && message.encoding == NULL && !message.base64, "ASCII is as text");
}

/* Broken by: bytes that are added to too few bits, a rest that is left out, or the sign of a byte. */
static void
test_check_sums(void)
{
	static char fields[2200];
	FixMessage	message;
	int			wrong = 0;

	for (int length = 1; length < 2100; length = length == 40 ? 1000 : length == 1100 ? 2000 : length + 1)
	{
		int			head = snprintf(fields, sizeof(fields), "95=%d\00196=", length);

		memset(fields + head, '\377', length);
		fields[head + length] = '\001';
		if (parse_bytes(fields, head + length + 1, &message) != NULL)
			wrong++;
	}
	ok(wrong == 0, "the check sum of messages of every length (%d wrong)", wrong);
}

static void
test_sessions(void)
{
	static const char *const wire[] = {"35=8\00149=A|B\00156=C\001", "35=8\00149=B|C\00156=A\001", "35=8\00149=A\\\00156=B\001"};
	static const char *const expected[] = {"A\\|B|C", "A|B\\|C", "A\\|B"};

	for (int i = 0; i < lengthof(wire); i++)
	{
		StringInfo	m = makeStringInfo();
		unsigned int sum = 0;
		FixMessage	message;

		appendStringInfo(m, "8=FIX.4.4\0019=%d\001%s", (int) strlen(wire[i]), wire[i]);
		for (int k = 0; k < m->len; k++)
			sum += (unsigned char) m->data[k];
		appendStringInfo(m, "10=%03u\001", sum % 256);
		if (oms_fix_parse_bytes(m->data, m->len, &message) != NULL)
			elog(ERROR, "comp ids %d are not read", i);
		is_text(message.session, expected[i], "a session is no other's");
	}
}

static void
fills_are(const char *fields, const char *expected, const char *name)
{
	FixMessage	message;
	FixFills	fills;
	StringInfoData got;
	Refusal    *refusal = parse(psprintf("17=e|%s", fields), &message);

	initStringInfo(&got);
	if (refusal == NULL)
		refusal = oms_fix_fills(&message, &fills);
	if (refusal)
		appendStringInfo(&got, "! %s", refusal->detail);
	for (int i = 0; refusal == NULL && i < fills.count; i++)
		appendStringInfo(&got, "%s%s@%s", i ? " " : "",
						 DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(fills.fills[i].quantity))),
						 psprintf("%s%s%s", DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(fills.fills[i].price))),
								  fills.fills[i].id ? "#" : "", fills.fills[i].id ? fills.fills[i].id : ""));
	is_text(got.data, expected, name);
}

static void
test_fills(void)
{
	fills_are("1362=2|1363=a|1364=10|1365=10|1363=b|1364=11.5|1365=20|", "30@11", "an exact average is one fill");
	fills_are("1362=2|1363=a|1364=10|1365=1|1363=b|1364=11|1365=2|", "1@10#a 2@11#b", "else each is one");
	fills_are("1362=2|1363=a|1364=10|1365=1|1363=a|1364=11|1365=2|", "1@10#1 2@11#2", "without ids of their own they are numbered");
	fills_are(psprintf("1362=2|1363=a|1364=10|1365=1|1363=%0300d|1364=11|1365=2|", 0), "1@10#1 2@11#2", "so if an ExecID has no room for one");
	fills_are("1362=2|1364=10|1365=1|1364=11|1365=2|", "1@10#1 2@11#2", "so without ids");
	fills_are("32=3|31=10.67|1362=2|1364=10|1365=1|1364=11|1365=2|", "", "what LastQty and LastPx say stands");
	fills_are("32=4|1362=2|1364=10|1365=1|1364=11|1365=2|", "! The fills make 3, LastQty (32) is another quantity.", "they make LastQty");
	fills_are("1362=3|1364=10|1365=1|1364=11|1365=2|", "! NoFills (1362) is not the number of fills: there are 2.", "there are as many as it says");
	fills_are("1362=2|1364=10|1365=1|1364=11|", "! Fill 2 of 2 has no FillPx (1364), or no FillQty (1365) above zero.", "none lacks a figure");
	fills_are("1362=1|1364=x|1365=1|", "! Tag 1364 of fill 1 is no decimal number.", "each figure is one");
	fills_are("1362=2|1363=a|1364=10|1365=10|1414=1|1415=p|1416=D|1363=b|1364=11.5|1365=20|1414=2|1415=q|1415=r|", "30@11", "nested parties of a fill");
}

/* Much that orders and reports have as their own stands in the groups of an allocation. */
static void
test_allocations(void)
{
	static const char whole[] = "70=a|71=0|626=1|857=1|73=2|11=one|37=o1|38=300|11=two|37=o2|38=400|124=2|32=100|17=e1|31=10|29=1|32=200|17=e2|31=11|29=4|"
		"54=1|55=X|48=id|22=4|207=L|53=300|15=GBP|6=10.5|75=20260302|60=20260302-09:30:00|64=20260304|77=O|136=1|137=5|139=4|"
		"78=2|79=ANN|80=200|81=0|12=1|13=3|136=2|137=1|138=GBP|137=2|138=GBP|120=GBP|79=BEN|80=100|81=4|12=2|13=4|120=EUR|58=whole|";
	FixMessage	message;

	msg_type = "J";
	ok(parse(whole, &message) == NULL, "an allocation of two orders, two executions and two accounts, each with fees");
	ok(oms_fix_count_instances(&message, TAG_NO_ALLOCS) == 2 && oms_fix_count_instances(&message, TAG_NO_ORDERS) == 2, "they are counted");
	value_is(whole, TAG_CL_ORD_ID, "one", "it is about the first order");
	value_is(whole, TAG_ORDER_ID, "o1", "by its OrderID too");
	value_is(whole, TAG_ALLOC_ACCOUNT, "ANN", "the first account");
	value_is(whole, 58, "whole", "a text behind its groups is its own");
	value_is("70=a|70=b|", 70, "! Tag 70 comes twice, as a and as b, and not in two instances of a group.", "it has one AllocID");
	value_is("70=a|78=2|79=ANN|80=1|80=2|", 80, "! Tag 80 comes twice, as 1 and as 2, and not in two instances of a group.", "and one quantity for each account");
	value_is("70=a|78=1|79=M\xfcller|80=1|", TAG_ALLOC_ACCOUNT, "M\xc3\xbcller", "an account is converted");
	msg_type = "8";
	value_is("11=mine|78=2|79=ANN|80=1|11=yours|79=BEN|80=2|", 11, "! Tag 11 comes twice, as mine and as yours, and not in two instances of a group.",
			 "what is the message's own in a report is so there still");
}

/* Where each instance of a count begins, and what one tag is in it ("-": nothing). */
static void
spans_are(const char *fields, int count_tag, int within_count, int tag, const char *expected, const char *what)
{
	FixMessage	message;
	FixSpan    *outer = NULL;
	FixSpan    *spans;
	StringInfo	seen = makeStringInfo();
	Refusal    *refusal = parse(fields, &message);
	int			nouter = refusal == NULL && within_count ? oms_fix_spans(&message, within_count, NULL, &outer) : 1;

	if (refusal)
		appendStringInfo(seen, "! %s", refusal->detail);
	for (int i = 0; refusal == NULL && i < nouter; i++)
	{
		int			n = oms_fix_spans(&message, count_tag, outer ? &outer[i] : NULL, &spans);

		appendStringInfoString(seen, i > 0 ? "; " : "");
		for (int j = 0; j < n; j++)
		{
			char	   *value = oms_fix_get_in(&message, &spans[j], tag);

			appendStringInfo(seen, "%s%s", j > 0 ? " " : "", value ? value : "-");
		}
	}
	ok(strcmp(seen->data, expected) == 0, "%s: %s is %s", what, seen->data, expected);
}

/* Fields of an instance, whatever groups are in it; and what each message of quotes has itself. */
static void
test_spans(void)
{
	const char *requests = "131=q|146=2|55=A|711=1|311=UA|555=2|600=LA|687=1|600=LB|62=1|453=1|448=P|55=B|38=7|58=t|";
	const char *sets = "117=q|296=2|302=s|304=1|295=2|299=1|132=1|299=2|132=2|302=t|311=U|367=v|304=1|295=1|299=1|62=x|133=3|";
	FixMessage	message;

	msg_type = "R";
	spans_are(requests, 146, 0, 55, "A B", "a symbol begins an instance");
	spans_are(requests, 146, 0, 62, "1 -", "what follows the legs of a symbol is the symbol's");
	spans_are(requests, 146, 0, 38, "- 7", "what another symbol has is that one's");
	spans_are(requests, 146, 0, 58, "- -", "the message's own text is no symbol's");
	spans_are(requests, 555, 146, 600, "LA LB; ", "legs are those of their symbol");
	spans_are(requests, 453, 146, 448, "P; ", "so are parties");
	ok(parse(requests, &message) == NULL && oms_fix_counts_agree(&message, 146) && oms_fix_counts_agree(&message, 555), "counts agree");
	ok(parse("131=q|146=3|55=A|55=B|", &message) == NULL && !oms_fix_counts_agree(&message, 146), "a count that is too large does not");
	msg_type = "i";
	spans_are(sets, 295, 296, 299, "1 2; 1", "entries are those of their set");
	spans_are(sets, 295, 0, 311, "- - -", "what a set has is no entry's, of the set before neither");
	spans_are(sets, 296, 0, 367, "- v", "but the set's");
	spans_are(sets, 295, 0, 62, "- - x", "and what an entry has is no other's");
	msg_type = "S";
	spans_are("117=q|555=1|600=L|681=1|55=A|132=1|453=1|448=P|452=1|58=t|", 555, 0, 681, "1", "a quote has its fields itself");
	spans_are("117=q|555=1|600=L|681=1|55=A|132=1|453=1|448=P|452=1|58=t|", 555, 0, 132, "-", "also behind its legs");
	msg_type = "8";
}

/* Twice the fields must not be much more than twice the work, whatever they are. */
static void
test_work(void)
{
	static const char *const repeated[] = {"9%05d=x|", "9%05d=2|", "9%05d=2|8%05d=a|", "453=2|448=%d|"};

	for (int k = 0; k < lengthof(repeated); k++)
	{
		StringInfo	fields = makeStringInfo();
		FixMessage	message;
		instr_time	start,
					end;

		for (int i = 0; i < 60000; i++)
			appendStringInfo(fields, repeated[k], k == 3 ? 1 : i, i);
		INSTR_TIME_SET_CURRENT(start);
		ok(parse(fields->data, &message) == NULL, "60,000 times %s", repeated[k]);
		INSTR_TIME_SET_CURRENT(end);
		INSTR_TIME_SUBTRACT(end, start);
		ok(INSTR_TIME_GET_MILLISEC(end) < 1000, "take milliseconds");
	}
}

/* A byte of zero, or beyond ASCII, wherever it stands: what breaks if eight bytes at once miss it. */
static void
test_ascii(void)
{
	static const char bytes[] = {'\0', '\001', '\x7f', '\x80', '\xff'};
	int			broken = 0;

	for (int k = 0; k < lengthof(bytes); k++)
		for (int length = 1; length <= 25; length++)
			for (int at = 0; at < length; at++)
			{
				char		text[25];

				memset(text, '\001', length);
				text[at] = bytes[k];
				broken += oms_charset_is_ascii(text, length) != (k == 1 || k == 2);
			}
	ok(broken == 0 && oms_charset_is_ascii("", 0), "what is ASCII");
}

UNIT_TEST(fix_message)
{
	test_ascii();
	test_tables();
	test_groups();
	test_values();
	test_bytes();
	test_check_sums();
	test_sessions();
	test_fills();
	test_allocations();
	test_spans();
	test_work();
}

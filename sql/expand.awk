# expand.awk: the parts of a script made one.
#
#   awk -v script=install|upgrade -f expand.awk kinds.list PART...
#
# Lines of a part between these and "-- @end":
#   -- @install           are left out of the upgrade script: what the version before has already
#   -- @upgrade           are left out of the install script
#   -- @each kind [SEP]   come once for each line of kinds.list, with SEP on a line between. In them @kind@, @kinds@,
#                         @Kind@, @kindId@ and @a@ stand for order, orders, Order, orderId and an, @name@ for the kind with
#                         blanks. Of a kind that is new both scripts have what stands for @install.
#                         Behind SEP, "added (COLUMNS)": the same query of the kinds of other libraries comes last, by
#                         oms.of_added_kinds(); "loaded (COLUMNS)": of those that are loaded.
# The first two may stand in the third, and the other way round.
#
#   -- @each kind as NAME  keeps the lines besides, as they are
#   -- @text NAME          and puts them there, without their comments: a text that the server fills in

function fail(what)
{
	printf "%s:%d: %s\n", FILENAME, FNR, what > "/dev/stderr"
	failed = 1
	exit 1
}

# A line of the script that is being made, or a mark of what belongs to which.
function put(line, wanted,   words)
{
	if (line !~ /^ *-- @/)
	{
		if (!skipped)
			print line
		return
	}
	split(line, words)
	if (words[2] == "@install" || words[2] == "@upgrade")
	{
		open[++depth] = words[2] != "@" wanted
		skipped += open[depth]
	}
	else if (words[2] == "@end" && depth > 0)
		skipped -= open[depth--]
	else
		fail("cannot read: " line)
}

# The block as a text: what stands for @install.
function put_text(   i, line, words, in_upgrade, depth)
{
	for (i = 1; i <= lines; i++)
	{
		line = block[i]
		split(line, words)
		if (line ~ /^ *-- @/)
		{
			depth += words[2] == "@end" ? -1 : 1
			if (words[2] == "@upgrade")
				in_upgrade = depth
			else if (words[2] == "@end" && depth < in_upgrade)
				in_upgrade = 0
		}
		else if (!in_upgrade && line !~ /^ *--/ && line != "")
			text[label] = text[label] line "\n"
	}
}

# The same query of what is not known here.
function put_added(   i)
{
	put(indent separator)
	put(indent "SELECT added.* FROM oms.of_added_kinds($added$")
	for (i = 1; i <= lines; i++)
		if (block[i] !~ /^ *--/)
			put(block[i])
	put(indent "$added$, " needs ") AS added " columns)
}

function put_each(   k, i, line)
{
	if (label != "")
		put_text()
	for (k = 1; k <= nkinds; k++)
	{
		if (k > 1 && separator != "")
			put(indent separator)
		for (i = 1; i <= lines; i++)
		{
			line = block[i]
			gsub(/@kind@/, kind[k], line)
			gsub(/@kinds@/, kinds[k], line)
			gsub(/@Kind@/, type[k], line)
			gsub(/@kindId@/, tolower(substr(type[k], 1, 1)) substr(type[k], 2) "Id", line)
			gsub(/@a@/, article[k], line)
			gsub(/@name@/, name[k], line)
			put(line, is_new[k] ? "install" : script)
		}
	}
	if (columns != "")
		put_added()
	lines = 0
}

FNR == NR {
	sub(/#.*/, "")
	if (NF == 0)
		next
	if (NF != 4 && !(NF == 5 && $5 == "new"))
		fail("cannot read: " $0)
	# what is evaluated first in one expression is not the same in every awk
	nkinds++
	kind[nkinds] = name[nkinds] = $1
	gsub(/_/, " ", name[nkinds])
	kinds[nkinds] = $2
	type[nkinds] = $3
	article[nkinds] = $4
	is_new[nkinds] = NF == 5
	next
}

# All of a block is kept until its end is seen.
in_each {
	if (/^ *-- @end/ && --in_each == 0)
		put_each()
	else
	{
		in_each += /^ *-- @(install|upgrade)/
		block[++lines] = $0
	}
	next
}

/^ *-- @each kind/ {
	in_each = 1
	indent = separator = $0
	sub(/-- @.*/, "", indent)
	sub(/^ *-- @each kind */, "", separator)
	label = columns = ""
	if (separator ~ /^as /)
	{
		label = substr(separator, 4)
		separator = ""
	}
	else if (match(separator, / (added|loaded) \(/))
	{
		needs = substr(separator, RSTART + 1, 1) == "l" ? "true" : "false"
		columns = substr(separator, RSTART + RLENGTH - 1)
		separator = substr(separator, 1, RSTART - 1)
	}
	next
}

/^ *-- @text / {
	if (nkinds > 0 && !($3 in text))
		fail("there is no text " $3)
	printf "%s", text[$3]
	next
}

/@(kind|kinds|Kind|kindId|a|name)@/ { fail("stands in no @each: " $0) }

{ put($0, script) }

END {
	if (!failed && (depth > 0 || in_each))
		fail("a block is not ended")
}

# expand.awk: the parts of a script made one.
#
#   awk -v script=install|upgrade -f expand.awk kinds.list PART...
#
# Lines of a part between these and "-- @end":
#   -- @install           are left out of the upgrade script: what the version before has already
#   -- @upgrade           are left out of the install script
#   -- @each kind [SEP]   come once for each line of kinds.list, with SEP between: on a line of its own, or, if it is
#                         a comma, after the line before it. In them @kind@, @kinds@, @Kind@, @kindId@ and @a@ stand for
#                         order, orders, Order, orderId and an, and @name@ for the kind with blanks.
# They may stand in each other, but not one @each in another.

function fail(what)
{
	printf "%s:%d: %s\n", FILENAME, FNR, what > "/dev/stderr"
	failed = 1
	exit 1
}

function put(line)
{
	if (each != "")
		block[++lines] = line
	else if (line ~ /@(kind|kinds|Kind|kindId|a|name)@/)
		fail("stands outside of @each kind: " line)
	else
		print line
}

function put_each(   k, i, line)
{
	for (k = 1; k <= nkinds; k++)
	{
		if (k > 1 && separator != "" && separator != ",")
			print indent separator
		for (i = 1; i <= lines; i++)
		{
			line = block[i]
			gsub(/@kind@/, kind[k], line)
			gsub(/@kinds@/, kinds[k], line)
			gsub(/@Kind@/, type[k], line)
			gsub(/@kindId@/, tolower(substr(type[k], 1, 1)) substr(type[k], 2) "Id", line)
			gsub(/@a@/, article[k], line)
			gsub(/@name@/, name[k], line)
			print line (separator == "," && i == lines && k < nkinds ? "," : "")
		}
	}
	lines = 0
	each = ""
}

FNR == NR {
	sub(/#.*/, "")
	if (NF == 0)
		next
	if (NF != 4)
		fail("needs four words")
	nkinds++
	kind[nkinds] = name[nkinds] = $1
	gsub(/_/, " ", name[nkinds])
	kinds[nkinds] = $2
	type[nkinds] = $3
	article[nkinds] = $4
	next
}

/^ *-- @/ {
	what = $2
	if (what == "@end")
	{
		if (depth == 0)
			fail("@end without a beginning")
		if (open[depth] == "skipped")
			skipped--
		else if (open[depth] == "each")
			put_each()
		depth--
		next
	}
	depth++
	if (what == "@install" || what == "@upgrade")
		open[depth] = what == "@" script ? "taken" : "skipped"
	else if (what == "@each" && $3 == "kind" && each == "")
	{
		open[depth] = "each"
		if (!skipped)
		{
			each = $0
			indent = $0
			sub(/-- @.*/, "", indent)
			separator = $0
			sub(/^ *-- @each kind */, "", separator)
		}
	}
	else
		fail("unknown: " $0)
	if (open[depth] == "skipped")
		skipped++
	next
}

!skipped { put($0) }

END {
	if (!failed && depth > 0)
	{
		print "expand.awk: a block is not ended" > "/dev/stderr"
		exit 1
	}
}

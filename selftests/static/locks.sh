#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every lock of the module is in Documentation/locking.rst: a field as `struct.field`, a
# global lock by its name. And the page names no lock that is gone.

. "$(dirname "$0")/tree.sh"

page=Documentation/locking.rst
[ -e $page ] || { echo "$page: no such page"; exit 1; }

# Prints "FILE:LINE NAME" of each lock.
locks()
{
	awk '
	/^(static )?struct [a-z0-9_]+ \{/ { sub("^static ", ""); owner = $2 }
	/^\}/	{ owner = "" }
	/^[ \t]+(raw_spinlock_t|spinlock_t|rwlock_t|seqlock_t|seqcount_[a-z_]+|struct mutex|struct rw_semaphore|struct srcu_struct)[ \t]+[a-z_]+;/ {
		name = $0
		sub(";.*", "", name)
		sub(".*[ \t]", "", name)
		if (owner != "")
			print FILENAME ":" FNR, owner "." name
	}
	match($0, /DEFINE_(RAW_SPINLOCK|SPINLOCK|MUTEX|RWLOCK|SEQLOCK|STATIC_SRCU|SRCU)\([a-z0-9_]+\)/) ||
	match($0, /DECLARE_RWSEM\([a-z0-9_]+\)/) {
		name = substr($0, RSTART, RLENGTH)
		gsub(/.*\(|\)/, "", name)
		print FILENAME ":" FNR, name
	}' $(files 'module/*.[ch]')
}

checked=0
while read -r at name; do
	checked=$((checked + 1))
	grep -qF "\`$name\`" $page || offence "$at: $name is not in $page"
done < <(locks)
all=$(locks | cut -d ' ' -f 2)
for name in $(grep -oE '``[a-z0-9_]+\.[a-z_]*(lock|mutex|sem|srcu)[a-z_]*``' $page | tr -d '`' | sort -u); do
	grep -qx "$name" <<<"$all" || offence "$page: $name is no lock of the module"
done
verdict $checked

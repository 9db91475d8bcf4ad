#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The arrows of the architecture: which file may include which.
#
#	0  uapi, compat.h	1  pure: npt's engine, emul's decoder and executor, state's
#						streams
#	2  x86 irq io mem	3  svm vmx ksm, npt's spaces, emul's glue
#	4  core, state		5  dev ctl, and core/main.c, which starts and ends all
#
# Includes point down or sideways. Beyond that:
# - layer 1 includes only itself and headers that have a stand-in in user space, and
#   names nothing that locks, sleeps, allocates or prints;
# - mem is blind to VMs: nothing of x86, irq or io;
# - svm and vmx do not know each other, and nothing generic knows them;
# - layer 3 may see core's nouns: a backend embeds and fills what core names.

. "$(dirname "$0")/tree.sh"

NOUNS='core/(vm|vcpu|exit|event|request|stats|stats_list|backend_ops|trace)\.h'

PURE_HEADERS='linux/(types|kernel|string|bits|bitops|bitfield|errno|limits|minmax|math64|log2|align'
PURE_HEADERS+='|stddef|build_bug|compiler|const|swab|unaligned|sizes|overflow|static_assert|export'
PURE_HEADERS+='|container_of|array_size|util_macros)\.h'
PURE_HEADERS+='|asm/(processor-flags|msr-index|svm|vmx|apicdef|cpufeatures|trapnr|byteorder|pgtable_types'
PURE_HEADERS+='|unaligned|page_types|vmxfeatures)\.h'

# What the page-table engine asks of its surroundings, the kernel's or a test's.
PORT=module/npt/port.h

IMPURE='k[mvz]?[mz]alloc|kcalloc|kfree|kvfree|alloc_pages?|__get_free_pages?|free_pages?'
IMPURE+='|(raw_)?spin_(un)?lock[a-z_]*|mutex_(un)?lock[a-z_]*|(down|up)_(read|write)|rcu_[a-z_]+'
IMPURE+='|schedule[a-z_]*|msleep|usleep_range|wait_event[a-z_]*|printk|pr_(err|warn|info|debug)[a-z_]*'
IMPURE+='|get_cpu|put_cpu|smp_processor_id|this_cpu_[a-z_]+|copy_(from|to)_user|kmap[a-z_]*'

layer()
{
	case $1 in
	uapi/* | module/compat.h)	echo 0 ;;
	module/npt/slots* | module/npt/space* | module/npt/shadow* | module/npt/tlb*) echo 3 ;;
	module/emul/glue* | module/emul/memory* | module/emul/system*) echo 3 ;;
	module/npt/* | module/emul/*)	echo 1 ;;
	module/x86/* | module/irq/* | module/io/* | module/mem/*) echo 2 ;;
	module/svm/* | module/vmx/* | module/soft/* | module/ksm/*) echo 3 ;;
	module/state/stream*)		echo 1 ;;
	module/core/main.c)		echo 5 ;;
	module/core/* | module/state/*)	echo 4 ;;
	module/dev/* | module/ctl/*)	echo 5 ;;
	*)				echo none ;;
	esac
}

# Where an include leads: beside the file, else below module or uapi.
resolve()
{
	local dir=${1%/*} name=$2

	for at in "$dir/$name" "module/$name" "uapi/$name" "$name"; do
		[ -e "$at" ] || continue
		realpath --relative-to=. "$at"
		return
	done
}

vendor() { case $1 in module/svm/* | module/vmx/*) echo "${1:7:3}" ;; esac; }

check_include()
{
	local at=$1 from=$2 to=$3 up down

	up=$(layer "$from") down=$(layer "$to")
	if [ "$down" = none ]; then
		offence "$at: $to belongs to no layer"
	elif [ "$up" = 1 ] && [ "$to" = module/compat.h ]; then
		offence "$at: pure code needs no compat.h"
	elif [ "$down" -gt "$up" ] && ! { [ "$up" = 3 ] && [[ $to =~ ^module/$NOUNS$ ]]; }; then
		offence "$at: layer $up includes $to of layer $down"
	fi
	if [ -n "$(vendor "$to")" ] && [ "$(vendor "$from")" != "$(vendor "$to")" ]; then
		offence "$at: $to is the backend's own"
	fi
	case $from:$to in
	module/mem/*:module/x86/* | module/mem/*:module/irq/* | module/mem/*:module/io/*)
		offence "$at: mem is blind to VMs, yet includes $to" ;;
	esac
}

# What pure code does not name, outside of comments and strings.
impure()
{
	awk -v file="$1" -v words="(^|[^a-zA-Z0-9_>.])($IMPURE)[ ]*\\\\(" '
	{
		line = $0
		gsub(/"[^"]*"/, "", line)
		gsub(/\/\*.*\*\//, "", line)
		if (comment && sub(/.*\*\//, "", line)) comment = 0
		if (comment) next
		if (sub(/\/\*.*/, "", line)) comment = 1
		if (line ~ words || line ~ /(^|[^a-zA-Z0-9_>.])current->/)
			print file ":" NR ": not pure: " $0
	}' "$1"
}

checked=0
for file in $(files 'module/*.[chS]' 'uapi/*.h'); do
	checked=$((checked + 1))
	own=$(layer "$file")
	if [ "$own" = none ]; then
		offence "$file:1: belongs to no layer"
		continue
	fi
	while IFS=: read -r line name; do
		to=$(resolve "$file" "$name")
		if [ -n "$to" ]; then
			check_include "$file:$line" "$file" "$to"
		elif [ "$own" = 1 ] && [ "$file" != "$PORT" ] && ! [[ $name =~ ^($PURE_HEADERS)$ ]]; then
			offence "$file:$line: $name has no place in pure code"
		fi
	done < <(sed -nE '/^#[ ]*include/{s/.*["<](.*)[">].*/\1/;=;p}' "$file" | paste -d : - -)
	[ "$own" != 1 ] || offences_of < <(impure "$file")
done
verdict $checked

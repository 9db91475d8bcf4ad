#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Rules of the source that a machine can see: a licence line in each file but tables;
# conditionals on the kernel's version in compat.h alone; none inside functions; no BUG_ON;
# the host's vendor asked for in the backends alone; files of at most 700 lines, functions
# of at most 80.

. "$(dirname "$0")/tree.sh"

FILE_MAX=700 FUNCTION_MAX=80
checked=0

for file in $(files | grep -vE '(^|/)(COPYING|\.gitignore)$|\.csv$'); do
	checked=$((checked + 1))
	head -n 3 "$file" | grep -aq 'SPDX-License-Identifier: GPL-2.0' ||
		offence "$file:1: no SPDX licence line"
done

for file in $(files 'module/*.[chS]' | grep -v '^module/compat.h$'); do
	offences_of < <(grep -nHE '^#.*(LINUX_VERSION|KERNEL_VERSION)' "$file" |
		sed 's/$/: only compat.h may ask for the version/')
	offences_of < <(grep -nHwE 'BUG_ON|BUG' "$file" | grep -E 'BUG(_ON)?\(' |
		sed 's/$/: no BUG/')
done

# Whose processor it is, the backends know; the other files ask them.
for file in $(files 'module/*.[chS]' | grep -vE '^module/(svm|vmx)/'); do
	offences_of < <(grep -nHwE 'x86_vendor|X86_FEATURE_(SVM|VMX|NPT|EPT)' "$file" |
		sed 's/$/: only the backends may ask for the vendor/')
done

# Functions of the kernel style begin and end with a brace in the first column.
for file in $(files 'module/*.[ch]' 'uapi/*.h' 'tools/*.[ch]' 'selftests/*.[ch]'); do
	offences_of < <(awk -v file="$file" -v most=$FILE_MAX -v longest=$FUNCTION_MAX '
	/^\{/	{ inside = 1; start = NR }
	inside && /^[ \t]*#[ \t]*(if|else|elif)/ {
		print file ":" NR ": conditional inside a function"
	}
	/^\}/	{
		if (inside && NR - start - 1 > longest)
			print file ":" start ": function of " NR - start - 1 " lines, most " longest
		inside = 0
	}
	END	{ if (NR > most) print file ": " NR " lines, most " most }' "$file")
done

echo "longest files:"
files 'module/*.[chS]' 'tools/*.[ch]' | xargs -r wc -l | grep -v ' total$' | sort -rn | head -n 5
verdict $checked

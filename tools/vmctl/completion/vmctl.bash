# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Completion of vmctl for bash. vmctl itself knows what may follow.

_vmctl()
{
	local word=${COMP_WORDS[COMP_CWORD]} line

	COMPREPLY=()
	while IFS= read -r line; do
		if [ "$line" = :files ]; then
			compopt -o default
			return
		fi
		line=${line%%$'\t'*}
		[[ $line != "$word"* ]] || COMPREPLY+=("$line")
	done < <("${COMP_WORDS[0]}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
	# a value follows
	[[ ${#COMPREPLY[@]} != 1 || ${COMPREPLY[0]} != *[=.] ]] || compopt -o nospace
}

complete -F _vmctl vmctl

# SPDX-License-Identifier: GPL-2.0
#
# Completion of vmctl for fish. vmctl itself knows what may follow.

function __vmctl_complete
	set -l words (commandline -opc) (commandline -ct)
	for line in (command $words[1] complete -- $words[2..-1] 2>/dev/null)
		if test "$line" = :files
			__fish_complete_path (commandline -ct)
		else
			echo $line
		end
	end
end

complete -c vmctl -f -a '(__vmctl_complete)'

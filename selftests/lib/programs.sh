# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Programs of this system that a test wants in the Intel host, where there is nothing but
# busybox and bash: each byte there has to be read and unpacked by an emulated machine, so
# that only what is used comes along.

# python_modules: the files of what our scripts import, and of what that does.
python_modules()
{
	local name names=

	for name in $(sed -n 's/^ *import \([a-z_, ]*\)$/\1/p; s/^from \([a-z_]*\) import .*/\1/p' \
			lib/*.py host/*.sh | tr -d ' ' | tr ',' '\n' | sort -u); do
		[ -e "lib/$name.py" ] || names+=" $name"
	done
	/usr/bin/python3 - $names encodings.ascii encodings.latin_1 <<-'END'
	import glob, importlib, os, sys
	for name in sys.argv[1:]:
	    importlib.import_module(name)
	for m in list(sys.modules.values()):
	    path = getattr(m, '__file__', None) or ''
	    if path.startswith('/usr/lib/'):
	        print(path, *glob.glob(os.path.dirname(path) + '/schemas/*'), sep='\n')
	END
}

# add_python DIR: its library, made in DIR. Compiled once here and not at each start there: by
# sums, since the times of files do not survive. What is tried with and done without if it is not
# there, cryptography, stays here.
add_python()
{
	local file place

	for file in $(python_modules | sort -u | grep -v '/_ssl\.\|/_hashlib\.'); do
		place=$1/${file#/usr/lib/}
		mkdir -p "${place%/*}"
		cp "$file" "$place"
		# a library with libraries of its own, which are put there, too
		[[ $file != *.so ]] || chmod +x "$place"
	done
	/usr/bin/python3 -m compileall -q --invalidation-mode unchecked-hash "$1" ||
		{ say "python3: cannot compile its library"; return 1; }
	adds+=(--add /usr/bin/python3 --add "$1:/usr/lib")
}

# add_program NAME DIR: what testhost must put there, to adds; DIR is room for what is made.
add_program()
{
	local path

	path=$(command -v "$1") || { say "$1: no such program"; return 1; }
	case $1 in
	python3) add_python "$2" ;;
	tmux)	# and the terminals that it and others play
		adds+=(--add "$path" --add /usr/lib/locale/C.utf8)
		for path in {/lib,/usr/share}/terminfo/{d/dumb,s/screen,t/tmux-256color,x/xterm-256color}; do
			[ ! -e "$path" ] || adds+=(--add "$path")
		done ;;
	*)	adds+=(--add "$path") ;;
	esac
}

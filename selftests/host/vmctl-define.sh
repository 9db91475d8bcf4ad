#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.12, host: amd intel, soak: intel
# test: files: setpriv install stat python3 Documentation/schema/vmctl.json
#
# vmctl create, destroy, show -o conf, list -a: definitions of VMs that do not run, where
# they lie, and what is refused.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vmctl.sh

export VMM_DIR=$tmp/vmm
web=$VMM_DIR/etc/web.conf

# ---- create

ok "create" $vmctl create -c 2 -m 1536M -k vmlinuz -i /boot/initrd -a ' a "b" ' \
	--unpack guest --debug-exit 244 --timeout 1.50 web
cat >"$tmp/want" <<EOF
# A machine for vmctl; see vm.conf(5).
cpus 2
memory 1536M
kernel $PWD/vmlinuz
initrd /boot/initrd
append " a \\"b\\" "
unpack guest
debug-exit 0xf4
timeout 1.5
EOF
ok "the file has all options, and absolute names" cmp "$tmp/want" "$web"
is "$($vmctl show web -o conf)" "$(cat "$web")" "show -o conf prints it"
is "$(stat -c %a "$web" "$VMM_DIR/etc" | tr '\n' ' ')" "600 700 " "nobody else reads it"
refused 1 "web: is defined already, in $web; try: vmctl destroy web" create -k /x web
ok "which changes nothing" cmp "$tmp/want" "$web"
is "$(ls -A "$VMM_DIR/etc")" web.conf "and leaves nothing"
ok "create: Multiboot" $vmctl create --multiboot "t,/m=a b" lab
ok "modules, too, get absolute names" grep -qx "multiboot $PWD/t,/m=a b" "$VMM_DIR/etc/lab.conf"
refused 2 "NAME is missing" create -k /x
refused 2 "x: one too many" create -k /x web x
refused 2 "nothing to boot: -k or --multiboot" create new
refused 2 "-c 0: a VM has 1 to" create -c 0 -k /x new
refused 2 "must start with a letter" create -k /x ../new
VMM_DIR=here $vmctl create -k /x new 2>"$tmp/err"
is "$? $(cat "$tmp/err")" "1 vmctl: create: VMM_DIR=here: must begin with /" "VMM_DIR: absolute"

# ---- by hand

sed -i -e '1i # mine' -e 's/^cpus 2$/\n  cpus\t4  /' "$web"
is "$($vmctl show web -o conf | sed -n 's/^cpus //p')" 4 "an edited file"
echo 'cpus 3' >>"$web"
refused 1 "web.conf:12: cpus: a second time, first in line 4" show web -o conf
printf 'kernel /k\nfrob 1\n' >"$VMM_DIR/etc/bad.conf"
refused 1 "bad.conf:2: frob: no such key; try: man vm.conf" show bad -o conf
refused 3 "none: no VM of this name is defined" show none -o conf

# ---- list

sed -i '$d' "$web"
is "$($vmctl list -aq | tr '\n' ' ')" "bad lab web " "list -a has them"
is "$($vmctl list -q)" "" "list has not"
is "$($vmctl list -a --no-header --fields name,state,vcpus,memory | tr -s ' ' | tail -n 1)" \
	"web stopped 4 1536M" "what is known of them"
$vmctl list -a -o json >"$tmp/list"
ok "as the schema says" /usr/bin/python3 selftests/lib/schema.py list "$tmp/list"
is "$($vmctl complete -- destroy "" | cut -f 1 | tr '\n' ' ')" "bad lab web " "completion has them"

# ---- destroy

# Holds the lock as a VM does, which flock(1) does not.
hold='import fcntl, os, struct, sys, time
os.makedirs(os.path.dirname(sys.argv[1]), exist_ok=True)
f = open(sys.argv[1], "w")
fcntl.fcntl(f, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
print("held", flush=True)
time.sleep(float(sys.argv[2]))'
coproc /usr/bin/python3 -c "$hold" "$VMM_DIR/run/web/lock" 60
owner=$!
read -r held <&"${COPROC[0]}"
is "$held" held "web lives"
refused 4 "web: runs; try: vmctl stop web" destroy web
ok "it is defined still" test -e "$web"
kill -9 $owner
wait $owner 2>/dev/null
mkdir -p "$VMM_DIR/log/web"
touch "$VMM_DIR/run/web/control" "$VMM_DIR/log/web/console.log" "$VMM_DIR/log/web/console.log.1"
ok "its owner killed: destroy" $vmctl destroy web
is "$(find "$VMM_DIR" -name '*web*')" "" "nothing of it is left"
refused 3 "web: no VM of this name is defined" destroy web
refused 2 "DEFINITION is missing" destroy
quiet 0 create -k /x brief
/usr/bin/python3 -c "$hold" "$VMM_DIR/run/brief/lock" 1 >"$tmp/held" &
until_ok grep -q held "$tmp/held"
quiet 0 destroy brief
ok "an owner that is about to go is waited for" wait $!
ok "a broken one" $vmctl destroy bad
ok "a name is free again" $vmctl create -k /x web

# ---- whose

unset VMM_DIR
chmod 711 "$tmp"
install -d -o 65534 "$tmp/user"
other() { setpriv --reuid 65534 --clear-groups env -i HOME="$tmp/user" "$@"; }
ok "another user's, at home" other $vmctl create -k /x web
ok "or where he says" other XDG_CONFIG_HOME="$tmp/user/conf" $vmctl create -k /y web
is "$(cd "$tmp/user" && find . -name '*.conf' -user 65534 | sort | tr '\n' ' ')" \
	"./.config/vmm/web.conf ./conf/vmm/web.conf " "each has its place"
is "$(other $vmctl show web -o conf | sed -n 's/^kernel //p')" /x "and its content"
other XDG_CONFIG_HOME="$tmp/none" $vmctl create -k /x web 2>"$tmp/err"
is $? 5 "where he may not write: exit code"
ok "and words" grep -q "none: cannot make the directory: Permission denied" "$tmp/err"
other $vmctl destroy web 2>"$tmp/err"
ok "without a directory for what runs: what to try" grep -q "export XDG_RUNTIME_DIR" "$tmp/err"
ok "with one" other XDG_RUNTIME_DIR="$tmp/user" $vmctl destroy web
is "$(find "$tmp/user" -name 'web*')" "$tmp/user/conf/vmm/web.conf" "one is gone"
done_testing

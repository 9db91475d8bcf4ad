#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
sums.py: for every counter of the one list, whether the sum over VMs, those that live, are dead or
have gone, is the global figure: in sysfs, over netlink, and as a scraper sees it. Nothing may
count meanwhile. Prints TAP lines without numbers: "ok TEXT" or "not ok TEXT".
"""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(__file__))
from vmmnl import Netlink

TOP = '/sys/kernel/vmm'


def ok(good, text):
    print('ok' if good else 'not ok', text)


def files(path):
    return {f: int(open(path + '/' + f, encoding='ascii').read()) for f in os.listdir(path)}


def sysfs(path, kind=''):
    """All counters below a directory; reasons as netlink calls them."""
    found = files('%s/%sstats' % (path, kind))
    found.update({'exit_' + f: v for f, v in files('%s/%sexits' % (path, kind)).items()})
    return found


def total_of(parts):
    names = set().union(*parts)
    return {n: sum(p[n] for p in parts) for n in names}


def same(a, b, text):
    for n in sorted(set(a) | set(b)):
        if a.get(n) != b.get(n):
            print('# %s: %s and %s' % (n, a.get(n), b.get(n)))
    ok(a == b, text)


def scrape():
    """Counters of an exposition: of all, and of each VM by its number."""
    out = subprocess.run(['tools/vmctl/vmctl', 'stats', '-o', 'openmetrics'], check=True,
                         capture_output=True, encoding='ascii').stdout
    total, vms = {}, {}
    for line in out.splitlines():
        m = re.fullmatch(r'vmm_(vm_)?(\w+)_total(?:\{(.*)\})? (\d+)', line)
        if not m:
            continue
        labels = dict(re.findall(r'(\w+)="([^"]*)"', m.group(3) or ''))
        name = 'exit_' + labels['reason'] if 'reason' in labels else m.group(2)
        into = vms.setdefault(int(labels['vm']), {}) if m.group(1) else total
        into[name] = int(m.group(4))
    return total, vms


nl = Netlink()
total, gone = sysfs(TOP), sysfs(TOP, 'gone_')
vms = {int(v): sysfs(TOP + '/vms/' + v) for v in os.listdir(TOP + '/vms')}
states = sorted(open('%s/vms/%d/state' % (TOP, v), encoding='ascii').read().strip() for v in vms)

print('# %d counters; VMs: %s; %d exits, %d of VMs that are gone' %
      (len(total), ' '.join(states), total['exits'], gone['exits']))
ok(len(vms) >= 3 and gone['exits'] > 0 and 'dead' in states and 'paused' in states,
   'some VMs live, one is dead, some have gone')
same(total_of([*vms.values(), gone]), total, 'sysfs: VMs and the gone are the total')
same(total, nl.ask('STATS_GET')[0]['STATS'], 'netlink: the same total')
told = {r['VM_ID']: r['STATS'] for r in nl.dump('STATS_GET')}
same(told, vms, 'and the same VMs in a dump')
same({v: nl.ask('STATS_GET', v)[0]['STATS'] for v in vms}, vms, 'and one by one')
seen, each = scrape()
same(seen, total, 'a scraper: the same total')
same(each, vms, 'and the same VMs')
for part in (total, gone, *vms.values()):
    if sum(v for n, v in part.items() if n.startswith('exit_')) != part['exits']:
        ok(False, 'reasons are the exits')
        break
else:
    ok(True, 'everywhere reasons sum up to exits')
ok(total == sysfs(TOP), 'nothing has counted meanwhile')

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
many.py: many VMs at once, and clients that list, start, pause, resume, reset, stop and kill them
at random, and processes of all kinds that are killed.

What a command must answer is known for most VMs: of these one client has a VM at a time, and the
VM's state before is the model's. The rest is for whoever comes, where a client sees only that
its answer was one of those that can be. A listener hears all events: each VM's numbers are without a gap
from its making to its end, their order is one that can be, and there are as many of each kind as commands
succeeded. Losses count only if the kernel told of them.

Prints TAP lines without numbers: "ok TEXT" or "not ok TEXT".
"""
import argparse
import fcntl
import json
import os
import random
import signal
import struct
import subprocess
import sys
import threading
import time
from collections import Counter

sys.path.insert(0, os.path.dirname(__file__))
from vmmnl import STATES, Netlink, Refused

VMCTL = 'tools/vmctl/vmctl'
LIMIT = 90		# seconds for any command; the host may be slow, not stuck
F_OFD_GETLK = 36

# What each verb must answer, and what follows, by the state before.
EXPECT = {
    'pause': {'running': (0, 'paused'), 'paused': (4, 'paused'), 'stopped': (4, 'stopped')},
    'resume': {'running': (4, 'running'), 'paused': (0, 'running'), 'stopped': (4, 'stopped')},
    'reset': {'running': (0, 'running'), 'paused': (0, 'running'), 'stopped': (4, 'stopped')},
    'kill': {'running': (0, 'stopped'), 'paused': (0, 'stopped'), 'stopped': (4, 'stopped')},
    'stop': {'running': (0, 'stopped'), 'paused': (0, 'stopped'), 'stopped': (4, 'stopped')},
    'start': {'running': (4, 'running'), 'paused': (4, 'paused'), 'stopped': (0, 'running')},
}
WEIGHTS = {'list': 6, 'pause': 5, 'resume': 5, 'reset': 3, 'kill': 2, 'stop': 1, 'start': 6,
           'kill process': 2, 'kill client': 3}
# Nobody's VM alone: it may have gone, or be in another state, at any moment.
ANY = {0, 3, 4}

args = None
problems = []
report_lock = threading.Lock()


def problem(*words):
    with report_lock:
        problems.append(' '.join(map(str, words)))
        if len(problems) <= 20:
            print('#', *words, flush=True)


def ok(good, *words):
    print('ok' if good else 'not ok', *words, flush=True)


def command(verb, name):
    more = {'stop': ['-t', '0.3', '-f'], 'reset': ['--wait', '60'], 'kill': ['--wait', '60']}
    return [VMCTL, verb, *more.get(verb, []), *([name] if name else ['-a', '-o', 'json'])]


def vmctl(verb, name=None, die=None):
    """Exit code, output, words; the code is None if it was killed, @die seconds after its start."""
    p = subprocess.Popen(command(verb, name), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, encoding='utf-8')
    try:
        out, err = p.communicate(timeout=LIMIT if die is None else die)
    except subprocess.TimeoutExpired:
        p.kill()
        out, err = p.communicate()
        if die is None:
            problem(verb, name, 'has no end after', LIMIT, 's')
        return None, out, err
    return p.returncode, out, err.strip()


class VM:
    """@version is odd while somebody is at it; then @state says nothing."""
    def __init__(self, name, owned):
        self.name, self.owned = name, owned
        self.state, self.version = 'stopped', 0
        self.lock = threading.Lock()


class Client(threading.Thread):
    def __init__(self, number, vms, names, until):
        super().__init__()
        self.names = names
        self.random = random.Random('%d.%d' % (args.seed, number))
        self.vms, self.until = vms, until
        self.nl = Netlink()
        self.done, self.perhaps, self.answers = Counter(), Counter(), Counter()

    def run(self):
        try:
            while time.monotonic() < self.until:
                self.step()
        except Exception as e:		# a thread's end would go unnoticed
            problem('a client:', repr(e))
            raise

    def step(self):
        verb = self.random.choices(list(WEIGHTS), WEIGHTS.values())[0]
        vm = self.random.choice(self.vms)
        if verb == 'list':
            self.list()
        elif not vm.owned:
            self.share(vm, verb)
        elif vm.lock.acquire(blocking=False):
            vm.version += 1
            self.own(vm, verb)
            vm.version += 1
            vm.lock.release()

    # ---- the state that there is

    def seen(self, name):
        """As the kernel has it; stopped: there is none."""
        try:
            r = self.nl.ask('VM_GET', name)[0]
            self.names[r['VM_ID']] = name
            return STATES[r['STATE']].lower()
        except Refused as e:
            if e.code != 2:
                problem(name, 'look-up:', e)
            return 'stopped'

    def reaches(self, name, good, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if good():
                return True
            time.sleep(0.02)
        return False

    def list(self):
        before = {vm: (vm.version, vm.state) for vm in self.vms if vm.owned}
        code, out, err = vmctl('list')
        if code is None:
            return
        if code:
            problem('list:', code, err)
            return
        listed = {}
        for record in json.loads(out)['vms']:
            if record['state'] != 'dead' or record['name'] not in listed:
                listed[record['name']] = record['state']
        for vm, (version, state) in before.items():
            if version % 2 == 0 and version == vm.version and listed.get(vm.name) != state:
                problem('list:', vm.name, 'is', state, 'and not', listed.get(vm.name))
        self.done['list'] += 1

    # ---- a VM that nobody else is at

    def own(self, vm, verb):
        if verb == 'kill process':
            self.kill_process(vm)
        elif verb == 'kill client':
            self.kill_client(vm, self.random.choice(('pause', 'resume', 'start', 'reset', 'kill')))
        else:
            self.check(vm, verb, *vmctl(verb, vm.name))
        now = self.seen(vm.name)
        if now != vm.state:
            problem(vm.name, 'after', verb, 'is', now, 'and not', vm.state)

    def check(self, vm, verb, code, _, err):
        wanted, after = EXPECT[verb][vm.state]
        self.answers[verb, code] += 1
        if code != wanted:
            problem(verb, vm.name, '(%s):' % vm.state, 'code', code, 'and not', wanted, err)
            print('# its log:', *vmctl('logs', vm.name)[1].splitlines()[-3:], sep='\n#   ')
            after = self.seen(vm.name)
        if code == 0:
            self.done[verb] += 1
            self.done['pressed'] += verb == 'stop' and vm.state == 'running'
        vm.state = after

    def kill_process(self, vm):
        """SIGKILL for a VM's process; list is truthful at once."""
        if vm.state == 'stopped':
            return
        tid = self.nl.dump('VCPU_GET', vm.name)[0]['TID']
        for line in open('/proc/%d/status' % tid, encoding='ascii', errors='replace'):
            if line.startswith('Tgid:'):
                os.kill(int(line.split()[1]), signal.SIGKILL)
        if not self.reaches(vm.name, lambda: self.seen(vm.name) == 'stopped'):
            problem(vm.name, 'outlives its process')
        vm.state = 'stopped'
        self.done['kill process'] += 1

    def held(self, name):
        """Whether a process has the VM's lock."""
        try:
            with open('%s/run/%s/lock' % (os.environ['VMM_DIR'], name), 'rb') as f:
                got = fcntl.fcntl(f, F_OFD_GETLK, struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 0, 0, 0))
                return struct.unpack('hhqqi4x', got)[0] != fcntl.F_UNLCK
        except FileNotFoundError:
            return False

    def kill_client(self, vm, verb):
        answer = vmctl(verb, vm.name, die=self.random.random() * 0.3)
        if answer[0] is not None:
            self.check(vm, verb, *answer)
            return
        self.done['kill client'] += 1
        {'pause': self.settle_pause, 'resume': self.settle_pause, 'start': self.settle_start,
         'reset': self.settle_reset, 'kill': self.settle_kill}[verb](vm, verb)

    def settle_pause(self, vm, verb):
        now = self.seen(vm.name)
        code, after = EXPECT[verb][vm.state]
        if now not in (vm.state, after):
            problem(vm.name, vm.state, 'after a killed', verb, 'is', now)
        self.done[verb] += code == 0 and now == after
        vm.state = now

    def settle_start(self, vm, verb):
        """The machine may be on its way; another start tells whether."""
        if vm.state != 'stopped':
            return
        code, _, err = vmctl('start', vm.name)
        if code not in (0, 4):
            problem('start', vm.name, 'after a killed start: code', code, err)
        self.done['start'] += 1
        self.reaches(vm.name, lambda: self.seen(vm.name) == 'running')
        vm.state = 'running'

    def settle_reset(self, vm, verb):
        """It may have been asked or not; once more, then."""
        if vm.state == 'stopped':
            return
        code, _, err = vmctl('reset', vm.name)
        if code != 0:
            problem('reset', vm.name, 'after a killed reset: code', code, err)
        self.done['reset'] += 1
        self.perhaps['reset'] += 1
        self.reaches(vm.name, lambda: self.seen(vm.name) == 'running')
        vm.state = 'running'

    def settle_kill(self, vm, verb):
        if vm.state == 'stopped' or self.seen(vm.name) == vm.state:
            return
        if not self.reaches(vm.name, lambda: self.seen(vm.name) == 'stopped' and
                            not self.held(vm.name)):
            problem(vm.name, 'is there after a killed kill')
        self.done['kill'] += 1
        vm.state = 'stopped'

    # ---- a VM that is everybody's

    def share(self, vm, verb):
        if verb == 'kill process':
            return
        if verb == 'kill client':
            vmctl(self.random.choice(list(EXPECT)), vm.name, die=self.random.random() * 0.3)
            return
        code, _, err = vmctl(verb, vm.name)
        self.answers['shared ' + verb, code] += 1
        if code in ANY or code is None:
            return
        # killed before it ran, or while it is made anew
        if 'transport endpoint shutdown' in err or 'killed' in err:
            return
        problem(verb, vm.name, '(shared): code', code, err)


class Listener(threading.Thread):
    """All events by VM, and of which VM they are."""
    def __init__(self):
        super().__init__(daemon=True)
        self.nl, self.ask = Netlink(), Netlink()
        self.nl.join(64 << 20)
        self.events, self.names, self.lost = {}, {}, 0

    def run(self):
        while True:
            e = self.nl.event()
            if e is None:
                self.lost += 1
                continue
            self.events.setdefault(e['VM_ID'], []).append(e)
            if e['EVENT'] == 'CREATED':
                try:
                    self.names[e['VM_ID']] = self.ask.ask('VM_GET', e['VM_ID'])[0]['NAME']
                except Refused:
                    pass

    def quiet(self):
        return all(es[-1]['EVENT'] == 'GONE' for es in list(self.events.values()))


# What may come after what, in a VM's life.
ORDER = {
    '': {'CREATED'},
    'CREATED': {'STARTED', 'PAUSED', 'RESET', 'STOP', 'KILLED', 'GONE'},
    'PAUSED': {'STARTED', 'RESUMED', 'RESET', 'STOP', 'KILLED', 'GONE'},
    'RESUMED': {'STARTED', 'PAUSED', 'RESET', 'STOP', 'KILLED', 'GONE'},
    'KILLED': {'GONE'},
    'GONE': set(),
}


def life_is_right(vm, events):
    last, seq = '', 0
    for e in events:
        if e['SEQ'] != seq + 1:
            problem('VM', vm, e['EVENT'], 'is number', e['SEQ'], 'after', seq)
            return
        if e['EVENT'] not in ORDER[last]:
            problem('VM', vm, e['EVENT'], 'after', last)
            return
        seq = e['SEQ']
        # requests change nothing by themselves, and a paused VM may be entered first
        last = last if e['EVENT'] in ('RESET', 'STOP', 'STARTED') else e['EVENT']
    if last != 'GONE':
        problem('VM', vm, 'has not gone but', last)


def account(listener, vms, done, perhaps):
    """Every event is somebody's doing."""
    owned = {vm.name for vm in vms if vm.owned}
    mine = Counter(e['EVENT'] for vm, es in listener.events.items()
                   if listener.names.get(vm) in owned for e in es)
    # Who was killed as soon as he was there had gone before the listener could ask.
    unknown = [vm for vm in listener.events if vm not in listener.names]
    brief = Counter(e['EVENT'] for vm in unknown for e in listener.events[vm])
    total = sum(map(len, listener.events.values()))
    for vm, events in listener.events.items():
        life_is_right(vm, events)
    print('#', total, 'events of', len(listener.events), 'VMs;', 'of those of one client each:',
          dict(mine), 'of', len(unknown), 'VMs whose names are not known:', dict(brief))
    ok(len(unknown) * 100 <= len(listener.events) and brief['GONE'] == len(unknown) and
       not listener.lost, 'each of', total, 'events is a VM\'s, and none was lost')
    wanted = {
        'PAUSED': (done['pause'], 0),
        'RESUMED': (done['resume'], 0),
        'RESET': (done['reset'], perhaps['reset']),
        'STOP': (done['pressed'], 0),
        'KILLED': (done['kill'] + done['stop'], 0),
        'CREATED': (done['start'] + done['reset'], perhaps['reset']),
        'GONE': (mine['CREATED'], 0),
        'LIMIT_MEMORY': (0, 0), 'LIMIT_VCPUS': (0, 0), 'FAULT': (0, 0),
    }
    for event, (least, more) in wanted.items():
        ok(least - brief[event] <= mine[event] <= least + more, event.lower() + ':', mine[event], 'times; commands:',
           '%d to %d' % (least, least + more) if more else least)


def define(vms):
    payload = 'selftests/payload/build/clocks.elf'
    for vm in vms:
        image = ['--multiboot', os.path.abspath(payload), '-a', 'beat']
        memory = '%dM' % args.memory
        if vm.name == 'linux':
            memory = '128M'
            image = ['-k', os.path.abspath('build/guest.bzImage'), '-i',
                     os.path.abspath('build/guest.cpio'), '-a', 'console=ttyS0 quiet panic=-1 wait=1']
        subprocess.run([VMCTL, 'create', '-m', memory, *image, vm.name], check=True)


def start_all(vms):
    """All at once, so that there are as many as there can be."""
    started = Counter()
    for vm in vms:
        code, _, err = vmctl('start', vm.name)
        if code:
            problem('start', vm.name, 'code', code, err)
        vm.state = 'running'
        started['start'] += vm.owned
    return started


def play(vms):
    listener = Listener()
    listener.start()
    done, perhaps, answers = start_all(vms), Counter(), Counter()
    # VMs take a moment to run
    most = len(os.listdir('/sys/kernel/vmm/vms'))
    ok(most == len(vms), most, 'VMs at once')
    clients = [Client(n, vms, listener.names, time.monotonic() + args.seconds) for n in range(args.clients)]
    for c in clients:
        c.start()
    for c in clients:
        c.join()
        done += c.done
        perhaps += c.perhaps
        answers += c.answers
    print('#', dict(done))
    print('#', ', '.join('%s %s: %d' % (*k, n) for k, n in sorted(answers.items(), key=str)))
    return listener, done, perhaps


def end(vms, listener, done, perhaps):
    # One lives for certain.
    if vms[0].state == 'stopped':
        done['start'] += vmctl('start', vms[0].name)[0] == 0
        vms[0].state = 'running'
    refused = subprocess.run(['rmmod', 'vmm'], capture_output=True, check=False)
    ok(refused.returncode != 0 and os.path.exists('/sys/kernel/vmm'), 'rmmod is refused in life')
    for vm in vms:
        code = vmctl('kill', vm.name)[0]
        if vm.owned:
            done['kill'] += code == 0
            wanted = EXPECT['kill'][vm.state][0]
            if code != wanted:
                problem('kill', vm.name, 'in the end: code', code, 'and not', wanted)
        elif code not in ANY:
            problem('kill', vm.name, 'in the end: code', code)
    for _ in range(500):
        if listener.quiet() and not os.listdir('/sys/kernel/vmm/vms'):
            break
        time.sleep(0.02)
    states = {r['name']: r['state'] for r in json.loads(vmctl('list')[1])['vms']}
    ok(states == {vm.name: 'stopped' for vm in vms}, 'all have stopped')
    for vm in vms:
        code, _, err = vmctl('destroy', vm.name)
        if code:
            problem('destroy', vm.name, 'code', code, err)
    ok(not os.listdir(os.environ['VMM_DIR'] + '/run'), 'no runtime directory is left')
    account(listener, vms, done, perhaps)


def main():
    global args
    p = argparse.ArgumentParser()
    p.add_argument('--guests', type=int, default=8)
    p.add_argument('--memory', type=int, default=64)
    p.add_argument('--seconds', type=int, default=20)
    p.add_argument('--clients', type=int, default=3)
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--linux', action='store_true')
    args = p.parse_args()
    vms = [VM('m%d' % n, owned=n % 4 != 3) for n in range(args.guests - args.linux)]
    if args.linux:
        vms.append(VM('linux', owned=True))
    define(vms)
    end(vms, *play(vms))
    ok(not problems, 'no answer and no state was wrong:', len(problems))


main()

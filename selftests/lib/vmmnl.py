# SPDX-License-Identifier: GPL-2.0
"""
The netlink family vmm for tests in Python: requests, dumps, events. A record is a dictionary
by attribute, named as in uapi/linux/vmm_netlink.h without its prefix; nests that may come
several times are lists.
"""
import errno
import re
import socket
import struct

NETLINK_GENERIC = 16
SOL_NETLINK = 270
ADD_MEMBERSHIP = 1
EXT_ACK = 11
SO_RCVBUFFORCE = 33
F_REQUEST, F_MULTI, F_ACK, F_DUMP = 1, 2, 4, 0x300
F_DUMP_INTR = 0x10
ERROR, DONE = 2, 3
CTRL, CTRL_GETFAMILY = 16, 3


def enum(name):
    """Its entries in order: the header is the reference."""
    text = open('uapi/linux/vmm_netlink.h', encoding='ascii').read()
    body = re.search(r'enum %s \{(.*?)\};' % name, text, re.S).group(1)
    start = int(re.search(r'= (\d+)', body).group(1)) if '= ' in body.split(',')[0] else 0
    names = re.findall(r'^\s*VMM_NL_(?:A_|CMD_|EVENT_|STATE_)?(\w+)', body, re.M)
    return {start + i: n for i, n in enumerate(names) if n != 'MAX'}


ATTRS = enum('vmm_nl_attr')
COMMANDS = {n: i for i, n in enum('vmm_nl_cmd').items()}
EVENTS = enum('vmm_nl_event')
STATES = enum('vmm_nl_state')
TEXTS = {'NAME', 'BACKEND', 'STOP_TEXT'}


def attr(kind, data):
    data = struct.pack('HH', 4 + len(data), kind) + data
    return data + bytes(-len(data) % 4)


def attrs_of(data):
    while len(data) >= 4:
        size, kind = struct.unpack_from('HH', data)
        if size < 4 or size > len(data):
            raise ValueError('attribute of %d bytes, %d left' % (size, len(data)))
        yield kind & 0x3fff, data[4:size]
        data = data[(size + 3) & ~3:]


def number(data):
    return int.from_bytes(data, 'little')


def record(data):
    r = {}
    for kind, value in attrs_of(data):
        name = ATTRS[kind]
        if name == 'STAT':
            pair = dict(attrs_of(value))
            r.setdefault('STATS', {})[pair[2][:-1].decode()] = number(pair[3])
        elif name == 'LABEL':
            pair = dict(attrs_of(value))
            r.setdefault('LABELS', {})[pair[1][:-1].decode()] = pair[2][:-1].decode()
        elif name != 'PAD':
            r[name] = value[:-1].decode() if name in TEXTS else number(value)
    return r


class Refused(Exception):
    def __init__(self, code, text):
        super().__init__('%s: %s' % (errno.errorcode.get(code, code), text))
        self.code, self.text = code, text


class Netlink:
    def __init__(self):
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC)
        self.sock.bind((0, 0))
        self.sock.setsockopt(SOL_NETLINK, EXT_ACK, 1)
        self.seq = 0
        self.interrupted = False
        answer = dict(attrs_of(self.talk(CTRL, CTRL_GETFAMILY, attr(2, b'vmm\0'), 0)[0]))
        self.family = number(answer[1])
        self.groups = {}
        for _, group in attrs_of(answer[7]):
            pair = dict(attrs_of(group))
            self.groups[pair[1][:-1].decode()] = number(pair[2])

    def talk(self, family, command, attrs, flags):
        """The bodies of all answers."""
        self.seq += 1
        self.sock.send(struct.pack('IHHIIBBH', 20 + len(attrs), family,
                                   F_REQUEST | (flags or F_ACK), self.seq, 0, command, 1, 0) +
                       attrs)
        bodies = []
        while True:
            data = self.sock.recv(1 << 17)
            while data:
                size, kind, got, seq, _ = struct.unpack_from('IHHII', data)
                self.interrupted |= bool(got & F_DUMP_INTR)
                if seq == self.seq and kind in (ERROR, DONE):
                    self.verdict(data[16:size], kind)
                    return bodies
                if seq == self.seq:
                    bodies.append(data[20:size])
                data = data[(size + 3) & ~3:]

    def verdict(self, data, kind):
        code = -struct.unpack_from('i', data)[0]
        if code <= 0:
            return
        text = ''
        if kind == ERROR:
            skip = 4 + ((struct.unpack_from('I', data, 4)[0] + 3) & ~3)
            text = dict(attrs_of(data[skip:])).get(1, b'\0')[:-1].decode()
        raise Refused(code, text)

    def ask(self, command, vm=None, flags=0):
        attrs = b''
        if isinstance(vm, int):
            attrs = attr(2, struct.pack('I', vm))
        elif vm is not None:
            attrs = attr(3, vm.encode() + b'\0')
        return [record(b) for b in self.talk(self.family, COMMANDS[command], attrs, flags)]

    def dump(self, command, vm=None):
        self.interrupted = False
        return self.ask(command, vm, F_DUMP)

    def join(self, room):
        self.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, room)
        for group in self.groups.values():
            self.sock.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, group)

    def event(self):
        """The next event; None: the kernel had to drop some."""
        try:
            data = self.sock.recv(1 << 16)
        except OSError as e:
            if e.errno == errno.ENOBUFS:
                return None
            raise
        r = record(data[20:])
        r['EVENT'] = EVENTS[r['EVENT']]
        return r

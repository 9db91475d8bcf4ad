#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
snapfile.py FILE ID PARENT PAGE=BYTE...: a snapshot file, made by what
Documentation/snapshot-format.rst says and nothing else, of a machine "web" of 8 MiB. ID and
PARENT are small numbers, the latter 0 for none. BYTE is what the page is full of; 0 in a file
without a parent is left out. With ^OFFSET=BYTE a byte of the file is altered at the end; with
END=NUMBER it is cut off there. backend=, cpu= and conf= are the kind of host, whose vendor the
processor is of, EBX of its CPUID leaf 7, and the definition.

snapfile.py --tsc KHZ FROM TO: a copy of a whole one, as if saved where the time-stamp counter has
that frequency.
"""
import struct
import sys

MASK = (1 << 64) - 1
P1, P2, P3, P4, P5 = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9,
                      0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5)


def rol(x, n):
    return (x << n | x >> (64 - n)) & MASK


def step(acc, lane):
    return rol((acc + lane * P2) & MASK, 31) * P1 & MASK


def xxh64(data, seed):
    at, size = 0, len(data)
    if size >= 32:
        acc = [(seed + P1 + P2) & MASK, (seed + P2) & MASK, seed, (seed - P1) & MASK]
        while size - at >= 32:
            acc = [step(a, lane) for a, lane in zip(acc, struct.unpack_from('<4Q', data, at))]
            at += 32
        h = sum(rol(a, n) for a, n in zip(acc, (1, 7, 12, 18))) & MASK
        for a in acc:
            h = ((h ^ step(0, a)) * P1 + P4) & MASK
    else:
        h = (seed + P5) & MASK
    h = (h + size) & MASK
    while size - at >= 8:
        h = (rol(h ^ step(0, struct.unpack_from('<Q', data, at)[0]), 27) * P1 + P4) & MASK
        at += 8
    if size - at >= 4:
        h = (rol(h ^ struct.unpack_from('<I', data, at)[0] * P1 & MASK, 23) * P2 + P3) & MASK
        at += 4
    for byte in data[at:]:
        h = rol(h ^ byte * P5 & MASK, 11) * P1 & MASK
    for shift, prime in (33, P2), (29, P3), (32, 1):
        h = (h ^ h >> shift) * prime & MASK
    return h


class File:
    def __init__(self):
        self.data = b'\x89VMSNAP\n'
        self.sum = xxh64(self.data, 0)
        self.sections = 0

    def add(self, kind, content, flags=0):
        head = struct.pack('<4sIQ', kind, flags, len(content))
        self.sum = xxh64(content, xxh64(head, self.sum))
        self.data += head + struct.pack('<Q', self.sum) + content
        self.sections += 1


def retimed(data, khz):
    out, at = File(), 8
    while at < len(data):
        kind, flags, size, _ = struct.unpack_from('<4sIQQ', data, at)
        content = bytearray(data[at + 24:at + 24 + size])
        vm = content.find(b'vmmstate')
        if vm >= 0:
            struct.pack_into('<I', content, vm + 12, khz)
        out.add(kind, bytes(content), flags)
        at += 24 + size
    return out.data


def zstd(pages):
    """A frame with a block for each page, which says: so many times this byte."""
    frame = struct.pack('<IBI', 0xFD2FB528, 0xA0, 4096 * len(pages))
    for i, byte in enumerate(pages):
        header = (i == len(pages) - 1) | 1 << 1 | 4096 << 3
        frame += header.to_bytes(3, 'little') + bytes([byte])
    return frame


def pages_section(pages):
    runs = b''.join(struct.pack('<QII', n, 1, byte == 0) for n, byte in pages)
    full = [byte for _, byte in pages if byte]
    packed = zstd(full) if full else b''
    return struct.pack('<4I', 0, len(pages), len(full), len(packed)) + runs + packed


def main(path, own, parent, *words):
    pairs = [word.split('=', 1) for word in words]
    pages = sorted((int(n), int(byte)) for n, byte in pairs if n.isdigit())
    words = {key: value for key, value in pairs}
    if int(parent) == 0:
        pages = [page for page in pages if page[1]]
    out = File()
    out.add(b'HEAD', struct.pack('<2I16s16sQ16s64s', 1, 4096, bytes(15) + bytes([int(own)]),
                                 bytes(15) + bytes([int(parent)]), 1700000000 * 10**9,
                                 words.get('backend', 'svm').encode(), b'web'))
    vendor = b'AuthcAMDenti' if words.get('backend', 'svm') == 'svm' else b'GenuntelineI'
    out.add(b'CPU ', struct.pack('<4I12s17I', 0, 0, 0, 7, vendor, 0,
                                 1, 0, 0, 1, 2, 3, 4, 0,
                                 7, 0, 1, 0, int(words.get('cpu', '0')), 0, 0, 0))
    out.add(b'CONF', words.get('conf', 'memory 8M\nmultiboot /rest\n').encode())
    out.add(b'MAP ', struct.pack('<2IQ2I3Q', 1, 1, 8 << 20, 0, 0, 0, 8 << 20, 0))
    out.add(b'STAT', b'state of ' + own.encode())
    out.add(b'NOTE', b'an optional section', 1)
    for i in range(0, len(pages), 100):
        out.add(b'PAGE', pages_section(pages[i:i + 100]))
    full = sum(byte != 0 for _, byte in pages)
    out.add(b'END ', struct.pack('<3Q', out.sections, full, len(pages) - full))
    data = bytearray(out.data)
    for key, value in pairs:
        if key == 'END':
            del data[int(value):]
        elif key[0] == '^':
            data[int(key[1:])] = int(value)
    with open(path, 'wb') as file:
        file.write(data)


if len(sys.argv) < 4:
    sys.exit(__doc__)
if sys.argv[1] == '--tsc':
    with open(sys.argv[3], 'rb') as source, open(sys.argv[4], 'wb') as copy:
        copy.write(retimed(source.read(), int(sys.argv[2])))
else:
    main(*sys.argv[1:])

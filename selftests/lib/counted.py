#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
counted.py LOG...: the console logs of a guest that writes "count N UPTIME" lines, one log
behind the other, have every N once and in order, with nothing in between, and an uptime that
never goes back nor leaps. Lines of vmctl's own are left out; of line ends the guest's alone
have a carriage return.
"""
import re
import sys

text = b''.join(open(name, 'rb').read() for name in sys.argv[1:])
text = re.sub(rb'\[vmctl: [^\n]*\]\n', b'', text).replace(b'\n', b'').decode('latin-1')
lines = [line for line in text.split('\r')[:-1] if 'count' in line]
told = [re.fullmatch(r'count (\d+) (\d+\.\d+)', line) for line in lines]
bad = [line for line, match in zip(lines, told) if not match]
pairs = [(int(m[1]), float(m[2])) for m in told if m]
bad += [f'{b} behind {a}' for a, b in zip(pairs, pairs[1:]) if b[0] != a[0] + 1 or not 0 <= b[1] - a[1] < 10]
bad += re.findall(r'[^\r]*(?:stall|lockup|BUG|Oops|unstable)[^\r]*', text)
print(f'# {len(pairs)} lines, {pairs[:1]} to {pairs[-1:]}')
for line in bad:
    print('#', line)
sys.exit(bool(bad) or len(pairs) < 10)

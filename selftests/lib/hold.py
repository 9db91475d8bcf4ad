#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
hold.py SOCKET COMMAND...: holds a machine over its control socket, as an export does, runs the
command, and lets go of it by closing the socket.
"""
import socket
import struct
import subprocess
import sys

MAGIC, VERSION, VERB_HOLD = 0x6b746d76, 1, 6

s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(sys.argv[1])
s.send(struct.pack('<IHHII', MAGIC, VERSION, VERB_HOLD, 1, 0))
reply = s.recv(4096)
code = struct.unpack_from('<IHHII', reply)[4]
if code:
    sys.exit(reply[16:].decode())
sys.exit(subprocess.run(sys.argv[2:], check=False).returncode)

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
intrude.py THREAD NUMBER ARGUMENT...: makes a thread of another process, which waits in a
system call, make another one, as who owns it could. Prints what it returned, or the
signal that came of it, and lets go.
"""
import ctypes
import os
import signal
import sys

PTRACE_PEEKTEXT, PTRACE_SYSCALL = 1, 24
PTRACE_GETREGS, PTRACE_SETREGS, PTRACE_DETACH = 12, 13, 17
PTRACE_SEIZE, PTRACE_INTERRUPT = 0x4206, 0x4207
WALL = 0x40000000
SYSCALL = b'\x0f\x05'

NAMES = ('r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss '
         'fs_base gs_base ds es fs gs').split()
ARGUMENTS = 'rdi rsi rdx r10 r8 r9'.split()


class Registers(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ulonglong) for name in NAMES]


libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.restype = ctypes.c_long
libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)


def ptrace(request, address=0, data=0):
    ctypes.set_errno(0)
    ret = libc.ptrace(request, thread, address, data)
    if ctypes.get_errno():
        sys.exit(f'ptrace {request:#x}: {os.strerror(ctypes.get_errno())}')
    return ret


def registers(request, regs):
    ptrace(request, 0, ctypes.addressof(regs))


def wait():
    status = os.waitpid(thread, WALL)[1]
    if not os.WIFSTOPPED(status):
        sys.exit(f'ended: {status:#x}')
    return os.WSTOPSIG(status)


# A signal that will be taken as soon as the thread goes on.
def pending():
    with open(f'/proc/{thread}/status', encoding='ascii') as f:
        mask = next(int(line.split()[1], 16) for line in f if line.startswith('SigPnd'))
    return ' '.join(s.name for s in signal.Signals if mask & 1 << s.value - 1)


thread, number, *arguments = (int(a, 0) for a in sys.argv[1:])
ptrace(PTRACE_SEIZE)
ptrace(PTRACE_INTERRUPT)
wait()
was, regs = Registers(), Registers()
registers(PTRACE_GETREGS, was)
registers(PTRACE_GETREGS, regs)
regs.rip -= len(SYSCALL)
word = ptrace(PTRACE_PEEKTEXT, regs.rip) & 0xffff
if word.to_bytes(2, 'little') != SYSCALL:
    sys.exit(f'{regs.rip:#x}: not behind a system call')
regs.rax, regs.orig_rax = number, 2**64 - 1
for name, value in zip(ARGUMENTS, arguments):
    setattr(regs, name, value % 2**64)
registers(PTRACE_SETREGS, regs)
for edge in 'entry', 'exit':
    ptrace(PTRACE_SYSCALL)
    if wait() != signal.SIGTRAP:
        sys.exit(f'no {edge}')
waiting = pending()
if waiting:
    ptrace(PTRACE_DETACH)
    print(waiting)
else:
    registers(PTRACE_GETREGS, regs)
    registers(PTRACE_SETREGS, was)
    ptrace(PTRACE_DETACH)
    print(ctypes.c_longlong(regs.rax).value)

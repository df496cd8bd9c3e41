"""A filter of system calls (seccomp, Linux 3.17 and newer) for a process that has all it needs and only computes.

It refuses sockets of any kind, other programs, other processes, and every change of a file; so a fault in an engine's native code
cannot reach the network or the disk either. The numbers are those of the kernel's tables (arch/x86/entry/syscalls/syscall_64.tbl and
include/uapi/asm-generic/unistd.h); on another architecture there is no filter.
"""

import ctypes
import errno
import os
import platform
import struct
from dataclasses import dataclass

# linux/prctl.h, linux/seccomp.h, linux/sched.h, linux/bpf_common.h
_PR_SET_NO_NEW_PRIVS, _SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_TSYNC = 38, 1, 1
_ALLOW, _ERRNO, _KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
_CLONE_THREAD = 0x00010000
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _IF_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06

# Offsets in `struct seccomp_data`; of an argument, its lower half on a little-endian machine.
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

# Calls of the second table of x86-64 have this bit; nothing here uses them.
_X32 = 0x40000000


@dataclass(frozen=True)
class _Table:
    """One architecture: its audit number, what is refused, what is said not to exist, `open` with the place of its flags, and two numbers."""

    audit: int
    refused: frozenset[int]
    missing: frozenset[int]
    openers: tuple[tuple[int, int], ...]
    clone: int
    seccomp: int


# io_uring_*, pidfd_send_signal, open_tree to fspick, process_madvise, pidfd_getfd, mount_setattr, fchmodat2: numbered alike everywhere.
_COMMON = {*range(424, 434), 438, 440, 442, 452}

# clone3 and openat2 hide their flags behind a pointer; told that they are missing, the C library uses clone and openat.
_MISSING = frozenset({435, 437})

_X86_64 = _Table(
    audit=0xC000003E,
    # socket to sendto, sendmsg to listen, socketpair, accept4, recvmmsg, sendmmsg | fork, vfork, execve, execveat, kill, ptrace, tkill
    refused=frozenset({41, 42, 43, 44, 46, 47, 49, 50, 53, 288, 299, 307, 57, 58, 59, 322, 62, 101, 200})
    # truncate, ftruncate, rename to fchownat, utime, mknod, mkdirat to fchmodat, utimensat, renameat2
    | {76, 77, *range(82, 89), *range(90, 95), 132, 133, *range(258, 262), *range(263, 267), 268, 280, 316}
    # setrlimit, prlimit64, chroot, pivot_root, mount, umount2, keys, unshare, setns, perf, handles, process_vm_*, bpf, userfaultfd
    | {160, 302, 161, 155, 165, 166, 248, 249, 250, 272, 308, 298, 304, 310, 311, 321, 323}
    | _COMMON,
    missing=_MISSING,
    openers=((2, 1), (257, 2)),
    clone=56,
    seccomp=317,
)
_AARCH64 = _Table(
    audit=0xC00000B7,
    refused=frozenset({*range(198, 204), 206, 211, 212, 242, 243, 269, 221, 281, 117, 129, 130})
    | {*range(33, 39), 45, 46, 52, 53, 54, 55, 88, 276}
    | {164, 261, 51, 41, 40, 39, 217, 218, 219, 97, 268, 241, 265, 270, 271, 280, 282}
    | _COMMON,
    missing=_MISSING,
    openers=((56, 2),),
    clone=220,
    seccomp=277,
)
_TABLES = {"x86_64": _X86_64, "aarch64": _AARCH64}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def refuse_system_calls() -> bool:
    """Install the filter for good, in all threads, or return False where the kernel or the architecture does not have it.

    In all, because some versions of Pango keep a helper thread, which shares the memory of the one that does the work.
    What is refused fails with EPERM, which Python raises as PermissionError.
    """
    table = _TABLES.get(platform.machine())
    if table is None:
        return False
    instructions = _filter(table)
    program = _Program(len(instructions) // 8, instructions)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.syscall(table.seccomp, _SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_TSYNC, ctypes.byref(program)) == 0)


def _filter(table: _Table) -> bytes:
    """The filter in the kernel's packet-filter code. Every test stands before what it decides, so that no jump is long."""
    refuse = _step(_RETURN, _ERRNO | errno.EPERM)
    code = [_step(_LOAD, _ARCHITECTURE), _step(_IF_EQUAL, table.audit, 1, 0), _step(_RETURN, _KILL_PROCESS), _step(_LOAD, _NUMBER)]
    code += [_step(_IF_AT_LEAST, _X32, 0, 1), refuse]
    for number in sorted(table.refused):
        code += [_step(_IF_EQUAL, number, 0, 1), refuse]
    for number in sorted(table.missing):
        code += [_step(_IF_EQUAL, number, 0, 1), _step(_RETURN, _ERRNO | errno.ENOSYS)]
    for number, place in table.openers:
        code += [_step(_IF_EQUAL, number, 0, 4), _argument(place), _step(_IF_ANY_BIT, _WRITING, 0, 1), refuse, _step(_RETURN, _ALLOW)]
    code += [_step(_IF_EQUAL, table.clone, 0, 4), _argument(0), _step(_IF_ANY_BIT, _CLONE_THREAD, 1, 0), refuse, _step(_RETURN, _ALLOW)]
    return b"".join([*code, _step(_RETURN, _ALLOW)])


def _argument(place: int) -> bytes:
    return _step(_LOAD, _ARGUMENTS + 8 * place)


def _step(operation: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    """One `struct sock_filter`; a jump counts the instructions that are skipped."""
    return struct.pack("=HBBI", operation, if_true, if_false, value)

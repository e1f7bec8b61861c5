#!/usr/bin/env python3
"""Make formats/cpu/system_calls.def: names of Linux system calls, with their numbers on each CPU.

    system_calls.py AMD64 ARM64 SOURCE > formats/cpu/system_calls.def

AMD64 and ARM64 are files that define the numbers: what `cc -E -dM` makes of <asm/unistd.h> of that CPU (__NR_…), or
zsysnum_linux_*.go of golang.org/x/sys/unix, which is made of it (SYS_…). SOURCE says in a few words what they are of."""
import re
import sys

NONE = -1
NO_CALLS = {'syscalls', 'arch_specific_syscall'} # how many there are, and where a CPU's own begin


def numbers(path):
    found = re.findall(r'^(?:#define __NR_|\s*SYS_)(\w+)\s*=?\s*(\d+)$', open(path, encoding='utf-8').read(), re.M)
    return {name.lower(): int(number) for name, number in found if name.lower() not in NO_CALLS}


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    amd64, arm64 = numbers(sys.argv[1]), numbers(sys.argv[2])
    print('/* system_calls.def: Linux system calls: SYSTEM_CALL(name, number on amd64, number on arm64), -1 where there is none.\n'
          f' * Made by tools/system_calls.py of {sys.argv[3]}. */')
    names = sorted({**arm64, **amd64}, key=lambda name: (amd64.get(name, 1 << 16), arm64.get(name, 0)))
    for name in names:
        print(f'SYSTEM_CALL({name}, {amd64.get(name, NONE)}, {arm64.get(name, NONE)})')


main()

#!/usr/bin/env python3
"""Dumps of many gigabytes, nearly all of them holes of a sparse file, as the kernel writes them for memory that was never
touched: the same report as without them, and hardly any of the holes is looked at."""
import os
import pathlib
import struct
import subprocess
import tempfile

import dump_file
import elf_file
import tap

GIGABYTE = 1 << 30
HUGE = 20 * GIGABYTE
PIECE = 64 << 20           # small enough to be searched for data
CLAIMS = 160               # segments that have the same bytes of the file
ADDRESS = 0x10000000000    # where no case has memory
RESIDENT = 2 * GIGABYTE    # above what may be searched and a sanitizer takes, far below HUGE
READ, WRITE = 4, 2
NT_FILE = 0x46494c45


def with_segments(core, folder, segments):
    """A copy of a core with more memory segments (flags, offset behind the core's end, address, size), and holes there."""
    path = pathlib.Path(folder) / 'core'
    data = bytearray(core)
    size, count = struct.unpack_from('<HH', data, 54)
    headers = data[elf_file.Elf(core).phoff:][:size * count]
    start = -(-(len(data) + len(headers) + size * len(segments)) // 4096) * 4096
    for flags, offset, address, length in segments:
        headers += struct.pack('<IIQQQQQQ', elf_file.PT_LOAD, flags, start + offset, address, 0, length, length, 4096)
    struct.pack_into('<Q', data, 32, len(data))
    struct.pack_into('<H', data, 56, len(headers) // size)
    with open(path, 'wb') as file:
        file.write(data + headers)
        file.truncate(start + max(offset + length for _, offset, _, length in segments))
    return path


def resident(path, *options):
    """The most memory that a run had, pages of the dump's file included, in bytes; its status."""
    process = subprocess.Popen([str(tap.TORNSTACK), str(path), *options], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, env=tap.environment_of())
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_maxrss * 1024, process.returncode


def what_matters(report):
    """All but the size of the dump's file."""
    return {key: value for key, value in report.items() if key not in ('input',)}


def check_same(name, case, segments):
    with tempfile.TemporaryDirectory() as folder:
        core = dump_file.unpacked(tap.CASES / case / 'dump.zst', folder)
        small = tap.Run(core, '--json', '--sysroot', folder)
        huge = with_segments(core.read_bytes(), folder, segments)
        done = tap.Run(huge, '--json', '--sysroot', folder)
        if tap.check(f'{name}: analysed', small.trouble(0) or done.trouble(0)):
            tap.check(f'{name}: the same report', None if what_matters(done.report) == what_matters(small.report) else
                      'it differs')
        most, status = resident(huge, '--sysroot', folder)
        tap.check(f'{name}: holes are not read', None if status == 0 and most < RESIDENT else f'{most} bytes, status {status}')


def pieces():
    return [(READ | WRITE, offset, ADDRESS + offset, PIECE) for offset in range(0, HUGE, PIECE)]


def without_memory(folder):
    """A core none of whose memory was saved."""
    core = dump_file.unpacked(tap.CASES / 'amd64-memory/dump.zst', folder).read_bytes()
    elf = elf_file.Elf(core)
    for index, program in enumerate(elf.programs):
        if program[0] == elf_file.PT_LOAD:
            struct.pack_into('<Q', elf.data, elf.phoff + 56 * index + 32, 0)  # p_filesz
    return bytes(elf.data)


def no_program():
    """Nothing is there to be found: the search ends all the same."""
    with tempfile.TemporaryDirectory() as folder:
        path = with_segments(without_memory(folder), folder, pieces())
        done = tap.Run(path, '--json', '--sysroot', folder)
        tap.check('no program: a report', done.trouble(0))
        tap.check('no program: said that the search ended', None if done.report and any(
            'ended after 1 GiB' in note for note in done.report['notes']) else done.report and done.report['notes'])
        most, status = resident(path, '--sysroot', folder)
        tap.check('no program: holes are not read', None if status == 0 and most < RESIDENT else f'{most}, status {status}')


def with_mapping(core, start, end):
    """A core whose last mapped file (NT_FILE: count, page size, then start, end and offset of each) is mapped there."""
    data = bytearray(core)
    at = data.index(struct.pack('<I', NT_FILE) + b'CORE\0\0\0\0') + 12
    count, = struct.unpack_from('<Q', data, at)
    struct.pack_into('<QQ', data, at + 16 + 24 * (count - 1), start, end)
    return bytes(data)


def one_mapped_file():
    """Segments that lie in a mapped file and all claim the same bytes of the dump are not searched one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        core = with_mapping(without_memory(folder), ADDRESS, ADDRESS + CLAIMS * PIECE)
        path = with_segments(core, folder, [(READ | WRITE, 0, ADDRESS + PIECE * i, PIECE) for i in range(CLAIMS)])
        done = tap.Run(path, '--json', '--sysroot', folder)
        tap.check('one mapped file: a report', done.trouble(0))
        tap.check('one mapped file: said that the search ended', None if done.report and any(
            'ended after as many bytes as the dump has' in note for note in done.report['notes']) else
                  done.report and done.report['notes'])


def overlaps():
    """Segments that all claim the same addresses are not compared over and over."""
    with tempfile.TemporaryDirectory() as folder:
        core = dump_file.unpacked(tap.CASES / 'amd64-memory/dump.zst', folder).read_bytes()
        path = with_segments(core, folder, [(READ | WRITE, 4096 * i, ADDRESS, HUGE) for i in range(500)])
        done = tap.Run(path, '--json', '--sysroot', folder)
        tap.check('overlaps: analysed', done.trouble(0))
        tap.check('overlaps: said', None if done.report and any('overlap' in note for note in done.report['notes']) else 'not')


def main():
    # Without an executable everything is looked for in memory.
    check_same('a heap in pieces', 'amd64-memory', pieces())
    check_same('a heap in one piece', 'amd64-memory', [(READ | WRITE, 0, ADDRESS, HUGE)])
    no_program()
    one_mapped_file()
    overlaps()
    tap.finish()


main()

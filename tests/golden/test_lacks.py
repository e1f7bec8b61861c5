#!/usr/bin/env python3
"""Where an input lacks what a verdict needs, the report says which step of docs/dumps.md would have kept it; else it says none."""
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import tap  # noqa: E402

PAGE = (tap.ROOT / 'docs/dumps.md').read_text()
DEFS = (tap.ROOT / 'report/narrative/lacks.def').read_text()
LOAD, WRITE, NOTE, SIGINFO = 1, 2, 4, 0x53494749
CASE = 'amd64-circle'  # likely, and whole


def unpacked(case):
    return subprocess.run(['zstd', '-dcq', tap.case_args(case)[0]], capture_output=True, check=True).stdout


def headers(core):
    """Of each program header: where it is, type, flags, offset, size in the file."""
    start, count = struct.unpack_from('<Q', core, 32)[0], struct.unpack_from('<H', core, 56)[0]
    for at in range(start, start + 56 * count, 56):
        yield (at, *struct.unpack_from('<IIQ', core, at), struct.unpack_from('<Q', core, at + 32)[0])


def without_memory(core):
    """As coredump_filter without bit 0 leaves it: no private memory."""
    core = bytearray(core)
    for at, kind, flags, _, _ in list(headers(core)):
        if kind == LOAD and flags & WRITE:
            struct.pack_into('<Q', core, at + 32, 0)
    return core


def without_siginfo(core):
    """As a writer that leaves NT_SIGINFO out."""
    core = bytearray(core)
    at = core.find(struct.pack('<I', SIGINFO))
    struct.pack_into('<I', core, at, 0x12345678)
    return core


def steps(dump, *options):
    """What the report says to do next time, by rows of the table."""
    run = tap.Run(dump, *options, '--json')
    said = ' '.join(run.report['verdict']['confirm']) if run.report else run.err
    rows = re.findall(r'LACK\((\w+), (\w+), ((?:"[^"]*"\s*)+)\)', DEFS)
    return {(what, kind) for what, kind, text in rows if ''.join(re.findall(r'"([^"]*)"', text)) in said}


def main():
    exe = tap.case_args(CASE)[1:]
    core = unpacked(CASE)
    crashed = unpacked('amd64-c-heap')
    with tempfile.TemporaryDirectory(dir=os.environ.get('TMPDIR')) as name:
        folder = pathlib.Path(name)

        def check(what, data, options, expected):
            (folder / 'dump').write_bytes(data)
            got = steps(folder / 'dump', *options)
            tap.check(what, got != expected and f'{got}, not {expected}')

        check('a whole core with its executable', core, exe, set())
        check('cut short', core[:len(core) // 2], exe, {('WHOLE', 'CORE')})
        check('without private memory', without_memory(core), exe, {('MEMORY', 'CORE')})
        check('without the executable', crashed, ['--sysroot', folder], {('EXECUTABLE', 'CORE')})
        check('without siginfo, too', without_siginfo(crashed), ['--sysroot', folder], {('EXECUTABLE', 'CORE'), ('SIGNAL', 'CORE')})
        log = (tap.ROOT / 'fixtures/logs/circle/log.txt').read_bytes()
        check('a log', log, [], {('MEMORY', 'LOG')})
    for text in sorted({text for row in re.findall(r'LACK\(\w+, \w+, ((?:"[^"]*"\s*)+)\)', DEFS)
                        for text in re.findall(r'`([^`]*)`', ''.join(re.findall(r'"([^"]*)"', row)))}):
        tap.check(f'docs/dumps.md has: {text}', text not in PAGE and 'it has not')
    tap.finish()


main()

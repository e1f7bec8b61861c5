#!/usr/bin/env python3
"""What is no dump, or not this program's dump: a clear error on stderr and status 1, or a partial answer with notes."""
import os
import pathlib
import random
import resource
import shutil
import struct
import subprocess
import tempfile

import dump_file
import elf_file
import tap

CASE, OTHER = 'arm64-nonleaf-unwind', 'arm64-leaf-unwind'
AMD64 = 'amd64-panic'
OUTPUT_LIMIT = 100  # bytes


def refused(name, path, *args, words=(), code=None):
    """Status 1, a reason on stderr that names the file and holds one of the words, the same as JSON, nothing else on stdout."""
    for form in ((), ('--json',)):
        done = tap.Run(path, *form, *args)
        detail = done.trouble(1)
        if not detail and words and not any(word in done.err for word in words):
            detail = f'the reason says none of {words}: {done.err}'
        if not detail and form and code and done.failure()['code'] != code:
            detail = f'{done.failure()}'
        tap.check(f'{name}{" --json" if form else ""}: refused', detail)


def survives(name, expect, *args):
    """A report or an error, nothing wrongly certain; returns the report or None."""
    done = tap.Run(*args, '--json')
    detail = done.trouble(0, 1)
    if not detail and done.report:
        detail = tap.wrong_certain(done.report, expect)
    tap.check(f'{name}: survived', detail)
    chosen = tap.Run('goroutines', *args, '--function=main.', '--created-by=main.', '--state=waiting', '-v')
    tap.check(f'{name}: goroutines survived', chosen.trouble(0, 1))
    return done.report


def not_dumps(folder):
    noise = random.Random(1)
    contents = {
        'empty file': b'',
        'one byte': b'\x7f',
        'magic alone': b'\x7fELF',
        'garbage': noise.randbytes(1 << 20),
        'zeros': bytes(1 << 20),
        'text': b'goroutine 1 [running]:\n' * 1000,
        'garbage after an ELF magic': b'\x7fELF\x02\x01\x01' + noise.randbytes(1 << 16),
        'zstd magic and garbage': b'\x28\xb5\x2f\xfd' + noise.randbytes(1 << 16),
        'gzip magic and garbage': b'\x1f\x8b\x08' + noise.randbytes(1 << 16),
        'xz magic and garbage': b'\xfd7zXZ\x00' + noise.randbytes(1 << 16),
        'lz4 magic and garbage': b'\x04\x22\x4d\x18' + noise.randbytes(1 << 16),
    }
    for name, content in contents.items():
        path = folder / 'input'
        path.write_bytes(content)
        refused(name, path)
    refused('no such file', folder / 'nowhere', code='io')
    empty = folder / 'empty'
    empty.mkdir()
    refused('a folder without files', empty)
    empty.rmdir()
    done = tap.Run(folder)  # one file of which it can be told what it is not: a line of it
    tap.check('a folder of no dumps: said of its file', None if done.status == 1 and b'input: not analysed' in done.out
              else f'{done.status}: {done.out}{done.err}')


def compressed_rubbish(folder):
    path = folder / 'rubbish.zst'
    subprocess.run(['zstd', '-qf', '-o', str(path)], input=b'no dump at all' * 1000, check=True)
    refused('compressed text', path, code='no-dump')


def executables_as_dumps():
    refused('an arm64 executable', tap.CASES / CASE / 'exe.zst', words=('executable', 'not a core', 'no core'), code='no-dump')
    refused('an executable of this machine', pathlib.Path('/bin/true').resolve())


def other_cpus(folder):
    core = elf_file.Elf(dump_file.unpacked(tap.CASES / CASE / 'dump.zst', folder).read_bytes())
    path = folder / 'core'
    machines = {'i386': 3, 'arm': 40, 'riscv': 243, 's390x': 22, 'ppc64': 21, 'none': 0, 'unknown': 0xffff}
    for name, machine in machines.items():
        struct.pack_into('<H', core.data, elf_file.E_MACHINE, machine)
        path.write_bytes(core.data)
        refused(f'a core of {name}', path, code='other-cpu')
    struct.pack_into('<H', core.data, elf_file.E_MACHINE, 62)
    path.write_bytes(core.data)
    survives('an arm64 core that says amd64', {'rule': None}, path)
    struct.pack_into('<H', core.data, elf_file.E_MACHINE, 183)
    for name, offset, value in (('32-bit', 4, 1), ('big-endian', 5, 2)):
        core.data[offset], kept = value, core.data[offset]
        path.write_bytes(core.data)
        refused(f'a {name} core', path, code='other-cpu')
        core.data[offset] = kept


def cut_compressed(folder):
    expect = tap.expectation(CASE)
    packed = (tap.CASES / CASE / 'dump.zst').read_bytes()
    executable = tap.CASES / CASE / 'exe.zst'
    path = folder / 'cut.zst'
    for eighths in range(8):
        path.write_bytes(packed[:len(packed) * eighths // 8])
        report = survives(f'a compressed dump cut at {eighths}/8', expect, path, '--exe', executable)
        if report:
            tap.check(f'cut at {eighths}/8: said', None if report['input']['truncated'] and report['notes'] else
                      'neither truncated nor a note')


def executables(folder):
    expect = tap.expectation(CASE)
    dump = tap.CASES / CASE / 'dump.zst'
    alone = folder / 'alone'
    alone.mkdir()
    shutil.copy(dump, alone / 'dump.zst')
    report = survives('no executable', expect, alone / 'dump.zst')
    tap.check('no executable: a report', None if report else 'none')
    if report:
        tap.check('no executable: said', None if report['notes'] else 'no note')
    done = tap.Run(dump, '--exe', folder / 'nowhere', '--json')
    tap.check('--exe without such a file: refused', done.trouble(1))
    refused('an executable of another CPU', dump, '--exe', tap.CASES / AMD64 / 'exe.zst')
    for name, content in (('text', b'#!/bin/sh\n'), ('empty', b'')):
        (folder / name).write_bytes(content)
        refused(f'an executable that is {name}', dump, '--exe', folder / name)
    report = survives('the executable of another program', expect, alone / 'dump.zst', '--exe', tap.CASES / OTHER / 'exe.zst')
    if report:
        tap.check('the executable of another program: mismatch', None if report['target']['executable_identity'] ==
                  'mismatch' else report['target']['executable_identity'])
        tap.check('the executable of another program: never certain', ', '.join(
            finding['rule'] for finding in report['findings'] if finding['certainty'] == 'certain'))
    survives('a dump as its own executable', expect, dump, '--exe', dump)


def standard_input():
    with open(tap.CASES / CASE / 'dump.zst', 'rb') as dump:
        done = tap.Run('-', '--json', '--exe', tap.CASES / CASE / 'exe.zst', stdin=dump)
    tap.check('standard input: analysed', done.trouble(0))
    if done.report:
        tap.check('standard input: the same answer', tap.wrong_certain(done.report, tap.expectation(CASE)) or (
            None if done.report['input']['name'] == '-' and done.report['verdict']['rule'] == 'split-sp' else
            f'{done.report["input"]}, {done.report["verdict"]["rule"]}'))


def full_output():
    for form in (), ('--json', '--goroutines=all'):
        args = [tap.CASES / CASE / 'dump.zst', *form, '--exe', tap.CASES / CASE / 'exe.zst']
        with open('/dev/full', 'wb') as full:
            done = subprocess.run([tap.TORNSTACK, *args], stdout=full, stderr=subprocess.PIPE, text=True)
        tap.check(f'a full disk{" --json" if form else ""}: said', None if done.returncode == 1 and
                  'cannot write standard output: No space left on device' in done.stderr else
                  f'status {done.returncode}, {done.stderr}')


def limited():
    """Of output that may not be as large as a report is."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT_LIMIT, OUTPUT_LIMIT))


def limited_output(folder):
    """As on a disk that becomes full in the middle of a write: a part of it succeeds."""
    core = dump_file.unpacked(tap.CASES / AMD64 / 'dump.zst', folder)  # nothing is decompressed: only the output is limited
    place = folder / 'limited'
    place.mkdir()
    for form in (), ('--json', '--goroutines=all'):
        done = subprocess.run([tap.TORNSTACK, core, *form, '--sysroot', place, '-o', place / 'report'], stderr=subprocess.PIPE,
                              text=True, preexec_fn=limited, env=tap.environment_of())
        name = f'a limit of the size{" --json" if form else ""}'
        tap.check(f'{name}: said', None if done.returncode == 1 and
                  f'cannot write {place}/report: File too large' in done.stderr else f'status {done.returncode}, {done.stderr}')
        tap.check(f'{name}: nothing left', None if not os.listdir(place) else os.listdir(place))


def closed_pipe():
    """As of head, which reads a line and leaves: no failure, and nothing said of it."""
    for form in (), ('--json', '--goroutines=all'):
        args = [str(tap.TORNSTACK), str(tap.CASES / CASE / 'dump.zst'), *form, '--exe', str(tap.CASES / CASE / 'exe.zst')]
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run(args, stdout=write, stderr=subprocess.PIPE, text=True, env=tap.environment_of())
        os.close(write)
        tap.check(f'a closed pipe{" --json" if form else ""}: no error', None if done.returncode == 0 and not done.stderr else
                  f'status {done.returncode}, {done.stderr}')


def misspelt():
    for word, command in (('gorutines', 'goroutines'), ('analyse', 'analyze'), ('scna', 'scan')):
        done = tap.Run(word, tap.CASES / CASE / 'dump.zst')
        tap.check(f'{word}: did you mean {command}', None if done.status == 2 and
                  f'Did you mean: tornstack {command}' in done.err else f'status {done.status}, {done.err}')
    done = tap.Run('goroutines', tap.CASES / CASE / 'dump.zst', '--state=nonsense')
    tap.check('--state=nonsense: the list fits', None if done.status == 2 and 'chan receive' in done.err and
              all(len(line) <= 80 for line in done.err.splitlines()) else done.err)


def command_line():
    wrong = (), ('--no-such-option',), ('--json',), ('--goroutines=none', 'x'), ('goroutines', 'a', 'b')
    for args in wrong:
        done = tap.Run(*args)
        tap.check(f'usage: {" ".join(args) or "nothing"}', None if done.status == 2 and done.err and not done.out else
                  f'status {done.status}, stdout {len(done.out)} bytes, stderr {done.err!r}')


def main():
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        not_dumps(folder)
        compressed_rubbish(folder)
        executables_as_dumps()
        other_cpus(folder)
        cut_compressed(folder)
        executables(folder)
        limited_output(folder)
    standard_input()
    full_output()
    closed_pipe()
    misspelt()
    command_line()
    tap.finish()


main()

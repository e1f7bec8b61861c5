#!/usr/bin/env python3
"""Cores of programs whose goroutines are not read: Go before 1.18, gccgo, C, C++, Rust. With the executable and without it the headline
has to name what it is, no rule may claim anything, what C and C++ said last is quoted, and tornstack may take no more than a second of CPU.

usage: tests/live/not_go.py [--kind "old gccgo c c++ rust"] [--folder build/not-go]

Prints TAP, and at the end how many runs there were, and what the longest took. What is not installed (gccgo, g++, rustc, qemu-aarch64)
is left out with a word.
"""
import argparse
import dataclasses
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import tap
from live import c_stacks, matrix

SOURCES, GO = tap.ROOT / 'fixtures/src/not_go', tap.ROOT / 'tools/go.sh'
RELEASES = ('1.13.15', '1.14.15', '1.15.15', '1.16.15', '1.17.13')
SECONDS, CPU_SECONDS, SETTLE_SECONDS = 60, 1, 0.5
NO_GO, UNTOLD = r'^No Go program: ', r'^Cannot tell without the executable whether this is a Go program: '
GCCGO = r'^A Go program built by gccgo: '
GO_ENDS = ('nil', 'panic', 'stuck')
CPP_ENDS = ('throw', 'at', 'pure', 'null', 'thread', 'abort', 'recurse', 'jump', 'trap', 'readonly')
# What the report with the executable quotes of what the program said, where it tells why it was ended: (why, what).
SAID = {'throw': ('exception that nobody caught', 'of type std::runtime_error, and says: "nobody catches this"'),
        'at': ('exception that nobody caught', 'of type std::out_of_range, and says: "vector::_M_range_check'),
        'assert': ('assertion of C failed', "Assertion `value > sink' failed.")}
RUST_ENDS = ('null', 'panic', 'index', 'recurse', 'abort', 'thread')


@dataclasses.dataclass(frozen=True)
class Program:
    kind: str
    name: str
    command: tuple             # builds it, with the file to write at the end
    ends: tuple
    wanted: str                # of the headline, with the executable
    without: str               # and without it
    cpu: matrix.Cpu = matrix.CPUS['amd64']
    environment: tuple = ()
    strip: bool = False

    def missing(self):
        tools = [self.command[0]] + ([self.cpu.emulator] if self.runner() else [])
        return next((str(tool) for tool in tools if not shutil.which(tool)), None)

    def runner(self):
        return [] if self.cpu.machine == os.uname().machine else [self.cpu.emulator]


def old_programs():
    """What the dump alone keeps of the release is chance."""
    for release in RELEASES:
        wanted = rf'^A Go program of release go{re.escape(release)}: '
        for name, cpu, flags in (('amd64', 'amd64', ''), ('amd64 stripped', 'amd64', '-s -w'), ('arm64', 'arm64', '')):
            yield Program('old', f'go{release} {name}', (GO, release, 'build', f'-ldflags={flags}', '-o'), GO_ENDS, wanted,
                          rf'{wanted}|^A Go program of a release before 1\.18: ', matrix.CPUS[cpu],
                          (('GOARCH', cpu), ('CGO_ENABLED', '0')))


def gccgo_programs():
    for name, flags in (('dynamic', ()), ('static', ('-static-libgo',))):
        for strip in (False, True):
            yield Program('gccgo', f'gccgo {name}{" stripped" * strip}', (gccgo(), *flags, 'main.go', '-o'), GO_ENDS, GCCGO,
                          f'{GCCGO}|{UNTOLD}', strip=strip)


def gccgo():
    """By whatever its version is called."""
    return next((name for name in ['gccgo', *(f'gccgo-{number}' for number in range(20, 8, -1))] if shutil.which(name)), 'gccgo')


def compiled_programs():
    for name, flags in c_stacks.BUILDS.items():
        for cpu in ('amd64', 'arm64') if 'static' in name else ('amd64',):
            compiler = 'gcc' if cpu == 'amd64' else matrix.CPUS[cpu].compiler
            yield Program('c', f'c {cpu} {name}', (compiler, *flags.split(), '-Wno-infinite-recursion', '-pthread', c_stacks.SOURCE, '-o'),
                          tuple(c_stacks.ENDS), NO_GO, f'{NO_GO}|{UNTOLD}', matrix.CPUS[cpu])
    for name, flags in (('plain', ()), ('static', ('-static', '-s')), ('static-pie', ('-static-pie',))):
        yield Program('c++', f'c++ {name}', ('g++', '-O1', '-w', *flags, '-pthread', 'crash.cpp', '-o'), CPP_ENDS, NO_GO,
                      f'{NO_GO}|{UNTOLD}')
    for name, flags in (('plain', ()), ('stripped', ('-Cstrip=symbols',))):
        yield Program('rust', f'rust {name}', ('rustc', '-Awarnings', '-O', '-Cpanic=abort', *flags, 'crash.rs', '-o'), RUST_ENDS, NO_GO,
                      f'{NO_GO}|{UNTOLD}')


def build(program, file):
    subprocess.run([*program.command, file], cwd=SOURCES, check=True, env={**os.environ, **dict(program.environment)})
    if program.strip:
        subprocess.run(['strip', file], check=True)


def die(program, exe, end, folder):
    """The core of one death; what waits is ended by SIGQUIT."""
    runner = program.runner()
    with subprocess.Popen(['prlimit', '--core=unlimited', 'env', '-i', 'GOTRACEBACK=crash', *runner, exe, end], cwd=folder,
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True) as running:
        if end == 'stuck':
            running.stderr.readline()
            time.sleep(SETTLE_SECONDS)
            os.killpg(running.pid, signal.SIGQUIT)
        running.communicate(timeout=SECONDS)
    cores = list(folder.glob('qemu_*.core' if runner else 'core*'))
    return cores[0] if len(cores) == 1 else None


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def claims(report, wanted):
    """What is wrong with a report."""
    verdict, sure = report['verdict'], [finding['rule'] for finding in report['findings'] if finding['certainty'] != 'possible']
    found = [] if re.search(wanted, verdict['headline']) else [f'"{verdict["headline"]}" instead of /{wanted}/']
    if verdict['rule'] or verdict['certainty'] != 'unknown' or sure:
        found.append(f'claims {verdict["certainty"]} {verdict["rule"]}, {sure}')
    return found


def silence(report, end):
    """What a report keeps back."""
    told = ' '.join(report['verdict']['narrative'])
    why, what = SAID.get(end, ('', ''))
    return [f'says "{why}", and not: {what}'] if why in told and what not in told else []


class Longest:
    runs = 0
    seconds = 0


def look(core, wanted, end, *args):
    before = cpu_seconds()
    done = tap.Run(core, '--json', *args)
    took = cpu_seconds() - before
    Longest.runs, Longest.seconds = Longest.runs + 1, max(Longest.seconds, took)
    trouble = done.trouble(0)
    found = [trouble] if trouble else claims(done.report, wanted) + silence(done.report, end)
    return found + [f'took {took:.2f} s'] * (took > CPU_SECONDS)


def judge(program, exe, end, folder):
    core = die(program, exe, end, folder)
    if not core:
        return 'no core'
    bare = folder / 'elsewhere'
    bare.mkdir()
    dump = core.rename(bare / 'dump')
    quoted = None if program.runner() else end  # qemu's cores do not list the mapped files, by which glibc's data is found
    return '\n'.join(look(dump, program.wanted, quoted, '--exe', exe) + look(dump, program.without, None, '--sysroot', folder))


def check(program, folder):
    missing = program.missing()
    if missing:
        print(f'# {program.name}: {missing} is missing')
        return
    with tempfile.TemporaryDirectory(dir=folder) as place:
        place = pathlib.Path(place)
        build(program, place / 'exe')
        for end in program.ends:
            with tempfile.TemporaryDirectory(dir=place) as scratch:
                tap.check(f'{program.name} {end}', judge(program, place / 'exe', end, pathlib.Path(scratch)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--kind', type=str.split, default='old gccgo c c++ rust'.split())
    parser.add_argument('--folder', type=pathlib.Path, default=tap.ROOT / 'build/not-go')
    options = parser.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for program in (*old_programs(), *gccgo_programs(), *compiled_programs()):
        if program.kind in options.kind:
            check(program, folder)
    print(f'# {Longest.runs} runs, the longest {Longest.seconds:.2f} s of CPU')
    tap.finish()


main()

#!/usr/bin/env python3
"""Builds fixtures/src/crashes by several releases of Go, in several ways, for several CPUs and systems, lets it die in each way that
it knows, and compares fingerprints: of one ending all have to be equal, of two endings they have to differ.

fingerprints.py [--go RELEASES] [--build WAYS] [--ending ENDINGS] [--table FILE]; exit status 1 when something is not as it has to be.
"""
import argparse
import collections
import dataclasses
import itertools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import tap
from live import matrix, process, table, wine

SOURCES, GO = tap.ROOT / 'fixtures/src/crashes', tap.ROOT / 'tools/go.sh'
RELEASES = ('1.18.10', '1.20.14', '1.22.12', '1.24.13', '1.26.11', '1.27.4')
BUILD_SECONDS, END_SECONDS, READY = 1200, 120, b'ready'
SETTLE_SECONDS = 0.5                   # of the goroutine that printed it
SIGNALLED = ('hang', 'idle', 'spin')   # which wait for SIGQUIT
UNNOTICED = ('deadlock',)              # which programs with cgo do not die of
OF_C = ('cnil', 'cscan', 'cabort', 'clibrary')  # which only programs with cgo know
DEEPER = ('cscan', 'cabort')           # in a function of C that another one called: its name is gone when C is stripped


@dataclasses.dataclass(frozen=True)
class Way:
    """To build: flags of go build, and what is done to a copy of the sources."""
    name: str
    cpu: str = 'amd64'
    flags: tuple = ()
    cgo: bool = False
    edited: bool = False
    folder: str = 'src'

    @property
    def machine(self):
        return matrix.CPUS[self.cpu]

    @property
    def native(self):
        return self.machine.machine == os.uname().machine

    def impossible(self):
        tools = [self.machine.emulator] if not self.native else []
        tools += [self.machine.compiler if not self.native else 'gcc'] if self.cgo or self.machine.os == 'windows' else []
        missing = [tool for tool in tools if not shutil.which(tool)]
        return f'{missing[0]} is missing' if missing else None

    def dies_of(self, ending):
        if ending in OF_C:
            return self.cgo
        if ending in SIGNALLED:
            return self.machine.os != 'windows'
        return ending not in UNNOTICED or not self.cgo


WAYS = {way.name: way for way in (
    Way('default'),
    Way('trimpath', flags=('-trimpath',)),
    Way('unoptimised', flags=('-gcflags=all=-N -l',)),
    Way('not inlined', flags=('-gcflags=-l',)),
    Way('stripped', flags=('-ldflags=-s -w',)),
    Way('pie', flags=('-buildmode=pie',)),
    Way('edited elsewhere', edited=True),
    Way('other folder', folder='another/place/of/it'),
    Way('cgo', cgo=True),
    Way('cgo stripped', cgo=True, flags=('-trimpath', '-ldflags=-s -w')),
    Way('arm64', cpu='arm64'),
    Way('arm64 unoptimised', cpu='arm64', flags=('-gcflags=all=-N -l',)),
    Way('arm64 stripped', cpu='arm64', flags=('-trimpath', '-ldflags=-s -w')),
    Way('arm64 cgo', cpu='arm64', cgo=True),
    Way('windows', cpu='windows-amd64'),
    Way('windows stripped', cpu='windows-amd64', flags=('-trimpath', '-ldflags=-s -w')),
)}

FIRST = '''package main

var early = []func() int{func() int { return len(endings) }, func() int { return sink }}

func init() { sink = early[1]() }
'''


def edit(folder):
    """A change elsewhere: a file before all others, closures before the others, lines before each function."""
    (folder / 'aaa.go').write_text(FIRST)
    main = folder / 'main.go'
    text = main.read_text().replace('var endings = map[string]func(){\n',
                                    'var endings = map[string]func(){\n\t"aaa": func() { func() { sink = 3 }() },\n')
    main.write_text(text.replace('\nfunc ', '\n// A comment\n// of three\n// lines.\nfunc '))


def build(way, release, folder):
    sources = folder / way.folder
    shutil.copytree(SOURCES, sources)
    if way.edited:
        edit(sources)
    exe = folder / 'exe'
    environment = dict(os.environ, GOOS=way.machine.os, GOARCH=way.machine.architecture, CGO_ENABLED=str(int(way.cgo)),
                       **({'CC': 'gcc' if way.native else way.machine.compiler} if way.cgo else {}))
    status, output = process.run([GO, release, 'build', '-buildvcs=false', *way.flags, '-o', exe, '.'], BUILD_SECONDS, cwd=sources,
                                 env=environment)
    if status:
        raise process.Failure(f'it does not build: {output[-2000:]}')
    return exe


def die(way, exe, ending, folder):
    """The core of one death."""
    runner = [] if way.native else [shutil.which(way.machine.emulator), *(['-L', way.machine.sysroot] if way.cgo else [])]
    with open(folder / 'out', 'wb') as out:
        running = subprocess.Popen(['prlimit', '--core=unlimited', 'env', '-i', 'GOTRACEBACK=crash', *runner, exe, ending],
                                   cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL, start_new_session=True)
    end = time.monotonic() + END_SECONDS
    try:
        while ending in SIGNALLED and READY not in (folder / 'out').read_bytes() and time.monotonic() < end:
            time.sleep(0.05)
        if ending in SIGNALLED:
            time.sleep(SETTLE_SECONDS)
            os.killpg(running.pid, signal.SIGQUIT)
        running.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        raise process.Failure(f'still alive after {END_SECONDS} s') from None
    finally:
        process.kill(running)
    cores = list(folder.glob('core*' if way.native else 'qemu_*.core'))
    if len(cores) != 1:
        raise process.Failure(f'{len(cores)} cores, status {running.returncode}')
    return cores[0]


def die_in_wine(exe, ending, folder):
    shutil.copy(exe, folder / 'crashes.exe')
    wine.dump(['-break', 'ExitProcess', '-o', 'core', 'crashes.exe', ending], END_SECONDS, folder)
    if not (folder / 'core').exists():
        raise process.Failure('no dump')
    return folder / 'core'


@dataclasses.dataclass(frozen=True)
class Print:
    ending: str
    release: str
    way: str
    rule: str
    across: str
    exact: str


def take(way, release, exe, ending, scratch):
    with tempfile.TemporaryDirectory(dir=scratch, prefix=f'{ending}-') as folder:
        folder = pathlib.Path(folder)
        core = die_in_wine(exe, ending, folder) if way.machine.os == 'windows' else die(way, exe, ending, folder)
        done = tap.Run(core, '--exe', exe, '--json', *([] if way.native else ['--sysroot', way.machine.sysroot]))
        if not done.report:
            raise process.Failure(f'tornstack: {done.err[-500:]}')
    report = done.report
    return Print(ending, release, way.name, report['verdict']['rule'] or report['verdict']['certainty'], report['fingerprint'],
                 report['fingerprint_exact'])


def names_of(text):
    return [name for part in text.split(',') for name in [part.strip()] if name]


def endings_of(options):
    """As the program lists them."""
    with tempfile.TemporaryDirectory() as folder:
        exe = build(WAYS['cgo'], RELEASES[-1], pathlib.Path(folder))
        names = sorted(subprocess.run([exe], capture_output=True, text=True, check=True).stdout.split())
    return [name for name in names if name in (options.ending or names)]


def prints_of(options, endings, failures):
    for release, way in itertools.product(options.go, (WAYS[name] for name in options.build)):
        if way.impossible():
            print(f'--    go{release} {way.name}: {way.impossible()}', flush=True)
            continue
        with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
            try:
                exe = build(way, release, pathlib.Path(scratch))
            except process.Failure as failure:
                failures.append(f'go{release} {way.name}: {failure}')
                continue
            for ending in filter(way.dies_of, endings):
                try:
                    yield take(way, release, exe, ending, scratch)
                except process.Failure as failure:
                    failures.append(f'go{release} {way.name} {ending}: {failure}')


def is_told(one):
    """Whether the executable still has the names that tell this ending from others."""
    return not (one.ending in DEEPER and 'stripped' in one.way)


def usual(prints):
    """The fingerprint that most have."""
    return collections.Counter(one.across for one in prints).most_common(1)[0][0]


def judge(prints):
    """A line for each that is not as it has to be, and what the table has of each ending."""
    wrong, rows = [], []
    prints = [one for one in prints if is_told(one)]
    by_ending = {name: list(group) for name, group in itertools.groupby(sorted(prints, key=lambda p: p.ending), lambda p: p.ending)}
    for name, group in by_ending.items():
        common = usual(group)
        wrong += [f'{p.ending}: go{p.release} {p.way} has {p.across} ({p.rule}), most have {common}' for p in group if p.across != common]
        rules = ', '.join(rule for rule, _ in collections.Counter(p.rule for p in group).most_common())
        rows.append([name, rules, f'{sum(p.across == common for p in group)} of {len(group)}', str(len({p.exact for p in group}))])
    for one, other in itertools.combinations(by_ending, 2):
        shared = {p.across for p in by_ending[one]} & {p.across for p in by_ending[other]}
        wrong += [f'{one} and {other} share {key}' for key in sorted(shared)]
    return wrong, rows


def matrix_order(releases):
    return sorted(releases, key=lambda release: [int(number) for number in release.split('.')])


def markdown(prints, rows, wrong):
    pairs = len(rows) * (len(rows) - 1) // 2
    shared = sum(' share ' in line for line in wrong)
    equal = sum(int(row[2].split()[0]) for row in rows)
    lines = [['ending', 'rule', 'equal', 'exact keys'], ['---'] * 4, *rows]
    return '\n\n'.join([
        f'{table.date()}, {table.machine()}:', '    make check-fingerprints TABLE=docs/accuracy.md',
        f'{len(prints)} dumps of {len({(p.release, p.way) for p in prints})} executables (the whole grid has {len(RELEASES) * len(WAYS)}): '
        f'releases {", ".join(matrix_order({p.release for p in prints}))}; {", ".join(way for way in WAYS if way in {p.way for p in prints})}. '
        f'{equal} of {sum(map(is_told, prints))} have the fingerprint of their ending; '
        f'{pairs - shared} of {pairs} pairs of endings have different ones. Left out: {" and ".join(DEEPER)} where C is stripped, since '
        'only the names of C told in which of its functions a call by Go ended.',
        '\n'.join(f'| {" | ".join(line)} |' for line in lines)] + ['\n'.join(f'- {line}' for line in wrong)] * bool(wrong))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--go', type=str.split, default=RELEASES, help='releases, as "1.18.10 1.27.4"')
    parser.add_argument('--build', type=names_of, default=list(WAYS), help='ways to build, as "stripped, arm64"')
    parser.add_argument('--ending', type=str.split, default=[])
    parser.add_argument('--folder', type=pathlib.Path, default=tap.ROOT / 'build/live')
    parser.add_argument('--keep', type=pathlib.Path, metavar='FILE', help='JSON: prints of earlier runs are judged too, and new ones added')
    parser.add_argument('--table', metavar='FILE', help='write the result into this Markdown file')
    return parser.parse_args()


def main():
    options, failures = arguments(), []
    options.folder.mkdir(parents=True, exist_ok=True)
    known = [Print(**one) for one in json.loads(options.keep.read_text())] if options.keep and options.keep.exists() else []
    prints = []
    for one in prints_of(options, endings_of(options), failures):
        print(f'{one.across} {one.exact}  {one.ending:9} {one.rule:15} go{one.release} {one.way}', flush=True)
        prints.append(one)
    new = {(p.ending, p.release, p.way) for p in prints}
    prints = [p for p in known if (p.ending, p.release, p.way) not in new] + prints
    if options.keep:
        options.keep.write_text(json.dumps([dataclasses.asdict(p) for p in prints], indent=1))
    wrong, rows = judge(prints)
    print(*wrong, *(f'FAIL  {line}' for line in failures), sep='\n')
    if options.table and prints:
        table.write(options.table, markdown(prints, rows, wrong), 'check-fingerprints')
    print(f'{len(prints)} dumps of {len(rows)} endings: {len(wrong)} not as they have to be, {len(failures)} not made')
    return bool(wrong or failures)


if __name__ == '__main__':
    sys.exit(main())

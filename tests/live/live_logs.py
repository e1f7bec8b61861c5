#!/usr/bin/env python3
"""Tears stacks in the ways of fixtures/src, and ends its zoo in each way, with many releases of Go and at each level of GOTRACEBACK, and
holds what tornstack says of the log, alone and with the executable, against the core of the same process (levels without a core: of the
same crash at `crash`).

A check is one log, read in one way: nothing is certain of it that the core does not show; alone, each goroutine is as it was printed,
frame by frame. How many are found is no check but a table: `--table FILE` writes it between its marks. Logs, executables and what was
said of the cores are kept below --folder, and read again: remove it where the judgement of cores has changed. The last line is
`N passed, N failed`; exit status 1 when one failed.
"""
import argparse
import collections
import dataclasses
import fnmatch
import json
import os
import pathlib
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE.parent / 'log'))
import against_core
import as_printed
import tap
from live import crash, matrix
from live.process import Failure, kill, run

SOURCES = tap.ROOT / 'fixtures/src'
LEVELS = ('crash', 'system', 'all', 'single', 'none')
TORN = against_core.TORN
TRIES = 3
TRIES_OF_GDB = 6  # qemu's stub gets confused


@dataclasses.dataclass(frozen=True)
class End:
    """One way to end: a program of fixtures/src and its arguments."""
    name: str
    program: str
    arguments: str = ''
    cpus: tuple = ('amd64', 'arm64')
    function: str = ''        # stopped between the two halves of its SP adjustment, by preempt_at.py
    before: tuple = (99,)     # releases that do so
    torn: bool = True         # a stack is, by the core

    @property
    def slug(self):
        return re.sub(r'\W+', '-', f'{self.program} {self.arguments}'.strip())

    def is_of(self, cell):
        return cell.cpu.name in self.cpus and tuple(int(n) for n in cell.release.split('.')) < self.before


ENDS = (
    End('the upper half of a return address, late', 'stray', 'upper 10 crash'),
    End('a whole return address, late', 'stray', 'word 4141414141414141 crash'),
    End('an array run over, the RET faults', 'field/overrun', 'bytes 20'),
    End('an array run over, the collector looks first', 'field/overrun', 'bytes 20 gc'),
    End('text run over an array', 'field/overrun', 'text 20'),
    End('an assembly frame that is too small', 'field/smallframe', 'sum'),
    End('SP between two halves, a leaf', 'histogram', cpus=('arm64',), function='main.mostFrequent'),
    End('SP between two halves', 'decode', cpus=('arm64',), function='main.(*conn).decode', before=(1, 24, 6)),
    *(End(f'the zoo: {ending}', 'zoo', ending, torn=False) for ending in
      'panic nil index segv overflow mapwrite unlock throw mark deadlock abort quit memory'.split()),
)


def last_line(text):
    """Without the folders of this machine."""
    return re.sub(r'(?<!\S)/\S*/', '', text.strip().rpartition('\n')[2]).strip()[:200]


def build(cell, end, folder):
    """The program, and for gdb its twin with symbols: once for all of its ends, and where each dies a link."""
    made = folder.parent / f'{cell.name}-{end.program.replace("/", "-")}'
    made.mkdir(parents=True, exist_ok=True)
    folder.mkdir(exist_ok=True)
    for name, flags in ((pathlib.Path(end.program).name, '-s -w'), *([('twin', '')] if end.function else [])):
        if not (made / name).exists():
            status, output = run([crash.BUILD, end.program, cell.release, cell.cpu.architecture, made / name, flags], crash.BUILD_SECONDS)
            if status != 0:
                raise Failure(f'it does not build: {last_line(output)}')
        if not (folder / name).exists():
            os.link(made / name, folder / name)


def preempt(end, folder, process):
    """Lets the preemption arrive where SP is half restored."""
    limit = time.monotonic() + crash.NATIVE_SECONDS
    while not (folder / 'stub').exists():
        if time.monotonic() > limit or process.poll() is not None:
            raise Failure('qemu waits for no debugger')
        time.sleep(0.1)
    environment = dict(os.environ, GUEST=str(process.pid), FUNCTION=end.function, WHERE='torn', STUB='./stub')
    status, output = run(['gdb-multiarch', '-batch', '-nx', '-x', SOURCES / 'preempt_at.py', 'twin'], crash.EMULATED_SECONDS,
                         cwd=folder, env=environment)
    if status != 0:
        raise Failure(f'gdb: {last_line(output)}')


def die(cell, end, exe, level, folder):
    """The program in its folder, to its end: its core, None where it left none."""
    for old in (*folder.glob('*core*'), *folder.glob('stub')):
        old.unlink()
    stub = ['-g', './stub'] if end.function else []
    runner = [*crash.emulator(cell), *stub] if cell.runner else []
    text = folder / 'text'
    with open(text, 'wb') as err:
        process = subprocess.Popen(
            ['prlimit', f'--core={crash.CORE_BYTES}', 'env', '-i', f'GOTRACEBACK={level}', 'GOMAXPROCS=2', *runner, f'./{exe.name}',
             *end.arguments.split()],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err, start_new_session=True)
        try:
            if end.function:
                preempt(end, folder, process)
            process.wait(crash.NATIVE_SECONDS if cell.native else crash.EMULATED_SECONDS)
        except subprocess.TimeoutExpired:
            raise Failure('it is still alive') from None
        finally:
            kill(process)
    said = re.sub(rb'(?m)^qemu: uncaught target signal.*\n', b'', text.read_bytes())
    if not said:
        raise Failure('it printed nothing')
    (folder / f'{level}.log').write_bytes(said)
    return next(folder.glob('core*' if cell.native else 'qemu_*.core'), None)


def report(*arguments):
    done = tap.Run('analyze', *arguments, '--json')
    if done.trouble(0):
        raise Failure(done.trouble(0))
    return done.report


def crash_once(cell, end, exe, level, folder):
    """Leaves LEVEL.log, and of the level that leaves a core what is said of that."""
    core = die(cell, end, exe, level, folder)
    if level == 'crash':
        if not core:
            raise Failure(f'no core: {last_line((folder / "text").read_text(errors="replace"))}')
        (folder / 'said.json').write_text(json.dumps(report(core, '--exe', exe)))
    for left in folder.glob('*core'):
        left.unlink()


def lives(cell, end, folder, levels):
    """Each level's log, read in both ways, beside what the core of the crash says: (level, log, core, alone, with the executable)."""
    exe = folder / pathlib.Path(end.program).name
    for level in levels:
        trouble, tries = [], TRIES_OF_GDB if end.function else TRIES
        while not (folder / f'{level}.log').exists() and len(trouble) < tries:
            try:
                if not exe.exists():
                    build(cell, end, folder)
                crash_once(cell, end, exe, level, folder)
            except Failure as failure:
                (folder / f'{level}.log').unlink(missing_ok=True)
                trouble.append(str(failure))
        if not (folder / f'{level}.log').exists():
            raise Failure(f'{level}: no crash in {tries} tries: {trouble[-1]}')
        log = folder / f'{level}.log'
        yield level, log, json.loads((folder / 'said.json').read_text()), report(log, '--goroutines=all'), report(log, '--exe', exe)


class Count:
    """What was found: by end, CPU and level; and what was not, by name."""

    def __init__(self):
        self.rows = collections.defaultdict(collections.Counter)
        self.releases = collections.defaultdict(list)
        self.missing, self.unknown = [], []
        self.logs = self.goroutines = self.passed = self.failed = 0

    def check(self, what, difference):
        self.passed, self.failed = self.passed + (not difference), self.failed + bool(difference)
        print(f'{"FAIL" if difference else "ok":4}  {what}{f": {difference}" if difference else ""}', flush=True)

    def compare(self, what, log, alone):
        """The report with the text, as another reader reads it."""
        self.logs += 1
        self.goroutines += len(alone['goroutines'])
        self.check(f'{what}: goroutines as printed', as_printed.goroutines_difference(log.read_text(encoding='utf-8', errors='replace'), alone))

    def take(self, cell, end, level, core, alone, executable):
        row = self.rows[end.name, cell.cpu.name, level]
        row['logs'] += 1
        for how, told in (('alone', alone), ('executable', executable)):
            kind = against_core.verdict_class(core, told)
            row[how, told['verdict']['certainty'] if kind.startswith('same rule') else kind] += 1
            says = (f'{told["verdict"]["rule"]} {told["verdict"]["certainty"]}; core: {core["verdict"]["rule"]} '
                    f'{core["verdict"]["certainty"]}')
            self.check(f'{cell.release} {cell.cpu.name} {end.program} {end.arguments} {level}, {how}: {says}',
                       'it is wrong' if kind == 'wrong' else None)
        kind = against_core.verdict_class(core, executable)
        if level == 'crash' and not kind.startswith('same rule'):
            self.missing.append((end, cell, core, executable))


COLUMNS = ('certain', 'likely', 'possible', "another of the core's findings", 'another rule, not certain', 'unknown', 'wrong')
MARK = ('<!-- live logs -->', '<!-- end of live logs -->')


def rows_of(count, names):
    """Levels of which the same is told share a row."""
    rows = {}
    for (end, cpu, level), row in count.rows.items():
        counts = (str(row['logs']), *(str(row[how, column] or '') for how in ('alone', 'executable') for column in names))
        rows.setdefault((end, cpu, counts), []).append(level)
    return [[end, cpu, ', '.join(levels), *counts] for (end, cpu, counts), levels in rows.items()]


def table_text(count):
    """Columns in which nothing is are left out, but wrong."""
    names = [column for column in COLUMNS if column == 'wrong' or any(row[how, column] for row in count.rows.values()
                                                                     for how in ('alone', 'executable'))]
    head = ['what was done', 'CPU', 'GOTRACEBACK', 'logs', *(f'alone: {name}' for name in names), *(f'executable: {name}' for name in names)]
    lines = ['| ' + ' | '.join(head) + ' |', '|---' * len(head) + '|', *('| ' + ' | '.join(row) + ' |' for row in rows_of(count, names))]
    if count.missing:
        lines += ['', 'At GOTRACEBACK=crash, with the executable, another rule than the core\'s:', '']
        lines += [f'- {end.name}, {cell.cpu.name}, Go {cell.release}: {told["verdict"]["rule"] or told["verdict"]["certainty"]} instead of '
                  f'{core["verdict"]["rule"]}' for end, cell, core, told in count.missing]
    if count.unknown:
        lines += ['', 'Not counted:', '', *(f'- {why}' for why in count.unknown)]
    return '\n'.join(lines)


def write_table(path, count, releases):
    before, _, rest = path.read_text(encoding='utf-8').partition(MARK[0])
    printed = f'Of {count.logs:,} logs {count.goroutines:,} goroutines were compared with the text, frame by frame.'
    path.write_text(f'{before}{MARK[0]}\nGo {", ".join(releases)}. {printed}\n\n{table_text(count)}\n{MARK[1]}{rest.partition(MARK[1])[2]}', encoding='utf-8')


def check(cell, end, levels, count, folder):
    try:
        for level, log, core, alone, executable in lives(cell, end, folder / f'{cell.name}-{end.slug}', levels):
            if end.torn and core['verdict']['rule'] not in TORN:
                raise Failure(f'the core itself says {core["verdict"]["rule"]}')
            count.compare(f'{cell.release} {cell.cpu.name} {end.program} {end.arguments} {level}', log, alone)
            count.take(cell, end, level, core, alone, executable)
    except Failure as failure:
        count.unknown.append(f'{end.name}, {cell.cpu.name}, Go {cell.release}: {failure}')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--go', default=' '.join(matrix.RELEASES), help='releases, as "1.18.10 1.27.4"')
    parser.add_argument('--cpu', default='amd64 arm64')
    parser.add_argument('--program', default='*', help='those of fixtures/src with such a name: zoo, field/*')
    parser.add_argument('--levels', default=' '.join(LEVELS), help='of GOTRACEBACK; the first must be crash, which leaves a core')
    parser.add_argument('--folder', type=pathlib.Path, default=tap.ROOT / 'build/live-logs')
    parser.add_argument('--table', type=pathlib.Path)
    options = parser.parse_args()
    count, releases = Count(), options.go.split()
    for cell in matrix.cells(releases, options.cpu.split(), ['stripped']):
        if cell.impossible():
            count.unknown.append(f'{cell.name}: {cell.impossible()}')
            continue
        for end in ENDS:
            if end.is_of(cell) and fnmatch.fnmatch(end.program, options.program):
                check(cell, end, options.levels.split(), count, options.folder.resolve())
    print(f'\n{table_text(count)}\n')
    if options.table:
        write_table(options.table, count, releases)
    print(f'{count.passed} passed, {count.failed} failed')
    return 1 if count.failed or not count.passed else 0


if __name__ == '__main__':
    sys.exit(main())

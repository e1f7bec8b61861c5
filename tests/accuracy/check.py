#!/usr/bin/env python3
"""The mutation corpus: changes every return address, many fields of the runtime and other words of healthy dumps, one at a
time, in memory, and counts what is said of each (mutate.c); stops goroutines between the parts of SP adjustments (stop.c).
Words of values (headers of strings, slices and interfaces, sources of a pointer, records of the heap) are changed in all other
cases as well, each of which died of something: a finding that the unchanged dump does not have is wrong, unless it rests on the
changed word. Who is stuck because nothing leads to what it waits for is not where a variable does.
What runtime/cgo prints when no thread can be started stands on stacks of dumps that ended otherwise: it is silent there.
usage: check.py --program MUTATE --stop STOP [--limit N] [--seed N] [--table FILE] [--dumps DIR] [--toolchains 'RELEASE…']

--dumps: healthy dumps beside those of fixtures/cases: DIR/*/ENDING/core.zst with DIR/*/exe, as check_live.py --keep leaves
them. --toolchains: stops also in programs that these releases build and this machine runs.

Each dump is taken whole, and cut as short as leaves at least half of its return addresses. Floors, as checks: healthy dumps have
no finding of corruption, nothing certain is wrong, of what is likely nine tenths are right, words that are no return address
give no finding, torn return addresses are found and put right, flipped bits of others and changed fields of g and m are found, and each change beside who is stuck is told."""
import argparse
import collections
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / 'tests'))

import dump_file
import elf_file

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import stops

CASES = ROOT / 'fixtures/cases'
HEALTHY = re.compile(r'^(?!.*-late-[^c]).*-(panic|memory|quit|live|cgo|static|control|nil|near-(before|after))(-stripped)?$')
# Nothing is corrupt in these either: code that the process made lies on their stacks, which the runtime could not walk through.
GENERATED, GENERATED_KIND = re.compile(r'-generated(-|$)'), 'generated code'
UNHEALTHY, NOTHING = 3, 4
COLUMNS = ('mutations', 'found', 'repaired', 'right possible', 'wrong possible', 'right likely', 'wrong likely', 'right certain',
           'wrong certain')
TORN_RECALL, LIKELY_RIGHT = 0.995, 0.9
# What is missed, of 97 % and 91 % that are found: bits that lead to another fitting call, or below assembly, of which nothing is known;
# words that nobody reads as they are (g.sched of whoever runs), and values that may be right. Samples vary by some percent.
FLIP_RECALL, STATE_RECALL = 0.93, 0.85
BEGIN, END = '<!-- mutations -->', '<!-- /mutations -->'


class Subject:
    """A dump; `classes`: of changes that are made to it, 'all' (it is healthy) or 'values'."""

    def __init__(self, name, packed, exe, kind, classes='all'):
        self.name, self.packed, self.exe, self.kind, self.classes = name, packed, exe, kind, classes

    def variants(self):
        kind = self.kind if self.exe or self.classes != 'all' else 'no executable'
        for keep, name in ((100, 'whole'), (50, 'cut short')):
            yield f'{kind}, {name}', keep, self.exe or '-'


def of_case(case):
    exe = CASES / case / 'exe.zst'
    kind = 'stripped' if 'stripped' in case or case.startswith('windows') else 'symbols'
    if GENERATED.search(case):
        kind, classes = GENERATED_KIND, 'all'
    elif HEALTHY.match(case):
        classes = 'all'
    else:
        kind, classes = 'other ends', 'values'
    return Subject(case, CASES / case / 'dump.zst', exe if exe.exists() else None, kind, classes)


def subjects(options):
    for path in sorted(CASES.glob('*/dump.zst')):
        yield of_case(path.parent.name)
    for path in sorted(options.dumps.glob('*/*/core.zst')) if options.dumps else []:
        cell = path.parent.parent
        kind = 'stripped' if 'stripped' in cell.name else 'symbols'
        yield Subject(f'{cell.name} {path.parent.name}', path, cell / 'exe', f'made now, {kind}')


def run(options, dump, keep, exe, classes):
    command = [options.program, dump, exe, options.seed, options.limit, keep, classes]
    return subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True)


def changed(options, subject):
    """What the programs say of a dump: a stop, or None, and [(variant, mutations)]. It is unpacked, since it is the dump that is cut
    and not the compressed file."""
    with tempfile.TemporaryDirectory() as folder:
        dump = dump_file.unpacked(subject.packed, folder)
        stop = stop_in(options, dump, subject.exe) if subject.classes == 'all' else None
        return stop, [(variant, run(options, dump, keep, exe, subject.classes)) for variant, keep, exe in subject.variants()]


def outcomes(options, stopped):
    """Dumps side by side: each is cut by one process before several change it."""
    everything = list(subjects(options))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for subject, (stop, variants) in zip(everything, pool.map(lambda subject: changed(options, subject), everything)):
            if stop:
                stopped.add(stop, subject.name, CASES in subject.packed.parents)
            for variant, done in variants:
                yield subject.name, variant, done


def stop_in(options, dump, exe):
    with dump.open('rb') as file:
        header = file.read(elf_file.E_MACHINE + 2)
    machine = int.from_bytes(header[elf_file.E_MACHINE:], 'little') if header.startswith(b'\x7fELF') else None
    cpu = {0x3e: 'amd64', 0xb7: 'arm64'}.get(machine)
    return stops.Stop(options, cpu, dump, exe or '-') if cpu else None


def stop_in_toolchains(options, stopped):
    for release in options.toolchains.split():
        for cpu, flags in ((cpu, flags) for cpu in ('arm64', 'amd64') for flags in ('', '-s -w')):
            with tempfile.TemporaryDirectory() as folder:
                name = f'frames, Go {release}, {cpu}, {flags or "symbols"}'
                made = stops.crash(release, cpu, flags, folder)
                stop = stop_in(options, *made) if made else None
                if stop:
                    stopped.add(stop, name, True)
                else:
                    stopped.troubles.append(f'{name}: there is no dump')


def measure(options, stopped):
    """{variant: {(class, rule due): counts}}, {class: {depth: counts}}, and what went wrong with a dump. Prints remarks as they come."""
    depths = collections.defaultdict(lambda: collections.defaultdict(collections.Counter))
    table = collections.defaultdict(lambda: collections.defaultdict(collections.Counter))
    troubles = []
    for case, variant, done in outcomes(options, stopped):
        if done.returncode not in (0, NOTHING):
            troubles.append(f'{case}, {variant}: ' + ('not healthy' if done.returncode == UNHEALTHY else done.stderr[-500:]))
        if done.returncode == NOTHING:
            print(f'{case}, {variant}: left out, no cut leaves that many return addresses', flush=True)
        for line in done.stdout.splitlines():
            fields = line.split('\t')
            if line.startswith('#'):
                print(f'{case}, {variant}: {line[2:]}', flush=True)
            elif len(fields) > len(COLUMNS):
                counts = dict(zip(COLUMNS, map(int, fields[5:])))
                table[variant][fields[0], fields[2]].update(counts)
                depths[fields[0]][fields[1]].update(counts)
    return table, depths, troubles


def total(rows, column, due=None):
    return sum(counts[column] for (_, rule), counts in rows.items() if due in (None, rule))


def checks(table, troubles):
    yield 'healthy dumps have no finding of corruption', '\n'.join(troubles)
    for variant, rows in sorted(table.items()):
        wrong, right = total(rows, 'wrong likely'), total(rows, 'right likely')
        torn, found = total(rows, 'mutations', 'torn-return'), total(rows, 'repaired', 'torn-return')
        silent = [counts for (kind, due), counts in rows.items() if due == 'none']
        yield f'{variant}: nothing certain is wrong', total(rows, 'wrong certain') or None
        yield f'{variant}: what is likely is right', None if right >= LIKELY_RIGHT * (right + wrong) else f'{wrong} are wrong'
        yield f'{variant}: no finding in other words', sum(c[f'wrong {k}'] for c in silent for k in
                                                         ('possible', 'likely', 'certain')) or None
        for kind, least in (('bit of lower half', FLIP_RECALL), ('field of g or m', STATE_RECALL), ('way to who is stuck', 1)):
            made = sum(counts['mutations'] for (name, _), counts in rows.items() if name == kind)
            named = sum(counts['found'] for (name, _), counts in rows.items() if name == kind)
            yield f'{variant}: {kind}: found', None if named >= least * made else f'{named} of {made} ({named / made:.2%})'
        yield (f'{variant}: torn return addresses are put right',
               None if found >= TORN_RECALL * torn else f'{found} of {torn} ({found / torn:.2%})')


def by_depth(depths):
    """What share of changed return addresses is found and put right, by the depth of the frame that they lead to."""
    columns = ('1', '2', '3', '4+')
    lines = ['', 'Found, put right of changed return addresses, by the depth of the frame that they lead to:', '',
             '| changed | ' + ' | '.join(columns) + ' |', '|' + ' --- |' * (len(columns) + 1)]
    for kind, rows in sorted(depths.items()):
        if '1' in rows:
            shares = [[rows[depth][column] / max(rows[depth]['mutations'], 1) for column in ('found', 'repaired')]
                      for depth in columns]
            lines.append(f'| {kind} | ' + ' | '.join(f'{found:.1%}, {repaired:.1%}' for found, repaired in shares) + ' |')
    return lines


def command(options):
    more = f' DUMPS={options.dumps}' if options.dumps else ''
    more += f' TOOLCHAINS="{options.toolchains}"' if options.toolchains else ''
    return f'make check-accuracy LIMIT={options.limit} SEED={options.seed}{more} TABLE=docs/accuracy.md'


def written(table, depths, options):
    lines = [BEGIN, '', f'    {command(options)}', '',
             '| dumps | changed | due | ' + ' | '.join(COLUMNS) + ' |', '|' + ' --- |' * (len(COLUMNS) + 3)]
    for variant, rows in sorted(table.items()):
        for (kind, due), counts in sorted(rows.items()):
            lines.append(f'| {variant} | {kind} | {due} | ' + ' | '.join(f'{counts[c]:,}' for c in COLUMNS) + ' |')
    lines += by_depth(depths)
    everything = sum(total(rows, 'mutations') for rows in table.values())
    wrong = sum(total(rows, 'wrong certain') for rows in table.values())
    others = depths['other stack word']['-']
    alarms = sum(others[f'wrong {certainty}'] for certainty in ('possible', 'likely', 'certain'))
    lines += ['', f'{everything:,} mutations; wrongly certain: {wrong:,}. In {others["mutations"]:,} other words of stacks {alarms:,} false '
              f'alarms, {alarms * 1e6 / max(others["mutations"], 1):,.0f} in a million.']
    return '\n'.join([*lines, '', END])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--program', type=pathlib.Path, required=True)
    parser.add_argument('--limit', type=int, default=0, help='mutations of each class and dump, 0: all')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--table', type=pathlib.Path)
    parser.add_argument('--stop', type=pathlib.Path, required=True)
    parser.add_argument('--dumps', type=pathlib.Path, help='more healthy dumps: DIR/*/*/core.zst, DIR/*/exe')
    parser.add_argument('--toolchains', default='', help='Go releases')
    options = parser.parse_args()
    stopped = stops.Count()
    stop_in_toolchains(options, stopped)
    table, depths, troubles = measure(options, stopped)
    failed = passed = 0
    for name, trouble in (*checks(table, troubles), *stopped.checks()):
        print(f'{"FAIL" if trouble else "ok":4}  {name}{": " if trouble else ""}{trouble or ""}')
        passed, failed = passed + (not trouble), failed + bool(trouble)
    if options.table:
        text = options.table.read_text(encoding='utf-8')
        text = re.sub(f'{BEGIN}.*{END}', lambda _: written(table, depths, options), text, flags=re.S)
        text = re.sub(f'{stops.BEGIN}.*{stops.END}', lambda _: stopped.table(command(options)), text, flags=re.S)
        options.table.write_text(text, encoding='utf-8')
    print(f'{passed} passed, {failed} failed')
    sys.exit(1 if failed else 0)


main()

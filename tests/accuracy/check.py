#!/usr/bin/env python3
"""The mutation corpus: changes every return address, many fields of the runtime and other words of healthy dumps, one at a
time, in memory, and counts what is said of each (mutate.c). usage: check.py --program MUTATE [--limit N] [--seed N] [--table FILE]

Each dump is taken whole, and cut as short as leaves at least half of its return addresses. Floors, as checks: healthy dumps have
no finding of corruption, nothing certain is wrong, of what is likely nine tenths are right, words that are no return address
give no finding, torn return addresses are found and put right."""
import argparse
import collections
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / 'tests'))

import dump_file

CASES = ROOT / 'fixtures/cases'
HEALTHY = re.compile(r'^(?!.*-late-[^c]).*-(panic|memory|quit|live|cgo|static|control|nil|near-(before|after))(-stripped)?$')
UNHEALTHY, NOTHING = 3, 4
COLUMNS = ('mutations', 'found', 'repaired', 'right possible', 'wrong possible', 'right likely', 'wrong likely', 'right certain',
           'wrong certain')
TORN_RECALL, LIKELY_RIGHT = 0.995, 0.9
BEGIN, END = '<!-- mutations -->', '<!-- /mutations -->'


def variants(case):
    exe = CASES / case / 'exe.zst'
    kind = 'stripped' if 'stripped' in case or case.startswith('windows') else 'symbols'
    for keep, name in ((100, 'whole'), (50, 'cut short')):
        yield f'{kind if exe.exists() else "no executable"}, {name}', keep, exe if exe.exists() else '-'


def run(options, dump, keep, exe):
    command = [options.program, dump, exe, options.seed, options.limit, keep]
    return subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True)


def outcomes(options, cases):
    """Each dump unpacked, since it is the dump that is cut and not the compressed file."""
    for case in cases:
        with tempfile.TemporaryDirectory() as folder:
            dump = dump_file.unpacked(CASES / case / 'dump.zst', folder)
            for variant, keep, exe in variants(case):
                yield case, variant, run(options, dump, keep, exe)


def measure(options):
    """{variant: {(class, rule due): counts}}, stack words, and what went wrong with a dump."""
    table = collections.defaultdict(lambda: collections.defaultdict(collections.Counter))
    troubles, remarks = [], []
    cases = sorted(path.parent.name for path in CASES.glob('*/dump.zst') if HEALTHY.match(path.parent.name))
    for case, variant, done in outcomes(options, cases):
        if done.returncode not in (0, NOTHING):
            troubles.append(f'{case}, {variant}: ' + ('not healthy' if done.returncode == UNHEALTHY else done.stderr[-500:]))
        if done.returncode == NOTHING:
            remarks.append(f'{case}, {variant}: left out, no cut leaves that many return addresses')
        for line in done.stdout.splitlines():
            fields = line.split('\t')
            if line.startswith('#'):
                remarks.append(f'{case}, {variant}: {line[2:]}')
            elif len(fields) > len(COLUMNS):
                table[variant][fields[0], fields[2]].update(dict(zip(COLUMNS, map(int, fields[5:]))))
    return table, troubles, remarks


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
        yield (f'{variant}: torn return addresses are put right',
               None if found >= TORN_RECALL * torn else f'{found} of {torn} ({found / torn:.2%})')


def written(table, options):
    lines = [BEGIN, '', f'    make check-accuracy LIMIT={options.limit} SEED={options.seed} TABLE=docs/accuracy.md', '',
             '| dumps | changed | due | ' + ' | '.join(COLUMNS) + ' |', '|' + ' --- |' * (len(COLUMNS) + 3)]
    for variant, rows in sorted(table.items()):
        for (kind, due), counts in sorted(rows.items()):
            lines.append(f'| {variant} | {kind} | {due} | ' + ' | '.join(f'{counts[c]:,}' for c in COLUMNS) + ' |')
    everything = sum(total(rows, 'mutations') for rows in table.values())
    wrong = sum(total(rows, 'wrong certain') for rows in table.values())
    return '\n'.join([*lines, '', f'{everything:,} mutations; wrongly certain: {wrong:,}.', '', END])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--program', type=pathlib.Path, required=True)
    parser.add_argument('--limit', type=int, default=0, help='mutations of each class and dump, 0: all')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--table', type=pathlib.Path)
    options = parser.parse_args()
    table, troubles, remarks = measure(options)
    failed = passed = 0
    print('\n'.join(remarks))
    for name, trouble in checks(table, troubles):
        print(f'{"FAIL" if trouble else "ok":4}  {name}{": " if trouble else ""}{trouble or ""}')
        passed, failed = passed + (not trouble), failed + bool(trouble)
    if options.table:
        text = options.table.read_text(encoding='utf-8')
        text = re.sub(f'{BEGIN}.*{END}', lambda _: written(table, options), text, flags=re.S)
        options.table.write_text(text, encoding='utf-8')
    print(f'{passed} passed, {failed} failed')
    sys.exit(1 if failed else 0)


main()

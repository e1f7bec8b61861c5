#!/usr/bin/env python3
"""Crashes fixtures/src/zoo with many releases of Go, on both CPUs, built in many ways, and holds what tornstack says
of each goroutine against what the runtime printed, and its verdict and findings against what the program does (verdicts.py).

A check is one ending of one cell. The last line is `N passed, N failed`; exit status 1 when one failed. What differs is
kept below --folder with its dump. Results are kept there too and serve again while zoo, tornstack and comparison are
the same; a dump that is kept is compared again when they are not.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import shutil
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import tap
from live import compare, crash, matrix, table

COMPARISON = [HERE / 'compare.py', HERE / 'exceptions.py', HERE / 'verdicts.py', HERE.parent / 'traceback_text.py']


class Bench:
    """What one cell needs, and what is known of it: executable, endings, results."""

    def __init__(self, cell, folder, made_with, judged_with):
        self.cell, self.folder = cell, folder / cell.name
        self.exe, self.file = self.folder / 'exe', self.folder / 'results.json'
        self.made_with, self.judged_with = f'{made_with} {cell}', judged_with
        self.state = {'made_with': self.made_with, 'endings': [], 'results': {}}
        if self.file.exists():
            state = json.loads(self.file.read_text())
            if state['made_with'] == self.made_with:
                self.state = state

    def result(self, ending):
        """What is known of this ending with tornstack and comparison as they are, or None."""
        result = self.state['results'].get(ending)
        return result if result and result['judged_with'] == self.judged_with else None

    def results(self):
        """Of each ending that is possible here; None where it is not known."""
        return [self.result(ending) for ending in self.state['endings'] if not self.cell.impossible(ending)]

    def endings(self, processes):
        if not self.state['endings']:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            self.need_exe(processes)
            self.state['endings'] = crash.endings(self.cell, self.exe)
        return self.state['endings']

    def need_exe(self, processes):
        if not self.exe.exists():
            crash.build(self.cell, self.exe, processes)

    def judge(self, ending, options):
        """The result of this ending: the one that is known, or of the dump that is kept, or of a new one."""
        result, kept = self.result(ending), self.folder / ending
        if result and not result['failure'] and (not options.keep or kept.exists()):
            return result
        try:
            if kept.exists() and self.exe.exists():
                result = self.compare(kept / 'core.zst', kept / 'traceback', ending)
            else:
                self.need_exe(options.processes)
                with crash.dump(self.cell, self.exe, ending, self.folder) as (core, text, tries):
                    result = self.compare(core, text, ending, tries)
                    if options.keep or not table.passed(result):
                        crash.keep(core, text, kept)
        except crash.Failure as failure:
            result = self.outcome([], str(failure))
        if table.passed(result) and not options.keep:
            shutil.rmtree(kept, ignore_errors=True)
        self.state['results'][ending] = result
        self.save()
        return result

    def compare(self, core, text, ending, tries=1):
        outcomes = compare.compare_dump(core, self.exe, text, ending)
        if isinstance(outcomes, str):
            return self.outcome([], outcomes, tries)
        return self.outcome(outcomes, None, tries)

    def outcome(self, outcomes, failure, tries=1):
        explained = [outcome.exception for outcome in outcomes if outcome.kind == compare.EXCEPTION]
        return {
            'judged_with': self.judged_with, 'failure': failure, 'tries': tries,
            'equal': sum(outcome.kind == compare.EQUAL for outcome in outcomes),
            'running': sum(outcome.kind == compare.RUNNING for outcome in outcomes),
            'exceptions': {name: explained.count(name) for name in sorted(set(explained))},
            'different': [f'{outcome.subject}: {outcome.detail}' for outcome in outcomes
                          if outcome.kind == compare.DIFFERENT],
        }

    def save(self):
        with tempfile.NamedTemporaryFile('w', dir=self.folder, delete=False) as file:
            json.dump(self.state, file, indent=1)
        os.replace(file.name, self.file)

    def tidy(self):
        """The executable goes with the last dump that needs it."""
        if not any(self.folder.glob('*/core.zst')):
            self.exe.unlink(missing_ok=True)


class Printer:
    def __init__(self):
        self.lock = threading.Lock()
        self.passed = self.failed = 0

    def say(self, bench, ending, result):
        with self.lock:
            good = table.passed(result)
            self.passed, self.failed = self.passed + good, self.failed + (not good)
            print(f'{"ok" if good else "FAIL":4}  {bench.cell.name} {ending}: {table.Sum([result])}'
                  f'{" (tries: %d)" % result["tries"] if result["tries"] > 1 else ""}')
            for line in [*filter(None, [result['failure']]), *result['different']]:
                print(f'      {line}')
            if not good and (bench.folder / ending).exists():
                path = bench.folder / ending
                print(f'      tests/live/compare.py {path}/core.zst {bench.exe} {path}/traceback {ending}')
            sys.stdout.flush()


def check_cell(bench, shares, options, printer):
    results = []
    try:
        endings = shares.choose([ending for ending in bench.endings(options.processes) if not
                                 bench.cell.impossible(ending) and ending in (options.ending or [ending])])
    except crash.Failure as failure:
        results.append(bench.outcome([], str(failure)))
        printer.say(bench, 'build', results[0])
        return results
    for ending in endings:
        results.append(bench.judge(ending, options))
        printer.say(bench, ending, results[-1])
    bench.tidy()
    return results


def words(known):
    def parse(text):
        for word in text.split():
            if known and word not in known:
                raise argparse.ArgumentTypeError(f'"{word}" is none of {" ".join(known)}')
        return text.split()
    return parse


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--go', type=words(None), help='releases, as "1.18.10 1.27.4"')
    parser.add_argument('--cpu', type=words(matrix.CPUS), default=list(matrix.CPUS))
    parser.add_argument('--variant', type=words(matrix.VARIANTS), default=list(matrix.VARIANTS))
    parser.add_argument('--ending', type=words(None), default=[], help='all that a build has, unless some are named')
    parser.add_argument('--sample', metavar='VxE', help='V variants of each row, E endings of each, in turn, '
                        'so that all occur when the grid is large enough')
    parser.add_argument('--keep', action='store_true', help='keep every dump, compressed: 1 GB for the whole table')
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    parser.add_argument('--folder', type=pathlib.Path, default=tap.ROOT / 'build/live')
    parser.add_argument('--table', metavar='FILE', help='write all that is known into this Markdown file')
    options = parser.parse_args()
    options.processes = max(1, os.cpu_count() // options.jobs)
    return options


# What is known of each system has a table of its own; a system that nothing is known of keeps the one that it has.
TABLES = {'linux': ('check-live', 'make accuracy'),
          'windows': ('check-live-windows', "make accuracy LIVE='--cpu windows-amd64'")}


def write_tables(options, bench):
    for system, (name, command) in TABLES.items():
        cpus = [cpu for cpu in matrix.CPUS if matrix.CPUS[cpu].os == system]
        named = options.go and dict.fromkeys([*(release for cpu in cpus for release in matrix.releases_of(cpu)), *options.go])
        everything = matrix.cells(named, cpus, matrix.VARIANTS)
        known = {cell: bench(cell).results() for cell in everything}
        shown = [cell for cell in everything if system == 'linux' or any(known[cell])]
        if any(any(results) for results in known.values()):
            table.write(options.table, table.as_markdown(known, shown, command), name)


def main():
    options = arguments()
    made_with = crash.fingerprint(crash.SOURCES, crash.BUILD, HERE / 'crash.py')
    judged_with = crash.fingerprint(tap.TORNSTACK, *COMPARISON)
    options.folder = options.folder.resolve()
    bench = lambda cell: Bench(cell, options.folder, made_with, judged_with)
    grid = matrix.cells(options.go, options.cpu, options.variant)
    chosen, shares, printer = [cell for cell in grid if not cell.impossible()], matrix.Shares(), Printer()
    if options.sample:
        variants, endings = map(int, options.sample.split('x'))
        chosen, shares = matrix.sample(chosen, variants), matrix.Shares(endings)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = dict(zip(chosen, pool.map(lambda cell: check_cell(bench(cell), shares, options, printer), chosen)))
    print('\n' + table.as_text(results, grid) + '\n')
    if options.table:
        write_tables(options, bench)
    if not printer.passed and not printer.failed:
        print('nothing could be run')
    print(f'{printer.passed} passed, {printer.failed} failed')
    return 1 if printer.failed or not printer.passed else 0


if __name__ == '__main__':
    sys.exit(main())

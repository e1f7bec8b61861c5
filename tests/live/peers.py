#!/usr/bin/env python3
"""tornstack, Delve, viewcore and gdb on the same dumps: how many goroutines each has as the Go runtime printed them.

usage: peers.py [--table FILE] [--seconds N] [--verbose] DIR…

Each DIR holds a dump (core, core.zst or dump.zst), the executable (exe or exe.zst; or exe beside DIR) and what the
runtime printed (traceback or expected.traceback). An expect.json (tests/golden/check_case.py) tells of a torn goroutine
and of those that ran on after the dump was taken. A peer that is not there is installed into build/peers if it can be,
and left out if not. Prints tables; --table writes them into FILE, between its <!-- peers --> marks. What counts as
equal: docs/accuracy.md.
"""
import argparse
import collections
import concurrent.futures
import dataclasses
import datetime
import json
import os
import pathlib
import re
import sys
import tempfile

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent)]
import dump_file
import elf_file
import peer
import peer_delve
import peer_equal
import peer_gdb
import peer_tornstack
import peer_viewcore
import traceback_text

PEERS = [module.PEER for module in (peer_tornstack, peer_delve, peer_viewcore, peer_gdb)]
MACHINES = {62: 'amd64', 183: 'arm64'}
SHT_SYMTAB = 2
MESSAGES = 6             # of one peer, in the section
BEGIN, END = '<!-- peers -->', '<!-- /peers -->'
TITLES = {'found': 'found', 'physical': 'functions, without inlined', 'functions': 'functions',
          'lines but stopped': 'lines but where stopped', 'lines': 'lines', 'status': 'status'}


@dataclasses.dataclass
class Case:
    name: str
    group: tuple         # CPU, symbols or not, torn or not
    printed: list        # peer_equal.Printed: those that are counted
    apart: int           # goroutines that are not: they ran on while the runtime printed
    truth: dict          # of the torn goroutine: expect.json; or None
    victim: peer_equal.Printed = None   # what the runtime printed of it


@dataclasses.dataclass
class Result:
    """Of one peer, counted: equal, goroutines of (group, asked); fates, torn ones of (fate, said); messages, dumps."""
    equal: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    fates: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    messages: collections.Counter = dataclasses.field(default_factory=collections.Counter)


EXES = ('exe', 'exe.zst', '../exe')
TEXTS = ('traceback', 'expected.traceback')


def with_all(folders):
    """Those that have an executable, which the peers cannot do without, and the runtime's text; no minidumps, which but
    one of them reads (torn_peers.py)."""
    for folder in folders:
        if not any((folder / name).exists() for name in EXES):
            print(f'{folder}: left out, there is no executable')
        elif not any((folder / name).exists() for name in TEXTS):
            print(f'{folder}: left out, the runtime printed nothing')
        elif 'windows' in str(folder):
            print(f'{folder}: left out, it is a minidump')
        else:
            yield folder


def first_of(folder, *names):
    found = next((folder / name for name in names if (folder / name).exists()), None)
    if not found:
        sys.exit(f'peers.py: {folder}: no {" or ".join(names)}')
    return found


def plain_file(path, scratch):
    return dump_file.unpacked(path, scratch) if path.suffix == '.zst' else path


def has_symbols(exe):
    """Whether the executable has a .symtab."""
    elf = elf_file.Elf(exe.read_bytes())
    start, size, count = elf.number(40, 8), elf.number(58, 2), elf.number(60, 2)
    return any(elf.number(start + i * size + 4, 4) == SHT_SYMTAB for i in range(count))


def ran_on(goroutine, first):
    """Whether the runtime printed it while it ran on another thread. `first` is the one that died."""
    return goroutine.unavailable or goroutine.status == 'running' and goroutine is not first


def load(folder, exe):
    text = first_of(folder, 'traceback', 'expected.traceback').read_text(errors='replace')
    expect = json.loads((folder / 'expect.json').read_text()) if (folder / 'expect.json').exists() else {}
    truth = expect if expect.get('rule') == 'split-sp' else None
    goroutines = [goroutine for goroutine in traceback_text.parse(text).goroutines if goroutine.id]
    printed = {goroutine.id: peer_equal.Printed.of(goroutine) for goroutine in goroutines}
    # Of a torn stack the runtime prints what is wrong: it does not count with the others.
    victim = printed.pop(truth['goroutine'], None) if truth else None
    moved = [goroutine.id for goroutine in goroutines if goroutine.id in printed and
             (ran_on(goroutine, goroutines[0]) or str(goroutine.id) in expect.get('unlike_traceback', {}))]
    still = [stack for stack in printed.values() if stack.id not in moved]
    machine = int.from_bytes(exe.read_bytes()[elf_file.E_MACHINE:elf_file.E_MACHINE + 2], 'little')
    group = (MACHINES[machine], 'symbols' if has_symbols(exe) else 'stripped', 'torn' if truth else 'healthy')
    return Case('/'.join(folder.parts[-2:]), group, still, len(moved), truth, victim)


def general(message):
    """A message without what differs from dump to dump."""
    message = re.sub(r'go1\.\d[\w.]*', 'goN', message)
    message = re.sub(r'(/[^\s:/]+)+/', '…/', message)
    return re.sub(r'0x[0-9a-f]+|\b[0-9a-f]{6,}\b|(?<![\w.])\d+(?![\w.])(?! seconds)', 'N', message)


def tally(case, name, answer, result, verbose):
    messages = {general(message) for message in answer.messages}
    messages.update(general(goroutine.said) for goroutine in answer.goroutines if goroutine.said)
    result.messages.update(messages)
    for printed in case.printed:
        ours = peer_equal.join(printed, answer.goroutines)
        equal = peer_equal.judge(printed, ours) if ours else set()
        result.equal.update((case.group, asked) for asked in equal)
        if verbose and 'lines' not in equal:
            same = ', '.join(sorted(equal)) or 'nothing'
            print(f'  {name}: goroutine {printed.id} [{printed.status}]: equal: {same}')
    if case.victim:
        ours = peer_equal.join(case.victim, answer.goroutines)
        fate = peer_equal.victim_fate(case.truth, ours)
        result.fates[fate, bool(ours and ours.said)] += 1
        if verbose:
            print(f'  {name}: torn goroutine {case.victim.id}: {fate}: {ours and ours.said}')


# --- tables -----------------------------------------------------------------------------------------------------------


def table(rows):
    """Markdown, with columns as wide as their widest cell."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    rows = [rows[0], ['-' * width for width in widths], *rows[1:]]
    return [f'| {" | ".join(cell.ljust(width) for cell, width in zip(row, widths))} |' for row in rows]


def percent(equal, total):
    # 100 % is all of them.
    return f'{equal} ({equal * 100 // total} %)' if total else '-'


def equal_table(cases, results, names):
    groups = sorted({case.group for case in cases}, key=lambda group: (group[2], group[0], group[1] == 'stripped'))
    totals = {group: sum(len(case.printed) for case in cases if case.group == group) for group in groups}
    rows = [['goroutines equal in', *(', '.join(group) for group in groups)],
            ['dumps', *(str(sum(case.group == group for case in cases)) for group in groups)],
            ['goroutines', *(str(totals[group]) for group in groups)]]
    for name, result in results.items():
        rows.append([f'**{names[name]}**', *('' for _ in groups)])
        rows += [[TITLES[asked], *(percent(result.equal[group, asked], totals[group]) for group in groups)]
                 for asked in peer_equal.ASKED]
    return table(rows)


def victim_table(results):
    said = {False: 'says nothing of it', True: 'says so'}
    kinds = [('whole', None), *((fate, told) for fate in ('cut', 'astray') for told in (True, False)), ('absent', None)]
    rows = [['torn goroutine', *(fate if told is None else f'{fate}, {said[told]}' for fate, told in kinds)]]
    for name, result in results.items():
        counts = [sum(count for (fate, told), count in result.fates.items()
                      if fate == kind[0] and kind[1] in (None, told)) for kind in kinds]
        rows.append([name, *map(str, counts)])
    return table(rows)


def message_lines(results, total):
    for name, result in results.items():
        for message, count in result.messages.most_common(MESSAGES):
            yield f'- {name}, in {count} of {total} dumps: `{message.replace("`", chr(39))}`'


def section(cases, results, names, missing, seconds):
    yield f'{datetime.date.today()}, {len(cases)} dumps, {seconds} seconds for each tool and dump.'
    yield f'Not counted, because they ran on: {sum(case.apart for case in cases)} goroutines.'
    yield from (f'{name} is left out: {reason}.' for name, reason in missing.items())
    yield ''
    yield from equal_table(cases, results, names)
    if any(case.victim for case in cases):
        yield ''
        yield from victim_table(results)
    if any(result.messages for result in results.values()):
        yield from ('', 'What they say themselves (numbers are N), the most frequent first:', '')
        yield from message_lines(results, len(cases))


def write_section(path, lines):
    before, begin, rest = path.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit(f'peers.py: {path}: no {BEGIN} … {END}')
    path.write_text('\n'.join([before + BEGIN, '', *lines, '', END + after]))


# --- running ----------------------------------------------------------------------------------------------------------


def find_programs():
    programs, missing = {}, {}
    for one in PEERS:
        try:
            programs[one] = one.find()
        except peer.Missing as reason:
            missing[one.name] = str(reason)
    return programs, missing


def run_case(folder, programs, seconds):
    """The case, and the answer of each peer."""
    with tempfile.TemporaryDirectory() as scratch:
        core = plain_file(first_of(folder, 'core', 'core.zst', 'dump.zst'), scratch)
        exe = plain_file(first_of(folder, *EXES), scratch)
        answers = {}
        for one, program in programs.items():
            done = peer.run(one.command(program, core, exe), one.stdin, seconds)
            answers[one.name] = one.read(done)
            if done.status is None:
                answers[one.name].messages.append(done.err)
        return load(folder, exe), answers


def run_all(folders, programs, seconds, verbose):
    cases, results = [], {one.name: Result() for one in programs}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for case, answers in pool.map(lambda folder: run_case(folder, programs, seconds), folders):
            cases.append(case)
            print(f'{case.name}: {len(case.printed)} goroutines', flush=True)
            for name, answer in answers.items():
                tally(case, name, answer, results[name], verbose)
    return cases, results


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--table', type=pathlib.Path, help='a Markdown file, into which the tables go')
    parser.add_argument('--seconds', type=int, default=peer.SECONDS, help='the time that one run may take')
    parser.add_argument('--verbose', action='store_true', help='name each goroutine that is not equal')
    parser.add_argument('folders', nargs='+', type=lambda path: pathlib.Path(path).resolve(), metavar='DIR')
    options = parser.parse_args()
    programs, missing = find_programs()
    cases, results = run_all(with_all(options.folders), programs, options.seconds, options.verbose)
    names = {one.name: f'{one.name} {one.version(program)}' for one, program in programs.items()}
    lines = list(section(cases, results, names, missing, options.seconds))
    print('\n'.join(['', *lines]))
    if options.table:
        write_section(options.table, lines)


if __name__ == '__main__':
    main()

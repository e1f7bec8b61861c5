#!/usr/bin/env python3
"""Who waits for what, against the Go runtime's own traceback: of each goroutine that waits for a channel, a mutex or a
WaitGroup it prints the address among the arguments of the functions that wait, and leaves a question mark where it does not
know. A deadlock has to name these, and no others.

Without arguments: the cases whose expect.json has the rule deadlock, and what is left to say of them when a queue entry no
longer names its goroutine, or leads to itself. test_waits.py REPORT.json TRACEBACK: that report."""
import json
import pathlib
import re
import sys
import tempfile

import dump_file
import tap

GOROUTINE = re.compile(r'^goroutine (\d+) .*\[([^\]]*)\]:$')
# The function whose first argument is the object, or lies within so many bytes of it.
WAITERS = {'runtime.chanrecv': 0, 'runtime.chansend': 0, 'sync.(*Mutex).lockSlow': 0, 'internal/sync.(*Mutex).lockSlow': 0,
           'sync.(*WaitGroup).Wait': 0, 'runtime.semacquire1': 24}
CALL = re.compile(r'^(\S.*)\((0x[0-9a-f]+)[,)]')


def printed_waits(text):
    """By goroutine: the arguments that say what it waits for, each with how far it may be from the object."""
    waits, goroutine = {}, None
    for line in text.splitlines():
        if found := GOROUTINE.match(line):
            goroutine = int(found[1])
        elif (found := CALL.match(line)) and found[1] in WAITERS and goroutine:
            waits.setdefault(goroutine, []).append((int(found[2], 16), WAITERS[found[1]]))
    return waits


def reported_waits(report):
    finding = next(finding for finding in report['findings'] if finding['rule'] == 'deadlock')
    waits = {}
    for evidence in finding['evidence']:
        if found := re.match(r'goroutine (\d+)\b.* waits .*?(0x[0-9a-f]+)', evidence['text']):
            waits[int(found[1])] = int(found[2], 16)
    return waits


def entries(report):
    """By goroutine: the address of sudog.g of its queue entry, and the word there."""
    finding = next(finding for finding in report['findings'] if finding['rule'] == 'deadlock')
    return {int(found[1]): (int(evidence['address'], 16), int(evidence['observed'], 16)) for evidence in finding['evidence']
            if (found := re.match(r'sudog\.g of the queue entry is goroutine (\d+)', evidence['text']))}


def check_entries(case, report):
    """An entry that names no goroutine says nothing of any, and a list that bites its tail has an end."""
    with tempfile.TemporaryDirectory() as folder:
        copy = dump_file.Copy(tap.CASES / case / 'dump.zst', folder)
        command = [copy.path, *tap.case_args(case)[1:], '--json']
        for goroutine, (address, word) in entries(report).items():
            run = lambda: tap.Run(*command)
            named = reported_waits(copy.changed({address: word ^ 8}, run).report)
            tap.check(f'{case}: goroutine {goroutine}, entry of another', f'{named}' if goroutine in named else None)
            done = copy.changed({address + 8: address, address + 16: address}, run)
            tap.check(f'{case}: goroutine {goroutine}, entry in a circle', done.trouble(0) or (
                None if reported_waits(done.report) == reported_waits(report) else 'it waits for something else'))


def difference(report, text):
    printed, reported = printed_waits(text), reported_waits(report)
    if printed.keys() != reported.keys():
        return f'goroutines {sorted(reported)} instead of {sorted(printed)}'
    for goroutine, arguments in printed.items():
        for argument, reach in arguments:
            if not 0 <= argument - reported[goroutine] <= reach:
                return f'goroutine {goroutine}: {reported[goroutine]:#x}, but the runtime printed {argument:#x}'
    return None


def main():
    if len(sys.argv) == 3:
        report = json.loads(pathlib.Path(sys.argv[1]).read_text())
        sys.exit(difference(report, pathlib.Path(sys.argv[2]).read_text()))
    cases = [path.parent for path in sorted(tap.CASES.glob('*/expected.traceback'))
             if (tap.expectation(path.parent.name) or {}).get('rule') == 'deadlock']
    tap.check('there are cases', None if cases else 'none')
    for case in cases:
        report = tap.Run(*tap.case_args(case.name), '--json').report
        tap.check(f'{case.name}: waits as the runtime printed them',
                  difference(report, (case / 'expected.traceback').read_text()))
        check_entries(case.name, report)
    tap.finish()


main()

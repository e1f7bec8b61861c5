#!/usr/bin/env python3
"""Who waits for what, against the Go runtime's own traceback: of each goroutine that waits for a channel, a mutex or a
WaitGroup it prints the address among the arguments of the functions that wait, and leaves a question mark where it does not
know. A deadlock has to name these, and no others.

Without arguments: the cases whose expect.json has the rule deadlock. test_waits.py REPORT.json TRACEBACK: that report."""
import json
import pathlib
import re
import sys

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
             if json.loads((path.parent / 'expect.json').read_text())['rule'] == 'deadlock']
    tap.check('there are cases', None if cases else 'none')
    for case in cases:
        tap.check(f'{case.name}: waits as the runtime printed them',
                  difference(tap.Run(*tap.case_args(case.name), '--json').report, (case / 'expected.traceback').read_text()))
    tap.finish()


main()

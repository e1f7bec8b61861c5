#!/usr/bin/env python3
"""Reports do not depend on the number of threads: with five, that of every case is what is kept of it. (golden.py holds all of it, byte for byte,
against that of one thread; this is what runs under ThreadSanitizer, too.)"""
import concurrent.futures
import json
import os

import tap


def told(report):
    """Stacks, and what is found; texts of instructions are those of the disassembler (golden.py)."""
    return {'groups': report['goroutine_groups'], 'threads': report['threads'], 'verdict': report['verdict']['certainty'],
            'findings': [[finding[key] for key in ('rule', 'certainty', 'goroutine', 'pc')] for finding in report['findings']]}


def difference(report, kept):
    """Which lists fewer goroutines."""
    listed = {goroutine['id']: goroutine for goroutine in report['goroutines']}
    lacks = [goroutine['id'] for goroutine in kept['goroutines'] if listed.get(goroutine['id']) != goroutine]
    ours, theirs = told(report), told(kept)
    others = [key for key in ours if ours[key] != theirs[key]]
    return f'goroutines {lacks}, {others} differ' if lacks or others else None


def trouble(case):
    done = tap.Run(*tap.case_args(case), '--json', '--goroutines=all', '--jobs=5')
    return done.trouble(0) or difference(done.report, json.loads((tap.CASES / case / 'expected.json').read_text(encoding='utf-8')))


def main():
    cases, _ = tap.part_of(sorted(folder.name for folder in tap.CASES.iterdir()))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for case, found in zip(cases, pool.map(trouble, cases)):
            tap.check(f'{case}: with five threads', found)
    for jobs in ('0', '65', '-1', '1x', ''):
        tap.check(f'--jobs={jobs} is refused', tap.Run('no-dump', f'--jobs={jobs}').trouble(2))
    tap.finish()


if __name__ == '__main__':
    main()

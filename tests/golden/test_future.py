#!/usr/bin/env python3
"""A release that the tables do not know, made of a real dump and its executable by writing another version of the same
length into both: with DWARF everything is as before; without, the nearest older row serves, which is said and costs
certainty; where that row does not fit, no goroutine is made up."""
import pathlib
import tempfile

import dump_file
import tap

FUTURE = 'go1.99.{patch}'
RANKS = ('unknown', 'healthy', 'possible', 'likely', 'certain')


def renamed(case, folder):
    """Dump and executable of a case as if a release of the future had made them."""
    release = tap.Run(*tap.case_args(case), '--json').report['target']['go_version']
    future = FUTURE.format(patch='9' * (len(release) - len('go1.99.')))
    copies = []
    for name in ('dump.zst', 'exe.zst'):
        copy = pathlib.Path(dump_file.unpacked(tap.CASES / case / name, folder))
        data = copy.read_bytes()
        copy.write_bytes(data.replace(release.encode(), future.encode()))
        copies.append(copy)
    return copies, future


def described(report):
    return [(g['id'], g['status'], [(f['function'], f['pc'], f['line']) for f in g['frames']])
            for g in report['goroutines']]


def analysed(case, folder):
    (dump, exe), future = renamed(case, folder)
    before = tap.Run(*tap.case_args(case), '--json', '--goroutines=all')
    after = tap.Run(dump, '--exe', exe, '--json', '--goroutines=all')
    detail = before.trouble(0) or after.trouble(0)
    if not detail and after.report['target']['go_version'] != future:
        detail = f'it is {after.report["target"]["go_version"]}'
    return tap.check(f'{case} as {future}: analysed', detail) and (before.report, after.report)


def same_goroutines(case, before, after, source):
    target = after['target']['layout_source']
    tap.check(f'{case}: layout from {source}', None if target == source else target)
    tap.check(f'{case}: the same goroutines', None if described(before) == described(after) else 'they differ')


def capped(case, after):
    certainty = after['verdict']['certainty']
    tap.check(f'{case}: at most likely', None if RANKS.index(certainty) <= RANKS.index('likely') else certainty)


def noted(case, after, words):
    tap.check(f'{case}: it is said', None if any(words in note for note in after['notes']) else after['notes'])


def main():
    with tempfile.TemporaryDirectory() as folder:
        for case in ('amd64-panic', 'arm64-leaf-unwind'):
            both = analysed(case, folder)
            if both:
                same_goroutines(case, *both, 'dwarf')
                tap.check(f'{case}: the same verdict', None if both[0]['verdict']['certainty'] ==
                          both[1]['verdict']['certainty'] else both[1]['verdict'])
        for case in ('amd64-panic-stripped', 'arm64-leaf-unwind-stripped'):
            both = analysed(case, folder)
            if both:
                same_goroutines(case, *both, 'nearest')
                capped(case, both[1])
                noted(case, both[1], 'nearest earlier release')
        for case in ('amd64-quit-stripped', 'arm64-nonleaf-unwind-stripped'):
            both = analysed(case, folder)
            if both:
                tap.check(f'{case}: no goroutine is made up', None if not both[1]['goroutines'] else 'there are some')
                capped(case, both[1])
                noted(case, both[1], 'do not fit')
    tap.finish()


main()

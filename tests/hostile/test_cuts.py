#!/usr/bin/env python3
"""Dumps that are cut short tell less, and never more: no finding of damage that the whole dump lacks. All cases, each cut at 64
points, with HOSTILE=full; else a few cases and cuts."""
import pathlib
import tempfile

import dump_file
import tap

QUICK = ('amd64-quit', 'amd64-live', 'arm64-nonleaf-unwind', 'windows-amd64-late-crash')
POINTS = 64
STRIDE = 1 if tap.FULL else 13
DAMAGE = ('split-sp', 'torn-return', 'torn-pc', 'smashed-return', 'bit-flip', 'late-kernel-write', 'bp-chain', 'sp-out-of-bounds',
          'g-state', 'unwinder-crash', 'heap-damage', 'torn-value')


def damage(report):
    """Rule and goroutine of each finding of damage, and the rule alone: in a cut dump it may be unknown whose stack it is."""
    found = {(finding['rule'], finding['goroutine']) for finding in report['findings'] if finding['rule'] in DAMAGE}
    return found, found | {(rule, None) for rule, _ in found}


def analysed(dump, args):
    done = tap.Run(dump, *args, '--json')
    return done.report, done.trouble(0, 1)


def check(case, folder):
    args = tap.case_args(case)[1:]
    whole, detail = analysed(tap.case_dump(case), args)
    data = dump_file.unpacked(tap.case_dump(case), folder).read_bytes()
    known = damage(whole)[1] if whole else set()
    details = [detail] if detail else []
    cut = folder / 'cut'
    for point in range(1, POINTS, STRIDE):
        cut.write_bytes(data[:len(data) * point // POINTS])
        report, detail = analysed(cut, args)
        if detail:
            details.append(f'{point}/{POINTS}: {detail}')
        for rule, goroutine in sorted(damage(report)[0] - known, key=str) if report else ():
            details.append(f'{point}/{POINTS}: {rule}, goroutine {goroutine}')
        if report and report['verdict']['certainty'] == 'healthy' and whole['verdict']['certainty'] != 'healthy':
            details.append(f'{point}/{POINTS}: healthy')
    tap.check(f'{case}: cuts find nothing new', '\n'.join(details))


def main():
    names = sorted(path.name for path in tap.CASES.iterdir() if (path / 'expect.json').exists())
    for case in names if tap.FULL else QUICK:
        with tempfile.TemporaryDirectory() as folder:
            check(case, pathlib.Path(folder))
    tap.finish()


main()

#!/usr/bin/env python3
"""The places of split-sp are those that objdump shows, counted without anything of tornstack (count_splits.py); and the
count itself sees what is there."""
import tempfile

import count_splits
import tap
from scan_run import same, scan, unpacked


def main():
    with tempfile.TemporaryDirectory() as folder:
        for case in ('arm64-nonleaf-unwind-stripped', 'arm64-nonleaf-segv', 'arm64-leaf-unwind'):
            exe = unpacked(case, folder)
            counted = count_splits.split_places(exe)
            report, _ = scan(exe)
            scanned = count_splits.scanned_places(report)
            same(f'{case}: equal to the count', count_splits.disagreement(counted, scanned), ({}, {}, {}))
            tap.check(f'{case}: there are some', None if counted else 'none')
            counted.popitem()
            tap.check(f'{case}: a difference would show',
                      None if count_splits.disagreement(counted, scanned)[1] else 'it does not')
    tap.finish()


main()

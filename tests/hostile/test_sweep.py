#!/usr/bin/env python3
"""Cuts and flipped bytes, all of them (HOSTILE=full) or a fixed subset: see sweep.c."""
import os
import pathlib
import re
import subprocess

import tap

# Smallest dumps of each kind. Odd strides, so that both ways of changing a byte are taken.
QUICK = {'arm64-nonleaf-unwind-stripped': 21, 'windows-amd64-panic': 31}
FULL = dict.fromkeys(('arm64-nonleaf-unwind-stripped', 'arm64-nonleaf-unwind', 'arm64-leaf-unwind',
                      'amd64-panic-stripped', 'windows-amd64-panic', 'windows-amd64-late-crash-stripped',
                      'amd64-late-crash-stripped'), 1)


def sweep(case, stride):
    folder = tap.CASES / case
    program = pathlib.Path(os.environ['BUILD']) / 'tests/hostile/sweep'
    done = subprocess.run([str(program), str(folder / 'dump.zst'), str(folder / 'exe.zst'), str(folder / 'expect.json'),
                           str(stride)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace')
    details, checks = [], 0
    for line in done.stdout.splitlines():
        result = re.match(r'(not )?ok \d+ - (.*)', line)
        if not result:
            details.append(line)
            continue
        checks += 1
        tap.check(f'{case}: {result.group(2)}', '\n'.join(details[:60]) or 'failed' if result.group(1) else None)
    print(f'# {case}: {details[-1] if details else ""}')
    if not checks or (done.returncode and 'not ok' not in done.stdout):
        tap.check(f'{case}: sweep', '\n'.join(details[:60]) or f'status {done.returncode}')


for name, every in (FULL if tap.FULL else QUICK).items():
    sweep(name, every)
tap.finish()

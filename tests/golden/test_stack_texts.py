#!/usr/bin/env python3
"""Texts of stacks are kept while every goroutine is printed: each must be what is printed of that goroutine alone."""
import re

import tap

CASES = ('amd64-quit', 'arm64-nonleaf-unwind-stripped', 'windows-amd64-stray-tiny')
HEADING = re.compile(r'^Stack of goroutine (\d+)', re.MULTILINE)
SAMPLE = 12


def stacks(args):
    """{goroutine: its text}"""
    text = tap.Run(*args).out.decode().partition('\nNotes:')[0]
    starts = [*HEADING.finditer(text)]
    ends = [start.start() for start in starts[1:]] + [len(text)]
    return {int(start[1]): text[start.start():end].strip() for start, end in zip(starts, ends)}


def main():
    for case in CASES:
        args = ('goroutines', *tap.case_args(case), '--goroutines=all')
        every = stacks(args)
        tap.check(f'{case}: stacks that look alike', None if len(every) > 2 else f'{len(every)} stacks')
        for goroutine in sorted(every)[::len(every) // SAMPLE + 1]:
            alone = stacks([*args, f'--id={goroutine}'])
            tap.check(f'{case}: goroutine {goroutine}',
                      None if alone == {goroutine: every[goroutine]} else f'{alone}\nnot\n{every[goroutine]}')
    tap.finish()


if __name__ == '__main__':
    main()

#!/usr/bin/env python3
"""Reports do not depend on the number of threads: the whole JSON of every case, byte for byte."""
import concurrent.futures
import os

import tap


def trouble(case):
    args = tap.case_args(case)
    one, more = (tap.Run(*args, '--json', '--goroutines=all', f'--jobs={jobs}') for jobs in (1, 5))
    return one.trouble(0) or more.trouble(0) or (one.out != more.out and 'what they print differs')


def main():
    cases = sorted(folder.name for folder in tap.CASES.iterdir())
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for case, found in zip(cases, pool.map(trouble, cases)):
            tap.check(f'{case}: with one thread and with five', found)
    for jobs in ('0', '65', '-1', '1x', ''):
        tap.check(f'--jobs={jobs} is refused', tap.Run('no-dump', f'--jobs={jobs}').trouble(2))
    tap.finish()


if __name__ == '__main__':
    main()

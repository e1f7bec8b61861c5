#!/usr/bin/env python3
"""Reports do not depend on the number of threads: the whole JSON of every case, byte for byte."""
import tap


def main():
    for folder in sorted(tap.CASES.iterdir()):
        args = tap.case_args(folder.name)
        one, more = (tap.Run(*args, '--json', '--goroutines=all', f'--jobs={jobs}') for jobs in (1, 5))
        tap.check(f'{folder.name}: with one thread and with five',
                  one.trouble(0) or more.trouble(0) or (one.out != more.out and 'what they print differs'))
    for jobs in ('0', '65', '-1', '1x', ''):
        tap.check(f'--jobs={jobs} is refused', tap.Run('no-dump', f'--jobs={jobs}').trouble(2))
    tap.finish()


if __name__ == '__main__':
    main()

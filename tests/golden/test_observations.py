#!/usr/bin/env python3
"""What reports observe beside the verdict, against the Go runtime's own traceback: of the cases leak and idle, the one large
group of goroutines that the runtime says have waited for a minute, with who created it; of all other cases nothing, since
the runtime says of no large group that it has waited."""
import collections
import re

import tap

GOROUTINE = re.compile(r'^goroutine \d+ .*\[([^\],]*), (\d+) minutes\]:$')
CREATED = re.compile(r'^created by (\S+)')
LARGE = 50
# What is said of the group, in words.
SAID = {'amd64-leak': 'has a channel of its own', 'amd64-idle': 'wait for that same channel'}


def printed_groups(text):
    """{(wait reason, creator): count} of goroutines that the runtime says have waited for minutes."""
    groups = collections.Counter()
    for block in text.split('\n\n'):
        lines = block.splitlines()
        found = GOROUTINE.match(lines[0]) if lines else None
        creators = [made[1] for line in lines if (made := CREATED.match(line))]
        if found and int(found[2]) >= 1 and creators:
            groups[found[1], creators[0]] += 1
    return {group: count for group, count in groups.items() if count >= LARGE}


def observed_groups(report):
    return {(observation['wait_reason'], observation['created_by']['function']): observation['count']
            for observation in report.get('observations', []) if observation['kind'] == 'parked-goroutines'}


def main():
    for folder in sorted(tap.CASES.iterdir()):
        traceback = folder / 'expected.traceback'
        printed = printed_groups(traceback.read_text(errors='replace')) if traceback.exists() else {}
        done = tap.Run(*tap.case_args(folder.name), '--json')
        observed = observed_groups(done.report)
        tap.check(f'{folder.name}: parked goroutines as printed', None if observed == printed else f'{observed}, not {printed}')
        if folder.name not in SAID:
            continue
        text = ' '.join(observation['text'] for observation in done.report['observations'])
        tap.check(f'{folder.name}: {SAID[folder.name]}', None if SAID[folder.name] in text else text)
        tap.check(f'{folder.name}: for a minute at least', None if done.report['observations'][0]['least_seconds'] >= 60 else 'less')
        quiet = tap.Run('goroutines', *tap.case_args(folder.name), '--json')
        tap.check(f'{folder.name}: not of a selection', 'observations' in quiet.report and 'there are some')
    tap.finish()


main()

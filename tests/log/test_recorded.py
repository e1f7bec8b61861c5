#!/usr/bin/env python3
"""The log of a crash against the log itself, as another reader reads it, and against the core of the same process.

Of every case that keeps what the runtime printed (expected.traceback): goroutines, states, creators, frames, lines, and sp, fp and pc
where they were printed, are those that tests/traceback_text.py reads; the report is what the schema says; the verdict's rule is that
of the core, or it is no certain one. `TABLE=FILE` rewrites the table in docs/accuracy.md (between its marks)."""
import collections
import json
import os
import pathlib
import sys

import tap
import traceback_text
import validate_report

CERTAINTIES = ('unknown', 'possible', 'likely', 'certain')


def cases():
    return sorted(path.parent.name for path in tap.CASES.glob('*/expected.traceback'))


def address(text):
    return None if text is None else int(text, 16)


def frames_difference(printed, ours):
    if len(printed.frames) != len(ours):
        return f'{len(ours)} frames instead of {len(printed.frames)}'
    for i, (frame, found) in enumerate(zip(printed.frames, ours)):
        name = 'runtime.gopanic' if frame.function == 'panic' else frame.function
        file, line = (None, None) if (frame.file, frame.line) == ('?', 0) else (frame.file, frame.line)
        wanted = (name, file, line, frame.inlined, frame.sp or None, frame.fp or None)
        have = (found['function'], found['file'], found['line'], found['inlined'], address(found['sp']), address(found['fp']))
        if frame.inlined:  # it has the place of the function that holds it
            wanted, have = wanted[:4], have[:4]
        if wanted != have:
            return f'frame {i}: {have} instead of {wanted}'
        if frame.pc is not None and address(found['pc']) != frame.pc:
            return f'frame {i}: pc {found["pc"]} instead of {frame.pc:#x}'
        if found['how'] != 'recorded':
            return f'frame {i} is {found["how"]}'
    return None


def goroutine_difference(printed, ours):
    """Of one of several accounts of a goroutine."""
    state = traceback_text.state_difference(printed, dict(ours, status=ours['status']))
    if state:
        return state
    waited = ours['waiting_seconds']
    if printed.minutes and waited != printed.minutes * 60:
        return f'waiting for {waited} s instead of {printed.minutes} minutes'
    if ours['locked_to_thread'] != printed.locked:
        return f'locked is {ours["locked_to_thread"]}'
    return frames_difference(printed, ours['frames'])


def goroutines_difference(text, report):
    printed = traceback_text.parse(text)
    ours = {g['id']: g for g in report['goroutines']}
    wanted = {g.id for g in printed.goroutines if g.id}
    if wanted != set(ours):
        return f'goroutines {sorted(ours)} instead of {sorted(wanted)}'
    for number in sorted(wanted):
        accounts = [g for g in printed.goroutines + printed.repeated if g.id == number]
        # The one with a stack counts where the first has none: it ran on another thread, which printed it later.
        account = next((g for g in accounts if g.frames), accounts[0])
        account.status, account.scan, account.locked = accounts[0].status, accounts[0].scan, accounts[0].locked
        difference = goroutine_difference(account, ours[number])
        if difference:
            return f'goroutine {number}: {difference}'
    return None


def verdict_class(core, log):
    same = core['rule'] == log['rule']
    if same:
        weaker = CERTAINTIES.index(log['certainty']) < CERTAINTIES.index(core['certainty'])
        return 'same rule, less certain' if weaker else 'same rule and certainty'
    if log['rule'] is None:
        return 'unknown'
    return 'wrong' if log['certainty'] == 'certain' else 'another rule, not certain'


def check_case(case, table):
    path = tap.CASES / case / 'expected.traceback'
    core = json.loads((tap.CASES / case / 'expected.json').read_text(encoding='utf-8'))
    done = tap.Run('analyze', path, '--json', '--goroutines=all')
    if done.trouble(0):
        tap.check(f'{case}: its log is read', done.trouble(0))
        return
    text = path.read_text(encoding='utf-8', errors='replace')
    tap.check(f'{case}: goroutines of its log are as printed', goroutines_difference(text, done.report))
    tap.check(f'{case}: the report of its log is valid', '\n'.join(validate_report.complaints(done.report, None)))
    told = verdict_class(core['verdict'], done.report['verdict'])
    table[core['verdict']['rule'] or core['verdict']['certainty']][told] += 1
    tap.check(f'{case}: its log gives no other certain verdict',
              f'{done.report["verdict"]["rule"]} instead of {core["verdict"]["rule"]}' if told == 'wrong' else None)


COLUMNS = ('same rule and certainty', 'same rule, less certain', 'another rule, not certain', 'unknown', 'wrong')
MARK = ('<!-- log against core -->', '<!-- end of log against core -->')


def table_text(table):
    lines = ['| the core says | ' + ' | '.join(COLUMNS) + ' |', '|---' * (len(COLUMNS) + 1) + '|']
    for rule in sorted(table):
        lines.append(f'| {rule} | ' + ' | '.join(str(table[rule][column] or '') for column in COLUMNS) + ' |')
    total = [str(sum(row[column] for row in table.values())) for column in COLUMNS]
    return '\n'.join(lines + ['| all | ' + ' | '.join(total) + ' |'])


def main():
    table = collections.defaultdict(collections.Counter)
    for case in cases():
        check_case(case, table)
    target = os.environ.get('TABLE')
    if target:
        page = pathlib.Path(target)
        before, _, rest = page.read_text(encoding='utf-8').partition(MARK[0])
        page.write_text(f'{before}{MARK[0]}\n{table_text(table)}\n{MARK[1]}{rest.partition(MARK[1])[2]}', encoding='utf-8')
    tap.finish()


if __name__ == '__main__':
    sys.exit(main())

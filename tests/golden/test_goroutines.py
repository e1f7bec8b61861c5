#!/usr/bin/env python3
"""`tornstack goroutines` against the Go runtime's own traceback of the same process: what each filter selects is what
the traceback says of it; text and JSON are of one mind; wrong usage is said to be so."""
import re

import tap
import traceback_text
import validate_report

# One of each kind: live and stripped, a panic, cgo, a torn stack.
CASES = ('amd64-live-stripped', 'amd64-panic', 'amd64-cgo', 'arm64-nonleaf-unwind')
GROUP = re.compile(r' *([\d,]+)  ([a-z]+(?:: [^,]+)?)(?:,.*)?$')
MEMBERS = re.compile(r' {11}goroutines? ([\d, ]+)$')


def listed(case, *options):
    """The ids that the JSON lists, and its report."""
    done = tap.Run('goroutines', *tap.case_args(case), '--json', '--goroutines=all', *options)
    if done.trouble(0):
        return None, done.trouble(0)
    return [goroutine['id'] for goroutine in done.report['goroutines']], done.report


def text_groups(case, *options):
    """(count, state, ids) of each group that the text shows."""
    out = tap.Run('goroutines', *tap.case_args(case), '-v', *options).out.decode()
    groups, lines = [], out.splitlines()
    for i, line in enumerate(lines):
        members = MEMBERS.match(line)
        if not members:
            continue
        # Long lists of ids are wrapped; those of the cases are not.
        count, state = GROUP.match(lines[i - 1]).groups()
        groups.append((int(count), state, [int(number) for number in members.group(1).split(',')]))
    return groups


def difference(have, want):
    return None if have == want else f'{have} instead of {want}'


class Truth:
    """What the runtime printed, without what it printed of another moment."""

    def __init__(self, case):
        text = (tap.CASES / case / 'expected.traceback').read_text(encoding='utf-8', errors='replace')
        excused = {int(number) for number in (tap.expectation(case) or {}).get('unlike_traceback', {})}
        self.goroutines = [g for g in traceback_text.parse(text).goroutines if g.id and g.id not in excused]
        self.ids = {goroutine.id for goroutine in self.goroutines}

    def among(self, ids):
        return sorted(self.ids.intersection(ids))

    def where(self, holds):
        return sorted(goroutine.id for goroutine in self.goroutines if holds(goroutine))


def check_states(case, truth):
    groups = text_groups(case)
    tap.check(f'{case}: every goroutine is in one group',
              difference(sorted(number for group in groups for number in group[2]), listed(case)[0]))
    tap.check(f'{case}: counts', next((str(group) for group in groups if group[0] != len(group[2])), None))
    for state in sorted({group[1].removeprefix('waiting: ') for group in groups}):
        ids, report = listed(case, '--state', state)
        of_text = sorted(number for _, shown, members in groups if shown.removeprefix('waiting: ') == state
                         for number in members)
        tap.check(f'{case}: --state "{state}" is what the text groups', difference(ids, of_text))
        tap.check(f'{case}: --state "{state}" is what the runtime printed',
                  difference(truth.among(ids), truth.where(lambda g: g.status == state)))
        tap.check(f'{case}: --state "{state}": count is that of the groups',
                  difference(report['goroutine_count'], sum(g['count'] for g in report['goroutine_groups'])))
        tap.check(f'{case}: --state "{state}": total', difference(report['goroutine_total'], sum(g[0] for g in groups)))


def check_functions(case, truth):
    """Whole stacks only: of running and torn goroutines the runtime printed another part. Names with type arguments are
    printed shortened."""
    whole = [g for g in truth.goroutines if g.status != 'running' and not g.unavailable and not g.cut
             and g.elided_at is None and g.frames and g.frames[-1].function == 'runtime.goexit']
    names = sorted({frame.function for g in whole for frame in g.frames if '[...]' not in frame.function and
                    frame.function != 'panic'})
    tap.check(f'{case}: functions', None if len(names) > 5 else f'only {names}')
    for name in (*names[::5], 'main.', 'o'):
        want = sorted(g.id for g in whole if any(name in frame.function for frame in g.frames))
        have = listed(case, '--function', name)[0]
        tap.check(f'{case}: --function {name}',
                  difference([number for number in have if number in [g.id for g in whole]], want))


def check_creators(case, truth):
    creators = sorted({g.created_by.function for g in truth.goroutines if g.created_by})
    for name in (*creators, 'runtime.'):
        want = truth.where(lambda g: g.created_by and name in g.created_by.function)
        tap.check(f'{case}: --created-by {name}', difference(truth.among(listed(case, '--created-by', name)[0]), want))


def check_ids(case):
    everyone = listed(case)[0]
    some, more = everyone[1], everyone[-2:]
    tap.check(f'{case}: --id', difference(listed(case, f'--id={some}')[0], [some]))
    tap.check(f'{case}: --id of a range and a list',
              difference(listed(case, f'--id={some},{more[0]}-{more[1]}')[0], sorted({some, *more})))
    tap.check(f'{case}: --id twice', difference(listed(case, f'--id={some}', f'--id={more[1]}')[0], [some, more[1]]))
    tap.check(f'{case}: --id of none', difference(listed(case, '--id=999999999')[0], []))


def check_together(case):
    """Conditions of one kind add up, those of different kinds cut."""
    waiting, syscall = (set(listed(case, f'--state={state}')[0]) for state in ('waiting', 'syscall'))
    ours, theirs = (set(listed(case, f'--created-by={name}')[0]) for name in ('main.', 'runtime.'))
    tap.check(f'{case}: two states', difference(listed(case, '--state=waiting', '--state=syscall')[0],
                                                sorted(waiting | syscall)))
    tap.check(f'{case}: two creators', difference(listed(case, '--created-by=main.', '--created-by=runtime.')[0],
                                                  sorted(ours | theirs)))
    tap.check(f'{case}: state and creator', difference(listed(case, '--state=waiting', '--created-by=main.')[0],
                                                       sorted(waiting & ours)))


def valid(case, *options):
    """Unfiltered, it is a report like any other."""
    done = tap.Run('goroutines', *tap.case_args(case), '--json', *options)
    if done.trouble(0):
        return done.trouble(0)
    return '\n'.join(validate_report.complaints(done.report, None))


def check_forms(case):
    tap.check(f'{case}: JSON is valid', valid(case))
    tap.check(f'{case}: JSON of all is valid', valid(case, '--goroutines=all'))
    every = tap.Run('goroutines', *tap.case_args(case), '--goroutines=all').out.decode()
    printed = [int(number) for number in re.findall(r'^Stack of goroutine (\d+)', every, re.M)]
    tap.check(f'{case}: all one by one', difference(printed, listed(case)[0]))
    for options in ((), ('-v',), ('--goroutines=all',)):
        out = tap.Run('goroutines', *tap.case_args(case), *options).out.decode()
        tap.check(f'{case}: text {options} fits 100 columns',
                  '\n'.join(line for line in out.splitlines() if len(line) > 100))
    quiet = tap.Run('goroutines', *tap.case_args(case), '-q').out.decode().splitlines()
    tap.check(f'{case}: -q is one line', difference(len(quiet), 1))


def check_none(case):
    done = tap.Run('goroutines', *tap.case_args(case), '--function=no.such.function')
    tap.check('no match is no failure', done.trouble(0))
    tap.check('no match is said', None if done.out.startswith(b'None of ') else done.out.decode())
    done = tap.Run('goroutines', *tap.case_args(case), '--waiting-over=1d')
    unknown = re.search(r'(\d+) more (?:is|are) blocked for an unknown time', ' '.join(done.out.decode().split()))
    blocked = len(listed(case, '--state=waiting', '--state=syscall')[0])
    tap.check('unknown waiting times are counted', None if unknown and 0 < int(unknown[1]) <= blocked else
              f'{done.out.decode()}\nof {blocked} blocked')


def check_usage(case):
    for option in ('--state=foo', '--state=', '--state=dead', '--id=x', '--id=5-4', '--waiting-over=5',
                   '--waiting-over=0s', '--function=', '--goroutines=findings', '--exit-code', '--nothing'):
        done = tap.Run('goroutines', *tap.case_args(case), option)
        tap.check(f'{option} is wrong usage', None if done.status == 2 and not done.out and done.err else
                  f'exit status {done.status}\n{done.err}')
    error = tap.Run('goroutines', *tap.case_args(case), '--state=foo').err
    tap.check('states are listed', None if 'runnable' in error and 'chan receive (nil chan)' in error else error)
    tap.check('a dump is needed', None if tap.Run('goroutines').status == 2 else 'it is not')
    tap.check('a missing dump', tap.Run('goroutines', '/nonexistent').trouble(1))


def main():
    for case in CASES:
        truth = Truth(case)
        tap.check(f'{case}: the runtime printed goroutines', None if len(truth.ids) > 3 else truth.ids)
        check_states(case, truth)
        check_functions(case, truth)
        check_creators(case, truth)
        check_ids(case)
        check_together(case)
        check_forms(case)
    check_none(CASES[0])
    check_usage(CASES[0])
    tap.finish()


main()

#!/usr/bin/env python3
"""Logs that hold several crashes: each is reported, the last first, as it is when --crash asks for it alone; those of one fingerprint once.
Near misses hold one crash, and something beside it that looks like another. expected/several.txt and several.md are goldens (UPDATE=1)."""
import difflib
import json
import os
import pathlib
import random
import tempfile

import kept
import tap
import validate_report

LOGS, EXPECTED = kept.LOGS, pathlib.Path(__file__).resolve().parent / 'expected'
# What each of `several` is; restarts are three that are equal but for addresses.
SEVERAL = ('restarts', 'maps', 'chain', 'restarts', 'race')
SEED = int(os.environ.get('SEED', '20'))
MOST_LOOKED_AT, MOST_REPORTS = 1000, 20


def text_of(log):
    return (LOGS / log / 'log.txt').read_text(encoding='utf-8')


def panic(number):
    """A crash whose function no other has."""
    name = ''.join(chr(ord('a') + int(digit)) for digit in str(number))
    return f'panic: {name}\n\ngoroutine 1 [running]:\nmain.{name}()\n\t/src/main.go:{number} +0x1d\nmain.main()\n\t/src/main.go:5 +0x1d\nexit status 2\n'


class Log:
    """A log in a folder of its own, and runs of it."""

    def __init__(self, folder, name, text):
        self.path = pathlib.Path(folder) / name
        self.path.write_text(text, encoding='utf-8')

    def run(self, *options):
        return tap.Run(self.path, *options)

    def out(self, *options):
        done = self.run(*options)
        return done.trouble(0) or done.out.decode()

    def report(self, *options):
        done = self.run('--json', *options)
        return done.report or {'trouble': done.trouble(0)}


def without_list(report):
    """A report as it is of that crash alone: the note that lists what else is in the log names other lines."""
    notes = [note for note in report['notes'] if not note.startswith('the log holds ')]
    return {**{key: value for key, value in report.items() if key != 'crashes'}, 'notes': notes}


def brief_of(crash, name):
    words = [crash['fingerprint'], crash['certainty'].upper().ljust(8), crash['rule'] or '-', f'{name}#{crash["number"]}', crash['place'] or '-']
    return '  '.join(words)


def check_each(log, options=()):
    """All that is said of each crash, in JSON and lines, against what is said when it alone is asked for."""
    report = log.report(*options)
    crashes = report.get('crashes')
    if not crashes:
        return f'there are no crashes: {report.get("trouble")}'
    reports = [report, *crashes['reports']]
    told = set()
    for crash in crashes['list']:
        alone = log.report(f'--crash={crash["number"]}', *options)
        verdict = alone['verdict']
        if 'crashes' in alone:
            return f'--crash={crash["number"]} tells of others'
        if [crash[key] for key in ('certainty', 'rule', 'headline')] != [verdict[key] for key in ('certainty', 'rule', 'headline')]:
            return f'crash {crash["number"]} is {crash}, and alone {verdict}'
        if [crash['fingerprint'], crash['fingerprint_exact']] != [alone['fingerprint'], alone['fingerprint_exact']]:
            return f'crash {crash["number"]}: fingerprints differ'
        if f'of lines {crash["first_line"]} to {crash["last_line"]}.' not in str(alone['notes']):
            return f'crash {crash["number"]} is at other lines: {alone["notes"]}'
        if crash['report'] not in told and without_list(reports[crash['report']]) != without_list(alone):
            return f'crash {crash["number"]}: the report is another than alone'
        told.add(crash['report'])
    lines = log.out('--brief', *options).splitlines()
    wanted = [brief_of(crash, log.path.name) for crash in crashes['list']]
    return '\n'.join([*validate_report.complaints(report, None), *difflib.unified_diff(wanted, lines, lineterm='')])


def check_golden(log, name, *options):
    have, path = log.out(*options), EXPECTED / name
    if tap.UPDATE:
        path.write_text(have, encoding='utf-8')
    want = path.read_text(encoding='utf-8')
    return ''.join(list(difflib.unified_diff(want.splitlines(True), have.splitlines(True), 'expected', 'now', n=2))[:60])


def check_several(folder):
    log = Log(folder, 'several.log', ''.join(map(text_of, SEVERAL)))
    tap.check('several: each is as it is alone', check_each(log))
    tap.check('several: text', check_golden(log, 'several.txt'))
    tap.check('several: Markdown', check_golden(log, 'several.md', '--markdown'))
    quiet = log.out('-q')
    tap.check('several: -q is one line, of the last', None if quiet.count('\n') == 1 and quiet == log.out('-q', f'--crash={last(log)}') else quiet)
    for option in ('--traceback', '--html', '--format=folded'):
        tap.check(f'several: {option} is of the last', None if log.out(option) == log.out(option, f'--crash={last(log)}') else 'it is not')
    listed = tap.Run('goroutines', log.path)
    tap.check('several: goroutines are those of the last', None if listed.out == tap.Run('goroutines', log.path, f'--crash={last(log)}').out else listed.out)
    done = tap.Run('--brief', log.path, LOGS / 'chain/log.txt')
    lines = done.out.decode().splitlines()
    tap.check('several, among dumps: a line each, with the name', done.trouble(0) or
              (None if len(lines) == last(log) + 1 and all(line.startswith(f'{log.path}: ') for line in lines[:-1]) else done.out))
    done = tap.Run('--json', log.path, LOGS / 'chain/log.txt')
    objects = [json.loads(line) for line in done.out.splitlines()]
    tap.check('several, among dumps: one object', None if [('crashes' in one) for one in objects] == [True, False] and
              objects[0] == log.report() else done.out[:2000])
    tap.check('several, from a pipe', None if piped(log) == log.report()['crashes']['list'] else 'it is told otherwise')


def last(log):
    return log.report()['crashes']['list'][0]['number']


def piped(log):
    with log.path.open('rb') as stdin:
        return tap.Run('-', '--json', stdin=stdin).report['crashes']['list']


def check_equal(folder):
    log = Log(folder, 'restarts.log', text_of('restarts'))
    report = log.report()
    tap.check('equal: each is as it is alone', check_each(log))
    tap.check('equal: told once', None if not report['crashes']['reports'] and {crash['report'] for crash in report['crashes']['list']} == {0}
              else report['crashes'])
    told = 'crash 3 of this log, the last: lines 30 to 39; 2 more have its fingerprint and are as sure: 2, 1'
    tap.check('equal: text says so', None if told in ' '.join(log.out().split()) and '=====' not in log.out() else log.out())
    # The middle one in another function, and as another would end.
    parts = text_of('restarts').split('main.(*request).length(')
    other = Log(folder, 'other.log', parts[0] + 'main.(*request).length(' + parts[1] + 'main.(*request).size(' + parts[2] + 'main.(*request).length(' + parts[3])
    tap.check('equal, near miss: another function', check_each(other) or
              (None if [crash['report'] for crash in other.report()['crashes']['list']] == [0, 1, 0] else other.report()['crashes']['list']))


def printed():
    """What the runtime printed of the cases; of a slice its part."""
    return tap.part_of(kept.PRINTED)[0]


def check_threads(folder):
    """A process that prints all its threads (GOTRACEBACK=crash) says "-----" before each but the first: the signal that comes without is of the next
    process, and one crash stays one. Where it said so last, and no thread followed, nobody can tell."""
    separator = '\n-----\n'
    for path in printed():
        text = path.read_text(encoding='utf-8', errors='replace')
        if separator not in text or not text.startswith('SIG') or text.rstrip().endswith(separator.strip()):
            continue
        alone, twice = Log(folder, 'alone.log', text).report(), Log(folder, 'twice.log', f'{text}started again\n{text}').report()
        found = [crash['fingerprint_exact'] for crash in twice.get('crashes', {'list': []})['list']]
        tap.check(f'threads: {path.parent.name} is one', 'crashes' in alone and f'{alone["crashes"]}')
        tap.check(f'threads: {path.parent.name} twice is two', None if found == [alone['fingerprint_exact']] * 2 else f'{found}')


def found_in(folder, text):
    return kept.crashes(Log(folder, 'found.log', text).path)


def check_twice(folder):
    """A program that is started again and dies again: what the second says before "fatal error" is not of the first."""
    texts = kept.texts(printed())
    wrong = {}
    for name, text in texts.items():
        once = found_in(folder, text)
        for between in '', 'started again\nserving on :80\n', 'exit status 2\n':
            found = found_in(folder, text + between + text)
            if found != once * 2:
                wrong[name, between] = f'{once} twice is {found}'
    tap.check(f'twice: {len(texts)} logs of cases', wrong or (None if len(texts) * len(kept.PRINTED) > 100 * len(printed()) else f'{len(texts)} logs'))


def check_followed(folder):
    """One program that dies, and then another, by chance (SEED): what the second says first is not of the first."""
    chance, texts = random.Random(SEED), kept.texts([*printed(), *kept.ENDED])
    wrong = {}
    for name, text in texts.items():
        other, between = chance.choice(list(texts)), chance.choice(('', 'started again\nserving on :80\n', 'exit status 2\n'))
        found, wanted = found_in(folder, text + between + texts[other]), found_in(folder, text) + found_in(folder, texts[other])
        if found != wanted:
            wrong[name, between, other] = f'{found}, not {wanted}'
    tap.check('followed by another', wrong or None)


FAULT = '''unexpected fault address 0x7f1407409388
fatal error: fault
[signal SIGBUS: bus error code=0x2 addr=0x7f1407409388 pc=0x48f0f7]

goroutine {running} [running]:
runtime.throw({{0x4a7a4b?, 0x0?}})
\t/src/runtime/panic.go:1077 +0x48
main.{function}(0x10)
\t/src/main.go:{line} +0x37
main.main()
\t/src/main.go:9 +0x1d

goroutine {other} [chan receive]:
main.wait()
\t/src/main.go:30 +0x1d
created by main.main in goroutine 1
\t/src/main.go:8 +0x25
'''


def check_second_notes(folder):
    """Which process notes are of: they are another's once a goroutine that had its stack has one again."""
    def fault(running=1, other=6, function='write', line=20):
        return FAULT.format(running=running, other=other, function=function, line=line)
    first, second = fault(), fault(function='read', line=40)
    alone = found_in(folder, first) + found_in(folder, second)
    tap.check('notes: two crashes differ', None if len(set(alone)) == 2 else alone)
    two = {'pairs': first + second, 'with CRLF': (first + second).replace('\n', '\r\n'),
           'and lines of others': (first + second).replace(']:\n', ']:\nrequest handled\n'),
           'each line in JSON': ''.join(json.dumps({'log': line + '\n'}) + '\n' for line in (first + second).splitlines()),
           'and times': ''.join(f'2026-11-30T10:00:{i:02}Z {line}\n' for i, line in enumerate((first + second).splitlines()))}
    for name, text in two.items():
        found = found_in(folder, text)
        tap.check(f'notes: {name}', None if found == alone else f'{found}, not {alone}')
    walk = 'runtime: g 6: unexpected return pc for main.wait called from 0x414141\nstack: frame={sp:0xc000031750, fp:0xc000031770} stack=[0xc000031000,0xc000032000)\n'
    broken = first.split('created by')[0] + walk
    found = found_in(folder, broken + second)
    tap.check('notes: of a stack that could not be walked stay where they are', None if found == found_in(folder, broken) + alone[1:] else found)
    says, tail = first.split('\n[signal')[0] + '\n', '\ngoroutine {} [{}]:\n'
    stack = 'main.serve()\n\t/src/main.go:50 +0x1d\n'
    one = {'another thread dies, too': first + says + tail.format(7, 'select') + stack,
           'another thread, which has been named without a stack':
               first + tail.format(8, 'running') + '\tgoroutine running on other thread; stack unavailable\n' + says + '\n' + tail.format(9, 'select') + stack,
           'it crashes as it prints': first + says + 'panic during panic\n' + tail.format(1, 'running') + stack,
           'it crashes as it prints, said later': first + says + '[signal SIGSEGV: segmentation violation]\npanic during panic\n' + tail.format(1, 'running') + stack}
    for name, text in one.items():
        found = len(found_in(folder, text))
        tap.check(f'notes: {name}', None if found == 1 else f'{found} crashes')
    check_two_die(folder)
    check_after_registers(folder, fault(running=71, other=76))


def check_two_die(folder):
    """The second thread that dies prints its goroutine behind the list that had no stack of it; near misses are other accounts."""
    whole = (tap.ROOT / 'fixtures/logs/samples/go1.18-two-die.txt').read_text()
    late = 'goroutine 134 ' + whole.rpartition('goroutine 134 ')[2]
    unavailable = '\tgoroutine running on other thread; stack unavailable\n'
    for name, text, wanted in (
            ('told late', whole, True),
            ('the second says so in the midst', whole.split('\n', 1)[1].replace('\ngoroutine 23', f'\n{whole.split(chr(10))[0]}\ngoroutine 23'), True),
            ('only one thread died', whole.split('\n', 1)[1], False),
            ('its stack was there', whole.replace(unavailable, 'main.wait()\n\t/src/main.go:30 +0x1d\n'), False),
            ('it comes a third time', whole + '\n' + late, True)):
        log = Log(folder, 'two.log', text)
        stack = next((g['frames'] for g in log.report('--goroutines=all')['goroutines'] if g['id'] == 134), [])
        tap.check(f'two threads die: {name}', None if any(frame['function'] == 'runtime.throw' for frame in stack) == wanted else stack)


def check_after_registers(folder, second):
    """The registers of a thread are the last that a process prints, unless "-----" says that another thread follows."""
    first = (tap.CASES / 'amd64-c-callback/expected.traceback').read_text()
    alone, other = found_in(folder, first), found_in(folder, second)
    tap.check('registers: they end it', None if first.rstrip().rpartition('\n')[2].startswith('gs ') else first[-80:])
    refused, stack = text_of('refused'), panic(7).partition('exit')[0]
    panic_alone = found_in(folder, stack)
    thread = 'SIGQUIT: quit\nPC=0x46b1c3 m=3 sigcode=18446744073709551610\n\ngoroutine 71 [syscall]:\nmain.wait()\n\t/src/main.go:30 +0x1d\n'
    signal = 'SIGSEGV: segmentation violation\nPC=0x46b1c3 m=0 sigcode=1 addr=0x0\n\ngoroutine 1 [running]:\nmain.g()\n\t/src/main.go:30 +0x1d\n'
    again = f'panic during panic\n{signal}'
    for name, text, wanted in (
            ('it dies after it was started again', stack + signal, 2),
            ('another crash follows, with no goroutine that was there', first + second, alone + other),
            ('another only says that it dies', first + second.split('\n[signal')[0] + '\n', alone),
            ('it dies of printing', stack + again, 1),
            ('another thread follows', first + '-----\n' + thread, 1),
            ('another thread, but no "-----"', first + thread, 2),
            ("runtime/cgo's words are of the signal that follows", stack + refused, panic_alone + found_in(folder, refused)),
            ('go test says that its process ended', panic(7).replace('exit status 2', 'FAIL\tlogs\t0.092s\nFAIL') + second, panic_alone + other),
            ('it says so of a test only', panic(7).replace('exit status 2', '--- FAIL: TestRace (0.01s)') + second, 1)):
        found = found_in(folder, text)
        tap.check(f'registers: {name}', None if wanted in (found, len(found)) else f'{found}, not {wanted}')


def check_one(folder):
    """What is beside a crash and is none."""
    beside = {'recovered': text_of('recovered'), 'a list of stacks': text_of('goroutines') + text_of('chain'),
              'its stacks again': text_of('chain') + text_of('quit').split('\n\n', 1)[1],
              'the same without what ended it': text_of('restarts').split('panic: ')[0] + text_of('chain') + text_of('restarts').split('\n\n', 1)[1].split('panic: ')[0]}
    for name, text in beside.items():
        log = Log(folder, 'one.log', text)
        report, lines = log.report(), log.out('--brief').splitlines()
        tap.check(f'one crash, and {name}', None if 'crashes' not in report and len(lines) == 1 and '#' not in lines[0] and
                  'of this log' not in log.out() else [lines, report.get('crashes')])
    log = Log(folder, 'one.log', text_of('goroutines') * 2)
    tap.check('lists of stacks alone', None if 'crashes' not in log.report() and len(log.out('--brief').splitlines()) == 1 else log.out('--brief'))


def check_with_executable(folder):
    case = tap.CASES / 'amd64-panic'
    log = Log(folder, 'panics.log', (case / 'expected.traceback').read_text() + text_of('chain') + (case / 'expected.traceback').read_text())
    tap.check('with an executable: each is as it is alone', check_each(log, ['--exe', case / 'exe.zst']))
    report = log.report('--exe', case / 'exe.zst')
    identities = [one['target']['executable_identity'] for one in [report, *report['crashes']['reports']]]
    tap.check('with an executable: whose it is is said of each', None if identities == ['equivalent', 'none'] else identities)
    tap.check('--exit-code of a crash that is not the last', damaged(folder))


def damaged(folder):
    """One whose stack is damaged, before one that is ordinary."""
    case = next(path for path in sorted(tap.CASES.iterdir()) if (tap.expectation(path.name) or {}).get('rule') == 'unwinder-crash' and
                (path / 'expected.traceback').exists())
    first = Log(folder, 'first.log', (case / 'expected.traceback').read_text())
    both = Log(folder, 'both.log', first.path.read_text() + text_of('chain'))
    statuses = [first.run('--exit-code').status, both.run('--exit-code').status, both.run('--exit-code', f'--crash={last(both)}').status]
    return None if statuses == [3, 3, 0] else f'{case.name}: {statuses}'


def check_many(folder):
    log = Log(folder, 'many.log', ''.join(panic(i) for i in range(MOST_REPORTS + 5)))
    report, text = log.report(), log.out()
    tap.check('25 kinds: 20 are reported, the last first', None if len(report['crashes']['reports']) == MOST_REPORTS - 1 and
              text.count('========\n') == MOST_REPORTS - 1 else text[-3000:])
    tap.check('25 kinds: the others have a line each', None if all(f'* crash {number}, ' in text for number in range(1, 6)) and
              f'* crash {6}, ' not in text else text[-3000:])
    tap.check('25 kinds: the others in Markdown', None if log.out('--markdown').count('\n- crash ') == 5 else log.out('--markdown')[-2000:])
    tap.check('25 kinds: each is as it is alone', check_each_of(log, report))
    log = Log(folder, 'loop.log', panic(7) * (MOST_LOOKED_AT + 200))
    report, done = log.report(), log.run('--brief')
    numbers = [crash['number'] for crash in report['crashes']['list']]
    tap.check('1,200 crashes: the last 1,000', None if report['crashes']['total'] == 1200 and numbers == list(range(1200, 200, -1)) else numbers[:5])
    tap.check('1,200 crashes: which is said', None if 'of the 1,200 crashes of the log the last 1,000 were looked at' in ' '.join(log.out().split())
              else log.out()[:2000])
    tap.check('1,200 crashes: beside the lines, too', None if done.out.count(b'\n') == MOST_LOOKED_AT and 'of which the last 1000 were looked at' in done.err
              else done.err)
    first = log.report('--crash=1')
    tap.check('1,200 crashes: the first can be asked for', None if first['verdict']['rule'] == 'go-panic' else first)


def check_each_of(log, report):
    """Of those without a report."""
    left = [crash for crash in report['crashes']['list'] if crash['report'] is None]
    wrong = [crash for crash in left if log.report(f'--crash={crash["number"]}')['fingerprint'] != crash['fingerprint']]
    return wrong or (None if len(left) == 5 else left)


def main():
    with tempfile.TemporaryDirectory() as folder:
        check_several(folder)
        check_equal(folder)
        check_threads(folder)
        check_twice(folder)
        check_followed(folder)
        check_second_notes(folder)
        check_one(folder)
        check_with_executable(folder)
        check_many(folder)
    tap.finish()


if __name__ == '__main__':
    main()

#!/usr/bin/env python3
"""Logs of releases, systems and CPUs that no dump is of (fixtures/logs/samples, written by hand from the runtime's sources), goroutine by
goroutine. What is right of NAME.txt stands in NAME.right:

    verdict RULE LEAST MOST      the rule (-: none), and how sure it may be
    target OS ARCH LEAST MOST    as GOOS and GOARCH, and the releases of Go; - where the text does not tell
    fault SIGNAL ADDRESS PC      - where there is none
    goroutine ID STATE           and its frames below it, "FUNCTION FILE:LINE [SP FP [PC]]", and "by FUNCTION FILE:LINE [GOROUTINE]"

The other reader of tracebacks (tests/traceback_text.py) has to read the same."""
import as_printed
import tap
import validate_report

SAMPLES = tap.ROOT / 'fixtures/logs/samples'
ORDER = ('unknown', 'possible', 'likely', 'certain')


def told(value):
    return '-' if value is None else str(value)


def verdict_of(report, words):
    rule, least, most = words
    verdict = report['verdict']
    if told(verdict['rule']) != rule or not ORDER.index(least) <= ORDER.index(verdict['certainty']) <= ORDER.index(most):
        return f'{verdict["rule"]} is {verdict["certainty"]}'
    return None


def target_of(report, words):
    target = report['target']
    version, releases = target['go_version'], target['go_releases'] or {}
    have = [told(target['os']), told(target['arch']), told(version or releases.get('least')), told(version or releases.get('most'))]
    return None if have == words else f'the target is {have}'


def fault_of(report, words):
    fault = report['process']['fault']
    have = [told(fault and fault[key]) for key in ('name', 'address', 'pc')]
    return None if have == words else f'the fault is {have}: {fault}'


def frame_of(frame, words):
    function, place, *rest = words
    have = f'{frame["file"].rsplit("/", 1)[-1]}:{frame["line"]}'
    if (frame['function'], have) != (function, place):
        return f'{frame["function"]} {have} instead of {function} {place}'
    for key, value in zip(('sp', 'fp', 'pc'), rest):
        if frame[key] != value:
            return f'{key} of {function} is {frame[key]}'
    return None


def creator_of(goroutine, words):
    creator = goroutine['created_by'] or {}
    have = [creator.get('function'), f'{(creator.get("file") or "").rsplit("/", 1)[-1]}:{creator.get("line")}']
    have += [str(creator['goroutine'])] if creator.get('goroutine') else []
    return None if have == words else f'it was made by {have}'


def state_of(goroutine):
    text = goroutine['wait_reason'] or goroutine['status']
    text += f' {goroutine["waiting_seconds"] // 60} minutes' if goroutine['waiting_seconds'] else ''
    return text + (' locked' if goroutine['locked_to_thread'] else '')


def goroutine_of(report, number, state, lines):
    goroutine = next((g for g in report['goroutines'] if g['id'] == number), None)
    frames = [line for line in lines if line[0] != 'by']
    if not goroutine:
        return 'it is not there'
    if state_of(goroutine) != state:
        return f'it is {state_of(goroutine)}'
    if len(goroutine['frames']) != len(frames):
        return f'it has {len(goroutine["frames"])} frames'
    troubles = [frame_of(*pair) for pair in zip(goroutine['frames'], frames)]
    troubles += [creator_of(goroutine, line[1:]) for line in lines if line[0] == 'by']
    return next((trouble for trouble in troubles if trouble), None)


def sections(path):
    """The lines of what is right, each with those below it that are indented."""
    found = []
    for line in path.read_text().splitlines():
        if line.startswith(' '):
            found[-1][1].append(line.split())
        else:
            found.append((line.split(), []))
    return found


def check(path):
    run = tap.Run('analyze', path, '--json', '--goroutines=all')
    if run.trouble(0):
        tap.check(f'{path.stem}: it is read', run.trouble(0))
        return
    report = run.report
    tap.check(f'{path.stem}: the report is valid', '\n'.join(validate_report.complaints(report, None)))
    tap.check(f'{path.stem}: another reader reads the same goroutines', as_printed.goroutines_difference(path.read_text(), report))
    tap.check(f'{path.stem}: no pc is shown that was not printed', 'it is' if b'0xa0000000' in run.out else None)
    numbers = set()
    for (kind, *words), below in sections(path.with_suffix('.right')):
        if kind == 'goroutine':
            numbers.add(int(words[0]))
            tap.check(f'{path.stem}: goroutine {words[0]}', goroutine_of(report, int(words[0]), ' '.join(words[1:]), below))
        else:
            tap.check(f'{path.stem}: {kind}', {'verdict': verdict_of, 'target': target_of, 'fault': fault_of}[kind](report, words))
    tap.check(f'{path.stem}: no other goroutine', None if numbers == {g['id'] for g in report['goroutines']} else numbers)


def main():
    for path in sorted(SAMPLES.glob('*.txt')):
        check(path)
    tap.finish()


if __name__ == '__main__':
    main()

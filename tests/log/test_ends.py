#!/usr/bin/env python3
"""What logs of ordinary ends tell beyond the runtime's last words: who waits for whom, by addresses among arguments; both users of a map;
the tests that hung; frames of C. Of each: the verdict, and texts that its evidence or title must hold; and near misses, the same log with
one word changed, where they must not."""
import pathlib
import tempfile

import tap

LOGS = tap.ROOT / 'fixtures/logs'
# log, rule, least certainty, texts
ENDS = [
    ('circle', 'deadlock', 'likely', ['goroutine 17 waits in main.move to lock the mutex at 0xc000082018',
                                      'goroutine 18 waits for what is on the stack of goroutine 17']),
    ('maps', 'concurrent-map', 'certain', ['goroutine 20 stands in runtime.mapassign_faststr', 'was called with the same map']),
    ('maps_single', 'concurrent-map', 'likely', ['goroutine 6, which was not waiting, stands in main.(*account).count, too']),
    ('tested', 'go-panic', 'certain', ['goroutine 19 runs the test logs.TestHangs: it waits (chan receive) in logs.TestHangs at main_test.go:16',
                                       'still running, as the panic says: TestHangs (1s)']),
    ('refused', 'resource-limit', 'likely', ['the system refused the process one more thread; 11 threads are held by goroutines in main.readSlowDisk',
                                             'the last words of runtime/cgo: "runtime/cgo: pthread_create failed', 'PC is 0x7fe9d78eceec']),
    ('maps_grown', 'concurrent-map', 'certain', ['found its map damaged, as another use of it at the same time leaves it, by goroutine ',
                                                 'was called with the same map']),
    ('maps_moved', 'concurrent-map', 'likely', ['found its map damaged', 'the runtime did not see the other use']),
    ('length', 'out-of-memory', 'certain', ['no memory for an object of 1.0 TiB, asked for by main.receive', 'larger than the whole heap']),
    ('c_heap', 'cgo-fault', 'likely', ['the C library found its heap damaged', 'C\'s last words: "', 'called by Go\'s main.']),
    ('symbolized', 'cgo-fault', 'certain', ['deepest at letters.c:4', 'C code, in deepest at letters.c:4, called by Go\'s main.spell, got SIGSEGV']),
]
# log, what is changed to what, text that must be gone
NEAR = [
    ('circle', 'main.move(0xc000082000, 0xc000082018', 'main.move(0xc000083000, 0xc000082018', 'is a circle'),
    ('circle', 'lockSlow(0xc000082018)', 'lockSlow(0xc000082018?)', 'the mutex at 0xc000082018'),
    ('maps', 'runtime.mapassign_faststr(0x4e0ec0, 0xc00008a000, {0x4f9960, 0x1})\n\t/usr/local/go/src/runtime/map_faststr.go:241',
     'runtime.mapassign_faststr(0x4e0ec0, 0xc00008b000, {0x4f9960, 0x1})\n\t/usr/local/go/src/runtime/map_faststr.go:241', 'the same map'),
    ('maps_single', 'goroutine 6 [runnable]', 'goroutine 6 [sleep]', 'may be the other user'),
    ('tested', 'panic: test timed out after 1s', 'panic: tests timed out after 1s', 'runs the test'),
    ('refused', 'runtime/cgo: pthread_create failed', 'runtime/cgo: pthread_attr_init failed', 'refused the process'),
    ('refused', 'Resource temporarily unavailable', 'Operation not permitted', 'refused the process one more thread'),
    ('refused', 'sigcode=18446744073709551610', 'sigcode=0', 'sent itself'),
    ('refused', 'unknown pc 0x7fe9d78eceec', 'unknown pc 0x7fe9d78ecee8', 'PC is'),
    ('length', 'allocLarge(0x0?, 0x10000000005', 'allocLarge(0x0?, 0x10000000004', '1.0 TiB, asked for'),
    ('length', 'runtime.mallocgc(0x10000000005', 'runtime.mallocgc(0x10000000005?', '1.0 TiB, asked for'),
    ('c_heap', 'free(): double', 'free() double', 'found its heap damaged'),
    ('maps_grown', 'oldoverflow is not nil', 'oldoverflow is nil', 'found its map damaged'),
    ('maps_moved', 'bad map state', 'bad map status', 'found its map damaged'),
    ('symbolized', 'deepest\n\t/src/symbolized/letters.c:4 pc=0x481772\n', '', 'deepest'),
]
# Pieces of crashes (fixtures/logs/fragments): rule, most that may be said, texts of the report.
FRAGMENTS = [
    ('go18', 'concurrent-map', 'likely', ['main.(*registry).add', 'main.go:22']),
    ('signal', 'unknown-fault', 'possible', ['SIGSEGV', '0x18']),
    ('mail', 'unknown-fault', 'possible', ['SIGSEGV', '0x2a7c00']),
    ('pointer', 'heap-damage', 'possible', ['0xc000de4a20']),
    ('unwalked', None, 'unknown', ['could not walk the stack of', 'goroutine 27, in which main.(*queue).pop was called from nowhere',
                                   'unexpected return pc for main.(*queue).pop called from 0x6f6c6c6568']),
    ('bold', 'unwinder-crash', 'likely', ['the Go runtime died while it walked the stack',
                                                'g 284: unexpected return pc for runtime.gopark called from 0x200a000020f18212', 'runtime.scanstack']),
    ('field', 'torn-pc', 'likely', ['goroutine 9979', 'main.visit', '0x7ff635b95356', '[0x266c984ab668]', 'example.com/visit.TestVisit']),
    ('folded', 'go-panic', 'certain', ['goroutine 258', 'adapter.go:110', 'index out of range [3] with length 3']),
    ('forbidden', 'refused-call', 'likely', ['the call pthread_create: operation not permitted (EPERM)', 'Update Docker', 'PC is 0x7f8d0b6afeec']),
    ('headless', 'cgo-fault', 'certain', ['Stack of goroutine 1', 'main._Cfunc_open_report', 'printer.go:48', 'for main.(*printer).open']),
    ('narrow', 'unknown-fault', 'possible', ['reading address 0x4', 'syscall_windows.go:176']),
    ('placeless', 'stack-overflow', 'possible', ['0x82a981', 'example.com/tube/target.(*Ticker).Stop']),
    ('popped', 'smashed-return', 'possible', ['goroutine 165', '[0xc00039f8c0]', 'SP may have been', 'created by main.start']),
    ('repeated', 'unknown-fault', 'possible', ['SIGSEGV', '0x2be3f4b0']),
    ('served', None, 'unknown', ['nothing that says the process ended', 'main.(*spool).write']),
    ('ticks', 'stack-overflow', 'possible', ['its stack reached the limit']),
    ('wrapped', 'smashed-return', 'likely', ['goroutine 18', 'main.(*queue).pop', '0x51']),
]
# Pieces with one word changed: what may not be found then. The word below SP is another; the one at SP is where a call returns to; below
# sigpanic a function of Go is known; the goroutine is not in C.
NEAR_PIECES = [
    ('fragments/popped', '0x0000000000000000  0x000000c0002c44b0 \n0x000000c00039f8c8', '0x0000000000000000  0x000000c0002c44b8 \n0x000000c00039f8c8',
     'smashed-return'),
    ('fragments/popped', '0x000000c00039f8c8: <0x000000c0002c45a0', '0x000000c00039f8c8: <0x00000000004a1f20', 'smashed-return'),
    ('samples/go1.9-signal', 'signal_unix.go:351 +0x2b8\n', 'signal_unix.go:351 +0x2b8\nruntime.memmove()\n\t/usr/local/go/src/runtime/memmove_amd64.s:41 +0x5\n',
     'cgo-fault'),
    ('samples/go1.9-signal', 'runtime.cgocall(', 'runtime.entersyscall(', 'cgo-fault'),
    ('fragments/headless', 'signal arrived during external code execution\n', '', 'cgo-fault'),
]
# golang/go#77975 by what field.txt says: what is changed, and whether the bug is cited then: True, that the release has it; None, that it may.
# Near misses: what was written is no length of a socket address, or the release is another.
BUG = 'golang/go#77975'
HALF = ('1035b95356', '00000010 35b95356')
CITED = [
    ((), [True]),
    (((HALF[0], '1c35b95356'), (HALF[1], '0000001c 35b95356')), [True]),
    (((HALF[0], '1135b95356'), (HALF[1], '00000011 35b95356')), []),
    ((('go/1.26.0', 'go/1.26.2'),), []),
    ((('go/1.26.0', 'go/1.25.8'),), []),
    ((('C:/hostedtoolcache/windows/go/1.26.0/x64/src/', ''),), [None]),  # -trimpath: by its words it is Go 1.26 or later
    ((('C:/hostedtoolcache/windows/go/1.26.0/x64/src/', ''), ('Exception 0xc0000005 0x8 0x1035b95356 0x1035b95356\n', '')), []),  # nor of Windows
]
# Texts that quote what the runtime prints, and nothing else of a crash.
QUOTES = ['fixtures/logs/quotes/message.md', 'README.md', 'docs/known-bugs.md', 'docs/field.md']
ORDER = ('unknown', 'possible', 'likely', 'certain')


def told(path):
    run = tap.Run('analyze', path, '--json')
    if run.trouble(0):
        return run.trouble(0), ''
    verdict = run.report['verdict']
    evidence = [line['text'] for finding in run.report['findings'] for line in finding['evidence']]
    return verdict, '\n'.join([*(finding['title'] for finding in run.report['findings']), *evidence])


def check_end(log, rule, certainty, texts):
    verdict, text = told(LOGS / log / 'log.txt')
    trouble = None
    if isinstance(verdict, str):
        trouble = verdict
    elif verdict['rule'] != rule or ORDER.index(verdict['certainty']) < ORDER.index(certainty):
        trouble = f'{verdict["rule"]} is {verdict["certainty"]}'
    else:
        trouble = next((f'it does not say {one!r}:\n{text}' for one in texts if one not in text), None)
    tap.check(f'{log}: {rule}, and what its text shows', trouble)


def check_near(log, old, new, gone):
    text = (LOGS / log / 'log.txt').read_text(encoding='utf-8')
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'log.txt'
        path.write_text(text.replace(old, new), encoding='utf-8')
        _, said = told(path)
    tap.check(f'{log}: without {old.splitlines()[0]!r} it does not say {gone!r}',
              'the log does not hold it' if old not in text else 'it does' if gone in said else None)


def check_sender():
    """A dump names who sent a signal, a log does not: nothing may be made of that."""
    run = tap.Run('analyze', LOGS / 'quit/log.txt')
    text = ' '.join(run.out.decode().split())
    tap.check('quit: who sent it is not told', run.trouble(0) or (None if 'A log does not say who.' in text and 'told as 0' not in text else text))


def check_fragment(name, rule, most, texts):
    run = tap.Run('analyze', LOGS / 'fragments' / f'{name}.txt', '--json')
    trouble = run.trouble(0)
    if not trouble:
        verdict = run.report['verdict']
        text = tap.Run('analyze', LOGS / 'fragments' / f'{name}.txt', '-v').out.decode()
        if verdict['rule'] != rule or ORDER.index(verdict['certainty']) > ORDER.index(most):
            trouble = f'{verdict["rule"]} is {verdict["certainty"]}'
        else:
            trouble = next((f'it does not say {one!r}:\n{text}' for one in texts if one not in text), None)
    tap.check(f'a piece, {name}: {rule}', trouble)


def check_near_piece(name, old, new, rule):
    text = (LOGS / f'{name}.txt').read_text(encoding='utf-8')
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'log.txt'
        path.write_text(text.replace(old, new), encoding='utf-8')
        run = tap.Run('analyze', path, '--json')
    found = None if run.trouble(0) else [finding['rule'] for finding in run.report['findings']]
    tap.check(f'{name}: without {old.splitlines()[0]!r} there is no {rule}',
              'the log does not hold it' if old not in text else run.trouble(0) or (rule in found and f'it is found: {found}') or None)


def check_cited(changes, cited):
    text = (LOGS / 'fragments/field.txt').read_text(encoding='utf-8')
    missing = next((old for old, _ in changes if old not in text), None)
    for old, new in changes:
        text = text.replace(old, new)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'log.txt'
        path.write_text(text, encoding='utf-8')
        run = tap.Run('analyze', path, '--json')
    trouble = f'the log does not hold {missing!r}' if missing else run.trouble(0)
    if not trouble:
        found = [bug['affects_this_version'] for finding in run.report['findings'] for bug in finding['known_bugs'] if bug['id'] == BUG]
        trouble = None if found == cited else f'it does: {found}' if not cited else f'{found}'
    tap.check(f'field, {", ".join(new or "less" for _, new in changes) or "as it is"}: {"cites" if cited else "does not cite"} {BUG}', trouble)


def check_cited_by_code(change, cited):
    """What --traceback writes of a dump does not tell the release; the executable does, and has the code."""
    case = tap.CASES / 'windows-amd64-late-crash'
    text = tap.Run('--traceback', case / 'dump.zst', '--exe', case / 'exe.zst').out.decode()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'log.txt'
        path.write_text(text.replace(*change), encoding='utf-8')
        run = tap.Run('analyze', path, '--json', '--exe', case / 'exe.zst')
    trouble = 'the log does not hold it' if change[0] not in text else run.trouble(0)
    found = [] if trouble else [bug['id'] for finding in run.report['findings'] for bug in finding['known_bugs']]
    tap.check(f'a dump as text, with its executable: {"cites" if cited else "does not cite"} {BUG} where {change[1]}',
              trouble or (None if found == cited else f'{found}'))


def check_quote(path):
    run = tap.Run('analyze', tap.ROOT / path)
    trouble = 'it is taken for a crash' if run.status == 0 else None
    if not trouble and 'neither a crash nor stacks' not in run.err:
        trouble = run.err
    tap.check(f'{path} only quotes the runtime', trouble)


def main():
    for end in ENDS:
        check_end(*end)
    for near in NEAR:
        check_near(*near)
    check_sender()
    for fragment in FRAGMENTS:
        check_fragment(*fragment)
    for near in NEAR_PIECES:
        check_near_piece(*near)
    for changes, cited in CITED:
        check_cited(changes, cited)
    check_cited_by_code(('0x10123f5326', '0x10123f5326'), [BUG])
    check_cited_by_code(('0x10123f5326', '0x11123f5326'), [])
    for path in QUOTES:
        check_quote(path)
    tap.finish()


if __name__ == '__main__':
    main()

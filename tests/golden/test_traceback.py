#!/usr/bin/env python3
"""The parser of tracebacks, on what Go 1.18, 1.25 and 1.27 print; the comparison, and each of its exceptions."""
import copy
import dataclasses

import tap
import traceback_text
from live import compare, exceptions, matrix

GO_1_18 = '''goroutine weather: fine
panic: bottom (7)
\tpanic: again

goroutine 1 [running]:
panic({0x489b20, 0xc0000102a0})
\truntime/panic.go:941 +0x397 fp=0xc00008d4a0 sp=0xc00008d3e0 pc=0x42f8d7
main.(*T).deep(0x0?, 0x0?)
\tsample/main.go:8 +0x85 fp=0xc00008d4e8 sp=0xc00008d4a0 pc=0x47fde5
...additional frames elided...

goroutine 2 [force gc (idle), 3 minutes]:
runtime.gopark(0x0?, 0x0?, 0x0?, 0x0?, 0x0?)
\truntime/proc.go:361 +0xd6 fp=0xc00002a6c0 sp=0xc00002a6a0 pc=0x432816
runtime.goparkunlock(...)
\truntime/proc.go:367
runtime.goexit()
\truntime/asm_amd64.s:1571 +0x1 fp=0xc00002a7e8 sp=0xc00002a7e0 pc=0x45ace1
created by runtime.init.6
\truntime/proc.go:290 +0x25

goroutine 6 [chan receive, 2 minutes, locked to thread]:
main.Map[...](0x0?, 0x0?)
\tsample/main.go:11 +0x1e
main.main.func3()
\tsample/main.go:17 +0x26
created by main.main
\tsample/main.go:17 +0x79
'''

GO_1_27 = '''\
runtime: g27: frame.sp=0x400010eb60 top=0x400011ffd0
\tstack=[0x4000100000-0x4000120000
fatal error: traceback did not unwind completely

runtime stack:
runtime.throw({0xafde6?, 0x400004fd98?})
\truntime/panic.go:1073 +0x38 fp=0x400004fbf0 sp=0x400004fbc0 pc=0x76588

goroutine 1 gp=0x2bcbfd301e0 m=3 mp=0x2bcbfd5d008 [running]:
panic({0x54dba0?, 0x2bcbfd94050?})
\truntime/panic.go:878 +0x159 fp=0x2bcbfdb73d8 sp=0x2bcbfdb7330 pc=0x478d99
...55 frames elided...
runtime.main()
\truntime/proc.go:302 +0x427 fp=0x2bcbfdb9fe0 sp=0x2bcbfdb9eb8 pc=0x447947

goroutine 18 gp=0x2bcbfd9e1e0 m=nil [select (durable), synctest bubble 4 labels:{"a": "b, c"}]:
main.wait[...].func1({0x1, {0x2, ...}, ...})
\tsample/main.go:11 +0x18 fp=0x2bcbfd54fa0 sp=0x2bcbfd54f80 pc=0x49d238
created by main.main in goroutine 1
\tsample/main.go:17 +0x78

goroutine 20 gp=0x2bcbfd9e5a0 m=nil [sync.Cond.Wait (scan) (durable), 2 minutes] {request: "a]: {b}", user: x}:
main.wait()
\tsample/main.go:11 +0x18 fp=0x2bcbfd55fa0 sp=0x2bcbfd55f80 pc=0x49d238

goroutine 19 gp=0x2bcbfd9e3c0 m=2 mp=0x2bcbfd5d008 [chan receive (leaked) (scan)]:
\tgoroutine running on other thread; stack unavailable
created by main.main.func1 in goroutine 18
\tsample/main.go:18 +0x85

goroutine 0 gp=0x1 m=0 mp=0x2 [idle]:
runtime.futex()
\truntime/sys_linux_amd64.s:558 +0x21 fp=0x3 sp=0x2 pc=0x1

rax    0x0
-----

goroutine 18 gp=0x2bcbfd9e1e0 m=nil [select (durable)]:
main.other()
\tsample/main.go:11 +0x18 fp=0x2bcbfd54fa0 sp=0x2bcbfd54f80 pc=0x49d238
exit status 2
'''


def equal(name, have, want):
    tap.check(name, None if have == want else f'{have!r} instead of {want!r}')


def go_1_18():
    read = traceback_text.parse(GO_1_18)
    equal('preamble', read.preamble, ['goroutine weather: fine', 'panic: bottom (7)', '\tpanic: again'])
    equal('ids', [goroutine.id for goroutine in read.goroutines], [1, 2, 6])
    first, second, third = read.goroutines
    equal('frames', [frame.function for frame in first.frames], ['panic', 'main.(*T).deep'])
    equal('numbers', (first.frames[1].line, first.frames[1].offset, first.frames[1].pc), (8, 0x85, 0x47fde5))
    equal('cut', (first.cut, second.cut), (True, False))
    equal('minutes', (second.status, second.minutes), ('force gc (idle)', 3))
    equal('inlined', [frame.inlined for frame in second.frames], [False, True, False])
    equal('creator', (second.created_by.function, second.created_by.goroutine), ('runtime.init.6', None))
    equal('locked', (third.status, third.minutes, third.locked), ('chan receive', 2, True))
    equal('type arguments', third.frames[0].function, 'main.Map[...]')


def go_1_27():
    read = traceback_text.parse(GO_1_27)
    equal('runtime stack', [frame.function for frame in read.runtime_stack.frames], ['runtime.throw'])
    equal('each once', [goroutine.id for goroutine in read.goroutines], [1, 18, 20, 19, 0])
    equal('repeated', [goroutine.id for goroutine in read.repeated], [18])
    equal('elided', (read.goroutine(1).elided_at, read.goroutine(1).elided), (1, 55))
    equal('m', (read.goroutine(1).m, read.goroutine(18).m), (3, None))
    labelled = read.goroutine(18)
    equal('bubble and labels', (labelled.status, labelled.bubble, labelled.labels),
          ('select (durable)', 4, '"a": "b, c"'))
    equal('arguments', labelled.frames[0].args, '{0x1, {0x2, ...}, ...}')
    equal('creator', (labelled.created_by.function, labelled.created_by.goroutine), ('main.main', 1))
    behind = read.goroutine(20)
    equal('labels behind the brackets', (behind.status, behind.scan, behind.minutes, behind.labels),
          ('sync.Cond.Wait (durable)', True, 2, 'request: "a]: {b}", user: x'))
    equal('newest account first', [account.bubble for account in read.accounts(18)], [None, 4])
    equal('system stacks', [stack.frames[0].function for stack in read.system_stacks()],
          ['runtime.throw', 'runtime.futex'])
    leaked = read.goroutine(19)
    equal('leaked', (leaked.status, leaked.leaked, leaked.scan, leaked.unavailable), ('chan receive', True, True, True))


def names():
    printed = traceback_text.printed_name
    equal('gopanic', printed('runtime.gopanic'), 'panic')
    equal('shape', printed('main.(*Set[go.shape.int,main.T[go.shape.int]]).Add'), 'main.(*Set[...]).Add')
    equal('plain', printed('main.(*T).M'), 'main.(*T).M')
    equal('shown', [traceback_text.is_shown(name) for name in ('main.f', 'runtime.gopark', 'runtime.GC', 'memcpy')],
          [True, False, True, False])


def as_found(frame):
    found = {'function': frame.function, 'file': frame.file, 'line': frame.line, 'inlined': frame.inlined}
    numbers = {key: f'{getattr(frame, key):#x}' for key in ('pc', 'sp', 'fp') if getattr(frame, key)}
    return {**found, **numbers}


def differences():
    goroutine = traceback_text.parse(GO_1_18).goroutine(2)
    ours = [as_found(frame) for frame in goroutine.frames]
    differ = traceback_text.stack_difference
    tap.check('same stack', differ(goroutine, ours))
    equal('a frame less', differ(goroutine, ours[:-1]) is None, False)
    equal('a frame more', differ(goroutine, ours + ours[-1:]) is None, False)
    equal('another line', differ(goroutine, [dict(ours[0], line=1), *ours[1:]]) is None, False)
    equal('another sp', differ(goroutine, [dict(ours[0], sp='0x1'), *ours[1:]]) is None, False)
    equal('torn, nothing beyond', differ(goroutine, ours, 'runtime.goexit') is None, False)
    tap.check('torn, and more', differ(goroutine, ours + ours[:1], 'runtime.goexit'))
    running = traceback_text.parse(GO_1_27).goroutine(1)
    around = [dict(ours[0], function='runtime.fatalpanic')]
    ours = [as_found(running.frames[0]), *[dict(ours[0], function='main.f')] * 55, as_found(running.frames[1])]
    tap.check('running, elided', differ(running, around + ours))
    equal('running, a frame less', differ(running, around + ours[:5] + ours[6:]) is None, False)



# --- reports against texts: each rule, and each exception, where it applies and where it must not ---------------------

STANDING = '''goroutine 1 [running]:
main.main()
\tsample/main.go:9 +0x2 fp=0x1100 sp=0x1080 pc=0x402
runtime.goexit()
\truntime/asm.s:5 +0x1 fp=0x1108 sp=0x1100 pc=0x501

goroutine 7 [runnable]:
runtime.asyncPreempt2()
\truntime/preempt.go:3 +0x4 fp=0x2040 sp=0x2000 pc=0x604
runtime.asyncPreempt()
\truntime/preempt.s:4 +0x8 fp=0x2080 sp=0x2040 pc=0x708
main.inner(...)
\tsample/main.go:30
main.loop()
\tsample/main.go:20 +0x9 fp=0x2100 sp=0x2080 pc=0x809
runtime.goexit()
\truntime/asm.s:5 +0x1 fp=0x2108 sp=0x2100 pc=0x501
created by main.main in goroutine 1
\tsample/main.go:8 +0x10

goroutine 8 [running]:
\tgoroutine running on other thread; stack unavailable
created by main.main in goroutine 1
\tsample/main.go:8 +0x20

goroutine 0 [idle]:
runtime.futex()
\truntime/sys.s:50 +0x21 fp=0x3010 sp=0x3000 pc=0x921
runtime.mstart()
\truntime/asm.s:7 +0x5 fp=0x3020 sp=0x3010 pc=0xa05
'''


def report_of(text, version='go1.25.14'):
    """What tornstack should say of the process that printed this."""
    printed = traceback_text.parse(text)
    goroutines = []
    for goroutine in (goroutine for goroutine in printed.goroutines if goroutine.id):
        creator = goroutine.created_by and dataclasses.asdict(goroutine.created_by)
        goroutines.append({'id': goroutine.id, 'status': goroutine.status, 'wait_reason': None, 'scan': False,
                           'created_by': creator, 'end': 'complete', 'stack_lo': '0x1000', 'stack_hi': '0x2800',
                           'frames': [as_found(frame) for frame in goroutine.frames]})
    threads = [{'id': 70 + i, 'crashed': i == 0, 'frames': [as_found(frame) for frame in stack.frames]}
               for i, stack in enumerate(printed.system_stacks())]
    process = {'stop': {'name': 'SIGABRT'}, 'panic_lines': traceback_text.printed_panics(printed.preamble)}
    return {'target': {'go_version': version, 'arch': 'amd64'}, 'process': process,
            'goroutines': goroutines, 'threads': threads}


def goroutine_in(report, number):
    return next(goroutine for goroutine in report['goroutines'] if goroutine['id'] == number)


def outcomes(change=None, text=STANDING, version='go1.25.14', ending=None):
    """Kind, or name of the exception, of every subject, when `change` has been done to a true report."""
    report = copy.deepcopy(report_of(STANDING, version))
    if change:
        change(report)
    found = compare.compare(traceback_text.parse(text), report, ending)
    return [outcome.exception or outcome.kind for outcome in found]


def changed(number, **values):
    return lambda report: goroutine_in(report, number).update(values)


def frame_changed(number, index, **values):
    return lambda report: goroutine_in(report, number)['frames'][index].update(values)


def rules():
    equal('as it should be', outcomes(), ['equal', 'equal', 'running', 'equal'])
    equal('panics', outcomes(lambda report: report['process']['panic_lines'].append('\tpanic: another')),
          ['equal', 'equal', 'running', 'equal', 'different'])
    for name, change in {
            'status': changed(7, status='waiting'), 'scan': changed(7, scan=True),
            'creator': changed(7, created_by=None),
            'created in': changed(7, created_by={'function': 'main.main', 'goroutine': 2}),
            'created at': changed(7, created_by={'function': 'main.main', 'goroutine': 1, 'file': 'a.go', 'line': 8}),
            'line': frame_changed(7, 3, line=21), 'file': frame_changed(7, 3, file='a.go'),
            'pc': frame_changed(7, 3, pc='0x1'), 'fp': frame_changed(7, 3, fp='0x1'),
            'inlining': frame_changed(7, 2, inlined=False),
            'function': frame_changed(7, 3, function='main.poll'), 'no frames': changed(7, frames=[])}.items():
        equal(f'another {name}', outcomes(change), ['equal', 'different', 'running', 'equal'])
    equal('one that is not printed', outcomes(text=STANDING.replace('goroutine 7', 'goroutine 1'))[1], 'different')
    equal('one that is missing', outcomes(lambda report: report['goroutines'].pop(1))[1], 'different')
    equal('the goroutine that crashed', outcomes(frame_changed(1, 0, line=1))[0], 'different')
    equal('no creator', outcomes(changed(1, created_by={'function': 'main.f'}))[0], 'different')
    equal('system stack', outcomes(lambda report: report['threads'][0]['frames'].pop())[3], 'different')
    of_throw = STANDING.replace('goroutine 0 [idle]:', 'runtime stack:')
    equal('system stack of a throw', outcomes(text=of_throw)[3], 'equal')
    equal('of a process that ended by itself', outcomes(lambda report: (
        report['process'].update(stop=None), report['threads'][0].update(crashed=False)), of_throw)[3], 'equal')
    equal('on the thread that died', outcomes(lambda report: report['threads'][0].update(crashed=False), of_throw)[3],
          'different')


def told_later():
    """A thread that was running prints its stack when the signal reaches it."""
    later = STANDING + '''
-----

goroutine 8 [running]:
main.spin()
\tsample/main.go:40 +0x4 fp=0x4100 sp=0x4080 pc=0xb04
'''
    frame = as_found(traceback_text.parse(later).repeated[0].frames[0])
    equal('apart, though equal', outcomes(changed(8, frames=[frame]), later)[2], 'running')
    equal('apart, and different', outcomes(changed(8, frames=[dict(frame, line=1)]), later)[2], 'different')
    equal('apart, unknown', outcomes(changed(8, frames=[dict(frame, line=1)]))[2], 'running')


def by_line_before_preemption():
    """Line and inlined calls at a preempted pc, up to Go 1.20."""
    name = 'line_before_preemption'
    line, no_inlining = frame_changed(7, 3, line=21), lambda report: goroutine_in(report, 7)['frames'].pop(2)
    equal(f'{name}: line', outcomes(line, version='go1.20.14')[1], name)
    equal(f'{name}: inlined call', outcomes(no_inlining, version='go1.18.10')[1], name)
    equal(f'{name}: later release', outcomes(line)[1], 'different')
    for what, change in {'sp': frame_changed(7, 3, sp='0x1'), 'function': frame_changed(7, 3, function='main.f'),
                         'file': frame_changed(7, 3, file='a.go'), 'caller': frame_changed(7, 4, line=1),
                         'callee': frame_changed(7, 1, line=1), 'status': changed(7, status='waiting')}.items():
        equal(f'{name}: another {what}', outcomes(change, version='go1.20.14')[1], 'different')
    equal(f'{name}: not preempted', outcomes(frame_changed(1, 0, line=1), version='go1.20.14')[0], 'different')


def by_ran_after_snapshot():
    name = 'ran_after_snapshot'
    equal(f'{name}: status', outcomes(changed(7, status='running'), ending='live')[1], name)
    equal(f'{name}: moved', outcomes(frame_changed(7, 0, pc='0x1'), ending='live')[1], name)
    equal(f'{name}: same place', outcomes(frame_changed(7, 3, line=1), ending='live')[1], 'different')
    equal(f'{name}: crash', outcomes(changed(7, status='running'))[1], 'different')
    waiting = STANDING.replace('runnable', 'select')
    sleeps = changed(7, status='waiting', wait_reason='sleep')
    equal(f'{name}: parked', outcomes(sleeps, waiting, ending='live')[1], 'different')
    start = waiting.index('goroutine 7 ')
    own = waiting[:start] + waiting[start:].replace('created by main.main', 'created by runtime.init', 1)

    def own_sleeps(report):
        sleeps(report)
        goroutine_in(report, 7)['created_by']['function'] = 'runtime.init'
    equal(f'{name}: parked, of the runtime', outcomes(own_sleeps, own, ending='live')[1], name)


def by_vdso_of_another_stack():
    name = 'vdso_of_another_stack'
    system = STANDING[STANDING.index('runtime.futex()'):]
    seven = STANDING[STANDING.index('runtime.asyncPreempt2()'):STANDING.index('created by')]
    text = STANDING.replace(seven, system)
    equal(f'{name}: same as a system stack', outcomes(text=text)[1], name)
    equal(f'{name}: no such system stack', outcomes(text=text.replace('sys.s:50', 'sys.s:51', 1))[1], 'different')
    equal(f'{name}: damaged', outcomes(changed(7, end='damaged'), text)[1], 'different')
    equal(f'{name}: its own stack', outcomes(changed(7, stack_hi='0x4000'), text)[1], 'different')
    equal(f'{name}: status', outcomes(changed(7, status='waiting'), text)[1], 'different')


def by_system_stack_ends_at_c():
    name = 'system_stack_ends_at_c'

    def more(*frames):
        return lambda report: report['threads'][0]['frames'].extend(dict(
            {'line': 1, 'inlined': False, 'pc': '0x1', 'sp': '0x3020', 'fp': None}, **frame) for frame in frames)
    of_c, of_go = {'function': 'fault', 'file': None}, {'function': 'runtime.main', 'file': 'runtime/proc.go'}
    equal(f'{name}: C', outcomes(more(of_c))[3], name)
    equal(f'{name}: C with a file, and Go beyond', outcomes(more(dict(of_c, file='a.c'), of_go))[3], name)
    equal(f'{name}: Go', outcomes(more(of_go))[3], 'different')
    equal(f'{name}: Go, then C', outcomes(more(of_go, of_c))[3], 'different')

    def and_line(report):
        more(of_c)(report)
        on_thread(1, line=1)(report)
    equal(f'{name}: another line', outcomes(and_line)[3], 'different')
    equal(f'{name}: of a goroutine', outcomes(lambda report: goroutine_in(report, 1)['frames'].append(
        dict(of_c, line=1, inlined=False)))[0], 'different')


def on_thread(index=0, **values):
    return lambda report: report['threads'][0]['frames'][index].update(values)


def by_threads_after_snapshot():
    moved, restarted = 'thread_moved_after_snapshot', 'restarted_system_call'
    equal(f'{moved}: elsewhere', outcomes(on_thread(sp='0x1'), ending='live')[3], moved)
    equal(f'{moved}: same place', outcomes(on_thread(1, line=1), ending='live')[3], 'different')
    equal(f'{moved}: crash', outcomes(on_thread(sp='0x1'))[3], 'different')
    inlined = STANDING.replace('runtime.futex()', 'runtime.wait(...)\n\truntime/sys.s:7\nruntime.futex()')
    equal(f'{moved}: from an inlined call', outcomes(on_thread(sp='0x1'), inlined, ending='live')[3], moved)
    equal(f'{moved}: inlined call, same place', outcomes(text=inlined, ending='live')[3], 'different')
    deeper = STANDING.replace('runtime.mstart()', 'runtime.schedule()\n\truntime/p.go:3 +0x5 fp=0x3018 sp=0x3010 '
                              'pc=0xb05\nruntime.mstart()').replace('sp=0x3010 pc=0xa05', 'sp=0x3018 pc=0xa05')

    def before(caller):
        def change(report):
            report['threads'] = report_of(deeper)['threads']
            on_thread(line=9)(report)
            on_thread(1, **caller)(report)
        return change
    equal(f'{moved}: called something else', outcomes(before({'pc': '0xb15'}), deeper, ending='live')[3], moved)
    equal(f'{moved}: called the same', outcomes(before({}), deeper, ending='live')[3], 'different')
    equal(f'{moved}: another caller', outcomes(before({'pc': '0xb15', 'function': 'main.f'}), deeper, ending='live')[3],
          'different')
    equal(f'{restarted}: behind', outcomes(on_thread(pc='0x923', line=51), ending='live')[3], restarted)
    equal(f'{restarted}: further', outcomes(on_thread(pc='0x925'), ending='live')[3], 'different')
    equal(f'{restarted}: crash', outcomes(on_thread(pc='0x923', line=51))[3], 'different')

    def both(report):
        on_thread(pc='0x923', line=51)(report)
        on_thread(1, line=1)(report)

    equal(f'{restarted}: caller', outcomes(both, ending='live')[3], 'different')


def every_exception():
    """Each has a reason to print, and a test above."""
    for predicate in exceptions.PREDICATES:
        tap.check(f'{predicate.__name__}: says why', None if predicate.__doc__ else 'no docstring')
    tested = {'line_before_preemption', 'vdso_of_another_stack', 'system_stack_ends_at_c', 'ran_after_snapshot',
              'thread_moved_after_snapshot', 'restarted_system_call'}
    equal('exceptions tested here', {predicate.__name__ for predicate in exceptions.PREDICATES}, tested)


def sample():
    """A sample has every row of the grid, and over all rows every variant and every ending, also of those with C."""
    cells = matrix.cells(['1.18.10', '1.22.12', '1.25.14', '1.27.4'], matrix.CPUS, matrix.VARIANTS)
    endings = [f'ending {i}' for i in range(17)]
    of_c = [f'C {i}' for i in range(5)]
    chosen, shares = matrix.sample(cells, 2), matrix.Shares(3)
    shared = [shares.choose(endings + of_c * cell.variant.cgo) for cell in chosen]
    equal('rows', {(cell.release, cell.cpu) for cell in chosen}, {(cell.release, cell.cpu) for cell in cells})
    equal('variants', {cell.variant.name for cell in chosen}, set(matrix.VARIANTS))
    equal('endings', set().union(*shared), {*endings, *of_c})
    equal('size', [len(share) for share in shared], [3] * (8 * len(matrix.CPUS)))
    equal('no sample', matrix.Shares().choose(endings), endings)


go_1_18()
go_1_27()
names()
differences()
rules()
told_later()
by_line_before_preemption()
by_vdso_of_another_stack()
by_system_stack_ends_at_c()
by_ran_after_snapshot()
by_threads_after_snapshot()
every_exception()
sample()
tap.finish()

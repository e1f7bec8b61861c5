#!/usr/bin/env python3
"""The parser of tracebacks, on what Go 1.18, 1.25 and 1.27 print."""
import tap
import traceback_text

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
    equal('each once', [goroutine.id for goroutine in read.goroutines], [1, 18, 19, 0])
    equal('repeated', read.repeated, [18])
    equal('elided', (read.goroutine(1).elided_at, read.goroutine(1).elided), (1, 55))
    equal('m', (read.goroutine(1).m, read.goroutine(18).m), (3, None))
    labelled = read.goroutine(18)
    equal('bubble and labels', (labelled.status, labelled.bubble, labelled.labels),
          ('select (durable)', 4, '"a": "b, c"'))
    equal('arguments', labelled.frames[0].args, '{0x1, {0x2, ...}, ...}')
    equal('creator', (labelled.created_by.function, labelled.created_by.goroutine), ('main.main', 1))
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


go_1_18()
go_1_27()
names()
differences()
tap.finish()

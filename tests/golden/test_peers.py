#!/usr/bin/env python3
"""Adapters of tests/live/peers.py, on what Delve 1.27.2, viewcore and gdb 13.1 printed; and what counts as equal."""
import json
import sys

import tap

sys.path.insert(0, str(tap.ROOT / 'tests/live'))
import peer
import peer_delve
import peer_equal
import peer_gdb
import peer_tornstack
import peer_viewcore
import traceback_text

DELVE = '''Type 'help' for list of commands.
(dlv)   Goroutine 17 - User: runtime/proc.go:475 runtime.gopark (0x480aaa) [force gc (idle)]
\t0  0x0000000000480aaa in \x1b[1mruntime.gopark\x1b[0m
\t    at runtime/\x1b[1mproc.go:475\x1b[0m
\t1  0x000000000044bad3 in runtime.goparkunlock
\t    at runtime/proc.go:480
\t2  0x000000000044bad3 in runtime.forcegchelper
\t    at runtime/proc.go:387
\t3  0x0000000000486981 in runtime.goexit
\t    at runtime/asm_amd64.s:1264
* Goroutine 33 - User: zoo/main.go:101 main.again (0x4e7951) (thread 29135)
\t 0  0x00000000000709d8 in runtime.raise
\t     at runtime/sys_linux_arm64.s:170
\t(truncated)
  Goroutine 16 - User: zoo/main.go:157 main.main.func12 (0xd0080)
\t0  0x00000000000d0080 in main.main.func12
\t    at zoo/main.go:157
\t1  0x00000000000d0080 in main.main.func12
\t    at zoo/main.go:157
[3 goroutines]
(dlv) '''
DELVE_STRIPPED = '''Warning: no debug info found, some functionality will be missing such as stack traces.
Command failed: could not find goroutine array
'''

VIEWCORE = '''G stacksize=800
  000006cbeec9a788 000006cbeec9a7a8 runtime.gopark+202
  000006cbeec9a7a8 000006cbeec9a7e0 runtime.forcegchelper+179
G stacksize=1000
  00002e1f7448cde0 00002e1f7448ce08 main.(*server).act+184
'''
VIEWCORE_LOST = '''\
warning: giving up on backtrace for 22 after 2 frames: cannot find func for pc=0x2e1f74492060
WARNING: Missing data at addresses [10000 8d000]. Assuming all zero.
'''
VIEWCORE_PANIC = '''panic: can't find field runtime._func.entryOff

goroutine 1 [running]:
golang.org/x/debug/internal/gocore.region.Field(...)
\tinternal/gocore/region.go:165
'''

GDB = '''[New LWP 13618]
#0  runtime.raise () at runtime/sys_linux_arm64.s:170
  17 waiting  runtime.gopark
* 30 syscall  syscall.Syscall
failed\tgoroutine 1 bt: Error occurred in Python: You can't do that without a process to debug.
thread\t13614
frame\t0xd0060\t0x40000b8780\tinline\tsyscall.Read\tsyscall/syscall_unix.go\t188
frame\t0xd0060\t0x40000b8780\tnormal\tmain.main.func10\tzoo/main.go\t148
frame\t0x0\t0x5500800dc0\tnormal\t??\t\t0
stop\tprevious frame identical to this frame (corrupt stack?)
thread\t13618
'''

PRINTED = '''goroutine 17 gp=0x6cbeed00000 m=nil [force gc (idle)]:
runtime.gopark(0x0?, 0x0?, 0x0?, 0x0?, 0x0?)
\truntime/proc.go:474 +0xca fp=0x6cbeec9a7a8 sp=0x6cbeec9a788 pc=0x480aaa
runtime.goparkunlock(...)
\truntime/proc.go:480
runtime.forcegchelper()
\truntime/proc.go:387 +0xb3 fp=0x6cbeec9a7e0 sp=0x6cbeec9a7a8 pc=0x44bad3
runtime.goexit({})
\truntime/asm_amd64.s:1264 +0x1 fp=0x6cbeec9a7e8 sp=0x6cbeec9a7e0 pc=0x486981
'''


def expect(name, have, want):
    tap.check(name, None if have == want else f'{have}\ninstead of {want}')


def frames(*names):
    return [peer.Frame(name) for name in names]


def printed(text=PRINTED):
    return peer_equal.Printed.of(traceback_text.parse(text).goroutines[0])


def test_delve():
    answer = peer_delve.read(peer.Done(0, DELVE, ''))
    first, second, third = answer.goroutines
    expect('delve: ids and reasons', [(g.id, g.status) for g in answer.goroutines],
           [(17, 'force gc (idle)'), (33, None), (16, None)])
    expect('delve: a frame', first.frames[0], peer.Frame('runtime.gopark', 'runtime/proc.go', 475, 0x480aaa))
    expect('delve: what is inlined', [f.inlined for f in first.frames], [False, True, False, False])
    expect('delve: the same function again is not inlined', [f.inlined for f in third.frames], [False, False])
    expect('delve: what it says of a stack', (second.said, len(second.frames)), ('(truncated)', 1))
    stripped = peer_delve.read(peer.Done(0, "Type 'help' for list of commands.\n(dlv) (dlv) ", DELVE_STRIPPED))
    expect('delve: stripped', (stripped.goroutines, stripped.messages[1:]), ([], ['could not find goroutine array']))


def test_viewcore():
    answer = peer_viewcore.read(peer.Done(0, VIEWCORE, VIEWCORE_LOST))
    expect('viewcore: stacks', [[f.function for f in g.frames] for g in answer.goroutines],
           [['runtime.gopark', 'runtime.forcegchelper'], ['main.(*server).act'], []])
    expect('viewcore: sp', answer.goroutines[0].frames[1].sp, 0x6cbeec9a7a8)
    expect('viewcore: what it gave up', (answer.goroutines[2].id, answer.goroutines[2].said[:19]),
           (22, 'giving up after 2 f'))
    expect('viewcore: it dies', peer_viewcore.read(peer.Done(2, '', VIEWCORE_PANIC)),
           peer.Answer(messages=["panic: can't find field runtime._func.entryOff"]))


def test_gdb():
    answer = peer_gdb.read(peer.Done(0, GDB, ''))
    listed = [(g.id, g.status) for g in answer.goroutines if g.id]
    expect('gdb: goroutines', listed, [(17, 'waiting'), (30, 'syscall')])
    stack = answer.goroutines[2]
    expect('gdb: a frame', stack.frames[0],
           peer.Frame('syscall.Read', 'syscall/syscall_unix.go', 188, 0xd0060, 0x40000b8780, True))
    expect('gdb: why it stopped', stack.said, 'previous frame identical to this frame (corrupt stack?)')
    expect('gdb: what failed', [text[:14] for text in answer.messages], ['goroutine 1 bt'])


def test_tornstack():
    frame = {'pc': '0x10', 'sp': '0x20', 'function': None, 'file': None, 'line': None, 'inlined': False}
    report = {'findings': [], 'goroutines': [{'id': 3, 'status': 'waiting', 'wait_reason': 'select', 'end': 'complete',
                                              'frames': [frame]}]}
    answer = peer_tornstack.read(peer.Done(0, json.dumps(report), ''))
    expect('tornstack: a goroutine', answer.goroutines, [peer.Goroutine(3, 'select', [peer.Frame('??', pc=16, sp=32)])])


def test_equal():
    delve = peer_delve.read(peer.Done(0, DELVE, '')).goroutines[0]
    every = set(peer_equal.ASKED)
    expect('equal: the line of the topmost frame', every - peer_equal.judge(printed(), delve), {'lines'})
    delve.frames[2].line = 388
    expect('equal: the line of another frame', every - peer_equal.judge(printed(), delve),
           {'lines', 'lines but stopped'})
    viewcore = peer_viewcore.read(peer.Done(0, VIEWCORE, '')).goroutines
    ours = peer_equal.join(printed(), viewcore)
    expect('equal: a stack without id is found by sp', ours.id, 17)
    expect('equal: without inlined', peer_equal.judge(printed(), ours), {'found', 'physical'})
    expect('equal: nothing is there', peer_equal.join(printed(), viewcore[1:]), None)
    short = peer.Goroutine(17, frames=delve.frames[:1])
    expect('equal: too short', peer_equal.judge(printed(), short), {'found'})
    on_top = peer.Goroutine(17, frames=frames('runtime.mcall') + delve.frames)
    expect('equal: not on a thread, so nothing comes on top', peer_equal.judge(printed(), on_top), {'found'})
    running = printed(PRINTED.replace('m=nil', 'm=3'))
    expect('equal: on a thread', peer_equal.judge(running, on_top), {'found', 'physical', 'functions'})
    expect('equal: waiting, for whatever', [peer_equal.same_status(s, 'waiting') for s in ('select', 'runnable')],
           [True, False])


def test_notation():
    plain = peer_equal.plain(frames('runtime.systemstack_switch', 'runtime.gopanic', 'main.F[go.shape.int]',
                                    'main.(*T).m-fm', 'runtime.goexit.abi0', '??'))
    expect('notation', [frame.function for frame in plain], ['panic', 'main.F[...]'])
    wrapper = peer.Frame('main.T.M', '<autogenerated>', 1)
    inlined = peer.Frame('main.T.M', '<autogenerated>', 1, inlined=True)
    expect('notation: wrappers', len(peer_equal.plain([*frames('a.b'), wrapper, inlined])), 2)


def test_victim():
    truth = {'function': 'main.torn', 'stack': ['main.torn', 'main.caller', 'main.main', 'runtime.goexit']}
    fates = {'whole': ['runtime.asyncPreempt', 'main.torn', 'main.caller', 'main.main', 'runtime.goexit'],
             'cut': ['main.torn', 'main.caller'],
             'astray': ['main.torn', 'main.caller', 'main.caller'],
             'absent': ['runtime.asyncPreempt']}
    for fate, names in fates.items():
        expect(f'victim: {fate}', peer_equal.victim_fate(truth, peer.Goroutine(1, frames=frames(*names))), fate)
    expect('victim: no goroutine', peer_equal.victim_fate(truth, None), 'absent')


for test in (test_delve, test_viewcore, test_gdb, test_tornstack, test_equal, test_notation, test_victim):
    test()
tap.finish()

#!/usr/bin/env python3
"""Writes expect.json of cases whose dump was made anew, from why.md (what gdb found in the dump, see
fixtures/src/check_tear.py), expected.traceback (what the runtime printed) and the source of the crashing programs;
never from a report of tornstack. usage: expect.py CASE…"""
import json
import re
import sys

import tap
import traceback_text

# What the functions of fixtures/src are called by, from the torn one outwards.
CALLERS = {
    'main.(*conn).decode': ['main.(*conn).handle', 'main.serve', 'main.main.gowrap1', 'runtime.goexit'],
    'main.mostFrequent': ['main.(*sensor).update', 'main.watch', 'main.main.gowrap1', 'runtime.goexit'],
}


def one(pattern, text):
    found = re.findall(pattern, text)
    if len(set(found)) != 1:
        sys.exit(f'{pattern}: {len(found)} matches')
    return found[0]


def address(text):
    return f'{int(text, 16):#x}'


def torn(why, printed):
    goroutine = int(one(r'goroutine (\d+), g 0x', why))
    pc, function = one(r'= (0x[0-9a-f]+)  interrupted pc, in (\S+)', why)
    sp = one(r'interrupted SP = .* = (0x[0-9a-f]+)', why)
    error = int(one(r'\((\d+)\) bytes too high', why))
    link, caller = one(r'= (0x[0-9a-f]+)  interrupted R30, in (\S+)', why)
    top = one(r'true top of the frame: SP .*?= (0x[0-9a-f]+)', why)
    names = [frame.function for frame in printed.goroutine(goroutine).frames]
    if caller != CALLERS[function][0]:
        sys.exit(f'{caller} instead of {CALLERS[function][0]}')
    return {
        'rule': 'split-sp', 'certainty': 'certain', 'goroutine': goroutine, 'function': function, 'pc': address(pc),
        'observed': address(sp), 'repaired': f'{int(sp, 16) - error:#x}', 'sp_error': error,
        'caller_pc': address(link), 'caller_sp': address(top),
        'stack': names[:names.index(function) + 1] + CALLERS[function],
        'also': [{'rule': 'unwinder-crash', 'goroutine': goroutine}, *threw(printed)],
    }


def torn_word(case, why):
    """A return address on a goroutine's stack that was overwritten, by fixtures/src/check_torn.py."""
    slot, observed, repaired = one(r'slot (0x\w+) holds (0x\w+) and held (0x\w+)', why)
    found = {'goroutine': int(one(r' {4}goroutine (\d+), g 0x', why)), 'slot': slot, 'observed': observed,
             'repaired': repaired}
    if case.endswith('-bp'):  # not a return address
        return {'rule': 'bp-chain', 'certainty': 'likely', **found,
                'near_miss_of': ['torn-return', 'torn-pc', 'smashed-return']}
    found['function'] = one(r'behind a call of (\S+)', why)
    upper = int(observed, 16) ^ int(repaired, 16)
    if upper & 0xffffffff:
        rule = 'smashed-return'
    else:
        rule = 'torn-pc' if 'it was returned through' in why or 'unexpected fault address' in why else 'torn-return'
    # Of a word that was replaced as a whole nothing is left to prove what it was.
    expect = {'rule': rule, 'certainty': 'likely' if rule == 'smashed-return' else 'certain', **found}
    if 'unexpected return pc' in why or 'panic: runtime error' in why:
        expect['unlike_traceback'] = {str(found['goroutine']): 'the runtime could not walk past the word'}
    if 'panic: runtime error' in why:
        expect['unlike_traceback']['0'] = 'C was called on the system stack itself, and the walk does not go past that call'
    if case.endswith('-memory'):
        expect['executable_source'] = 'memory'
    ends = {'fatal error: fault': 'go-fatal', 'panic: runtime error': 'go-panic', ' addr=0x0 ': 'nil-deref'}
    also = [{'rule': end} for text, end in ends.items() if text in why]
    if 'WSARecvFrom' in why:
        also.append({'rule': 'late-kernel-write', 'certainty': 'certain', **{key: found[key] for key in
                                                                             ('goroutine', 'slot', 'observed', 'repaired')}})
    if also:
        expect['also'] = also
    return expect


def clobbered(why):
    """A frame pointer that assembly left, by fixtures/src/check_clobber.py; the runtime died following it."""
    slot, observed, repaired = one(r'\[(0x\w+)\] = (0x\w+)  saved by main.deliver; main.hash saved its own at (0x\w+): wrong', why)
    goroutine = int(one(r' {4}goroutine (\d+) gp=\S+ m=\d+ mp=\S+ \[running', why))
    return {'rule': 'bp-chain', 'certainty': 'certain', 'goroutine': goroutine, 'function': 'main.deliver', 'slot': slot,
            'observed': observed, 'repaired': repaired,
            'also': [{'rule': 'unwinder-crash', 'goroutine': goroutine}, {'rule': 'unknown-fault'}],
            'near_miss_of': ['split-sp', 'torn-return', 'smashed-return']}


def threw(printed):
    return [{'rule': 'go-fatal'} for line in printed.preamble if line.startswith('fatal error: ')]


def panicked(printed):
    line = next(line for line in printed.preamble if line.startswith('panic: '))
    running = next(goroutine for goroutine in printed.goroutines if goroutine.status == 'running')
    return {'rule': 'go-panic', 'certainty': 'certain', 'goroutine': running.id, 'message': line}


def fatal(rule, printed):
    line = next(line.strip() for line in printed.preamble if line.strip().startswith('fatal error: '))
    running = next(goroutine for goroutine in printed.goroutines if goroutine.status == 'running')
    return {'rule': rule, 'certainty': 'certain', 'goroutine': running.id, 'message': line}


def limited(printed, rule):
    """A fatal error that the goroutine which was running provoked."""
    return {**fatal(rule, printed), 'also': [{'rule': 'go-fatal'}]}


def unwalkable(printed):
    """A stack that the runtime itself could not walk: it printed one frame of it."""
    goroutine = one(r'runtime: g(\d+): frame', '\n'.join(printed.preamble))
    return {'rule': 'unwinder-crash', 'certainty': 'likely', 'goroutine': int(goroutine), 'also': threw(printed),
            'unlike_traceback': {goroutine: 'the runtime could not walk it, and that is what it died of'}}


def foreign(why, printed):
    """The frames of C, by thread: pc and the function's entry, from gdb's list."""
    threads, frames = {}, []
    for line in why.splitlines():
        if found := re.match(r' {4}thread (\d+):$', line):
            frames = threads.setdefault(found[1], [])
        elif found := re.match(r' {8}(0x[0-9a-f]+)  \S+\+(\d+)$', line):
            frames.append([found[1], f'{int(found[1], 16) - int(found[2]):#x}'])
    faulted = one(r'PC=(0x[0-9a-f]+)', '\n'.join(printed.preamble))
    if not any(frames[0][0] == faulted for frames in threads.values()):
        sys.exit(f'no thread stopped at {faulted}')
    return {'rule': 'cgo-fault', 'certainty': 'certain', 'goroutine': printed.goroutines[0].id, 'pc': faulted,
            'also': [{'rule': 'unknown-fault'}], 'near_miss_of': ['go-panic', 'split-sp'], 'c_frames': threads,
            'unlike_traceback': {'0': 'each thread printed its own, and the one that was killed for all printed none'}}


# By the end of a case's name: how sure a report must be, and of which rule. The fault is where the runtime's PC= says; of a
# process that C ended itself, in the frame that called the C library.
ENDS = {
    'c-callback': ('cgo-fault', 'certain', {'also': [{'rule': 'unknown-fault'}], 'near_miss_of': ['external-signal']}),
    'c-pointer': ('cgo-fault', 'certain', {'also': [{'rule': 'unknown-fault'}], 'near_miss_of': ['smashed-return', 'bad-pointer']}),
    'c-heap': ('cgo-fault', 'certain', {'also': [{'rule': 'external-signal', 'certainty': 'certain'}]}),
    'c-assert': ('cgo-fault', 'certain', {'also': [{'rule': 'external-signal', 'certainty': 'certain'}]}),
    'c-divide': ('cgo-fault', 'certain', {'also': [{'rule': 'unknown-fault'}], 'near_miss_of': ['external-signal', 'nil-deref']}),
    'illegal': ('unknown-fault', 'likely', {'function': 'main.trap', 'near_miss_of': ['go-panic', 'go-fatal']}),
    'bus': ('mapped-file', 'certain', {'function': 'main.shorten', 'also': [{'rule': 'go-fatal'}, {'rule': 'unknown-fault'}]}),
    'readonly': ('mapped-file', 'certain', {'function': 'main.(*journal).add', 'also': [{'rule': 'go-fatal'},
                                                                                  {'rule': 'unknown-fault'}]}),
    'filter': ('system-call-filter', 'certain', {'function': 'main.pin', 'also': [{'rule': 'unknown-fault'}]}),
    'heap-object': ('heap-damage', 'certain', {'function': 'runtime.(*mspan).reportZombies', 'also': [{'rule': 'go-fatal'}]}),
    'heap-header': ('heap-damage', 'likely', {'also': [{'rule': 'unknown-fault'}]}),
    'self-abort': ('external-signal', 'certain', {'near_miss_of': ['go-fatal', 'unknown-fault']}),
    'sent-segv': ('external-signal', 'certain', {'near_miss_of': ['nil-deref']}),
}


C_ENDED = {'c-heap': 'free_twice', 'c-assert': 'die_of'}  # the frame that called the C library


def ended(end, why, printed):
    rule, certainty, more = ENDS[end]
    expect = {'rule': rule, 'certainty': certainty, **more}
    preamble = '\n'.join(printed.preamble)
    if end in C_ENDED:
        expect['pc'] = one(rf' {{8}}(0x[0-9a-f]+)  \w*{C_ENDED[end]}\+', why)
    elif rule != 'external-signal' and end != 'heap-object':
        expect['pc'] = one(r'\b(?:PC|pc)=(0x[0-9a-f]+)', preamble)
    if rule not in ('external-signal', 'heap-damage'):
        expect['goroutine'] = printed.goroutines[0].id
    if printed.goroutines[0].id:
        expect['unlike_traceback'] = {'0': 'the thread that died printed its goroutine, the others their system stacks'}
    return expect


# Who died of the system call that was refused, and what else may be said of it: fixtures/src/field/refused.
REFUSED = {
    'amd64-refused': ('runtime.sigaltstack', 'unknown-fault'),
    'arm64-refused': ('runtime.sigaltstack', 'unknown-fault'),
    'amd64-refused-wake': ('runtime.futexwakeup', 'unknown-fault'),
    'amd64-refused-thread': ('runtime.newosproc', 'go-fatal'),
}


def refused(case):
    function, also = REFUSED[case]
    return {'rule': 'refused-call', 'certainty': 'certain', 'function': function, 'also': [{'rule': also}],
            'near_miss_of': ['resource-limit', 'bad-pointer', 'nil-deref']}


def expectation(case):
    folder = tap.CASES / case
    why = (folder / 'why.md').read_text()
    if case.endswith('-control'):
        return {'rule': None, 'healthy': True, 'near_miss_of': ['torn-return', 'torn-pc', 'smashed-return']}
    if tap.patch_of(case):
        sys.exit(f'{case}: what a changed word makes of a case is for its author to say')
    if '-late-' in case or '-stray-' in case:
        return torn_word(case, why)
    if case.endswith('-clobber'):
        return clobbered(why)
    if '-refused' in case:
        return refused(case)
    printed = traceback_text.parse((folder / 'expected.traceback').read_text())
    kind = case.removesuffix('-stripped')
    for end in ENDS:
        if case.endswith('-' + end):
            return ended(end, why, printed)
    if kind.endswith('-live'):
        moving = [goroutine.id for goroutine in printed.goroutines if goroutine.unavailable or
                  'main.spin' in [frame.function for frame in goroutine.frames]]
        return {'rule': None, 'healthy': True, 'near_miss_of': ['go-panic', 'go-fatal', 'unknown-fault'],
                'unlike_traceback': dict.fromkeys(map(str, moving), 'it ran on between snapshot and traceback')}
    if kind.endswith('-static'):
        return foreign(why, printed)
    if kind.endswith('-entered'):
        return {'rule': 'external-signal', 'certainty': 'certain', 'near_miss_of': ['split-sp', 'unwinder-crash'],
                'differs': {'from': 'arm64-leaf-unwind-stripped', 'by': one(r'(>> 0x\w+)', why)},
                'unlike_traceback': {'0': "the runtime's monitor went on after it had printed its stack"}}
    if '-near-' in kind:
        winner = 'arm64-leaf-unwind' + case.removeprefix(kind)
        return dict(panicked(printed), near_miss_of=['split-sp', 'unwinder-crash'],
                    differs={'from': winner, 'by': one(r'(>> 0x\w+)', why)})
    if kind.endswith('-overflow'):
        return limited(printed, 'stack-overflow')
    if kind.endswith('-overflow-c'):
        return {'rule': 'stack-overflow', 'certainty': 'certain', 'goroutine': printed.goroutines[0].id,
                'pc': address(one(r'PC=(0x[0-9a-f]+)', '\n'.join(printed.preamble))), 'also': [{'rule': 'cgo-fault'}],
                'unlike_traceback': {'0': 'the thread that was killed for all printed none'}}
    if kind.endswith('-hoard'):
        return limited(printed, 'out-of-memory')
    if kind.endswith('-overflow-not'):
        return panicked(printed)
    if '-deadlock' in kind:
        return {'rule': 'deadlock', 'certainty': 'certain', 'message': printed.preamble[0], 'also': threw(printed)}
    if kind.endswith(('-leak', '-idle')):
        return {'rule': 'external-signal', 'certainty': 'certain', 'near_miss_of': ['go-fatal', 'unknown-fault']}
    if kind.endswith('-nil'):
        return dict(panicked(printed), rule='nil-deref', also=[{'rule': 'go-panic'}])
    if kind.endswith('-aligned'):
        return unwalkable(printed)
    if kind.endswith('-panic'):
        return panicked(printed)
    if kind.endswith('-chain'):
        return panicked(printed)
    if kind.endswith('-misuse'):
        return fatal('go-fatal', printed)
    if kind.endswith('-map'):
        return dict(fatal('concurrent-map', printed), also=threw(printed))
    if kind.endswith('-unsorted'):
        return dict(panicked(printed), also=[{'rule': 'pdata-unsorted'}], executable_source='memory')
    if kind.endswith('-memory'):
        expect = dict(panicked(printed), executable_source='memory')
        if 'ExitProcess' in why:
            expect['certainty'] = 'likely'  # the dump has no exception: it does not say itself that the process was ending
        return expect
    return torn(why, printed)


def main():
    for case in sys.argv[1:]:
        text = json.dumps(expectation(case), indent=1)
        (tap.CASES / case / 'expect.json').write_text(text + '\n')
        print(f'{case}: {text}')


main()

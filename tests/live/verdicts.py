"""What tornstack may say of how the zoo ended: by what the program does at each of its endings (fixtures/src/zoo), and
by nothing that tornstack prints.

Apart from its end the zoo is sound: no stack is torn, no word of its heap or of a value of its own is damaged, and no
crowd waits in one place. So nothing may be found but the ending itself, and in what form the runtime put it.
"""
import dataclasses

# What the runtime made of the cause: a panic, a fatal error; the fault that it met.
FORMS = ('go-panic', 'go-fatal', 'unknown-fault')

@dataclasses.dataclass(frozen=True)
class Truth:
    rules: tuple       # each of them says it right
    functions: tuple   # the headline names one of them; none: the program's own code has no part in it

    def names(self, headline):
        return not self.functions or any(name in headline for name in self.functions)


# These wait for what nobody is left to do (locks.go, channels.go): whoever says so of a zoo that lives is right.
STUCK = Truth(('stuck',), (
    'main.lock', 'main.lockQueue', 'main.(*account).add', 'main.rwReader', 'main.rwWriter', 'main.rwWriterBehindWriter',
    'main.rwLocker', 'main.waitGroup', 'main.condWait', 'main.condQueue', 'main.(*queue).pop', 'main.sendFull',
    'main.sendStruct', 'main.readPipe', 'main.writeNetPipe'))

TRUTHS = {
    # endings.go: Go's own panics, and faults.
    'panic': Truth(('go-panic',), ('main.refuse', 'main.endPanic')),
    'nil': Truth(('nil-deref',), ('main.(*node).second', 'main.endNil')),
    'index': Truth(('go-panic',), ('main.endIndex',)),
    # A number that never was an address is used as a pointer.
    'segv': Truth(('bad-pointer', 'unknown-fault'), ('main.endSegv',)),
    'overflow': Truth(('stack-overflow',), ('main.plunge',)),
    'mapwrite': Truth(('concurrent-map',), ('main.writeMap',)),
    'unlock': Truth(('go-fatal',), ('main.endUnlock',)),
    # A pointer behind the last object of a span, which the collector finds.
    'throw': Truth(('heap-damage',), ()),
    'mark': Truth(('go-panic',), ('main.endMark',)),
    'live': STUCK,
    # deadlock.go, endings_unix.go: everything sleeps; a signal that the process sends itself; a limit of memory.
    'deadlock': Truth(('deadlock',), ()),
    'abort': Truth(('external-signal',), ()),
    'quit': Truth(('external-signal',), ()),
    'memory': Truth(('out-of-memory', 'resource-limit'), ('main.endMemory',)),
    # cgo.go: C reads what is not mapped, calls abort; Go that C called panics.
    'csegv': Truth(('cgo-fault',), ('faultInC', 'main.endSegvInC')),
    'csegvback': Truth(('cgo-fault',), ('faultInC', 'main.endSegvInCallback', 'main.fromC', 'main.callGo')),
    'cabort': Truth(('cgo-fault', 'external-signal'), ('abortInC', 'main.endAbortInC')),
    'cpanic': Truth(('go-panic',), ('main.refuse',)),
}


def trouble(report, ending):
    """What is wrong in verdict and findings, or None."""
    truth, verdict = TRUTHS.get(ending), report['verdict']
    if truth is None:
        return f'what "{ending}" does is not known'
    forms = () if ending == 'live' else FORMS
    others = [finding for finding in report['findings'] if finding['rule'] not in (*truth.rules, *forms)]
    if others:
        return 'also found: ' + '; '.join(f'{one["certainty"]} {one["rule"]}: {one["title"]}' for one in others)
    if ending == 'live' and verdict['certainty'] == 'healthy':
        return None
    said = f'{verdict["certainty"]} {verdict["rule"]}: {verdict["headline"]}'
    if verdict['rule'] not in truth.rules:
        return f'not {" or ".join(truth.rules)}: {said}'
    # Who sent a signal is known where the code that did is not: of C's abort, without the C library that it is of (cores by qemu-user).
    if verdict['rule'] != 'external-signal' and not truth.names(verdict['headline']):
        return f'names none of {", ".join(truth.functions)}: {said}'
    return None

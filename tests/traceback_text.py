#!/usr/bin/env python3
"""What the Go runtime prints when a process dies: a parser, and a comparison with a report of tornstack.

Reads the output of GOTRACEBACK=single, all, system and crash of Go 1.18 to 1.27 (runtime/traceback.go: goroutineheader,
traceback2, printcreatedby), with anything before, between and after it. As a program: prints what it read as JSON.
"""
import dataclasses
import json
import re
import sys


@dataclasses.dataclass
class Frame:
    function: str        # as printed: type arguments are "[...]"
    args: str            # between the parentheses
    file: str
    line: int
    offset: int = None   # from the function's entry
    fp: int = None
    sp: int = None
    pc: int = None
    inlined: bool = False


@dataclasses.dataclass
class Creator:
    function: str
    goroutine: int = None  # printed from Go 1.21 on
    file: str = None
    line: int = None


@dataclasses.dataclass
class Goroutine:
    id: int
    status: str              # status or wait reason, without what follows it
    gp: int = None
    m: int = None            # id of its M; None: not printed, or nil
    mp: int = None
    scan: bool = False
    leaked: bool = False
    minutes: int = None
    locked: bool = False
    bubble: int = None
    labels: str = None
    frames: list = dataclasses.field(default_factory=list)
    elided_at: int = None    # frames[elided_at:] come after `elided` frames that were not printed
    elided: int = None
    cut: bool = False        # "...additional frames elided...": there are more callers
    unavailable: bool = False  # "goroutine running on other thread; stack unavailable"
    created_by: Creator = None


@dataclasses.dataclass
class Traceback:
    preamble: list = dataclasses.field(default_factory=list)    # lines before the first stack
    goroutines: list = dataclasses.field(default_factory=list)  # in the order printed; each id once, 0 excepted
    repeated: list = dataclasses.field(default_factory=list)    # printed again: by its own thread, later
    runtime_stack: Goroutine = None                             # of the system stack of the thread that died

    def goroutine(self, number):
        return next((g for g in self.goroutines if g.id == number), None)

    def accounts(self, number):
        """All that was printed of a goroutine, the newest first: the nearest to the dump."""
        return [g for g in reversed(self.goroutines + self.repeated) if g.id == number]

    def system_stacks(self):
        """That of the thread that died first; after a signal each thread prints where it was."""
        return ([self.runtime_stack] if self.runtime_stack else []) + [g for g in self.goroutines if g.id == 0]


# Labels: Go 1.26 has them inside the brackets, 1.27 behind.
HEADER = re.compile(r'goroutine (\d+)(?: gp=0x([0-9a-f]+))?(?: m=(nil|-?\d+)(?: mp=0x([0-9a-f]+))?)? '
                    r'\[([^][]*?)(?: labels:\{(.*)\})?\](?: \{(.*)\})?:$')
PLACE = re.compile(r'\t(.*):(\d+)(?: \+0x([0-9a-f]+))?(?: fp=0x([0-9a-f]+) sp=0x([0-9a-f]+)(?: pc=0x([0-9a-f]+))?)?$')
CREATED = re.compile(r'created by (.+?)(?: in goroutine (\d+))?$')
ELIDED = re.compile(r'\.\.\.(\d+) frames elided\.\.\.$')
UNAVAILABLE = 'goroutine running on other thread; stack unavailable'


def number(text, base=16):
    return None if text is None else int(text, base)


def split_call(line):
    """'main.(*T).M[...]({0x1, 0x2})' → ('main.(*T).M[...]', '{0x1, 0x2}'); None when it is no call. Arguments hold no
    parentheses, names may."""
    if not line.endswith(')') or line[:1] in ('', '\t', ' '):
        return None
    name, paren, args = line[:-1].rpartition('(')
    return (name, args) if paren and name else None


def parse_header(line):
    match = HEADER.match(line)
    if not match:
        return None
    ident, gp, m, mp, inside, labels, labels_behind = match.groups()
    goroutine = Goroutine(id=int(ident), status='', gp=number(gp), mp=number(mp))
    goroutine.m = None if m in (None, 'nil') else int(m)
    goroutine.labels = labels or labels_behind
    parts = inside.split(', ')
    # What goes with the status comes after it, each part once; a wait reason has no comma.
    while len(parts) > 1:
        part = parts[-1]
        if re.fullmatch(r'\d+ minutes', part):
            goroutine.minutes = int(part.split()[0])
        elif part == 'locked to thread':
            goroutine.locked = True
        elif re.fullmatch(r'synctest (bubble|group) \d+', part):
            goroutine.bubble = int(part.split()[2])
        else:
            break
        parts.pop()
    status = ', '.join(parts)
    goroutine.scan, goroutine.leaked = ' (scan)' in status, ' (leaked)' in status
    goroutine.status = status.replace(' (scan)', '').replace(' (leaked)', '')
    return goroutine


def parse_frame(line, below):
    call, place = split_call(line), PLACE.match(below)
    if not call or not place:
        return None
    file, at, offset, fp, sp, pc = place.groups()
    return Frame(call[0], call[1], file, int(at), number(offset), number(fp), number(sp), number(pc),
                 inlined=call[1] == '...' and offset is None)


def parse_created(line, below):
    match = CREATED.match(line)
    if not match:
        return None
    place = PLACE.match(below)
    creator = Creator(match.group(1), number(match.group(2), 10))
    if place:
        creator.file, creator.line = place.group(1), int(place.group(2))
    return creator


def parse(text):
    lines = text.splitlines() + ['', '']
    result = Traceback()
    stack, seen = None, False
    for i, line in enumerate(lines[:-1]):
        below = lines[i + 1]
        header = parse_header(line)
        if header or line == 'runtime stack:':
            seen = True
            stack = header or Goroutine(id=0, status='')
            if not header:
                result.runtime_stack = result.runtime_stack or stack
            elif stack.id and result.goroutine(stack.id):
                result.repeated.append(stack)
            else:
                result.goroutines.append(stack)
        elif line.startswith('[originating from goroutine '):
            stack = None
        elif not line:
            # A blank line ends a stack, unless the program's own output stands in its middle.
            stack = None
        elif not seen:
            result.preamble.append(line)
        elif stack is not None and not stack.created_by:
            read_stack_line(stack, line, below)
    return result


def read_stack_line(stack, line, below):
    frame, creator = parse_frame(line, below), parse_created(line, below)
    if frame:
        stack.frames.append(frame)
    elif creator:
        stack.created_by = creator
    elif ELIDED.match(line):
        stack.elided_at, stack.elided = len(stack.frames), int(ELIDED.match(line).group(1))
    elif line == '...additional frames elided...':
        stack.cut = True
    elif line.strip() == UNAVAILABLE:
        stack.unavailable = True


# --- comparison with a report -----------------------------------------------------------------------------------------


def printed_name(name):
    """The name of a function in pclntab as a traceback prints it (runtime.printFuncName)."""
    if name is None:
        return None
    if name == 'runtime.gopanic':
        return 'panic'
    first, last = name.find('['), name.rfind(']')
    return f'{name[:first]}[...]{name[last + 1:]}' if 0 <= first < last else name


def as_printed(ours):
    """The frame of a report as the runtime would print it."""
    place = [None if ours.get(key) is None or ours['inlined'] else int(ours[key], 16) for key in ('fp', 'sp', 'pc')]
    return Frame(printed_name(ours['function']), '...' if ours['inlined'] else '', ours['file'], ours['line'], None,
                 *place, inlined=ours['inlined'])


def is_shown(name):
    """Whether GOTRACEBACK=single and all show a function (runtime.showfuncinfo); system and crash show all."""
    if name is None or '.' not in name:
        return False
    return not name.startswith('runtime.') or name[len('runtime.'):][:1].isupper()


def frame_difference(printed, ours):
    """Why a frame of a report is not the printed one, or None."""
    if printed_name(ours['function']) != printed.function:
        return f'{ours["function"]} instead of {printed.function}'
    place = (None, None) if (printed.file, printed.line) == ('?', 0) else (printed.file, printed.line)  # no file is known
    if (ours['file'], ours['line']) != place:
        return f'{printed.function} at {ours["file"]}:{ours["line"]} instead of {printed.file}:{printed.line}'
    if ours['inlined'] != printed.inlined:
        return f'{printed.function}: inlined is {ours["inlined"]}'
    for key in ('pc', 'sp', 'fp'):
        want, have = getattr(printed, key), ours.get(key)
        if want is not None and have is not None and int(have, 16) != want:
            return f'{printed.function}: {key} is {have} instead of {want:#x}'
    return None


def sequence_difference(printed, ours):
    """The first difference of two lists of frames of which the printed one must not be the longer, or None."""
    for i, frame in enumerate(printed):
        if i >= len(ours):
            return f'frame {i}, {frame.function}, is missing'
        difference = frame_difference(frame, ours[i])
        if difference:
            return f'frame {i}: {difference}'
    return None


def whole_difference(goroutine, ours):
    """Printed and found stack must be the same from end to end, but for what the runtime left out."""
    top = goroutine.frames
    bottom = []
    if goroutine.elided_at is not None:
        top, bottom = goroutine.frames[:goroutine.elided_at], goroutine.frames[goroutine.elided_at:]
    length = len(top) + (goroutine.elided or 0) + len(bottom)
    difference = sequence_difference(top, ours)
    if difference:
        return difference
    if goroutine.cut:
        return None if len(ours) > length else 'no frames where the runtime said there are more'
    if len(ours) != length:
        return f'{len(ours)} frames instead of {length}'
    return sequence_difference(bottom, ours[len(ours) - len(bottom):]) if bottom else None


def stack_difference(goroutine, ours, torn_at=None):
    """Why a stack of a report ("frames" of a goroutine) is not the printed one, or None.

    A running goroutine goes on after its stack was printed, into the code that ends the process: the printed stack is
    then the outer part of ours. Of a torn stack the runtime prints what is true up to the torn function, `torn_at`;
    what it prints after that is not; ours must go on."""
    if goroutine.unavailable or not goroutine.frames:
        return None
    if all(f.fp is None for f in goroutine.frames):
        ours = [f for f in ours if is_shown(f['function'])]
    if torn_at:
        names = [f.function for f in goroutine.frames]
        if torn_at not in names:
            return f'the runtime did not print {torn_at}'
        printed = [dataclasses.replace(f) for f in goroutine.frames[:names.index(torn_at) + 1]]
        printed[-1].sp = printed[-1].fp = None  # these the runtime has wrong
        return sequence_difference(printed, ours) or (
            None if len(ours) > len(printed) else f'nothing follows the torn frame of {torn_at}')
    if goroutine.status == 'running':
        for start in range(len(ours)):
            if not frame_difference(goroutine.frames[0], ours[start]):
                return whole_difference(goroutine, ours[start:])
        return f'{goroutine.frames[0].function} is not on the stack'
    return whole_difference(goroutine, ours)


def system_stack_difference(printed, threads):
    """Why a printed system stack is not on one of these threads, or None. A thread goes on after it has printed its
    stack, into the code that ends the process: what is printed is the outer part of ours."""
    if not printed.frames:
        return None
    for thread in threads:
        for start, frame in enumerate(thread['frames']):
            if not frame_difference(printed.frames[0], frame):
                return whole_difference(printed, thread['frames'][start:])
    return f'{printed.frames[0].function} is not there on {len(threads)} threads'


def account_difference(goroutine, ours, torn_at=None):
    """Why a goroutine of a report is not what is printed, or None."""
    return state_difference(goroutine, ours) or stack_difference(goroutine, ours['frames'], torn_at)


def state_difference(goroutine, ours):
    """Why status and creator of a goroutine in a report are not the printed ones, or None."""
    status = ours['wait_reason'] if ours['status'] == 'waiting' and ours['wait_reason'] else ours['status']
    want = 'leaked' if goroutine.leaked else goroutine.status
    if want not in (status, f'{status} (durable)'):
        return f'status is "{status}" instead of "{want}"'
    if ours['scan'] != goroutine.scan:
        return f'scan is {ours["scan"]}'
    creator, found = goroutine.created_by, ours['created_by']
    if creator:
        if not found or printed_name(found.get('function')) != creator.function:
            return f'created by {found} instead of {creator.function}'
        if creator.goroutine is not None and found.get('goroutine') != creator.goroutine:
            return f'created in goroutine {found.get("goroutine")} instead of {creator.goroutine}'
        if 'line' in found and (found['file'], found['line']) != (creator.file, creator.line):
            return f'created at {found["file"]}:{found["line"]} instead of {creator.file}:{creator.line}'
    elif found and goroutine.frames and goroutine.frames[-1].function == 'runtime.goexit':
        return f'created by {found["function"]}, of which the runtime says nothing'
    return None


def printed_panics(preamble):
    """The lines of the panics that ended the process; none where a fatal error did."""
    if any(line.strip().startswith('fatal error: ') for line in preamble):
        return []
    first = next((i for i, line in enumerate(preamble) if line.startswith('panic: ')), len(preamble))
    lines = preamble[first:]
    last = next((i for i, line in enumerate(lines) if not line or line.startswith('[signal ')), len(lines))
    return lines[:last]


def panics_difference(printed, report):
    """None when a report has the panics that ended the process as they were printed, line by line."""
    wanted, lines = printed_panics(printed.preamble), report['process']['panic_lines']
    return None if lines == wanted else f'{lines}\ninstead of {wanted}'


def main():
    with open(sys.argv[1], encoding='utf-8', errors='replace') as file:
        json.dump(dataclasses.asdict(parse(file.read())), sys.stdout, indent=1)
    print()


if __name__ == '__main__':
    main()

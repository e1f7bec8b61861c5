"""Runs inside gdb, on a core: prints the goroutines that runtime-gdb.py lists, and the stack of each thread, as lines
of fields with tabs between them. peer_gdb.py reads them. gdb may hang in the middle: each line is written at once."""
import gdb

DEPTH = 5000
KINDS = {gdb.INLINE_FRAME: 'inline', gdb.SIGTRAMP_FRAME: 'signal'}


def attempt(command):
    try:
        print(gdb.execute(command, to_string=True), end='')
    except gdb.error as problem:
        print(f'failed\t{command}: {problem}')


def print_frame(frame):
    place = frame.find_sal()
    file = place.symtab.filename if place.symtab else ''
    sp = int(frame.read_register('sp')) & (1 << 64) - 1
    kind = KINDS.get(frame.type(), 'normal')
    print('frame', hex(frame.pc()), hex(sp), kind, frame.name() or '??', file, place.line, sep='\t', flush=True)


def print_stack():
    frame = gdb.newest_frame()
    for _ in range(DEPTH):
        print_frame(frame)
        reason = frame.unwind_stop_reason()
        older = frame.older()
        if older is None:
            if reason not in (gdb.FRAME_UNWIND_NO_REASON, gdb.FRAME_UNWIND_OUTERMOST):
                print(f'stop\t{gdb.frame_stop_reason_string(reason)}')
            return
        frame = older
    print(f'stop\tmore than {DEPTH} frames')


attempt('info goroutines')
attempt('goroutine 1 bt')
for thread in gdb.selected_inferior().threads():
    thread.switch()
    print(f'thread\t{thread.ptid[1]}')
    try:
        print_stack()
    except gdb.error as error:
        print(f'stop\t{error}')

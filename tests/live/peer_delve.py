"""Delve: `goroutines -t`, which prints a stack for each goroutine.

An inlined frame has the pc of the frame that it is part of, and comes before it. Delve does not mark it."""
import re

import peer

HEADER = re.compile(r'(?:\(dlv\) )?[* ] Goroutine (\d+) - .*?(?: \(thread \d+\))?(?: \[([^\[\]]*)\])?$')
FRAME = re.compile(r'\t\s*\d+\s+0x([0-9a-f]+) in (.+)$')
PLACE = re.compile(r'\t\s+at (.*):(-?\d+)$')
COLOUR = re.compile(r'\x1b\[[0-9;]*m')
# Enough for all but an overflow. Some frames of arm64 Delve repeats without end: many more would cost it the rest.
DEPTH = 2000


def command(program, core, exe):
    return [program, 'core', exe, core, '--check-go-version=false', '--allow-non-terminal-interactive=true']


def mark_inlined(frames):
    """Frames of one pc in a row: the last is the function itself; so are, in recursion, earlier ones of its name."""
    physical = None
    for i in range(len(frames) - 1, -1, -1):
        if i + 1 == len(frames) or frames[i].pc != frames[i + 1].pc:
            physical = frames[i].function
        frames[i].inlined = frames[i].function != physical


def read(done):
    answer = peer.Answer()
    current = None
    for line in COLOUR.sub('', done.out).splitlines():
        header, frame, place = HEADER.match(line), FRAME.match(line), PLACE.match(line)
        if header:
            # A number after the reason is since when it waits.
            status = header.group(2) and re.sub(r' \d+$', '', header.group(2))
            current = peer.Goroutine(int(header.group(1)), status)
            answer.goroutines.append(current)
        elif frame and current:
            current.frames.append(peer.Frame(frame.group(2), pc=int(frame.group(1), 16)))
        elif place and current and current.frames:
            current.frames[-1].file, current.frames[-1].line = place.group(1), int(place.group(2))
        elif line.startswith('\t') and current:
            current.said = line.strip()
    # What fails is said on stderr, with or without the prompt before it.
    answer.messages += [line for line in done.err.splitlines() if line.lower().startswith('warning: ')]
    answer.messages += re.findall(r'Command failed: (.*)', done.out + done.err)
    for goroutine in answer.goroutines:
        mark_inlined(goroutine.frames)
    if not answer.goroutines and not answer.messages and done.status is not None:
        answer.messages.append(peer.last_words(done))
    return answer


PEER = peer.Peer('Delve', lambda: peer.go_install('github.com/go-delve/delve/cmd/dlv'), peer.go_version, command, read,
                 stdin=f'goroutines -t {DEPTH}\nexit\n')

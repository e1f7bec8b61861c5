"""viewcore of golang.org/x/debug: `goroutines`. It prints neither ids of goroutines nor lines nor inlined frames. It is
used when it is in build/peers or on the PATH; it is not installed from here."""
import re

import peer

FRAME = re.compile(r'  ([0-9a-f]{16}) [0-9a-f]{16} (.*?)(?:[+-]\d+)?$')
LOST = re.compile(r'warning: giving up on backtrace for (\d+) (after .*)$')


def find():
    program = peer.on_path('viewcore')
    if not program:
        raise peer.Missing('neither in build/peers nor on the PATH')
    return program


def command(program, core, exe):
    return [program, core, '--exe', exe, 'goroutines']


def read(done):
    if done.status is None:
        return peer.Answer()
    if done.status != 0:
        return peer.Answer(messages=[peer.last_words(done)])
    answer = peer.Answer()
    for line in done.out.splitlines():
        frame = FRAME.match(line)
        if line.startswith('G stacksize='):
            answer.goroutines.append(peer.Goroutine())
        elif frame and answer.goroutines:
            answer.goroutines[-1].frames.append(peer.Frame(frame.group(2), sp=int(frame.group(1), 16)))
    for line in done.err.splitlines():
        lost = LOST.match(line)
        if lost:
            # Only here are ids; the comparison joins what is said of a goroutine with its stack.
            answer.goroutines.append(peer.Goroutine(int(lost.group(1)), said=f'giving up {lost.group(2)}'))
    return answer


PEER = peer.Peer('viewcore', find, peer.go_version, command, read)

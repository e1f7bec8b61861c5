"""gdb with the runtime-gdb.py of the Go release that made the program. On a core, its `goroutine N bt` cannot work
(golang/go#17575): what is left is the list of goroutines, and the stacks of threads, some of which are goroutines'."""
import os
import re
import shutil

import peer

INSIDE = peer.ROOT / 'tests/live/gdb_inside.py'
LISTED = re.compile(r'[* ] (\d+) (\S[\w ]*?)  ?\S*$')
FRAME = re.compile(r'frame\t0x([0-9a-f]+)\t0x([0-9a-f]+)\t(.*)\t(.*)\t(.*)\t(.*)$')


def find():
    program = shutil.which('gdb-multiarch') or shutil.which('gdb')
    if not program:
        raise peer.Missing('not on the PATH')
    return program


def version(program):
    return peer.run([program, '--version']).out.splitlines()[0].rpartition(' ')[2]


def runtime_script(exe):
    """runtime-gdb.py of the release, or None."""
    release = peer.run(['go', 'version', exe]).out.rpartition(' ')[2].strip() if shutil.which('go') else ''
    if not re.fullmatch(r'go1\.\d+(\.\d+)?', release):
        return None
    environment = dict(os.environ, GOTOOLCHAIN=release, GOFLAGS='')
    root = peer.run(['go', 'env', 'GOROOT'], environment=environment).out.strip()
    script = f'{root}/src/runtime/runtime-gdb.py'
    return script if root and os.path.exists(script) else None


def command(program, core, exe):
    script = runtime_script(exe)
    return [program, '-nx', '-batch', '-iex', 'set auto-load off', '-iex', 'set debuginfod enabled off',
            '-ex', f'file {exe}', '-ex', f'core-file {core}',
            *(['-ex', f'source {script}'] if script else []), '-x', INSIDE]


def read_frame(match):
    pc, sp, kind, function, file, line = match.groups()
    return peer.Frame(function, file or None, int(line or 0) or None, int(pc, 16), int(sp, 16), kind == 'inline')


def read(done):
    answer = peer.Answer()
    for line in done.out.splitlines():
        frame, listed = FRAME.match(line), LISTED.match(line)
        word, _, text = line.partition('\t')
        if word == 'thread':
            answer.goroutines.append(peer.Goroutine())
        elif frame and answer.goroutines:
            answer.goroutines[-1].frames.append(read_frame(frame))
        elif word == 'stop' and answer.goroutines:
            answer.goroutines[-1].said = text
        elif word == 'failed':
            answer.messages.append(text)
        elif listed:
            answer.goroutines.append(peer.Goroutine(int(listed.group(1)), listed.group(2)))
    if not answer.goroutines and done.status is not None:
        answer.messages.append(peer.last_words(done))
    return answer


PEER = peer.Peer('gdb', find, version, command, read)

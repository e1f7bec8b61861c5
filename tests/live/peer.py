"""What an adapter of a peer is: how another debugger is found, run and read. One for each: peer_*.py, each with a PEER.
What all of them give back is the same, so that one comparison serves them all (peer_equal.py)."""
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / 'build/peers'    # where peers are installed; never outside of build/
SECONDS = 60
BYTES = 8 << 30                  # of address space


class Missing(Exception):
    """A peer is not here and cannot be installed; why."""


@dataclasses.dataclass
class Frame:
    function: str
    file: str = None     # None: the peer does not say
    line: int = None
    pc: int = None
    sp: int = None
    inlined: bool = False
    stopped: bool = False  # stands at an instruction that is no call; set by the comparison


@dataclasses.dataclass
class Goroutine:
    """One goroutine, or a stack of which the peer does not say whose it is: then `id` is None, and sp tells."""
    id: int = None
    status: str = None   # status or wait reason, as far as the peer says it
    frames: list = dataclasses.field(default_factory=list)
    said: str = None     # what the peer itself says is wrong with this stack


@dataclasses.dataclass
class Answer:
    goroutines: list = dataclasses.field(default_factory=list)
    messages: list = dataclasses.field(default_factory=list)  # of the whole run: failures and warnings


@dataclasses.dataclass
class Done:
    status: int = None   # None: its time was over, which err says
    out: str = ''
    err: str = ''


@dataclasses.dataclass(frozen=True)
class Peer:
    name: str
    find: object         # () → the path of the program; installs it when it can; raises Missing
    version: object      # (program) → text
    command: object      # (program, core, exe) → argument list
    read: object         # (Done) → Answer
    stdin: str = ''


def run(command, stdin='', seconds=SECONDS, environment=None):
    """Runs a peer within limits, in a folder without sources: Delve shortens the paths of those below the current one.
    What it printed before its time was over is kept."""
    limited = ['prlimit', f'--as={BYTES}', *(str(word) for word in command)]
    try:
        done = subprocess.run(limited, input=stdin.encode(), capture_output=True, timeout=seconds, env=environment,
                              cwd=tempfile.gettempdir())
        return Done(done.returncode, done.stdout.decode(errors='replace'), done.stderr.decode(errors='replace'))
    except subprocess.TimeoutExpired as late:
        return Done(None, (late.stdout or b'').decode(errors='replace'), f'still running after {seconds} seconds')


def on_path(name):
    """A program under build/peers, or else on the PATH."""
    found = FOLDER / name
    return found if found.exists() else shutil.which(name)


def go_install(package):
    """The program of a Go package, newest version, put into build/peers."""
    name = package.rpartition('/')[2]
    if not on_path(name):
        if not shutil.which('go'):
            raise Missing('Go is not installed')
        FOLDER.mkdir(parents=True, exist_ok=True)
        # A program may ask for a newer Go than is installed.
        environment = dict(os.environ, GOBIN=str(FOLDER), GOTOOLCHAIN='auto', GOFLAGS='')
        try:
            done = subprocess.run(['go', 'install', f'{package}@latest'], env=environment, capture_output=True,
                                  text=True, timeout=900)
        except subprocess.TimeoutExpired:
            raise Missing(f'go install {package}@latest: still running after 900 s') from None
        if done.returncode:
            raise Missing(f'go install {package}@latest: {done.stderr.strip().splitlines()[-1]}')
    return on_path(name)


def go_version(program):
    """Of a program written in Go: the version of its main module."""
    match = re.search(r'^\tmod\t\S+\t(\S+)', run(['go', 'version', '-m', program]).out, re.M)
    return match.group(1) if match else 'of unknown version'


def last_words(done):
    """Why a run failed, in its own words: the panic of a Go program, or else the last line that is not empty."""
    lines = [line for line in (done.err.strip() or done.out.strip()).splitlines() if line.strip()]
    return next((line for line in lines if line.startswith('panic: ')), lines[-1] if lines else 'no output')

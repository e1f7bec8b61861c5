"""Windows programs, run by Wine in a prefix of their own, which fixtures/src/windows/prefix.sh makes."""
import os
import pathlib
import shutil
import tempfile
import threading

import tap
from live.process import Failure, run

PREFIX = tap.ROOT / 'fixtures/src/windows/prefix.sh'
FOLDER = tap.ROOT / 'build/live/wine'
PREFIX_SECONDS = 300
lock = threading.Lock()


def crashdump():
    """crashdump.exe; made, with the prefix, when it is first needed."""
    with lock:
        if not (FOLDER / 'crashdump.exe').exists():
            status, output = run([PREFIX, FOLDER], PREFIX_SECONDS)
            if status != 0:
                raise Failure(f'{PREFIX.name}: {output[-1000:]}')
    return FOLDER / 'crashdump.exe'


def command(words):
    """Words after `wine`, in an environment that is the same everywhere."""
    settings = {'HOME': FOLDER / 'home', 'PATH': os.environ['PATH'], 'WINEPREFIX': FOLDER / 'prefix', 'WINEDEBUG': '-all',
                'WINEDLLOVERRIDES': 'mscoree,mshtml=', 'GOTRACEBACK': 'crash'}
    return ['env', '-i', *(f'{name}={value}' for name, value in settings.items()), 'wine', *words]


def run_program(words, seconds, folder):
    """Exit status; what the program prints is in out and traceback there. (Wine's server, which stays, would hold a pipe.)"""
    with open(folder / 'out', 'wb') as out, open(folder / 'traceback', 'wb') as err:
        return run(command(words), seconds, cwd=folder, stdout=out, stderr=err)[0]


def endings(exe, seconds):
    crashdump()
    with tempfile.TemporaryDirectory(dir=exe.parent) as folder:
        folder = pathlib.Path(folder)
        status = run_program([shutil.copy(exe, folder / 'zoo.exe'), 'list'], seconds, folder)
        return status, (folder / 'out').read_text()


def dump(words, seconds, folder):
    """Runs a program under crashdump.exe."""
    run_program([crashdump(), *words], seconds, folder)

"""Programs under a time limit."""
import contextlib
import os
import signal
import subprocess


class Failure(Exception):
    """There is no executable, or no dump, and why."""


def run(command, seconds, **settings):
    """Exit status and output (None where it goes elsewhere); what is still running at the end is killed with all its children."""
    settings = {'stdout': subprocess.PIPE, 'stderr': subprocess.STDOUT, 'errors': 'replace', **settings}
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, **settings) as process:
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            kill(process)
            raise Failure(f'{command[0]} is still running after {seconds} s') from None
    return process.returncode, output


def kill(process):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()

"""Goals as ratios: what tornstack may take beside a command that does no more with the same bytes than has to be done. Both take turns
in one run, and the least of each counts, so that other work of the machine is in neither; where it never rests, CPU time tells more."""
import os
import subprocess
import time
import typing


class Goal(typing.NamedTuple):
    what: str
    command: list
    name: str      # of what it is measured beside
    beside: list   # that
    most: float    # times as long


def run(command):
    """Seconds on the clock and of the CPU, of a process with all that it waits for; None: it failed."""
    start = time.monotonic()
    with subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return None if process.returncode else (time.monotonic() - start, usage.ru_utime + usage.ru_stime)


def least(runs):
    """Of each, or None when one failed."""
    return None if None in runs else tuple(min(one[i] for one in runs) for i in range(2))


def seconds(value):
    return f'{value:.2f} s' if value >= 0.1 else f'{value * 1e3:.1f} ms'


def row(goal, rounds):
    pairs = [(run(goal.command), run(goal.beside)) for _ in range(rounds)]
    ours, theirs = (least([pair[i] for pair in pairs]) for i in range(2))
    if not ours or not theirs:
        return [goal.what, 'failed', goal.name, '', '', f'{goal.most:.1f}', '']
    ratio = ours[0] / theirs[0]
    return [goal.what, f'{seconds(ours[0])}, CPU {seconds(ours[1])}', goal.name, f'{seconds(theirs[0])}, CPU {seconds(theirs[1])}',
            f'{ratio:.1f}, CPU {ours[1] / theirs[1]:.1f}', f'{goal.most:.1f}', 'met' if ratio <= goal.most else 'not met']


def rows(goals, rounds):
    return [['what', 'tornstack', 'beside', 'that takes', 'ratio', 'goal', ''], *(row(goal, rounds) for goal in goals)]

"""Differences in which the text of the runtime is the lesser one: a predicate each, whose docstring says why.

A predicate sees one goroutine or system stack that differs, and is true only if it explains the whole difference. None
may be true of a stack that is merely wrong.
"""
import dataclasses
import re

import traceback_text


@dataclasses.dataclass
class Scene:
    accounts: list    # what the runtime printed of it, the newest first
    ours: dict        # the goroutine in the report; None: it has none, or this is a system stack
    printed: object   # the whole text
    report: dict
    ending: str = None

    def minor(self):
        """23 of go1.23.12; a release that says no number counts as new."""
        match = re.match(r'go1\.(\d+)', self.report['target']['go_version'] or '')
        return int(match.group(1)) if match else 1000


def line_before_preemption(scene):
    """Up to Go 1.20 the runtime takes the pc at which a goroutine was preempted asynchronously for a return address,
    and prints line and inlined calls of the instruction before it. Only sigpanic is exempt there
    (runtime.gentraceback, waspanic)."""
    if scene.minor() > 20 or not scene.ours or not scene.accounts:
        return False
    account, frames = scene.accounts[0], scene.ours['frames']
    names = [frame.function for frame in account.frames]
    if names.count('runtime.asyncPreempt') != 1:
        return False
    start = names.index('runtime.asyncPreempt') + 1
    end = start + next((i for i, frame in enumerate(account.frames[start:]) if not frame.inlined), 0)
    our_end = start + next((i for i, frame in enumerate(frames[start:]) if not frame['inlined']), 0)
    if end >= len(names) or our_end >= len(frames):
        return False
    # What is not inlined keeps its function, file and place on the stack; the rest is as the pc itself says.
    preempted = dataclasses.replace(account.frames[end], line=frames[our_end]['line'])
    inlined = [traceback_text.as_printed(frame) for frame in frames[start:our_end]]
    mended = [*account.frames[:start], *inlined, preempted, *account.frames[end + 1:]]
    return not traceback_text.account_difference(dataclasses.replace(account, frames=mended), scene.ours)


def ran_after_snapshot(scene):
    """A snapshot is older than the text: goroutines that run, or wait for a processor, have moved on between them, and
    the runtime's own wake by themselves."""
    if scene.ending != 'live' or not scene.ours or not scene.accounts:
        return False
    printed, ours = scene.accounts[0], scene.ours
    moved = (printed.status != ours['status'] or not printed.frames or not ours['frames'] or
             traceback_text.frame_difference(printed.frames[0], ours['frames'][0]))
    wakes = printed.created_by and printed.created_by.function.startswith('runtime.')
    return bool(moved) and bool(wakes or {printed.status, ours['status']} & {'running', 'runnable'})


def thread_moved_after_snapshot(scene):
    """A snapshot is older than the text: in between, threads without a goroutine wake and sleep elsewhere."""
    top = snapshot_top(scene)
    return bool(top) and (not any(frame['sp'] == f'{top.sp:#x}' for frame in thread_tops(scene)) or
                          any(called_something_else(scene.accounts[0].frames, thread['frames'])
                              for thread in scene.report['threads']))


def called_something_else(printed, ours):
    """Whether the outer frames of two stacks are the same ones, up to one that had called something else in between."""
    printed = [frame for frame in printed if frame.sp is not None]
    ours = [frame for frame in ours if not frame['inlined']]
    callers = zip(reversed(printed[1:]), reversed(ours[1:]))
    for i, (frame, our) in enumerate(callers):
        same = (frame.function, f'{frame.sp:#x}') == (traceback_text.printed_name(our['function']), our['sp'])
        if not same or our['pc'] != f'{frame.pc:#x}':
            return same and i > 0
    return False


def restarted_system_call(scene):
    """Of a thread that a debugger stops inside a system call the snapshot has the pc behind the instruction; a signal
    has the kernel set it back, to make the call again, and the runtime prints that one and its line."""
    top = snapshot_top(scene)
    width = {'amd64': 2, 'arm64': 4}[scene.report['target']['arch']]
    behind = next((frame for frame in thread_tops(scene) if top and frame['pc'] == f'{top.pc + width:#x}'), None)
    if not behind:
        return False
    printed = scene.accounts[0]
    mended = dataclasses.replace(top, pc=top.pc + width, line=behind['line'])
    frames = [mended if frame is top else frame for frame in printed.frames]
    return not traceback_text.system_stack_difference(dataclasses.replace(printed, frames=frames),
                                                      scene.report['threads'])


def snapshot_top(scene):
    """The innermost frame, inlined calls aside, of a system stack that was printed after a snapshot, or None."""
    printed = scene.accounts[0] if scene.accounts else None
    if scene.ending != 'live' or not printed or printed.id:
        return None
    return next((frame for frame in printed.frames if frame.sp is not None), None)


def thread_tops(scene):
    return [thread['frames'][0] for thread in scene.report['threads'] if thread['frames']]


def vdso_of_another_stack(scene):
    """When a thread is inside the vDSO on its system stack, the runtime prints that stack for the goroutine, too: it
    takes m.vdsoSP, whose stack it is not (runtime.traceback1)."""
    if not scene.ours or not scene.accounts or scene.ours['end'] != 'complete':
        return False
    frames = scene.accounts[0].frames
    low, high = int(scene.ours['stack_lo'], 16), int(scene.ours['stack_hi'], 16)
    places = [frame.sp for frame in frames if frame.sp is not None]
    return (bool(places) and not any(low <= place < high for place in places) and
            any(stack.frames == frames for stack in scene.printed.system_stacks()) and
            not traceback_text.state_difference(scene.accounts[0], scene.ours))


def system_stack_ends_at_c(scene):
    """The runtime does not unwind C: of a system stack it prints nothing beyond the Go frames that C called, or that a
    signal put upon C."""
    printed = scene.accounts[0] if scene.accounts else None
    if not printed or printed.id or not printed.frames:
        return False
    for thread in scene.report['threads']:
        for i, frame in enumerate(thread['frames']):
            up_to_c = [dict(thread, frames=thread['frames'][:i])]
            if is_c(frame) and not traceback_text.system_stack_difference(printed, up_to_c):
                return True
    return False


def is_c(frame):
    return frame['file'] is None or not frame['file'].endswith(('.go', '.s', '<autogenerated>'))


PREDICATES = (line_before_preemption, vdso_of_another_stack, system_stack_ends_at_c, ran_after_snapshot,
              thread_moved_after_snapshot, restarted_system_call)


def name_of(scene):
    return next((predicate.__name__ for predicate in PREDICATES if predicate(scene)), None)


def reason(name):
    text = next(predicate.__doc__ for predicate in PREDICATES if predicate.__name__ == name)
    return ' '.join(text.split())

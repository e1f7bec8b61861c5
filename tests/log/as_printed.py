"""The goroutines of a log's report against the log, as another reader reads it (tests/traceback_text.py)."""
import traceback_text


def address(text):
    return None if text is None else int(text, 16)


def frames_difference(printed, ours):
    if len(printed.frames) != len(ours):
        return f'{len(ours)} frames instead of {len(printed.frames)}'
    for i, (frame, found) in enumerate(zip(printed.frames, ours)):
        name = 'runtime.gopanic' if frame.function == 'panic' else frame.function
        file, line = (None, None) if (frame.file, frame.line) == ('?', 0) else (frame.file, frame.line)
        wanted = (name, file, line, frame.inlined, frame.sp or None, frame.fp or None)
        have = (found['function'], found['file'], found['line'], found['inlined'], address(found['sp']), address(found['fp']))
        if frame.inlined:  # it has the place of the function that holds it
            wanted, have = wanted[:4], have[:4]
        if wanted != have:
            return f'frame {i}: {have} instead of {wanted}'
        if frame.pc is not None and address(found['pc']) != frame.pc:
            return f'frame {i}: pc {found["pc"]} instead of {frame.pc:#x}'
        if found['how'] != 'recorded':
            return f'frame {i} is {found["how"]}'
        if not frame.inlined and frame.args != '...' and found.get('arguments') != frame.args:
            return f'frame {i}: arguments {found.get("arguments")} instead of {frame.args}'
    return None


def goroutine_difference(printed, ours):
    """Of one of several accounts of a goroutine."""
    state = traceback_text.state_difference(printed, dict(ours, status=ours['status']))
    if state:
        return state
    waited = ours['waiting_seconds']
    if printed.minutes and waited != printed.minutes * 60:
        return f'waiting for {waited} s instead of {printed.minutes} minutes'
    if ours['locked_to_thread'] != printed.locked:
        return f'locked is {ours["locked_to_thread"]}'
    return frames_difference(printed, ours['frames'])


def goroutines_difference(text, report):
    printed = traceback_text.parse(text)
    ours = {g['id']: g for g in report['goroutines']}
    wanted = {g.id for g in printed.goroutines if g.id}
    if wanted != set(ours):
        return f'goroutines {sorted(ours)} instead of {sorted(wanted)}'
    for number in sorted(wanted):
        accounts = [g for g in printed.goroutines + printed.repeated if g.id == number]
        # The one with a stack counts where the first has none: it ran on another thread, which printed it later.
        account = next((g for g in accounts if g.frames), accounts[0])
        account.status, account.scan, account.locked = accounts[0].status, accounts[0].scan, accounts[0].locked
        difference = goroutine_difference(account, ours[number])
        if difference:
            return f'goroutine {number}: {difference}'
    return None

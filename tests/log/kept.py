"""Kept logs of processes that ended: fixtures/logs and what the runtime printed in cases; and the crashes that tornstack finds in a log."""
import tap

LOGS = tap.ROOT / 'fixtures/logs'
PRINTED = sorted(tap.CASES.glob('*/expected.traceback'))
ENDED = [path for path in sorted(LOGS.glob('*/log.txt')) if path.parent.name != 'goroutines']


def texts(paths):
    """By name, with a newline at their end. Where one says last that another thread follows, and none does, nobody can tell."""
    read = {path.parent.name: path.read_text(encoding='utf-8', errors='replace') for path in paths}
    return {name: text if text.endswith('\n') else f'{text}\n' for name, text in read.items() if not text.rstrip().endswith('\n-----')}


def crashes(path):
    """The crashes of a log, the first first, by their fingerprints."""
    report = tap.Run('--json', path).report
    if not report:
        return ['no report']
    return [crash['fingerprint_exact'] for crash in report['crashes']['list']][::-1] if 'crashes' in report else [report['fingerprint_exact']]

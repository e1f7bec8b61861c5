#!/usr/bin/env python3
"""The other forms of a report: each is what its reader takes, says what the JSON says, and has a short and a long option."""
import collections
import gzip
import re
import shutil
import subprocess
import tempfile

import markdown_it

import tap

CASES = ('arm64-nonleaf-unwind-stripped', 'amd64-panic-stripped', 'amd64-live', 'amd64-near-illegal', 'amd64-overflow', 'windows-amd64-late-crash-stripped')
SHORT = {'json': '--json', 'go': '--traceback', 'brief': '--brief', 'markdown': '--markdown', 'html': '--html'}
WHOLE = ('brief', 'markdown', 'html')
OURS = ('<details><summary>Build settings and module versions</summary>\n', '</details>\n')


def run(case, *options):
    return tap.Run(*tap.case_args(case), *options)


def options_agree(case):
    for name, short in SHORT.items():
        long, brief = run(case, f'--format={name}'), run(case, short)
        tap.check(f'{case}: {short} is --format={name}', brief.trouble(0) or (long.out != brief.out and 'they differ'))
    text = run(case, '--format=text')
    tap.check(f'{case}: --format=text', text.trouble(0) or (text.out != run(case).out and 'it is not what is printed without'))


def wrong_usage():
    for options in (('--json', '--brief'), ('--format=xml',), ('--format=json', '--markdown')):
        tap.check(f'{" ".join(options)}: wrong usage', run(CASES[0], *options).trouble(2))
    for name in WHOLE:
        tap.check(f'goroutines --format={name}: wrong usage', tap.Run('goroutines', *tap.case_args(CASES[0]), f'--format={name}').trouble(2))


def brief(case, report):
    done = run(case, '--brief')
    lines = done.out.decode().splitlines()
    words = lines[0].split() if lines else []
    rule = report['verdict']['rule'] or '-'
    wanted = [report['fingerprint'], report['verdict']['certainty'].upper(), rule, report['input']['name']]
    tap.check(f'{case}: one line', None if len(lines) == 1 and words[:4] == wanted else f'{lines}, not {wanted}')
    finding = tap.verdict_finding(report)
    function = finding and finding['frame'] is not None and finding['function']
    tap.check(f'{case}: with the place', None if not function or words[4] == function else words)


def tokens(text):
    return markdown_it.MarkdownIt('commonmark').enable('table').parse(text)


def html_of(parsed):
    """All raw HTML that the text holds, inline too."""
    flat = [token for block in parsed for token in [block, *(block.children or [])]]
    return [token.content for token in flat if token.type in ('html_block', 'html_inline')]


def headings(parsed):
    return [(parsed[i].tag, parsed[i + 1].content) for i in range(len(parsed)) if parsed[i].type == 'heading_open']


def plain(parsed):
    """What a reader sees, blanks aside."""
    flat = [token for block in parsed for token in [block, *(block.children or [])]]
    seen = [token.content for token in flat if token.type in ('text', 'code_inline', 'fence')]
    return re.sub(r'\s+|`', '', ''.join(seen))


def markdown(case, report):
    done = run(case, '--markdown')
    parsed = tokens(done.out.decode())
    found = headings(parsed)
    tap.check(f'{case}: one title', None if [tag for tag, _ in found].count('h1') == 1 and found[0][0] == 'h1' else found)
    tap.check(f'{case}: no HTML but ours', None if set(html_of(parsed)) <= set(OURS) else html_of(parsed))
    seen = plain(parsed)
    verdict = report['verdict']
    for what, texts in (('headline', [verdict['headline']]), ('narrative', verdict['narrative']), ('actions', verdict['actions']),
                        ('confirmations', verdict['confirm']), ('notes', report['notes'])):
        missing = [text for text in texts if re.sub(r'\s+|`', '', text) not in seen]
        tap.check(f'{case}: it has the {what}', '\n'.join(missing))
    finding = tap.verdict_finding(report)
    weighty = [piece for piece in finding['evidence'] if piece['weight'] != 'weak' or not piece['for']] if finding else []
    rows = sum(token.type == 'tr_open' for token in parsed[[token.content for token in parsed].index('Evidence'):]) if finding else 0
    tap.check(f'{case}: it has the evidence', None if not finding or rows > len(weighty) else f'{rows} rows for {len(weighty)}')
    tap.check(f'{case}: it has the Go version', None if f'go version {report["target"]["go_version"]}'.replace(' ', '') in seen else seen[:800])


def fields(data):
    """The fields of a protobuf message: (number, value), of which bytes are not looked into."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                return value
    while at < len(data):
        key = varint()
        if key & 7 == 2:
            size = varint()
            yield key >> 3, data[at:at + size]
            at += size
        else:
            yield key >> 3, varint()


def numbers(data):
    """Of a packed field."""
    return [value for _, value in fields(b''.join(b'\x08' + part for part in re.findall(rb'[\x80-\xff]*[\x00-\x7f]', data)))]


class Profile:
    """A profile, with everything that it refers to looked up: [(functions, innermost first; goroutines; labels)]."""

    def __init__(self, data):
        parts = collections.defaultdict(list)
        for number, value in fields(gzip.decompress(data)):
            parts[number].append(value)
        self.texts = [text.decode() for text in parts[6]]
        functions = {}
        for function in map(dict, map(fields, parts[5])):
            functions[function[1]] = self.texts[function[2]]
        self.places = {}
        for location in map(list, map(fields, parts[4])):
            self.places[dict(location)[1]] = [functions[dict(fields(line))[1]] for number, line in location if number == 4]
        self.type = [self.texts[index] for _, index in fields(parts[1][0])]
        self.samples = [self.sample(list(fields(sample))) for sample in parts[2]]

    def sample(self, parts):
        found = collections.defaultdict(list)
        for number, value in parts:
            found[number].append(value)
        labels = {self.texts[label[1]]: self.texts[label[2]] for label in map(dict, map(fields, found[3]))}
        places = [place for part in found[1] for place in numbers(part)]
        return [name for place in places for name in self.places[place]], numbers(found[2][0])[0], labels


def shown(frames):
    """Of a stack, what profiles show: the names, without what is below every goroutine."""
    names = [frame['function'] or frame['pc'] for frame in frames]
    return names[:-1] if names and names[-1] == 'runtime.goexit' else names


def stacks_of(report):
    """How many goroutines have which functions on their stacks."""
    counts = collections.Counter()
    for group in report['goroutine_groups']:
        counts[tuple(shown(group['frames']))] += group['count']
    return counts


def profile(case, report):
    done = run(case, '--format=pprof')
    try:
        found = Profile(done.out)
    except (KeyError, IndexError, OSError, EOFError) as problem:
        tap.check(f'{case}: a profile', f'{problem!r} {done.err}')
        return
    counts = collections.Counter()
    for names, count, _ in found.samples:
        counts[tuple(name for name in names if not name.endswith(' frames more]'))] += count
    whole = not any(group.get('elided') for group in report['goroutine_groups'])
    tap.check(f'{case}: the stacks of the report', None if not whole or counts == stacks_of(report) else f'{counts - stacks_of(report)}')
    tap.check(f'{case}: counts goroutines', None if found.texts[0] == '' and found.type == ['goroutine', 'count'] and
              sum(count for _, count, _ in found.samples) == report['goroutine_count'] else found.type)
    states = collections.Counter()
    for group in report['goroutine_groups']:
        states[group['wait_reason'] or group['status']] += group['count']
    labels = collections.Counter()
    for _, count, label in found.samples:
        labels[label['state']] += count
    tap.check(f'{case}: states as labels', None if labels == states else f'{labels}, not {states}')
    tap.check(f'{case}: the same twice', None if done.out == run(case, '--format=pprof').out else 'they differ')


def folded(case, report):
    counts = collections.Counter()
    for line in run(case, '--format=folded').out.decode().splitlines():
        names, count = line.rsplit(' ', 1)
        counts[tuple(name for name in reversed(names.split(';')) if not name.endswith(' frames more]') and name != '[no frames]')] += int(count)
    whole = not any(group.get('elided') for group in report['goroutine_groups'])
    tap.check(f'{case}: folded stacks', None if not whole or counts == stacks_of(report) else f'{counts - stacks_of(report)}')


def pprof_reads(case):
    """What `go tool pprof` makes of it, where Go is there."""
    if not shutil.which('go'):
        return
    with tempfile.NamedTemporaryFile(suffix='.pb.gz') as file:
        file.write(run(case, '--format=pprof').out)
        file.flush()
        done = subprocess.run(['go', 'tool', 'pprof', '-top', file.name], capture_output=True)
    tap.check(f'{case}: go tool pprof -top', None if not done.returncode and b'Type: goroutine' in done.stdout else done.stderr.decode())


def filtered():
    case = 'amd64-live'
    done = tap.Run('goroutines', '--state=running', *tap.case_args(case), '--format=folded')
    report = tap.Run('goroutines', '--state=running', *tap.case_args(case), '--json').report
    wanted = sum(group['count'] for group in report['goroutine_groups'])
    found = sum(int(line.rsplit(' ', 1)[1]) for line in done.out.decode().splitlines())
    tap.check('goroutines --state: only those', None if found == wanted else f'{found}, not {wanted}')


def build_information():
    """As `go version -m` prints it, but for what is masked."""
    case = CASES[0]
    with tempfile.NamedTemporaryFile() as exe:
        subprocess.run(['zstd', '-dqf', tap.CASES / case / 'exe.zst', '-o', exe.name], check=True)
        try:
            told = subprocess.run(['go', 'version', '-m', exe.name], capture_output=True, check=True).stdout.decode()
        except FileNotFoundError:
            return
    wanted = told.splitlines()[1:]
    fences = [token.content for token in tokens(run(case, '--markdown').out.decode()) if token.type == 'fence']
    tap.check(f'{case}: build information as Go prints it', None if fences[-1].splitlines()[1:] == wanted else f'{fences[-1]}\ninstead of {told}')


def main():
    for case in CASES:
        report = run(case, '--json').report
        options_agree(case)
        brief(case, report)
        markdown(case, report)
        profile(case, report)
        folded(case, report)
    pprof_reads(CASES[0])
    filtered()
    wrong_usage()
    build_information()
    tap.finish()


main()

#!/usr/bin/env python3
"""The other forms of a report: each is what its reader takes, says what the JSON says, and has a short and a long option."""
import re
import subprocess
import tempfile

import markdown_it

import tap

CASES = ('arm64-nonleaf-unwind-stripped', 'amd64-panic-stripped', 'amd64-live', 'amd64-near-illegal', 'amd64-overflow', 'windows-amd64-late-crash-stripped')
SHORT = {'json': '--json', 'go': '--traceback', 'brief': '--brief', 'markdown': '--markdown'}
WHOLE = ('brief', 'markdown')
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
    return re.sub(r'\s+', '', ''.join(seen))


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
        missing = [text for text in texts if re.sub(r'\s+', '', text) not in seen]
        tap.check(f'{case}: it has the {what}', '\n'.join(missing))
    finding = tap.verdict_finding(report)
    weighty = [piece for piece in finding['evidence'] if piece['weight'] != 'weak' or not piece['for']] if finding else []
    rows = sum(token.type == 'tr_open' for token in parsed[[token.content for token in parsed].index('Evidence'):]) if finding else 0
    tap.check(f'{case}: it has the evidence', None if not finding or rows > len(weighty) else f'{rows} rows for {len(weighty)}')
    tap.check(f'{case}: it has the Go version', None if f'go version {report["target"]["go_version"]}'.replace(' ', '') in seen else seen[:800])


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
    wrong_usage()
    build_information()
    tap.finish()


main()

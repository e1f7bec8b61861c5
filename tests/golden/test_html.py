#!/usr/bin/env python3
"""The HTML report: valid, whole, in need of nothing else, and nothing of a dump in it is markup. How it looks, and what a browser does
with it: make check-html."""
import base64
import hashlib
import re
import tempfile

import html5lib

import tap

CASES = ('arm64-nonleaf-unwind-stripped', 'amd64-deadlock', 'amd64-live', 'amd64-near-illegal', 'windows-amd64-late-crash-stripped',
         'amd64-bit-flip')
ATTRIBUTES = {'class', 'id', 'lang', 'charset', 'http-equiv', 'content', 'name', 'href', 'aria-labelledby', 'aria-label', 'role', 'tabindex', 'hidden',
              'scope', 'colspan', 'viewBox', 'x', 'y', 'x1', 'y1', 'x2', 'y2', 'width', 'height', 'rx', 'refX', 'refY', 'markerWidth', 'markerHeight',
              'orient', 'd', 'marker-end', 'data-name', 'data-x', 'data-w'}
SECTIONS = ('happened', 'now', 'flame', 'build')
NASTY = '<script>alert(1)</script>"\'><img src=x onerror=alert(1)>&lt;b&gt;\u202ebidi\x1b[31m'
HOSTILE = ('panic: {0}\n\ngoroutine 1 [running]:\nmain.{0}(...)\n\t/src/{0}.go:7\nmain.f<script>alert(2)</script>{1}(0x1)\n'
           '\t/src/main.go:8 +0x1d\nmain.main()\n\t/src/main.go:9 +0x1d\n\ngoroutine 7 [chan receive, 9 minutes]:\nmain.g`<b>`|x()\n\t/src/`a`.go:1 +0x2\n'
           'created by main.{0} in goroutine 1\n\t/src/main.go:8 +0x2\n')


def run(case, *options):
    return tap.Run(*tap.case_args(case), *options)


def parse(name, text):
    """The tree, with no error of the parser."""
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder('etree'), namespaceHTMLElements=False)
    tree = parser.parse(text)
    tap.check(f'{name}: valid HTML', '\n'.join(f'{where}: {error} {more}' for where, error, more in parser.errors[:10]))
    return tree


def local(element):
    return element.tag.rpartition('}')[2] if isinstance(element.tag, str) else ''



def structure(name, tree):
    elements = list(tree.iter())
    count = {tag: sum(local(element) == tag for element in elements) for tag in ('script', 'style', 'h1', 'main', 'title')}
    tap.check(f'{name}: one of each', None if count['script'] == count['style'] == count['h1'] == count['main'] == 1 else count)
    ids = [element.attrib['id'] for element in elements if 'id' in element.attrib]
    tap.check(f'{name}: ids are unique', None if len(ids) == len(set(ids)) else ids)
    used = [value for element in elements for key, value in element.attrib.items() if key == 'aria-labelledby'] + [
        element.attrib['href'][1:] for element in elements if 'href' in element.attrib]
    tap.check(f'{name}: what is referred to is there', None if set(used) <= set(ids) else set(used) - set(ids))
    odd = {key for element in elements for key in element.attrib} - ATTRIBUTES
    tap.check(f'{name}: no attribute that asks for style, script or a file', None if not odd else odd)
    links = [element.attrib['href'] for element in elements if 'href' in element.attrib]
    tap.check(f'{name}: links within the page only', None if all(link.startswith('#') for link in links) else links)
    tap.check(f'{name}: no address of a file', None if not re.search(r'url\((?!#)|@import|https?://', ''.join(
        element.text or '' for element in elements if local(element) in ('style', 'script'))) else 'there is one')
    levels = [int(local(element)[1]) for element in elements if re.fullmatch('h[1-6]', local(element))]
    tap.check(f'{name}: headings in order', None if all(b <= a + 1 for a, b in zip(levels, levels[1:])) else levels)


def policy(name, tree):
    """The browser may use the one sheet of styles and the one script, by their digests, and nothing else."""
    content = next(element.attrib['content'] for element in tree.iter() if element.attrib.get('http-equiv') == 'Content-Security-Policy')
    digests = {}
    for element in tree.iter():
        if local(element) in ('style', 'script'):
            digests[local(element)] = base64.b64encode(hashlib.sha256(element.text.encode()).digest()).decode()
    wanted = (f"default-src 'none'; style-src 'sha256-{digests['style']}'; script-src 'sha256-{digests['script']}'; base-uri 'none'; "
              "form-action 'none'")
    tap.check(f'{name}: policy', None if content == wanted else f'{content}\ninstead of {wanted}')


def squeezed(text):
    return re.sub(r'\s+|`', '', text)


def contents(case, tree, report):
    seen = squeezed(''.join(tree.itertext()))
    verdict, finding = report['verdict'], tap.verdict_finding(report)
    weighty = [piece['text'] for piece in finding['evidence'] if piece['weight'] != 'weak' or not piece['for']] if finding else []
    for what, texts in (('headline', [verdict['headline']]), ('narrative', verdict['narrative']), ('actions', verdict['actions']),
                        ('confirmations', verdict['confirm']), ('notes', report['notes']), ('evidence', weighty),
                        ('fingerprints', [report['fingerprint'], report['fingerprint_exact']])):
        missing = [text for text in texts if squeezed(text) not in seen]
        tap.check(f'{case}: it has the {what}', '\n'.join(missing))
    ids = {element.attrib['id'] for element in tree.iter() if 'id' in element.attrib}
    tap.check(f'{case}: sections', None if ids >= set(SECTIONS) else set(SECTIONS) - ids)
    for section, wanted in (('torn', verdict['rule'] in ('split-sp', 'bit-flip', 'torn-return', 'torn-pc')), ('code', verdict['rule'] == 'split-sp'),
                            ('waits', verdict['rule'] == 'deadlock'), ('timeline', finding is not None), ('evidence', finding is not None)):
        tap.check(f'{case}: {section}: {"there" if wanted else "as it applies"}', None if section in ids or not wanted else 'missing')


def drawn(case, tree, report):
    """What is drawn of a damaged word is what the finding says of it."""
    finding = tap.verdict_finding(report)
    seen = ''.join(tree.itertext())
    if finding and finding['rule'] in ('torn-pc', 'torn-return', 'bit-flip') and finding['slot']:
        wanted = [f'0x{int(finding["observed"], 16):016x}', f'it was 0x{int(finding["repaired"], 16):016x}']
        tap.check(f'{case}: the word, and what it was', None if all(text in seen for text in wanted) else wanted)
    if finding and finding['rule'] == 'split-sp':
        rows = [element for element in tree.iter() if 'split' in element.attrib.get('class', '').split()]
        texts = [' '.join(''.join(row.itertext()).split()) for row in rows]
        tap.check(f'{case}: where SP is not where the tables say', None if any(finding['pc'] in text for text in texts) and
                  any(f'{abs(finding["sp_error"])}' in text for text in texts) else texts)


def flame(case, tree, report):
    """The outermost frames are as wide as all goroutines."""
    frames = [element.attrib for element in tree.iter() if 'data-w' in element.attrib]
    top = [frame for frame in frames if float(frame['data-w']) > 0]
    right = max((float(frame['data-x']) + float(frame['data-w']) for frame in top), default=0)
    tap.check(f'{case}: flame graph', None if frames and abs(right - 1160) < 2 else f'{right} of 1160, {len(frames)} frames')
    names = {frame['data-name'] for frame in frames if not frame['data-name'].startswith('0x')}
    told = {frame['function'] for group in report['goroutine_groups'] for frame in group['frames'] if frame['function']}
    tap.check(f'{case}: functions of the flame graph', None if names and names <= told else names - told)


def hostile():
    text = HOSTILE.format(NASTY, 'x' * 65536)
    with tempfile.NamedTemporaryFile('w', encoding='utf-8') as log:
        log.write(text)
        log.flush()
        for form in ('html', 'markdown', 'brief', 'text', 'go', 'folded', 'json', 'pprof'):
            done = tap.Run(log.name, f'--format={form}', '--goroutines=all')
            if not tap.check(f'hostile log: {form}', done.trouble(0)) or form in ('json', 'pprof'):
                continue
            out = done.out.decode()
            tap.check(f'hostile log: {form}: no control or hidden character', None if not re.search('[\x00-\x08\x0b-\x1f\x7f\u202e]', out) else 'there is one')
            if form == 'html':
                tree = parse('hostile log', out)
                structure('hostile log', tree)
                policy('hostile log', tree)
                tap.check('hostile log: its text is shown', None if 'alert(1)' in ''.join(tree.itertext()) else 'it is not')


def main():
    for case in CASES:
        done = run(case, '--html')
        if not tap.check(f'{case}: --html', done.trouble(0)):
            continue
        tap.check(f'{case}: --format=html', None if run(case, '--format=html').out == done.out else 'differs')
        tree, report = parse(case, done.out.decode()), run(case, '--json').report
        structure(case, tree)
        policy(case, tree)
        contents(case, tree, report)
        drawn(case, tree, report)
        flame(case, tree, report)
    hostile()
    tap.finish()


main()

#!/usr/bin/env python3
"""What happens to the text of a crash on its way into a log, a browser or an issue. As a program: mangle.py NAME… <in >out.

Each mangling takes lines and returns lines; they can be applied one after the other.
"""
import csv
import html
import io
import json
import quopri
import random
import re
import sys


def stamp(i, digits=9):
    """A time that goes on with the lines; as Go prints it, without trailing zeros."""
    fraction = f'{(i * 7919) % 10 ** digits:0{digits}}'.rstrip('0')
    return f'2026-11-28T12:{i // 60 % 60:02}:{i % 60:02}' + (f'.{fraction}' if fraction else '') + 'Z'


def docker_json(lines):
    return [json.dumps({'log': line + '\n', 'stream': 'stderr', 'time': stamp(i)}, separators=(',', ':'))
            for i, line in enumerate(lines)]


def docker_json_labels(lines):
    return [json.dumps({'attrs': {'app': 'web', 'tag': '1.4'}, 'log': line + '\n', 'stream': 'stderr', 'time': stamp(i)})
            for i, line in enumerate(lines)]


def cri(lines):
    return [f'{stamp(i)} stderr F {line}' for i, line in enumerate(lines)]


def cri_partial(lines):
    """As cri, in parts: containerd does that to lines over 16 KB; here sooner."""
    made = []
    for i, line in enumerate(lines):
        while len(line) > 160:
            made.append(f'{stamp(i)} stderr P {line[:160]}')
            line = line[160:]
        made.append(f'{stamp(i)} stderr F {line}')
    return made


def kubectl_prefix(lines):
    return [f'[pod/web-7d9f8b6c5-x2x4z/app] {line}' for line in lines]


def compose(lines):
    return [f'\033[36mweb-1  |\033[0m {line}' for line in lines]


def journald(lines):
    return [f'Nov 28 12:{i // 60 % 60:02}:{i % 60:02} host-3 app[4711]: {line}' for i, line in enumerate(lines)]


def syslog(lines):
    """RFC 3164 by rsyslog, which writes tabs as numbers."""
    return [line.replace('\t', '#011') for line in journald(lines)]


def syslog_5424(lines):
    return [f'<11>1 {stamp(i, 6)} host-3 app 4711 - - {line}' for i, line in enumerate(lines)]


def github_actions(lines):
    return [f'2026-11-28T12:{i // 60 % 60:02}:{i % 60:02}.{i * 7919 % 10000000:07}Z {line}' for i, line in enumerate(lines)]


def logrus(lines):
    return [f'time="{stamp(i, 3)}" level=error msg={json.dumps(line)} stream=stderr' for i, line in enumerate(lines)]


def zap(lines):
    return [json.dumps({'level': 'error', 'ts': 1795867200.25 + i, 'caller': 'run/stderr.go:71', 'msg': line, 'pid': 4711})
            for i, line in enumerate(lines)]


def filebeat(lines):
    """The text stands between fields that change with each line."""
    return [json.dumps({'@timestamp': stamp(i, 3), 'log': {'offset': i * 97, 'file': {'path': '/var/log/app.log'}},
                        'message': line, 'host': {'name': 'host-3'}}) for i, line in enumerate(lines)]


def one_string(lines):
    return [json.dumps({'severity': 'ERROR', 'message': '\n'.join(lines) + '\n', 'pid': 4711})]


def one_quoted(lines):
    return [f'time="2026-11-28T12:00:00Z" level=error msg={json.dumps(chr(10).join(lines))} worker=3']


def crlf(lines):
    return [line + '\r' for line in lines]


def ansi(lines):
    return [f'\033[1;31m{line}\033[0m' for line in lines]


def entities(lines):
    """As html/template writes text."""
    made = [html.escape(line).replace('+', '&#43;') for line in lines]
    return ['<pre><code>'] + made + ['</code></pre>']


def fence(lines):
    return ['What happens:', '', '```'] + lines + ['```', '', 'Any idea?']


def quote(lines):
    return [f'> {line}' for line in lines]


def indent(lines):
    return ['    ' + line for line in lines]


def tabs_to_spaces(lines):
    return [line.replace('\t', '    ') for line in lines]


def wrap(lines, width=90):
    made = []
    for line in lines:
        made += [line[at:at + width] for at in range(0, len(line), width)] or ['']
    return made


def reverse(lines):
    return lines[::-1]


def noise(lines):
    """Other lines of the same stream."""
    chance, made = random.Random(7), []
    for i, line in enumerate(lines):
        if i > 8 and chance.random() < 0.2:
            made.append(f'2026/11/28 12:00:{i % 60:02} GET /index.html 200 {i}ms')
        made.append(line)
    return made


def around(lines):
    """Gigabytes of it in earnest: test_mangle.py has them shorter."""
    other = [f'2026/11/28 11:{i // 60 % 60:02}:{i % 60:02} request {i} served' for i in range(300)]
    return other + lines + other


def containers(lines):
    """Two containers of one pod that crash at the same time."""
    made = []
    for i, line in enumerate(lines):
        made += [f'{stamp(i)} [app-0] {line}', f'{stamp(i)} [app-1] {line}']
    return made


def containers_strings(lines):
    made = []
    for i, line in enumerate(lines):
        for pod in ('web-a', 'web-b'):
            made.append(json.dumps({'time': stamp(i), 'message': line, 'kubernetes': {'pod': pod}}))
    return made


# ---- what browsers and collectors of logs export: each stands for a kind of form ----

def first_only(lines):
    """One event of several lines, with an envelope before its first."""
    return [f'{stamp(0)} app[web.1]: {lines[0]}'] + lines[1:] + [f'{stamp(1)} app[web.1]: exited']


def tabs(lines):
    """Fields with tabs between them: zap's console, AWS's command line."""
    return [f'{stamp(i)}\terror\tapp/run.go:12\t{line}' for i, line in enumerate(lines)]


def numbered(lines):
    """cat -n, and pages of pasted code."""
    return [f'{i + 1:6}\t{line}' for i, line in enumerate(lines)]


def added(lines):
    """A diff."""
    return ['+' + line for line in lines]


def table(rows, **how):
    text = io.StringIO()
    csv.writer(text, lineterminator='\n', **how).writerows(rows)
    return text.getvalue().split('\n')[:-1]


def loki_csv(lines):
    """Grafana's export: the text in the second column, quoted where it must be."""
    return table([['Time', 'Line', 'tsNs', 'labels']] + [
        [1795867200000 + i, line, f'{1795867200000000000 + i}', '{"app":"web"}'] for i, line in enumerate(lines)])


def quoted_csv(lines):
    return table([['Time', 'Line']] + [[stamp(i), line] for i, line in enumerate(lines)], quoting=csv.QUOTE_ALL)


def event_csv(lines):
    """One field that holds everything."""
    return table([['Time', 'Line'], [stamp(0), '\n'.join(lines) + '\n'], [stamp(1), 'restarted']])


def journald_json(lines):
    """journalctl -o json: counters in hexadecimal before the text, and a hash."""
    return [json.dumps({'__CURSOR': f's=ab;i={i:x};b=1;x={i * 0x9e3779b97f4a7c15 % 2 ** 64:x}', 'MESSAGE': line, '_PID': '4711'}) for i, line in enumerate(lines)]


def journald_export(lines):
    """journalctl -o export: fields, one a line."""
    made = []
    for i, line in enumerate(lines):
        made += [f'__CURSOR=s=ab;i={i:x}', 'PRIORITY=6', f'MESSAGE={line}', '_HOSTNAME=host-3', '_SYSTEMD_UNIT=app.service', '']
    return made


def stackdriver(lines):
    return [json.dumps({'insertId': f'{i * 0x9e3779b97f4a7c15 % 2 ** 64:x}', 'labels': {'k8s': '1'}, 'textPayload': line + '\n', 'timestamp': stamp(i)})
            for i, line in enumerate(lines)]


def test_json(lines):
    """go test -json"""
    return [json.dumps({'Time': stamp(i), 'Action': 'output', 'Package': 'example.org/x', 'Test': 'TestA', 'Output': line + '\n'})
            for i, line in enumerate(lines)]


def structured_syslog(lines):
    """RFC 5424 with structured data and a byte order mark."""
    return [f'<165>1 {stamp(i, 6)} host-3 app 4711 ID47 [a@32473 seq="{i}"] \ufeff{line}' for i, line in enumerate(lines)]


def buildkite(lines):
    """Commands to the terminal before each line."""
    return [f'\033_bk;t={1795867200000 + i}\007{line}' for i, line in enumerate(lines)]


def coloured_words(lines):
    return [''.join(f'\033[33m{word}\033[0m' if word.strip() else word for word in re.split(r'(\s+)', line)) for line in lines]


def layers(lines):
    """Docker in Kubernetes in journald."""
    return [f'Nov 28 12:{i // 60 % 60:02}:{i % 60:02} node-1 dockerd[1]: {stamp(i)} stderr F {stamp(i, 6)} {line}' for i, line in enumerate(lines)]


def cloudwatch_tail(lines):
    """`aws logs` as text: a column behind the text."""
    return [f'EVENTS\t{1795867200000 + i}\t{line}\t{1795867200001 + i}' for i, line in enumerate(lines)]


def bordered(lines):
    """A table of Markdown, and of command lines of databases."""
    return ['| ' + line.ljust(100) + ' |' for line in lines]


def break_tags(lines):
    return [html.escape(line) + '<br/>' for line in lines]


def break_tags_one(lines):
    return ['<p>' + '<br>'.join(html.escape(line).replace('\t', '&nbsp;' * 4) for line in lines) + '</p>']


def python_bytes(lines):
    """What a program prints of another's output that it did not decode."""
    return [f'[2026-11-28 12:00:{i % 60:02}] INFO stderr: {(line + chr(10)).encode(errors="surrogateescape")!r}' for i, line in enumerate(lines)]


def python_string(lines):
    return [repr('\n'.join(lines))]


def quoted_printable(lines):
    """Mail."""
    text = '\n'.join(lines).encode(errors='surrogateescape')
    return quopri.encodestring(text).decode().split('\n')


def journald_bytes(lines):
    """journalctl -o json: texts with characters that are not printable are lists of bytes."""
    return [json.dumps({'__CURSOR': f's=ab;i={i:x};b=1;x={i * 0x9e3779b97f4a7c15 % 2 ** 64:x}',
                        'MESSAGE': list(line.encode(errors='surrogateescape')) if '\t' in line else line, '_PID': '4711'})
            for i, line in enumerate(lines)]


def grep_context(lines):
    """grep -n -C"""
    return [f'app.log{sign}{i + 120}{sign}{line}' for i, line in enumerate(lines) for sign in ':-'['goroutine ' not in line]]


def doubled(lines):
    """Each line with a blank one behind it."""
    return [one for line in lines for one in (line, '')]


EXPORTS = {f.__name__: f for f in (
    cloudwatch_tail, bordered, break_tags, break_tags_one, python_bytes, python_string, quoted_printable, journald_bytes, grep_context, doubled,
    first_only, tabs, numbered, added, loki_csv, quoted_csv, event_csv, journald_json, journald_export, stackdriver, test_json,
    structured_syslog, buildkite, coloured_words, layers)}
ENCODINGS = ('utf-8-sig', 'utf-16', 'utf-16-le', 'utf-16-be')  # PowerShell's > makes UTF-16

# Applied alone, and in pairs: the second to what the first made.
MANGLINGS = {f.__name__: f for f in (
    docker_json, docker_json_labels, cri, cri_partial, kubectl_prefix, compose, journald, syslog, syslog_5424, github_actions, logrus,
    zap, filebeat, one_string, one_quoted, crlf, ansi, entities, fence, quote, indent, tabs_to_spaces, wrap, reverse, noise, around,
    containers, containers_strings)}
COPIES = {'containers': 2, 'containers_strings': 2}  # crashes that are made of one

# On its way a text is printed, written as one event, collected line by line (in layers), exported, looked at and pasted. Of the forms of
# exports each can follow those of an earlier step; collectors follow each other.
STEPS = [names.split() for names in (
    'ansi crlf noise coloured_words python_bytes test_json',
    'one_string one_quoted event_csv first_only python_string',
    'docker_json docker_json_labels cri cri_partial journald syslog syslog_5424 structured_syslog github_actions logrus zap filebeat '
    'stackdriver tabs buildkite layers containers containers_strings',
    'kubectl_prefix compose loki_csv quoted_csv journald_json journald_bytes journald_export cloudwatch_tail',
    'reverse wrap around numbered grep_context doubled',
    'entities break_tags break_tags_one fence quote indent bordered added quoted_printable tabs_to_spaces')]
STEP = {name: step for step, names in enumerate(STEPS) for name in names}
COLLECTED = 2


def is_way(first, second):
    """Whether a text may meet these two, one after the other. Those of MANGLINGS in any order."""
    if first in MANGLINGS and second in MANGLINGS:
        return True
    return STEP[first] < STEP[second] or STEP[first] == STEP[second] == COLLECTED


def pairs():
    return [(first, second) for first in STEP for second in STEP if is_way(first, second)]


def main():
    lines = sys.stdin.read().split('\n')
    lines = lines[:-1] if not lines[-1] else lines
    for name in sys.argv[1:]:
        lines = (MANGLINGS | EXPORTS)[name](lines)
    sys.stdout.write(''.join(line + '\n' for line in lines))


if __name__ == '__main__':
    main()

"""What the runs said, as a table: rows are releases and CPUs, columns are variants."""
import collections
import os
import pathlib
import platform
import re
import subprocess
import time

from live import exceptions, matrix



class Sum:
    """Of the results of the endings of a cell, or of many cells; None is an ending that was not run."""

    def __init__(self, results):
        self.missing = results.count(None)
        results = [result for result in results if result]
        self.checks = len(results)
        self.failed = sum(not passed(result) for result in results)
        self.equal = sum(result['equal'] for result in results)
        self.running = sum(result['running'] for result in results)
        self.different = sum(len(result['different']) for result in results)
        self.exceptions = sum((collections.Counter(result['exceptions']) for result in results), collections.Counter())

    @property
    def total(self):
        return self.equal + self.different + sum(self.exceptions.values())

    def __str__(self):
        excepted = sum(self.exceptions.values())
        return (f'{self.equal}/{self.total}' + (f', {excepted} excepted' if excepted else '') +
                (f', +{self.running}' if self.running else '') +
                (f' ({self.failed} endings failed)' if self.failed else '') +
                (f' ({self.missing} endings not run)' if self.missing else ''))


def passed(result):
    return not result['failure'] and not result['different']


def of_cell(cell, results):
    ran = any(results.get(cell, []))
    return str(Sum(results[cell])) if ran else '–' if cell.impossible() else 'not run'


def rows(results, shown):
    """Header and lines; `results` has a list for each cell that was run."""
    variants = [variant for variant in matrix.VARIANTS.values() if any(cell.variant == variant for cell in shown)]
    lines = [['Go', 'CPU', *(variant.name for variant in variants)]]
    for release, cpu in dict.fromkeys((cell.release, cell.cpu) for cell in shown):
        lines.append([release, cpu.name, *(of_cell(matrix.Cell(release, cpu, v), results) for v in variants)])
    return lines


def remarks(results, shown):
    """What the table says in all, its exceptions, and what could not be run, as paragraphs."""
    total = Sum([result for cell in shown for result in results.get(cell, [])])
    lines = [f'{total.equal:,} of {total.total:,} goroutines and system stacks are equal, in {total.checks:,} crashes; '
             f'{total.running:,} more ran while the text was printed; {total.different:,} of the rest are unexplained.']
    for name, count in sorted(total.exceptions.items()):
        lines.append(f'{name}, {count:,}: {exceptions.reason(name)}')
    reasons = collections.defaultdict(list)
    for cell in shown:
        if cell.impossible():
            reasons[cell.impossible()].append(cell.name)
        elif results.get(cell) and cell.impossible('live'):
            reasons[cell.impossible('live')].append(f'{cell.name} live')
    for reason, names in reasons.items():
        lines.append(f'Not run, {len(names)} (such as {names[0]}): {reason}')
    return lines


def as_text(results, shown):
    lines = rows(results, shown)
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return '\n'.join(['  '.join(word.ljust(width) for word, width in zip(line, widths)).rstrip() for line in lines] +
                     ['', *remarks(results, shown)])


def as_markdown(results, shown, command):
    head, *lines = rows(results, shown)
    table = [head, ['---'] * len(head), *lines]
    return '\n\n'.join([
        f'{date()}, {machine()}:', f'    {command}', '\n'.join(f'| {" | ".join(line)} |' for line in table),
        '\n'.join(f'- {remark}' for remark in remarks(results, shown))])


def date():
    return time.strftime('%Y-%m-%d', time.gmtime(float(os.environ.get('SOURCE_DATE_EPOCH', time.time()))))


def machine():
    kernel = '.'.join(platform.release().split('.')[:2])
    words = [f'linux/{platform.machine()}', f'{os.cpu_count()} CPUs', f'Linux {kernel}']
    for cpu in matrix.CPUS.values():
        if cpu.os == 'linux' and cpu.machine != platform.machine() and not matrix.Cell('', cpu, matrix.VARIANTS['default']).impossible():
            words.append(subprocess.run([cpu.emulator, '--version'], capture_output=True, text=True, check=True)
                         .stdout.splitlines()[0].split(' (')[0])
    return ', '.join(words)


def write(path, text, name):
    """Between the markers of a Markdown file, which may have more to say."""
    path = pathlib.Path(path)
    before = path.read_text(encoding='utf-8')
    markers = re.compile(rf'(<!-- {name} -->\n).*?(<!-- /{name} -->)', re.S)
    if not markers.search(before):
        raise SystemExit(f'{path} has no markers <!-- {name} --> and <!-- /{name} -->')
    after = markers.sub(lambda match: f'{match.group(1)}\n{text}\n\n{match.group(2)}', before)
    path.write_text(after, encoding='utf-8')

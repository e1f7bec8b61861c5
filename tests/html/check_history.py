#!/usr/bin/python3
"""The pages of a history (tornstack history --html) in headless Chromium: 10,000 incidents in hundreds of clusters, with hostile names wherever a
name is. usage: check_history.py FOLDER. Pictures of the index and of a cluster go to the folder: look at them."""
import contextlib
import hashlib
import json
import pathlib
import random
import shutil
import sqlite3
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import tap  # noqa: E402

from check import NASTY, asked, browser, complaints, picture, scheme  # noqa: E402

INCIDENTS, FINGERPRINTS, DAY = 10000, 400, 86400
LOOKED_AT = 12


def nasty(number):
    return f'{number}{NASTY}\u202e\x1b[31m{"x" * (number % 300)}'


def invent(database):
    """Incidents as triage would add them, of one that it did add."""
    chance = random.Random(1)
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        line = json.loads(connection.execute('SELECT line FROM incidents').fetchone()[0])
        for number in range(INCIDENTS):
            kind = min(int(chance.expovariate(1 / 40)), FINGERPRINTS - 1)
            fingerprint = hashlib.sha256(str(kind).encode()).hexdigest()[:16]
            seen = 1700000000 + chance.randrange(200 * DAY)
            line.update(path=nasty(number), host=nasty(kind % 40), sha256=hashlib.sha256(f'i{number}'.encode()).hexdigest(), fingerprint=fingerprint,
                        fingerprint_exact=fingerprint, seen=time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(seen)), cause=[nasty(kind)],
                        functions=[nasty(kind), nasty(kind + 1)])
            line.pop('crash', None)
            line['verdict'].update(headline=nasty(kind), place=nasty(kind))
            line['target'].update(program=nasty(kind % 7), version=nasty(number % 30), go_version=nasty(3))
            text = json.dumps(line)
            connection.execute('INSERT INTO incidents (hash, fingerprint, seen, program, build, line) VALUES (?, ?, ?, ?, ?, ?)', (line['sha256'], fingerprint, seen, nasty(kind % 7), nasty(number % 30), text))
            connection.execute('INSERT OR IGNORE INTO fingerprints (fingerprint, line, headline, report) VALUES (?, ?, ?, ?)',
                               (fingerprint, text, nasty(kind), nasty(kind) + '\n</pre>' + NASTY))
            connection.execute("INSERT OR IGNORE INTO notes VALUES (?, 1, 'note', ?)", (fingerprint, nasty(kind)))


def check_page(driver, page):
    driver.get_log('performance')
    driver.get(page.as_uri())
    name = page.name
    tap.check(f'{name}: nothing asked of others', '\n'.join(asked(driver, page)))
    tap.check(f'{name}: console', '\n'.join(complaints(driver)))
    tap.check(f'{name}: nothing runs', None if driver.title != 'hit' and not driver.find_elements('css selector', 'img, script') else driver.title)
    wide = driver.execute_script('return document.documentElement.scrollWidth - document.documentElement.clientWidth')
    tap.check(f'{name}: no wider than the window', None if wide <= 0 else f'by {wide}')


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        log, database, pages = pathlib.Path(scratch, 'one.log'), pathlib.Path(scratch, 'crashes.db'), pathlib.Path(scratch, 'pages')
        shutil.copy(tap.CASES / 'amd64-panic/expected.traceback', log)
        tap.Run('triage', '--db', database, log)
        invent(database)
        begun = time.monotonic()
        done = tap.Run('history', '--db', database, '--html', pages, '-q')
        print(f'# {done.out.decode().strip()}: pages in {time.monotonic() - begun:.1f} s')
        tap.check('pages', done.trouble(0))
        driver = browser()
        try:
            check_page(driver, pages / 'index.html')
            links = [link.get_attribute('href') for link in driver.find_elements('css selector', 'tbody a')]
            written = {page.as_uri() for page in pages.glob('*.html') if page.name != 'index.html'}
            tap.check('each cluster has a page, which the index leads to', None if set(links) == written and len(links) > FINGERPRINTS / 2 else len(links))
            counted = sum(int(cell.text) for cell in driver.find_elements('css selector', 'tbody td:first-child'))
            tap.check('each incident is counted', None if counted == INCIDENTS + 1 else counted)
            picture(driver, folder / 'history.png')
            for link in links[:LOOKED_AT]:
                check_page(driver, pages / link.rsplit('/', 1)[1])
                tap.check('... has charts', None if len(driver.find_elements('css selector', 'svg')) >= 3 else driver.page_source[:2000])
            scheme(driver, 'dark')
            picture(driver, folder / 'cluster.png')
        finally:
            driver.quit()
    tap.finish()


if __name__ == '__main__':
    main()

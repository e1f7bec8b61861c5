"""A history that tornstack keeps in SQLite, as tests look at it and change it."""
import contextlib
import sqlite3
import time


def stamped(data, seconds):
    """A log as a collector keeps it: each line has a time before it, by which two crashes that said the same are told from each other."""
    stamp = time.strftime('%Y-%m-%dT%H:%M:%SZ ', time.gmtime(seconds)).encode()
    return b''.join(stamp + line for line in data.splitlines(keepends=True))


def content_of(line):
    """By what a history tells the crash of a line from others."""
    return f'crash:{line["crash"]["sha256"]}' if 'crash' in line else line['sha256']


@contextlib.contextmanager
def opened(database):
    """Closed afterwards: the process may read the file itself, too, and closing that would give up the locks of a connection."""
    connection = sqlite3.connect(database)
    try:
        with connection:
            yield connection
    finally:
        connection.close()


def contents(database):
    """What is in it, but for how it came there."""
    with opened(database) as connection:
        return sorted(connection.execute('SELECT hash, fingerprint, seen, line FROM incidents'))

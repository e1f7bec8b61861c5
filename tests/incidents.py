"""A history that tornstack keeps in SQLite, as tests look at it and change it."""
import contextlib
import sqlite3


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

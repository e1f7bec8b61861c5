"""What tests do with dumps of either format: unpack one, find a word of memory in it, change it."""
import pathlib
import subprocess

import elf_file
import minidump_file

MASK = (1 << 64) - 1


def unpacked(path, folder):
    """The decompressed copy of a fixture file, in `folder`; what is zero in it takes no room on the disk."""
    copy = pathlib.Path(folder) / pathlib.Path(path).name.removesuffix('.zst')
    subprocess.run(['zstd', '-qdf', '--sparse', str(path), '-o', str(copy)], check=True)
    return copy


def parsed(data):
    """The reader for a dump's bytes: offset(address) and word(address); None: it is neither format."""
    if data.startswith(b'\x7fELF'):
        return elf_file.Elf(data)
    return minidump_file.Minidump(data) if data.startswith(b'MDMP') else None


def change_words(path, words):
    """Writes 8-byte words into a dump's memory, each (address, what must be there, what is to be there)."""
    dump = parsed(pathlib.Path(path).read_bytes())
    with open(path, 'r+b') as file:
        for address, old, new in words:
            if dump.offset(address) is None or dump.word(address) != old:
                raise ValueError(f'{path}: the word at {address:#x} is not {old:#x}')
            file.seek(dump.offset(address))
            file.write((new & MASK).to_bytes(8, 'little'))


class Copy:
    """An unpacked dump whose words a test changes for one run of something, and puts back."""

    def __init__(self, packed, folder):
        self.path = unpacked(packed, folder)
        self.dump = parsed(self.path.read_bytes())

    def word(self, address):
        return self.dump.word(address)

    def holds(self, address):
        return self.dump.offset(address) is not None

    def changed(self, words, run):
        """What run() gives while the words {address: value} are in the dump."""
        kept = {address: self.word(address) for address in words}
        self._write(words)
        try:
            return run()
        finally:
            self._write(kept)

    def _write(self, words):
        with open(self.path, 'r+b') as file:
            for address, value in words.items():
                file.seek(self.dump.offset(address))
                file.write((value & MASK).to_bytes(8, 'little'))

"""What tests do with dumps of either format: unpack one, find a word of memory in it, change it."""
import mmap
import pathlib
import subprocess

import elf_file
import minidump_file

MASK = (1 << 64) - 1
ZSTD_MAGIC = b'\x28\xb5\x2f\xfd'


def unpacked(path, folder):
    """The copy of a fixture file, decompressed if need be, in `folder`; what is zero in it takes no room on the disk."""
    copy = pathlib.Path(folder) / pathlib.Path(path).name.removesuffix('.zst')
    if copy.name == pathlib.Path(path).name:
        subprocess.run(['cp', '--sparse=always', str(path), str(copy)], check=True)
    else:
        subprocess.run(['zstd', '-qdf', '--long=31', '--sparse', str(path), '-o', str(copy)], check=True)
    return copy


def plain(path, folder):
    """The file itself, or its copy in `folder` where it is compressed."""
    with open(path, 'rb') as file:
        packed = file.read(4) == ZSTD_MAGIC
    return unpacked(path, folder) if packed else pathlib.Path(path)


def mapped(path):
    """A file's bytes, of which those are read that are asked for."""
    with open(path, 'rb') as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def parsed(data):
    """The reader for a dump's bytes: offset(address) and word(address); None: it is neither format."""
    if data[:4] == b'\x7fELF':
        return elf_file.Elf(data)
    return minidump_file.Minidump(data) if data[:4] == b'MDMP' else None


class Copy:
    """An unpacked dump whose words a test changes, for one run of something or for good."""

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
        self.write(words)
        try:
            return run()
        finally:
            self.write(kept)

    def write(self, words):
        """Puts 8-byte words {address: value} into the memory that the dump holds."""
        with open(self.path, 'r+b') as file:
            for address, value in words.items():
                file.seek(self.dump.offset(address))
                file.write((value & MASK).to_bytes(8, 'little'))

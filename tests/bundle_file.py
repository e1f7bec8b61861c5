"""Bundles, read without tornstack: zstd and tar."""
import io
import subprocess
import tarfile

FOLDER = 'tornstack-bundle/'


def unpack(bundle):
    """Members by name, and the headers."""
    plain = subprocess.run(['zstd', '-dcq', bundle], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
        headers = archive.getmembers()
        return {header.name.removeprefix(FOLDER): archive.extractfile(header).read() for header in headers}, headers

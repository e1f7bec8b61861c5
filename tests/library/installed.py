"""The library as make install puts it: once for all tests of one run of a program."""
import os
import pathlib
import subprocess

import tap

MAKE = {'MAKEFLAGS': '', 'MAKELEVEL': '', 'MFLAGS': ''}


def install(root):
    """Installs into `root` what is built; returns what went wrong."""
    done = subprocess.run(['make', '-s', 'install', f'DESTDIR={root}', 'PREFIX=/usr', f'VARIANT={tap.BUILD.name}'], cwd=tap.ROOT, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, env=dict(os.environ, **MAKE))
    return done.stderr if done.returncode else None


def environment(root):
    """Where pkg-config and the dynamic linker find it."""
    library = pathlib.Path(root) / 'usr/lib'
    return dict(os.environ, PKG_CONFIG_SYSROOT_DIR=str(root), PKG_CONFIG_PATH=str(library / 'pkgconfig'), LD_LIBRARY_PATH=str(library))

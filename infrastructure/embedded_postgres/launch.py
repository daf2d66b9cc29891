"""Becomes a PostgreSQL program that cannot outlive its supervisor.

Run as a script: `launch.py <supervisor pid> <uid:gid or -> <program> [argument …]`. It drops root,
asks the kernel to interrupt it when the supervisor dies, and executes the program in its place.
It imports nothing of Hookledger, so that it starts in milliseconds.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(supervisor: str, account: str, *command: str) -> None:
    """Replace this process by `command`, unless the supervisor is gone already."""
    _restore_signals()
    os.umask(0o077)
    os.chdir("/")  # the supervisor's directory may be closed to the server's user
    if account != "-":
        _become(*map(int, account.split(":")))
    _end_with_parent()
    if os.getppid() != int(supervisor):
        sys.exit("the supervisor died before the program was started")
    os.execv(command[0], command)


def _restore_signals() -> None:
    # Python ignores the first two, and an ignored signal stays ignored in the executed program.
    # It only notes the third for later, and would lose the death of the supervisor just then.
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


def _become(uid: int, gid: int) -> None:
    os.setgroups([gid])
    os.setgid(gid)
    os.setuid(uid)


def _end_with_parent() -> None:
    # Only after setuid, which clears the request. Elsewhere than on Linux a server that was left
    # behind is found and stopped by the next start.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGINT))


if __name__ == "__main__":
    main(*sys.argv[1:])

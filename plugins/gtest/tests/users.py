"""Who a test runs programs as: itself, or nobody, whom root alone can become."""
import os
import subprocess
import sys

NOBODY = 65534
AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
SKIPPED = 77


def can_execute(*programs):
    """Whether nobody reaches the programs, and there is a way to be nobody."""
    return os.geteuid() == 0 and all(
        subprocess.run([*AS_NOBODY, "test", "-x", program], check=False).returncode == 0
        for program in programs)


def prefix(user, *programs):
    """What a command line begins with: nothing for "root", which is whoever runs the test.

    Ends the test as skipped where nobody can't execute the programs.
    """
    if user == "root":
        return []
    if not can_execute(*programs):
        sys.exit(SKIPPED)
    return [*AS_NOBODY]

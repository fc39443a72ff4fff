"""The command line: ``coreselect`` with its commands, see `coreselect.cli.parsers`.

Standard output has only the requested result (a plan, a table, JSON); messages and
progress go to standard error. Exit codes: 0 success; 1 a problem with the data or a
file; 2 a problem with the command itself; 130 interrupted. Nothing is written unless
the code is 0. A command imports what it needs when it runs, so ``--help`` and
``--version`` are instant.
"""

import sys


def main(argv=None):
    """Run the command line and return its exit code.

    Parameters
    ----------
    argv : list of str or None, default=None
        The arguments after the program's name; None means those of the process.

    Returns
    -------
    int
        0 success, 1 a problem with the data or a file, 2 a problem with the command,
        130 interrupted by Ctrl-C.

    Examples
    --------
    >>> from coreselect.cli import main
    >>> main(["select", "data.csv", "-o", "few.csv", "-n", "1.5"])
    2
    """
    # Nothing else is imported before this line, so that Ctrl-C is always answered.
    try:
        from .running import run

        return run(argv)
    except KeyboardInterrupt:
        print("coreselect: interrupted; nothing was written", file=sys.stderr)
        return 130

"""`python -m coreselect`: the command line, see `coreselect.cli`."""

from coreselect.cli import main

if __name__ == "__main__":
    raise SystemExit(main())

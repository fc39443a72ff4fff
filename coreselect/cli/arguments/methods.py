"""The arguments of `coreselect methods`."""

from .shared import EXIT_CODES


def add_arguments(parser, _):
    """Add the arguments of `methods`."""
    parser.epilog = EXIT_CODES
    parser.add_argument(
        "--json",
        metavar="FILE",
        nargs="?",
        const="-",
        help="write the list as JSON; without FILE, or with -, print it",
    )
    parser.add_argument("--force", action="store_true", help="replace files that exist")

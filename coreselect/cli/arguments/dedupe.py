"""The arguments of `coreselect dedupe`."""

import argparse

from ..catalogue import find
from .shared import (
    EXIT_CODES,
    add_columns,
    add_features,
    add_input,
    add_roles,
    add_run,
)

TEXT = f"""\
Rows are taken in order. A row is kept if no row that was kept before is within the
radius; otherwise the first such row absorbs it. So kept rows are farther apart than the
radius, and every dropped row has a kept one within it. The weight of a kept row is the
total weight of the rows that it absorbs, itself included.

The output is that of `coreselect select`: the kept rows with all their columns, `row`,
their number in the input (from 0), and `weight`. All rows are read into memory.

{EXIT_CODES}"""


def add_arguments(parser, _):
    """Add the arguments of `dedupe`."""
    parser.epilog = TEXT
    add = parser.add_argument
    add_input(parser, ".csv, .tsv, .parquet, .npy or .npz")
    add("-o", "--output", metavar="OUT", required=True, help="the file to write, or -")
    near = parser.add_mutually_exclusive_group(required=True)
    near.add_argument(
        "--radius",
        type=_radius,
        metavar="R",
        help="rows at this distance or less are near-duplicates",
    )
    near.add_argument(
        "--similarity",
        type=_similarity,
        metavar="S",
        help="rows with a cosine similarity of at least S are near-duplicates",
    )
    add(
        "--metric",
        choices=("euclidean", "cosine"),
        help="the distance for --radius; cosine is one minus the cosine of the angle "
        "between two rows (default: euclidean)",
    )
    add(
        "--order",
        choices=("central", "first"),
        default="central",
        help="which rows are kept: those nearest to the centre of their own cluster, "
        "or the first ones (default: central)",
    )
    columns = add_columns(parser, "a column that is not looked at")
    add_features(columns, "numeric: the radius is in the unit of the columns")
    add_roles(columns)
    columns.add_argument(
        "--scores-column",
        dest="column.scores",
        default=argparse.SUPPRESS,
        metavar="COL",
        help="the column of priorities: rows with high values are kept; --order "
        "decides about equal ones",
    )
    add_run(parser, "the seed of what --features auto draws (default: 0)")
    add(
        "--report",
        metavar="FILE",
        help="write a CSV file that names the row that absorbs each dropped row",
    )
    flags = {name: f"--{name}" for name in ("radius", "metric", "order")}
    flags |= {"scores_column": "--scores-column", "RadiusSelector": "dedupe"}
    parser.set_defaults(features="numeric")
    # What `seen_by` and the streams ask of every command that selects.
    parser.set_defaults(
        chosen=find("radius", selects=True),
        flags=flags,
        estimate=[],
        **dict.fromkeys(("groups_column", "cost_column")),
        **dict.fromkeys(("include_file", "exclude_file")),
        certify=None,
        json=None,
    )


def _number(text):
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None


def _radius(text):
    value = _number(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(
            f"{text} is not a positive number; exact copies are within any radius"
        )
    return value


def _similarity(text):
    value = _number(text)
    if not -1 <= value < 1:
        raise argparse.ArgumentTypeError(
            f"{text} is not a cosine from -1 to below 1; for exact copies up to "
            "their length, take 0.999999999"
        )
    return value

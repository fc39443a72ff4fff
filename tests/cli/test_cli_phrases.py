"""Messages of the library speak of options, not of Python's arguments."""

import pytest

from coreselect.cli.phrases import in_shell_words

DATASET = "pyarrow.dataset.dataset(folder, partitioning='hive')"
FLAGS = {
    "fit_intercept": "--fit-intercept",
    "alpha": "--alpha",
    "Near": "--method near",
    "p": "--p",
    "design": "--design",
    "X_target": "--target-file",
}


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("n_select must be at least 1", "-n must be at least 1"),
        ("fit again with n_select=30.", "fit again with -n 30."),
        ("use fit_intercept=True.", "use --fit-intercept."),
        ("with fit_intercept=False,", "with --no-fit-intercept,"),
        ('do so with features="auto".', "do so with --features auto."),
        ("alpha must be 0, got 1", "--alpha must be 0, got 1"),
        ("pass delimiter='\\t'.", "add --delimiter '\\t'."),
        ("give header=False", "give --no-header"),
        ("alpha=0.5 is too small", "--alpha 0.5 is too small"),
        ("Input X contains NaN", "Input 'in.csv' contains NaN"),
        ("This needs y, or X_target", "This needs --target, or --target-file"),
        ("sample_weight is zero", "--input-weights is zero"),
        ("--target y: this column", "--target y: this column"),
        ("--target='y': this column", "--target y: this column"),
        ("SELECTION='X.csv': there is no", "SELECTION X.csv: there is no"),
        ("one class: np.str_('a b').", "one class: 'a b'."),
        ("the classes np.int64(3), np.True_", "the classes 3, np.True_"),
        ("Near needs 1 GB; use Near.", "near needs 1 GB; use --method near."),
        ("so use alpha > 0.", "so use --alpha > 0."),
        ("engine='dask' needs it", "--engine dask needs it"),
        (
            "with block_rows or a smaller coreselect.memory_budget, or",
            "with a smaller --memory, or",
        ),
        (
            "Give a dict of class to number of rows.",
            "Give numbers of rows, such as --sampling-strategy a=500,b=200.",
        ),
        (
            f"the glob 'x', or, if names of folders hold values, {DATASET}.",
            "the glob 'x'.",
        ),
        (
            "Ridge requires y to be passed, but the target y is None.",
            "Ridge needs --target, the column to predict.",
        ),
        # Rules for the selection.
        ("quotas asks for 5 rows in all", "--quota asks for 5 rows in all"),
        ("a of 'b', but quotas allows 1", "a of 'b', but --quota allows 1"),
        ("cost must be positive", "--cost-column must be positive"),
        ("include names 2 rows, but", "--include-file names 2 rows, but"),
        ("the 2 rows of include cost 3", "the 2 rows of --include-file cost 3"),
        ("T cannot take groups: Leave groups out", None),
        ("a row in groups that cost nothing", "a row in groups that cost nothing"),
        # Names of columns, files and other words stay.
        ("there is no column 'X' in X", "there is no column 'X' in 'in.csv'"),
        ("a design of rows, p and y-axis", "a design of rows, p and y-axis"),
        ("it must be called X", "it must be called X"),
        ("X.csv: no such file", "X.csv: no such file"),
        ("the rows' features are b's", "the rows' features are b's"),
    ],
)
def test_phrases(message, said):
    if said is None:
        said = message.replace("groups", "--groups-column")
    assert in_shell_words(message, FLAGS, "in.csv") == said

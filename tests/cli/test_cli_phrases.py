"""Messages of the library speak of options, not of Python's arguments."""

import pytest

from coreselect.cli.phrases import in_shell_words

FLAGS = {
    "fit_intercept": "--fit-intercept",
    "alpha": "--alpha",
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
        ("so use alpha > 0.", "so use --alpha > 0."),
        (
            "Ridge requires y to be passed, but the target y is None.",
            "Ridge needs --target, the column to predict.",
        ),
        # Names of columns, files and other words stay.
        ("there is no column 'X' in X", "there is no column 'X' in 'in.csv'"),
        ("a design of rows, p and y-axis", "a design of rows, p and y-axis"),
        ("it must be called X", "it must be called X"),
        ("X.csv: no such file", "X.csv: no such file"),
        ("the rows' features are b's", "the rows' features are b's"),
    ],
)
def test_phrases(message, said):
    assert in_shell_words(message, FLAGS, "in.csv") == said

"""Options that come from a class, and what option values mean."""

import argparse

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import coreselect
from coreselect._validation import Boolean, Integer, OneOf, Real
from coreselect.base import RankSelector
from coreselect.cli import catalogue, options
from coreselect.cli.describe import described, parameter_texts
from coreselect.cli.errors import UsageError
from coreselect.cli.parsers import Parser


class Example(RankSelector):
    """Select by example.

    Parameters
    ----------
    n_select : int
        Number of rows.
    fit_intercept : bool
        Whether there is one. Another sentence.
    n_steps : int
        100% of all
        steps.
    kind, ridge : float
        Both at once
    """

    cli_name = "example"
    parameter_checks = {
        "fit_intercept": Boolean(),
        "n_steps": Integer(1, 9),
        "kind": OneOf("one", "two"),
        "ridge": Real(0.0),
        "output": Real(),
    }

    def __init__(
        self,
        n_select=100,
        *,
        fit_intercept=False,
        n_steps=3,
        kind="one",
        ridge=1.0,
        output=0.0,
        callback=None,
        random_state=None,
    ):
        super().__init__(n_select, random_state=random_state)
        self.fit_intercept = fit_intercept
        self.n_steps = n_steps
        self.kind = kind
        self.ridge = ridge
        self.output = output
        self.callback = callback

    select_checks = {"turn": Integer(0)}

    def fit(self, X, y=None, sample_weight=None, *, targets=None, row_costs=None):
        """Take two more arrays."""

    def select(self, n_select=None, *, turn=0, random_state=None):
        """Select another time.

        Parameters
        ----------
        turn : int
            Which time. The first is 0.
        """


class Sizeless(RankSelector):
    """Without `n_select`."""

    cli_name = "sizeless"

    def __init__(self, random_state=None):
        super().__init__(random_state=random_state)

    @classmethod
    def examples(cls):
        return [cls()]


@pytest.fixture
def example(monkeypatch):
    """The description of `Example`, as if it were exported."""
    monkeypatch.setattr(coreselect, "Example", Example, raising=False)
    return catalogue.Method(**described(Example))


@pytest.fixture
def parser(example):
    parser = Parser(prog="test")
    parser.add_argument("--output", default="file")
    parser.add_argument("-n", dest="n_select", type=options.size)
    parser.add_argument("--seed", type=options.seed, default=0)
    options.add_method_options(parser, example)
    return parser


def test_parameters_become_options(parser, example):
    words = "--fit-intercept --n-steps 4 --kind two --ridge 0.5 -n 7 --seed 3"
    selector = options.make_selector(example, parser.parse_args(words.split()))
    assert selector.get_params() == {
        "n_select": 7,
        "fit_intercept": True,
        "n_steps": 4,
        "kind": "two",
        "ridge": 0.5,
        "output": 0.0,
        "callback": None,
        "random_state": 3,
    }


def test_keywords_of_select_become_options(parser):
    args = parser.parse_args(["--turn", "3"])
    assert options.given(args, "select") == {"turn": 3}
    assert options.given(args, "method") == {}
    assert options.given(parser.parse_args([]), "select") == {}
    assert "Which time (default: 0)" in " ".join(parser.format_help().split())


def test_options_not_given_leave_the_defaults(parser):
    args = parser.parse_args(["-n", "7", "--no-fit-intercept"])
    assert options.given(args, "method") == {"fit_intercept": False}


def test_an_option_of_the_command_keeps_its_name(parser):
    args = parser.parse_args(["--example-output", "2.5"])
    assert args.output == "file"
    assert options.given(args, "method") == {"output": 2.5}


def test_parameters_that_are_no_scalars_are_no_options(parser):
    assert "--callback" not in parser.format_help()


def test_help_is_the_first_sentence_on_the_parameter(parser):
    assert parameter_texts(Example) == {
        "n_select": "Number of rows",
        "fit_intercept": "Whether there is one",
        "n_steps": "100% of all steps",
        "kind": "Both at once",
        "ridge": "Both at once",
    }
    shown = " ".join(parser.format_help().split())
    assert "100% of all steps (default: 3)" in shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--n-steps 10", "argument --n-steps: must be between 1 and 9, got 10"),
        ("--n-steps 1.5", "'1.5' is not a whole number"),
        ("--turn -1", "argument --turn: must be at least 0, got -1"),
        ("--ridge x", "'x' is not a number"),
        ("--ridge -1", "argument --ridge: must be at least 0, got -1.0"),
        ("--ridge nan", "argument --ridge: must be at least 0, got nan"),
        ("--kind three", "argument --kind: 'three' is not one of one, two"),
    ],
)
def test_values_are_checked_as_by_the_class(parser, capsys, words, message):
    with pytest.raises(SystemExit) as stop:
        parser.parse_args(words.split())
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_fit_keywords_become_files(parser, tmp_path):
    values = np.arange(6.0).reshape(3, 2)
    np.save(tmp_path / "t.npy", values)
    column = pa.array([1.5, 2.5, 3.5])
    pq.write_table(pa.table({"id": [1, 2, 3], "cost": column}), tmp_path / "c.parquet")
    words = ["--targets-file", tmp_path / "t.npy"]
    words += ["--row-costs-file", f"{tmp_path / 'c.parquet'}:cost"]
    files = options.load_files(parser.parse_args([str(word) for word in words]))
    assert set(files) == {"targets", "row_costs"}
    np.testing.assert_array_equal(files["targets"], values)
    np.testing.assert_array_equal(files["row_costs"], column.to_numpy())


@pytest.mark.parametrize("content", ["cost\n1\n2\n", ",cost\n0,1\n1,2\n"])
def test_a_text_file_of_one_column_is_an_array(parser, tmp_path, content):
    """The index that pandas writes beside a column is not another one."""
    (tmp_path / "c.csv").write_text(content)
    words = ["--row-costs-file", str(tmp_path / "c.csv")]
    files = options.load_files(parser.parse_args(words))
    np.testing.assert_array_equal(files["row_costs"], [1, 2])


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        (
            "two.csv",
            ValueError,
            "--row-costs-file .*two.csv: there are 2 columns in it",
        ),
        ("two.csv:d", ValueError, "there is no column 'd'"),
        ("none.npy", FileNotFoundError, "none.npy.*no such file"),
        ("list.txt", UsageError, "the suffix tells the format"),
    ],
)
def test_a_file_that_does_not_fit_is_named(parser, tmp_path, name, error, message):
    (tmp_path / "two.csv").write_text("a,b\n1,2\n")
    (tmp_path / "list.txt").write_text("1\n")
    args = parser.parse_args(["--row-costs-file", str(tmp_path / name)])
    with pytest.raises(error, match=message):
        options.load_files(args)


def test_a_method_without_a_size_takes_none(parser, monkeypatch):
    monkeypatch.setattr(coreselect, "Sizeless", Sizeless, raising=False)
    sizeless = catalogue.Method(**described(Sizeless))
    assert not sizeless.needs_size
    with pytest.raises(UsageError, match="sizeless takes no -n"):
        options.make_selector(sizeless, parser.parse_args(["-n", "3"]))
    assert options.make_selector(sizeless, parser.parse_args([])).random_state == 0


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0), ("12", 12), ("1_000", 1000), ("0.1", 0.1), ("10%", 0.1), ("1.0", 1.0)],
)
def test_sizes(text, value):
    assert options.size(text) == value
    assert type(options.size(text)) is type(value)


@pytest.mark.parametrize(
    "text", ["-1", "0.0", "1.5", "ten", "True", "", "nan", "inf", "0%", "101%", "%"]
)
def test_no_sizes(text):
    with pytest.raises(argparse.ArgumentTypeError, match="not a number of rows"):
        options.size(text)


def test_lists():
    assert options.sizes("200, 10%,200") == [200, 0.1]
    assert options.names('a, "b,c" ,d') == ["a", "b,c", "d"]
    assert options.names("") == [""]
    assert options.names('a,""') == ["a", ""]
    for text in (" ", "a,,b", ","):
        with pytest.raises(argparse.ArgumentTypeError, match="not a list of names"):
            options.names(text)


@pytest.mark.parametrize(
    ("text", "group", "value"),
    [
        ("north=100", "north", 100),
        ("north=20%", "north", 0.2),
        ("north=.2", "north", 0.2),
        ("north=1.0", "north", 1.0),
        ("a=b:c,d=0", "a=b:c,d", 0),
        ("3=5:20", "3", (5, 20)),
        ("3=:20", "3", (None, 20)),
        ("3=5%:", "3", (0.05, None)),
        ("3=5:20%", "3", (5, 0.2)),
    ],
)
def test_quotas(text, group, value):
    assert options.quota(text) == (group, value)
    assert type(options.quota(text)[1]) is type(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        *(
            (text, "is not GROUP=N")
            for text in ("", "north", "=3", "north=", "north=:")
        ),
        *(
            (f"a={n}", "not a number of rows")
            for n in ("x", "-1", "1.5", "1:2:3", "0%")
        ),
        ("a=5:3", "in 'a=5:3', 5 is more than 3"),
        ("a=.5:30%", "in 'a=.5:30%', .5 is more than 30%"),
    ],
)
def test_no_quotas(text, message):
    with pytest.raises(argparse.ArgumentTypeError, match=message):
        options.quota(text)


def test_counts_and_seeds():
    assert options.at_least_one("3") == 3
    assert options.seed("0") == 0
    for read, text in ((options.at_least_one, "0"), (options.seed, "-1")):
        with pytest.raises(argparse.ArgumentTypeError, match=f"'{text}'"):
            read(text)


def test_an_unknown_method_lists_those_that_exist():
    with pytest.raises(
        UsageError, match=r"no method 'best'. Choose from: uniform, leverage"
    ):
        options.method("best")

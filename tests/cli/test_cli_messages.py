"""Whatever goes wrong in a method, the message names options, never arguments."""

import re

import numpy as np
import pandas as pd
import pytest

from coreselect.cli.catalogue import all_methods

METHODS = all_methods()
COMMON = {
    *("n_select", "random_state", "sample_weight", "categorical_features"),
    *("quotas", "strata", "base_weight"),
}
# Rules for the selection, some of which cannot be met or not by every method.
RULES = (
    "--groups-column b",
    "--groups-column y --quota True=3",
    "--groups-column y --quota True=9",
    "--groups-column y --quota True=:1 --quota False=:1",
    "--groups-column y --quota True=:1 --include-file some.txt",
    "--include-file some.txt",
    "--include-file all.txt",
    "--exclude-file some.txt",
    "--exclude-file all.txt",
)
BOUGHT = (
    "--budget 5 --cost-column a",
    "--budget 5 --cost-column b --include-file all.txt",
    "--budget 5 --cost-column y --groups-column y --quota True=.2",
)


def python_only(method):
    """A pattern of names that only Python knows: with an underscore, or a value."""
    names = {option["name"] for option in method.options if "_" in option["name"]}
    either = "|".join(sorted(names | COMMON))
    values = r"\w=(?:True|False|None)\b"
    rules = r"(?:of|take|leave|in|and|without) (?:include|exclude|groups|cost)\b"
    starts = r"error: (?:include|exclude|groups|cost)\b|keyword argument"
    return re.compile(
        rf"(?<![\w-])(?:{either})(?![\w-])|{values}|(?i:{rules})|{starts}"
    )


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Files of 24 rows, each with something wrong; the program runs beside them."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    good = pd.DataFrame(rng.standard_normal((24, 3)), columns=list("abc"))
    good["y"] = np.arange(24) % 4 == 0
    files = {
        "good": good,
        "one": good.head(1),
        "zero": good.assign(a=0, b=0, c=0),
        "infinite": good.assign(a=np.where(good.index == 3, np.inf, good.a)),
        "alike": good.assign(y=1),
        "rare": good.assign(y=np.arange(24) == 5),
        "number": good.assign(y=good.a * 2),
        "weighted": good.assign(w=-1.0),
    }
    for name, frame in files.items():
        frame.to_csv(f"{name}.csv", index=False)
    np.save("short.npy", np.arange(3.0))
    for name, rows in {"some": range(8), "all": range(24)}.items():
        (tmp_path / f"{name}.txt").write_text("\n".join(map(str, rows)))
    return files


def commands(method):
    """Yield the words of commands that a method may refuse."""
    first = ["select" if method.selects else "resample", "good.csv"]
    rest = ["-o", "out.csv", "--force", "--method", method.name]
    for option in method.options:
        if option["required"]:
            value = (option["choices"] or ["0.5"])[0]
            rest += [f"--{option['name'].replace('_', '-')}", value]
    sized = [*rest, "-n", "5"] if method.selects else rest
    target = ["--target", "y"]
    for name in ("one", "zero", "infinite", "alike", "rare", "number"):
        yield [first[0], f"{name}.csv", *sized, *target]
    yield [first[0], "weighted.csv", *sized, *target, "--input-weights", "w"]
    if method.selects:
        yield [*first, *sized]
        yield [*first, *rest, *target, "-n", "auto"]
        yield [*first, *sized, *target, "--certify", "ridge"]
        for rule in RULES:
            yield [*first, *sized, *target, *rule.split()]
        if any(option["name"] == "budget" for option in method.options):
            for rule in BOUGHT:
                yield [*first, *rest, *target, *rule.split()]
    for option in method.options:
        if option["name"] == "n_jobs":  # any number of processes is allowed
            continue
        flag = f"--{option.get('flag', option['name'])}".replace("_", "-")
        for value in {
            "integer": ("-1", "50"),
            "real": ("-1", "nan", "1e300"),
            "choice": ("other",),
            "file": ("short.npy", "good.csv"),
            "strategy": ("0.01", "True=5", "none=3"),
        }.get(option["kind"], ()):
            yield [*first, *sized, *target, flag, value]


@pytest.mark.filterwarnings("always")
@pytest.mark.parametrize("name", METHODS)
def test_messages_name_options(cli, folder, name):
    found, unwanted = [], python_only(METHODS[name])
    for words in commands(METHODS[name]):
        done = cli(*words)
        assert done.code in (0, 1, 2)
        for line in done.err.splitlines():
            said = re.sub(r"'[^']*'", "''", line)  # names of columns and values
            if unwanted.search(said):
                found.append((" ".join(words), line))
    assert not found

"""`coreselect resample` on tables that do not fit in memory: it works part by part."""

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from coreselect.cli import resampled
from coreselect.rows import Rows


@pytest.fixture
def rows(tmp_path):
    """A path without suffix, beside a Parquet and a CSV file of 30 and 170 rows."""
    rng = np.random.default_rng(0)
    y = rng.permutation(np.repeat(["rare", "common"], [30, 170]))
    numbers = {name: rng.standard_normal(200) for name in "ab"}
    text = {"id": [f"{i:04d}" for i in range(200)], "shop": rng.choice(["u", "v"], 200)}
    flags = {"open": rng.random(200) < 0.5}
    table = pa.table({**numbers, **text, **flags, "y": y})
    path = tmp_path / "rows"
    pq.write_table(table, path.with_suffix(".parquet"), row_group_size=64)
    pyarrow.csv.write_csv(table, path.with_suffix(".csv"))
    return path


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.parametrize(
    "words",
    [
        ("smote", "--columns", "a,b"),
        ("random-over",),
        ("smotenc", "--columns", "a,shop"),
    ],
    ids=lambda words: words[0],
)
@pytest.mark.parametrize("kind", [".parquet", ".csv"])
def test_new_rows_in_parts_are_those_of_one_part(
    cli, rows, monkeypatch, kind, words, suffix
):
    made = []
    for n_rows in (2**16, 9):
        monkeypatch.setattr(resampled, "_PART_ROWS", n_rows)
        made.append(rows.with_name(f"{n_rows}{suffix}"))
        how = ("-o", made[-1], "--target", "y", "--seed", 3, "--method", *words)
        done = cli("resample", rows.with_suffix(kind), *how)
        assert done.code == 0
        assert "200 of 200 rows and 140 new" in done.err
    if suffix == ".csv":
        assert made[0].read_bytes() == made[1].read_bytes()
    else:
        assert pq.read_table(made[0]) == pq.read_table(made[1])


@pytest.mark.parametrize("method", ["smote", "random-over", "random-under"])
def test_only_the_target_is_read_whole(cli, rows, monkeypatch, method):
    whole, widths = Rows.whole, []

    def counted(self):
        widths.append(self.columns)
        return whole(self)

    monkeypatch.setattr(Rows, "whole", counted)
    words = ("--target", "y", "--method", method, "--columns", "a,b")
    out = rows.with_suffix(".out.parquet")
    assert cli("resample", rows.with_suffix(".parquet"), "-o", out, *words).code == 0
    assert widths == [["y"]]
    words = ("--target", "y", "--method", "tomek-links", "--columns", "a,b", "--force")
    assert cli("resample", rows.with_suffix(".parquet"), "-o", out, *words).code == 0
    assert ["a", "b"] in widths

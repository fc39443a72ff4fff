"""Text files as they come: what is found in their first lines, and what is said."""

import bz2
import gzip
import io
import logging

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

import coreselect.rows
from coreselect.rows import dialects, text, write
from coreselect.rows.cells import TextCopy
from tests import gzipped

TABLE = {"a": [1.5, 2.25], "s": ["x", "ä"]}
CSV = "a,s\n1.5,x\n2.25,ä\n"


@pytest.fixture
def read(tmp_path, caplog):
    """Write content to a file; return its table, its features and what is logged."""

    def reading(content, name="rows.csv", **how):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        caplog.set_level(logging.INFO, logger="coreselect.rows")
        caplog.clear()
        rows = coreselect.rows.open(path, numeric=False, **how)
        said = " | ".join(record.getMessage() for record in caplog.records)
        return rows.take(np.arange(rows.n_rows)).to_pydict(), rows.feature_names, said

    return reading


def _packed(content, codec):
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, codec) as stream:
        stream.write(content.encode())
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (gzipped(CSV), "rows.csv.gz"),
        (gzipped(CSV.replace(",", "\t")), "rows.TSV.gz"),
        (bz2.compress(CSV.encode()), "rows.csv.bz2"),
        (_packed(CSV, "zstd"), "rows.csv.zst"),
        (_packed(CSV, "lz4"), "rows.csv.lz4"),
        (gzipped(CSV[:8]) + gzipped(CSV[8:]), "a.csv.gz"),
        (gzipped(CSV), "packed.csv"),
        (CSV, "plain.csv.gz"),
        ("\ufeff" + CSV, "rows.csv"),
        (CSV.replace("\n", "\r\n"), "rows.csv"),
        (CSV.replace("\n", "\r"), "rows.csv"),
        (CSV + "\n\n", "rows.csv"),
        ("\n" + CSV, "rows.csv"),
        (CSV.removesuffix("\n"), "rows.csv"),
        (CSV.replace("a,s", " a , s "), "rows.csv"),
    ],
)
def test_nothing_is_said_of_what_is_usual(read, content, name):
    table, features, said = read(content, name)
    assert (table, features, said) == (TABLE, ["a", "s"], "")


@pytest.mark.parametrize(
    ("content", "how", "words"),
    [
        ("a;s\n1.5;x\n2.25;ä\n", {}, "a semicolon separates its cells (delimiter=';')"),
        ("a;s\n1,5;x\n2,25;ä\n", {}, "is a comma (decimal=',')"),
        ("sep=;\na;s\n1.5;x\n2.25;ä\n", {}, "1 line(s) above the header"),
        ("a\ts\n1.5\tx\n2.25\tä\n", {}, r"a tab separates its cells (delimiter='\t')"),
        ("a|s\n1.5|x\n2.25|ä\n", {}, "a bar separates its cells"),
        ('a,s\n"1,5",x\n"2,25",ä\n', {"decimal": ","}, ""),
        ("a^s\n1.5^x\n2.25^ä\n", {"delimiter": "^"}, ""),
        ("# by, me\n# 2026\n" + CSV, {}, "2 line(s) above the header are passed over"),
        (CSV.encode("utf-16"), {}, "its encoding is utf-16"),
        (CSV.encode("utf-16-be"), {}, "its encoding is utf-16-be"),
        (CSV.encode("utf-32"), {}, "its encoding is utf-32"),
        (CSV.encode("latin-1"), {"encoding": "latin-1"}, "its encoding is iso8859-1"),
    ],
)
def test_what_is_not_usual_is_found_and_said(read, content, how, words):
    table, features, said = read(content, **how)
    assert (table, features) == (TABLE, ["a", "s"])
    assert words in said
    assert bool(words) == bool(said)


@pytest.mark.parametrize(
    ("content", "names", "features", "words"),
    [
        (",a\n0,2\n1,3\n", ["", "a"], ["a"], "'' numbers the rows"),
        ("Unnamed: 0,a\n0,2\n1,3\n", ["Unnamed: 0", "a"], ["a"], "numbers the rows"),
        (",Unnamed: 0,a\n0,0,2\n", ["", "Unnamed: 0", "a"], ["a"], "numbers the rows"),
        ("Unnamed: 0\n5\n4\n", ["Unnamed: 0"], None, ""),
        ("a,b\nr,1,2\ns,3,4\n", ["", "a", "b"], ["a", "b"], "no name for the first"),
        ("a,b\n1,2,\n3,4,\n", ["a", "b", ""], ["a", "b", ""], "end with a delimiter"),
        ("a,b,\n1,2,\n3,4,\n", ["a", "b", ""], ["a", "b", ""], ""),
        ("a,a,a.1\n1,2,3\n", ["a", "a.2", "a.1"], None, "are told apart: 'a.2'"),
        ("a,,\n1,2,3\n", ["a", "", "Unnamed: 2"], None, "told apart: 'Unnamed: 2'"),
        ("# a,b\n1,2\n", ["# a", "b"], None, ""),
        ("#id,s\nx,y\nz,u\n", ["#id", "s"], None, ""),
        ("# in, cm\na,b\n1,2\n", ["a", "b"], None, "1 line(s) above"),
        ('"a\nb",c\n1,2\n', ["a\nb", "c"], None, ""),
    ],
)
def test_names_of_columns(read, content, names, features, words):
    table, found, said = read(content)
    assert list(table) == names
    assert found == (names if features is None else features)
    assert words in said
    assert bool(words) == bool(said)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", None])
def test_a_byte_order_mark_is_no_part_of_the_first_cell(tmp_path, encoding):
    codec = "utf-8-sig" if encoding in ("utf-8", None) else "utf-16"
    path, out = tmp_path / "rows.csv", tmp_path / "out.csv"
    path.write_bytes("x,1\ny,2\n".encode(codec))
    rows = coreselect.rows.open(path, numeric=False, header=False, encoding=encoding)
    assert rows.take([0]).to_pydict() == {"c0": ["x"], "c1": [1]}
    dialect = rows._holder.dialect
    TextCopy(str(path), dialect, 2).copy(out, np.array([0, 1]), {}, ())
    assert out.read_text(codec if codec == "utf-8-sig" else "utf-8").split() == [
        "c0,c1",
        "x,1",
        "y,2",
    ]


def test_a_file_without_a_header(read):
    table, _, said = read("1.5,x\n2.25,y\n", header=False)
    assert table == {"c0": [1.5, 2.25], "c1": ["x", "y"]}
    assert "no header; its columns are named c0 to c1" in said
    table, _, said = read("1,5;2\n3,5;4\n", header=False)
    assert table == {"c0": [1.5, 3.5], "c1": [2, 4]}
    assert "decimal=','" in said


@pytest.mark.parametrize(
    ("content", "warned"),
    [
        ("5.1,3.5,setosa\n4.9,3.0,setosa\n", True),
        ("39,State-gov,13,2174\n50,Private,13,0\n", True),
        ("1,5;2,5\n3,5;4,5\n", True),
        ("7\n8\n", True),
        ("1,1\n2,3\n", True),
        (",0,1,2\n0,5,6,7\n", False),
        ("0,1,2\n5,6,7\n", False),
        ("country,1990,1991,1995\nx,2,3,4\n", False),
        ("a,b1,2c\n1,2,3\n", False),
    ],
)
def test_a_header_that_looks_like_a_row(read, content, warned):
    if warned:
        with pytest.warns(UserWarning, match=r"looks like a row .*pass header=False"):
            read(content)
    else:
        read(content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            'a,b\n"1,234",2\n"2,345",3\n',
            "commas in their numbers are text: 'a' ('1,234')",
        ),
        ("a;b\n1,234;2\n2,345;3\n", "pass decimal=','"),
        ("a;b\n1,5;2.5\n2,5;3.5\n", "pass decimal=','"),
        ("a,b\n12%,x\n13.5%,y\n", "some cells are not numbers: 'a' ('12%')"),
        ("a;b\n1.234,5;x\n12,5;y\n", "some cells are not numbers: 'a' ('1.234,5')"),
        ("a,b\n" + "1,x\n" * 5000 + "?,x\n", "some cells are not numbers: 'a'"),
        ("a,b\n" + "1,x\n" * 300_000 + "?,x\n", "are not numbers: 'a' ('?')"),
        ("a,b\n$5,x\n$6,y\n", "'a' ('$5')"),
        ("a,b\n1,x\n?,y\n2,z\n3,z\n", "'a' ('?')"),
        ("a b\n1 2\n3 4\n", "if a space separates its cells, pass delimiter=' '"),
        ("a  bc\n1   2\n3  40\n", "if runs of spaces separate its cells, make them"),
        ("s,a\n\xe4,1\n".encode("latin-1"), "text in column 's' is not UTF-8"),
    ],
)
def test_what_could_be_meant_as_numbers_is_said(read, content, words):
    table, _, said = read(content)
    assert words in said
    first = next(iter(table.values()))
    assert all(isinstance(cell, (str, bytes)) for cell in first)


@pytest.mark.parametrize(
    "content",
    [
        "day,ok,id,ip\n2020-01-01,yes,A1,10.0.0.1\n12.05.2020,no,A2,10.0.0.2\n",
        'tags,x\n"a,b",1\n"c",2\n',
        "x,y\n1,NA\n,2\nnull,3\n",
        "x,y\n1,inf\n-inf,2\n3,Infinity\n2,1\n",
        "x,y\n" + "1,2\n" * 5000 + "1.5,NA\n",
    ],
)
def test_ordinary_text_is_not_called_numbers(read, content):
    assert not read(content)[2]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04\x14\x00", "an Excel workbook; unpack it, or save it as CSV"),
        (b"PAR1\x15\x04", "a Parquet file; rename it to .parquet"),
        ('{"a": 1}\n{"a": 2}\n', "JSON; convert it to CSV"),
        ('[{"a": 1}]', "JSON"),
        ("<!DOCTYPE html>\n", "a web page"),
        (b"a,b\n1,\x00\n3,4\n", "bytes of zero, so it is not text"),
        (gzipped(CSV * 9)[:40], "as gzip: it is truncated or damaged"),
        ("x;y\n1;2\n1;2;3\n", "row 3, with the header as row 1, has 3 cell"),
        ("# me\na,b\n1,2\n1\n", "row 4, with the first line as row 1, has 1 cell"),
        ("a\n1,5\n1,7\n", "row 2, with the header as row 1, has 2 cell"),
        ("\n\n", "Empty CSV file"),
    ],
)
def test_files_that_are_refused(read, content, words):
    with pytest.raises(ValueError) as found:
        read(content)
    assert words in str(found.value)
    assert "rows.csv" in str(found.value)


def test_damage_behind_the_first_lines(read, monkeypatch):
    monkeypatch.setattr(dialects, "_SAMPLE_BYTES", (200, 400))
    packed = gzip.compress((CSV * 2000).encode() + bytes(range(1, 250)), 0)
    with pytest.raises(ValueError, match="it is truncated or damaged"):
        read(packed[:-300], "rows.csv.gz")
    wide = ("a,s\n" + "1,x\n" * 500).encode("utf-16")
    with pytest.raises(ValueError, match="its encoding is not 'utf-16'"):
        read(wide[:-100] + b"\x00\xdc\x00\xdc" + wide[-96:])
    late = "a,s\n" + "1,x,\n" * 500
    assert read(late)[0][""] == [None] * 500
    with pytest.raises(ValueError, match="one more cell than the header"):
        read(late + "1,x,5\n")


@pytest.mark.parametrize(
    "content", ['"a,s\n' + "1,x\n" * 200, 'a,s\n"1,x\n' + "1,x\n" * 200]
)
def test_a_quote_that_is_never_closed(read, monkeypatch, content):
    monkeypatch.setattr(dialects, "_SAMPLE_BYTES", (200, 400))
    with pytest.raises(ValueError, match="are its quotes closed"):
        read(content)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_quote_that_takes_in_the_last_rows(read, encoding):
    start = 'a,s\n1,"two\nlines"\n2,'
    with pytest.raises(ValueError, match="a quote before 'x' is never closed"):
        read((start + '"x\n3,y\n4,z\n').encode(encoding))
    closed = start + '"x\n3,y\n4,z\n"\n\n'
    assert read(closed.encode(encoding))[0]["s"][1] == "x\n3,y\n4,z\n"


def test_a_header_longer_than_the_sample_and_the_blocks(read, monkeypatch):
    monkeypatch.setattr(dialects, "_SAMPLE_BYTES", (200, 2**20))
    monkeypatch.setattr(text, "BLOCK_BYTES", (300, 2**20))
    names = [f"column {j}" for j in range(500)]
    lines = [";".join(names), *[";".join(map(str, range(500)))] * 3]
    table, features, said = read("\n".join(lines))
    assert features == names
    assert table["column 7"] == [7] * 3
    assert "a semicolon" in said


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"decimal": "x"}, r"decimal must be '\.' or ',', got 'x'"),
        ({"encoding": "klingon"}, "encoding must be one that Python knows"),
        ({"encoding": "rot13"}, "encoding must be one that Python knows"),
        ({"encoding": "utf-16"}, "with encoding='utf-16'"),
        ({"delimiter": ";;"}, "delimiter must be one character"),
    ],
)
def test_options_that_do_not_fit(read, how, words):
    with pytest.raises(ValueError, match=words):
        read(CSV, **how)


def test_options_are_for_text(tmp_path):
    with pytest.raises(TypeError, match="header must be True or False, got 'no'"):
        coreselect.rows.open(_csv(tmp_path), header="no")
    np.save(tmp_path / "rows.npy", np.eye(2))
    with pytest.raises(ValueError, match=r"header is for text, .* is a \.npy file"):
        coreselect.rows.open(tmp_path / "rows.npy", header=False)
    with pytest.raises(ValueError, match="encoding is for text files, but X is not a"):
        coreselect.rows.open(np.eye(2), encoding="latin-1")
    rows = coreselect.rows.open(np.eye(2))
    assert coreselect.rows.open(rows).n_rows == 2
    with pytest.raises(ValueError, match="header was set when these Rows"):
        coreselect.rows.open(rows, header=False)


def test_open_files_and_bytes_are_no_rows(tmp_path):
    with gzip.open(_csv(tmp_path)) as packed:
        for data in (io.BytesIO(CSV.encode()), packed, b"rows.csv"):
            with pytest.raises(TypeError, match=r"X is of type \w+; pass the path of"):
                coreselect.rows.open(data)


def _csv(folder):
    path = folder / "rows.csv"
    path.write_text(CSV, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("rows.xlsx", "Save it as CSV, or load it with pandas.read_excel"),
        ("rows.jsonl", "pandas.read_json"),
        ("rows.feather", "pandas.read_feather"),
        ("rows.txt", "Rename it to .csv"),
        ("rows.parquet.gz", "Unpack it first"),
    ],
)
def test_other_formats_have_a_way_out(tmp_path, name, words):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(ValueError, match=words):
        coreselect.rows.open(tmp_path / name)


@pytest.mark.parametrize("name", ["a.csv.gz", "a.tsv.zst", "a.csv.bz2", "a.csv.lz4"])
def test_compressed_text_is_written_and_read(tmp_path, name):
    write(tmp_path / name, pd.DataFrame(TABLE))
    path = tmp_path / name
    assert not path.read_bytes().startswith(b"a")
    assert coreselect.rows.open(path, numeric=False).take([0, 1]).to_pydict() == TABLE
    if name.endswith(".csv.gz"):
        assert pd.read_csv(path).to_dict("list") == TABLE


def test_the_index_of_a_parquet_file_that_came_from_csv(tmp_path):
    table = pa.table({"Unnamed: 0": [0, 1], "a": [1.0, 2.0]})
    pyarrow.parquet.write_table(table, tmp_path / "rows.parquet")
    assert coreselect.rows.open(tmp_path / "rows.parquet").feature_names == ["a"]


_KINDS = {
    "float": lambda rng, n: rng.standard_normal(n).round(4),
    "integer": lambda rng, n: rng.integers(-5, 5000, n),
    "missing": lambda rng, n: np.where(rng.random(n) < 0.3, np.nan, rng.random(n)),
    "day": lambda _, n: pd.date_range("2020-01-01", periods=n).astype(str),
    "text": lambda rng, n: rng.choice(["a", "b;c", "d, e", "x|y", 'say "hi"', "é"], n),
}


@pytest.mark.parametrize("seed", range(40))
def test_text_is_read_as_pandas_reads_it_when_told_how(tmp_path, seed):
    rng = np.random.default_rng(seed)
    kinds = ["float", *rng.choice(list(_KINDS), rng.integers(1, 5))]
    names = rng.choice(["size", "a b", "größe", "q, r"], len(kinds))
    frame = pd.DataFrame(
        {f"{n} {j}": _KINDS[kinds[j]](rng, 30) for j, n in enumerate(names)}
    )
    sep = str(rng.choice([",", ";", "\t", "|"]))
    how = {"sep": sep, "decimal": "," if sep != "," and rng.random() < 0.5 else "."}
    how["encoding"] = str(rng.choice(["utf-8", "utf-8-sig", "utf-16"]))
    path = tmp_path / str(rng.choice(["rows.csv", "rows.tsv"]))
    ending = str(rng.choice(["\n", "\r\n", "\r"]))
    frame.to_csv(path, index=False, lineterminator=ending, quoting=seed % 3, **how)
    rows = coreselect.rows.open(path, numeric=False)
    found = rows.take(np.arange(30)).to_pandas(date_as_object=False)
    wanted = pd.read_csv(path, **how)
    for name in wanted:
        if kinds[wanted.columns.get_loc(name)] == "day":
            wanted[name] = pd.to_datetime(wanted[name])
    pd.testing.assert_frame_equal(found, wanted, check_dtype=False)

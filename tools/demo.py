"""Two commands on real data that ship with scikit-learn; `make demo` runs this.

`select` picks 1,000 of the 273,280 pixels of a photo from a Parquet file, and `compare`
trains on the handwritten digits of a CSV file: on all of them and on selections.
"""

import argparse
import shlex
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from sklearn.datasets import load_digits, load_sample_image

from coreselect.cli import main as coreselect

COLORS = ["red", "green", "blue"]


def write_pixels(path):
    """Write the 273,280 pixels of a photo as a table of positions and colors."""
    image = load_sample_image("china.jpg")
    height, width, _ = image.shape
    y, x = np.divmod(np.arange(height * width, dtype=np.int32), np.int32(width))
    colors = image.reshape(-1, 3)
    columns = {"x": x, "y": y, **dict(zip(COLORS, colors.T, strict=True))}
    table = pa.table({name: np.ascontiguousarray(v) for name, v in columns.items()})
    pq.write_table(table, path, row_group_size=32_768)


def write_digits(path):
    """Write handwritten digits as CSV: 64 pixels and the digit."""
    digits = load_digits()
    names = [name.replace("pixel_", "pixel") for name in digits.feature_names]
    columns = dict(zip(names, digits.data.astype(np.int64).T, strict=True))
    pyarrow.csv.write_csv(pa.table({**columns, "digit": digits.target}), path)


def run(*words):
    """Show a command, run it, and stop the demo if it fails."""
    words = [str(word) for word in words]
    print(f"\n$ coreselect {shlex.join(words)}", flush=True)
    if code := coreselect(words):
        sys.exit(code)


def show_colors(all_path, selected_path):
    """Print the mean color of all pixels, and its estimate from the selected ones."""
    pixels = np.column_stack([pq.read_table(all_path)[name] for name in COLORS])
    table = pq.read_table(selected_path)
    selected = np.column_stack([table[name] for name in COLORS])
    weights = table["weight"].to_numpy()
    print(f"\nMean of {', '.join(COLORS)}")
    print(f"  all {len(pixels):>7,} pixels             {_colors(pixels.mean(axis=0))}")
    estimate = weights @ selected / weights.sum()
    print(f"  {len(selected):>11,} selected, weighted   {_colors(estimate)}")
    print(
        f"  {len(selected):>11,} selected, unweighted {_colors(selected.mean(axis=0))}"
    )


def _colors(values):
    return "  ".join(f"{value:6.2f}" for value in values)


def main():
    """Write the data, run both commands, and say where the files are."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path("demo-output"))
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    pixels, selected = folder / "china.parquet", folder / "china-selected.parquet"
    digits, results = folder / "digits.csv", folder / "digits-compared.csv"
    write_pixels(pixels)
    write_digits(digits)
    print(f"wrote {pixels} (a photo, a row for each pixel) and {digits}")

    method = ["--method", "leverage", "-n", 1000, "--fit-intercept"]
    run("methods")
    colors = ["--columns", ",".join(COLORS)]
    run("select", pixels, "-o", selected, *method, *colors, "--seed", 0, "--force")
    show_colors(pixels, selected)
    sizes = ["-n", "200,500,1000"]
    methods = ("--methods", "leverage,logistic,kmeans")
    options = (*sizes, *methods, "--csv", results, "--force")
    run("compare", digits, "--target", "digit", *options)
    print(
        f"\nThe selected pixels, with row numbers and weights, are in {selected},\n"
        f"the comparison is in {results}."
    )


if __name__ == "__main__":
    main()

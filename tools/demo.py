"""What coreselect gives you, on real rows: `make demo` runs this.

It compares 100 chosen rows with 1,000 random ones, shows a case where choosing does not
pay, selects from a file larger than the memory it takes, and writes a report.
"""

import argparse
import re
import shlex
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits

from coreselect import LeverageSelector, compare, report
from tools import demo_data
from tools.readme import README, with_block

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "_static" / "demo.png"
SIZES = (100, 300, 1000)
COMPARED = {"methods": ["leverage"], "n_seeds": 10, "cv": 4}

# The command, and then the most memory that its process held: VmHWM where Linux tells
# it, since there the other figure also counts the process that started this one.
MEASURED = """
import re, resource, sys
from coreselect.cli import main
code = main(sys.argv[1:])
try:
    status = open("/proc/self/status").read()
    peak = 1024 * int(re.search(r"VmHWM:\\s*(\\d+) kB", status)[1])
except OSError:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes, on macOS
print("peak", round(peak / 1e6))
sys.exit(code)
"""


def main():
    """Run all acts, or what the options ask for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path("demo-output"))
    parser.add_argument(
        "--quick", action="store_true", help="less of each, and check the README"
    )
    parser.add_argument(
        "--seeds", type=int, help="only repeat the first comparison for other seeds"
    )
    parser.add_argument(
        "--publish", action="store_true", help="write figures and picture of the README"
    )
    options = parser.parse_args()
    if options.seeds:
        return repeat(options.seeds)
    if options.publish:
        name, X, y, real = demo_data.table()
        if not real:
            raise SystemExit("The README shows real rows, which cannot be had here.")
        return publish(name, chosen_or_random(name, X, y, SIZES))
    options.folder.mkdir(parents=True, exist_ok=True)
    name, X, y, real = demo_data.table()
    found = chosen_or_random(name, X, y, SIZES[::2] if options.quick else SIZES)
    rows_alike()
    larger_than_memory(options.folder, 8 if options.quick else 50)
    page(options.folder, X, y, found)
    if options.quick and real:
        return check(name, found)
    return 0


def chosen_or_random(name, X, y, sizes):
    """Compare leverage with uniform sampling on rows some of which matter more."""
    print(f"1. Does it matter which rows a model is fitted to? Here: {name},")
    print(
        f"   {X.shape[1]} columns, to predict {y.name}. Scores are of held-out rows.\n"
    )
    found = compare(X.assign(**{y.name: y}), y.name, sizes=sizes, **COMPARED)
    print(found.table())
    print(f"\n{found.summary()}\n{headline(found)}")
    return found


def headline(found):
    """Return the sentence that the first act is about."""
    few, many = found.sizes[0], found.sizes[-1]
    chosen, random = score(found, "leverage", few), score(found, "uniform", many)
    verb = "do what" if chosen >= random else "do not do what"
    return (
        f"{few} chosen rows {verb} {many:,} random rows do: {found.score} {chosen:.2f} "
        f"against {random:.2f}."
    )


def score(found, method, size):
    """Return a mean score of a comparison."""
    (result,) = (r for r in found.results if (r.method, r.size) == (method, size))
    return result.mean


def rows_alike():
    """Show the other case: where rows are alike, choosing them gains nothing."""
    print("\n2. It does not always matter. Here: 1,797 handwritten digits.\n")
    X, y = load_digits(return_X_y=True, as_frame=True)
    found = compare(X, y, methods=["logistic"], sizes=[200, 500, 1000])
    print(f"{found.table()}\n\n{found.summary()}")


def larger_than_memory(folder, n_blocks):
    """Select from a file in a process of its own, and say what memory that took."""
    source, few = folder / "large.parquet", folder / "few.parquet"
    n_rows = demo_data.write_large(source, n_blocks)
    size = source.stat().st_size / 1e6
    print(
        f"\n3. A file of {size:,.0f} MB, with {n_rows:,} rows of generated numbers.\n"
    )
    words = ["select", str(source), "-o", str(few), "--method", "leverage"]
    words += ["-n", "1000", "--target", "y", "--fit-intercept", "--force"]
    print(f"$ coreselect {shlex.join(words)}", flush=True)
    try:
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, *words],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    finally:
        source.unlink()
    peak = int(re.search(r"peak (\d+)", done.stdout)[1])
    print(f"The command held at most {peak} MB of memory; the file has {size:,.0f} MB.")
    if peak > size:
        print("Most of that is Python itself: a larger file takes little more.")


def page(folder, X, y, found):
    """Write a report of a selection, the picture of the comparison, and the table."""
    table, html, png = (folder / f for f in ("table.csv", "report.html", "demo.png"))
    X.assign(**{y.name: y}).to_csv(table, index=False)
    selector = LeverageSelector(
        100, features="auto", fit_intercept=True, random_state=0
    )
    report(X, selector.fit_select(X, y), y, comparison=found, path=html)
    draw(found, png)
    print("\n4. Written, for you to open and to go on with:\n")
    print(f"   {table}     coreselect compare {table} --target {y.name}")
    print(f"   {html}   what was chosen, how alike it is to all rows")
    print(f"   {png}      scores of chosen and of random rows")


def draw(found, path):
    """Save the picture of a comparison."""
    figure = Figure(figsize=(7.2, 3.8), layout="constrained")
    axis = figure.subplots()
    found.plot(ax=axis)
    axis.set_title(headline(found), loc="left", fontsize="medium")
    axis.set_xlabel(f"rows that the model is fitted to (of {found.n_train:,})")
    figure.savefig(path, dpi=150)


def repeat(n):
    """Print for other splits and seeds whether the sentence of the first act holds."""
    name, X, y, _ = demo_data.table()
    held = 0
    for seed in range(n):
        options = {**COMPARED, "random_state": 100 * seed}
        found = compare(X, y, sizes=SIZES[::2], **options)
        (verdict,) = found.verdicts()
        held += verdict.kind == "better" and " do not do " not in headline(found)
        print(f"{seed + 1:3} {headline(found)} {found.summary().splitlines()[1]}")
    print(f"{name}: it held for {held} of {n}.")
    return 0


def figures(name, found):
    """Return the figures of the first act as Markdown, for the README."""
    lines = [
        f"{found.estimator} fitted to some rows of {name}, to predict {found.target}:",
        f"{found.score} on held-out rows, mean ± deviation over {found.n_seeds} seeds.",
        "",
        "| fitted to | random rows | rows chosen by leverage |",
        "| --- | --- | --- |",
    ]
    for size in found.sizes:
        cells = (
            f"{result.mean:.2f} ± {result.sd:.2f}"
            for method in ("uniform", "leverage")
            for result in found.results
            if (result.method, result.size) == (method, size)
        )
        lines.append(f"| {size:,} rows | {' | '.join(cells)} |")
    whole = f"{found.full.mean:.2f}"
    return [*lines, f"| all {found.n_train:,} rows | {whole} | {whole} |"]


def publish(name, found):
    """Write the figures into the README, and the picture beside the documentation."""
    verdict = found.summary().splitlines()[1]
    block = "\n".join([*figures(name, found), "", f"> {verdict}"])
    text = with_block(README.read_text(encoding="utf-8"), "demo", block)
    README.write_text(text, encoding="utf-8")
    draw(found, PICTURE)
    return 0


def check(name, found):
    """Return 1 unless the README has these figures."""
    text = README.read_text(encoding="utf-8")
    missing = [line for line in figures(name, found) if line not in text.splitlines()]
    for line in missing:
        print(f"README.md lacks: {line}")
    if missing:
        print("Renew it with: python tools/demo.py --publish")
    return int(bool(missing))


if __name__ == "__main__":
    # The fits are small: threads of linear algebra would mostly wait for each other.
    with threadpool_limits(1, user_api="blas"):
        sys.exit(main())

r"""
A file larger than memory
=========================

A selector reads a Parquet file block by block. How much memory does it take, next to a
program that loads the file? Each is measured in a process of its own.
"""

# %%
# A small and a large file
# ------------------------
#
# The columns hold random numbers, so that a file is about as large as its contents.

import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from coreselect import LeverageSelector
from coreselect.plot import SelectionDisplay

folder = tempfile.TemporaryDirectory()
rng = np.random.default_rng(0)
columns = [f"x{j}" for j in range(40)]
files = {}
for n_blocks in (2, 24):
    path = Path(folder.name) / f"{n_blocks}.parquet"
    schema = pa.schema([(name, pa.float64()) for name in columns])
    with pq.ParquetWriter(path, schema, use_dictionary=False) as writer:
        for _ in range(n_blocks):
            block = rng.standard_t(df=5, size=(40, 32_768))
            writer.write_table(pa.table(list(block), schema=schema))
    files[path] = path.stat().st_size / 1e6

# %%
# The most memory of each process
# -------------------------------
#
# Python and its packages alone take some memory: that is where the lines begin. The
# selector needs a few numbers per row and a few blocks; the file is never held whole.

SELECT = "LeverageSelector(1000, random_state=0).fit_select(path).take(path)"
LOAD = "pyarrow.parquet.read_table(path).to_pandas()"
PROGRAM = """
import re, resource, sys
import pandas, pyarrow.parquet
from coreselect import LeverageSelector
path = sys.argv[1]
{work}
try:
    status = open("/proc/self/status").read()
    print(int(re.search(r"VmHWM:\\s*(\\d+)", status)[1]) * 1024)
except OSError:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)  # bytes, on macOS
"""


def peak(work, path):
    """Most megabytes that a process holds while it does some work on a file."""
    command = [sys.executable, "-c", PROGRAM.format(work=work), path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout) / 1e6


figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
for name, work, marker in (("load it", LOAD, "o"), ("select from it", SELECT, "s")):
    peaks = [peak(work, path) for path in files]
    axis.plot(files.values(), peaks, marker=marker, label=name)
    print(f"{name:15}", *(f"{megabytes:6.0f} MB" for megabytes in peaks))
axis.set(xlabel="size of the file, MB", ylabel="most memory, MB", ylim=(0, None))
axis.grid(alpha=0.3)
axis.legend(frameon=False)
plt.show()

# %%
# The selected rows
# -----------------
#
# ``take`` reads the row groups that hold the rows. Sizes of points are weights.

path = min(files, key=files.get)
selection = LeverageSelector(300, random_state=0).fit_select(path)
SelectionDisplay.from_selection(selection, path, columns=["x0", "x1"])
plt.show()
folder.cleanup()

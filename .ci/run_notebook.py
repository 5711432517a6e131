#!/usr/bin/env python3
"""Runs the code cells of a notebook one after the other, as they stand: `run_notebook.py NOTEBOOK FOLDER`, in FOLDER.

Prints what the cells print, and the seconds of each. Ends with 1 at the first that fails.
"""

import json
import os
import sys
import time
import traceback
from pathlib import Path

os.environ.setdefault("MPLBACKEND", "Agg")


def main(notebook, folder):
    cells = json.loads(Path(notebook).read_text())["cells"]
    Path(folder).mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    names = {"__name__": "__main__"}
    total = 0.0
    for place, cell in enumerate(cells):
        if cell["cell_type"] != "code":
            continue
        begun = time.perf_counter()
        try:
            exec(compile("".join(cell["source"]), f"cell {place}", "exec"), names)
        except Exception:
            traceback.print_exc()
            print(f"{notebook}: cell {place} failed", file=sys.stderr)
            return 1
        secs = time.perf_counter() - begun
        total += secs
        print(f"-- cell {place}: {secs:.1f} s", flush=True)
    print(f"all cells in {total:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(*(os.path.abspath(argument) for argument in sys.argv[1:3])))

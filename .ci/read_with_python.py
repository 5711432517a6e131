#!/usr/bin/env python3
"""Reads every table of a run with pyarrow and with DuckDB, by the documented format alone.

    python .ci/read_with_python.py traces/RUN

Prints a line per table; exits with 1 if anything differs from docs/TRACE.md. Needs `pyarrow` and `duckdb`.
"""

import json
import sys
from collections import Counter, defaultdict
from math import prod
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

U16, U32, U64, I8, I32, F64, TEXT = pa.uint16(), pa.uint32(), pa.uint64(), pa.int8(), pa.int32(), pa.float64(), pa.string()
ELEMENT = pa.field("element", F64, nullable=False)
VECTOR, PROJECTION = pa.list_(ELEMENT), pa.list_(ELEMENT, 3)
IDENTITIES = pa.list_(pa.field("element", U32, nullable=False))

CHECKPOINT = {"checkpoint": U32, "step": U64}
AT_POINT = {"n_unstable": U16, "multiplier_re": F64, "multiplier_im": F64}
COLUMNS = {
    "steps": {
        "step": U64, "stage": U32, "task": TEXT, "loss": F64, "accuracy": F64, "grad_norm": F64,
        "learning_rate": F64, "weight_norm": F64, "wall_secs": F64, "mean_return": F64,
    },
    "landscapes": CHECKPOINT | {
        "condition": TEXT, "n_fixed": U32, "n_stable": U32, "n_slow": U32, "n_from_later": U32, "n_starts": U32, "index_sum": I32,
        "index_expected": I32, "complete": TEXT, "unseen_estimate": F64, "wall_secs": F64, "warning": TEXT,
    },
    "fixed_points": CHECKPOINT | {"condition": TEXT, "point": U32, "kind": TEXT, "state": VECTOR, "q": F64, "radius": F64}
    | AT_POINT | {"index": I8, "readout": VECTOR, "basin_fraction": F64, "found": TEXT, "pc": PROJECTION},
    "slow_points": CHECKPOINT | {
        "condition": TEXT, "state": VECTOR, "q": F64, "smallest_singular_value": F64, "alignment": F64, "passage_steps": F64,
    } | AT_POINT | {"readout": VECTOR, "pc": PROJECTION},
    "spectra": CHECKPOINT | {"condition": TEXT, "point": U32, "rank": U16, "re": F64, "im": F64},
    "trials": CHECKPOINT | {
        "trial": U32, "time": U32, "input": VECTOR, "target": VECTOR, "output": VECTOR, "state": VECTOR,
        "pc": PROJECTION,
    },
    "events": {
        "condition": TEXT, "from_step": U64, "to_step": U64, "position": F64, "kind": TEXT, "status": TEXT,
        "multiplier_re": F64, "multiplier_im": F64, "coefficient": F64, "criticality": TEXT, "pair_change": I8,
        "branches": IDENTITIES, "state": VECTOR, "loss": F64, "grad_norm": F64,
        "born_side": I8, "born_period": F64, "born_distance": F64, "born_amplitude": F64, "born_predicted": F64,
        "born_stability": TEXT, "hint_exponent": F64, "hint_r_squared": F64,
    },
    "branches": {"condition": TEXT, "branch": U32} | CHECKPOINT | {
        "point": U32, "matched": TEXT, "born_with": U32, "dies_with": U32, "index": I8, "n_unstable": U16, "state": VECTOR,
    },
    "evaluations": CHECKPOINT | {"probe": TEXT, "loss": F64, "accuracy": F64},
    "scores": CHECKPOINT | {
        "room": TEXT, "trials": U32, "arrived": F64, "score": F64, "score_as_coded": F64, "score_shortest": F64, "floor": F64,
        "ceiling": F64,
    },
    "paths": CHECKPOINT | {
        "room": TEXT, "path": U32, "goal": U32, "time": U32, "row": U16, "column": U16, "chosen": TEXT, "reward": F64,
        "collided": U16, "clock": U32, "output": VECTOR, "pc": PROJECTION,
    },
    "places": CHECKPOINT | {
        "room": TEXT, "goal": U32, "row": U16, "column": U16, "cell": TEXT, "visits": U32, "value": F64, "chosen": TEXT,
        "arrival": F64,
    },
    "rate_maps": CHECKPOINT | {
        "unit": U32, "columns": U16, "rates": VECTOR, "information": F64, "information_p": F64, "grid_score": F64, "grid_p": F64,
        "border_score": F64, "border_p": F64,
    },
    "relaxations": CHECKPOINT | {
        "condition": TEXT, "relaxed": U32, "dimension": F64, "speed": F64, "position_r2": F64, "last_wall": F64,
        "last_wall_chance": F64,
    },
}
NULLABLE = {
    "steps": {"mean_return"},
    "landscapes": {"index_expected", "warning"}, "fixed_points": {"radius", "basin_fraction"}, "slow_points": {"passage_steps"},
    "events": {
        "coefficient", "criticality", "loss", "grad_norm", "born_side", "born_period", "born_distance", "born_amplitude",
        "born_predicted", "born_stability", "hint_exponent", "hint_r_squared",
    },
    "branches": {"point", "born_with", "dies_with"},
    "places": {"value", "chosen", "arrival"},
}
# Columns that files of earlier versions lack.
LATER = {"steps": {"mean_return"}}
# Tables of runs whose curriculum asks for them.
OPTIONAL = {"events", "branches", "evaluations", "scores", "paths", "places", "rate_maps", "relaxations"}
DUCKDB_TYPES = {
    U16: "USMALLINT", U32: "UINTEGER", U64: "UBIGINT", I8: "TINYINT", I32: "INTEGER", F64: "DOUBLE",
    TEXT: "VARCHAR", VECTOR: "DOUBLE[]", PROJECTION: "DOUBLE[]", IDENTITIES: "UINTEGER[]",
}

problems = []


def check(is_right, message):
    if not is_right:
        problems.append(message)


def manifest_files(run):
    """Path and row count of every table file that the manifest names, by table; merged files in place of what they hold."""
    named = defaultdict(dict)
    text = (run / "manifest.jsonl").read_text()
    for line in text[: text.rfind("\n") + 1].splitlines():
        event = json.loads(line)
        for file in event.get("files", []):
            table, _, name = file["path"].partition("/")
            if name and file["rows"] is not None:
                named[table][run / file["path"]] = file["rows"]
        for file in event.get("merged", []):
            named[Path(file["path"]).parts[0]] = {run / file["path"]: file["rows"]}
    for path in (path for files in named.values() for path in files):
        check(path.exists(), f"{path} is missing")
    return {
        table: [(path, rows) for path, rows in files.items() if path.exists()] for table, files in named.items()
    }


def check_weights(run):
    """The safetensors format, by hand: length of the header, header, tensors without gaps; returns their number."""
    paths = sorted((run / "checkpoints").glob("*.safetensors"))
    for path in paths:
        data = path.read_bytes()
        begin = 8 + int.from_bytes(data[:8], "little")
        header = json.loads(data[8:begin])
        end = 0
        for name, tensor in header.items():
            if name == "__metadata__":
                continue
            size = {"F32": 4, "F64": 8}[tensor["dtype"]] * prod(tensor["shape"])
            first, last = tensor["data_offsets"]
            check(last - first == size, f"{path}: {name} takes {last - first} bytes, its shape {size}")
            end = max(end, last)
        check(begin + end == len(data), f"{path}: {len(data)} bytes, the header says {begin + end}")
    return len(paths)


def check_schema(path, table):
    schema = pq.read_schema(path)
    check(schema.metadata.get(b"creode.schema_version") == b"1", f"{path}: schema version is not 1")
    expected = [name for name in COLUMNS[table] if name in schema.names or name not in LATER.get(table, ())]
    check(schema.names == expected, f"{path}: columns are {schema.names}")
    for field in schema:
        expected = COLUMNS[table].get(field.name)
        metadata = field.metadata or {}
        check(field.type == expected, f"{path}: {field.name} is {field.type}, not {expected}")
        check(field.nullable == (field.name in NULLABLE.get(table, ())), f"{path}: {field.name}: nullable is {field.nullable}")
        for key in (b"unit", b"description"):
            check(metadata.get(key), f"{path}: {field.name} has no {key.decode()}")


def read_with_pyarrow(table, files):
    parts = []
    for path, rows in files:
        check_schema(path, table)
        part = pq.ParquetFile(path).read()
        check(part.num_rows == rows, f"{path}: {part.num_rows} rows, the manifest says {rows}")
        parts.append(part)
    return pa.concat_tables(parts)


def read_with_duckdb(table, files):
    relation = duckdb.read_parquet([str(path) for path, _ in files])
    types = dict(zip(relation.columns, map(str, relation.types)))
    expected = {name: DUCKDB_TYPES[type_] for name, type_ in COLUMNS[table].items()}
    expected = {name: type_ for name, type_ in expected.items() if name in types or name not in LATER.get(table, ())}
    check(types == expected, f"{table}: DuckDB sees {types}, expected {expected}")
    return relation.fetchall()


def same_value(a, b):
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same_value, a, b))
    return a == b or (a != a and b != b)


def place(row):
    return row["checkpoint"], row["condition"]


def check_relations(tables):
    landscapes, points = tables["landscapes"], tables["fixed_points"]
    found = Counter(map(place, points))
    stable = Counter(place(row) for row in points if row["kind"] in ("stable_node", "stable_focus"))
    slow = Counter(map(place, tables["slow_points"]))
    index_sums = Counter()
    for row in points:
        index_sums[place(row)] += row["index"]
    places = [place(row) for row in landscapes]
    check(len(set(places)) == len(places), "landscapes: a checkpoint and condition twice")
    check(set(found) | set(slow) <= set(places), "points at a checkpoint and condition without a landscape")
    for row in landscapes:
        key = place(row)
        for column, count in [("n_fixed", found), ("n_stable", stable), ("n_slow", slow), ("index_sum", index_sums)]:
            check(row[column] == count[key], f"landscapes {key}: {column} is {row[column]}, the points give {count[key]}")
    eigenvalues = Counter((*place(row), row["point"]) for row in tables["spectra"])
    sizes = {(*place(row), row["point"]): len(row["state"]) for row in points}
    check(len(sizes) == len(points), "fixed_points: an identity twice at one checkpoint and condition")
    check(eigenvalues == sizes, "spectra: not as many eigenvalues a point as its state is long")
    for key in stable:
        shares = [row["basin_fraction"] for row in points if place(row) == key and row["basin_fraction"] is not None]
        check(sum(shares) <= 1 + 1e-9, f"fixed_points {key}: shares of basins sum to {sum(shares)}")
    numbered = {(*place(row), row["point"]) for row in tables["branches"] if row["point"] is not None}
    check(numbered in (set(), set(sizes)), "branches: not the fixed points of fixed_points")
    known = {(row["condition"], row["branch"]) for row in tables["branches"]}
    for row in tables["events"]:
        met = {(row["condition"], branch) for branch in row["branches"]}
        check(met <= known, f"events: one of step {row['to_step']} has branches that are in no row of branches")
    steps = [row["step"] for row in tables["steps"]]
    first = steps[0] if steps else 1
    check(steps == list(range(first, first + len(steps))), "steps: not one after the other")
    evaluated = Counter((row["checkpoint"], row["probe"]) for row in tables["evaluations"])
    check(set(evaluated.values()) <= {1}, "evaluations: a probe twice at one checkpoint")


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: read_with_python.py RUN")
    run = Path(sys.argv[1])
    files = manifest_files(run)
    check(set(files) | OPTIONAL == set(COLUMNS), f"tables are {sorted(files)}, expected {sorted(COLUMNS)}")
    tables = {table: [] for table in COLUMNS}
    for table in COLUMNS.keys() & files.keys():
        arrow_table = read_with_pyarrow(table, files[table])
        duckdb_rows = read_with_duckdb(table, files[table])
        tables[table] = arrow_table.to_pylist()
        arrow_rows = [tuple(row.values()) for row in tables[table]]
        check(same_value(arrow_rows, duckdb_rows), f"{table}: pyarrow and DuckDB read different values")
    check_relations(tables)
    for table, rows in tables.items():
        print(f"{table:13} {len(files.get(table, [])):5} files {len(rows):9} rows {len(COLUMNS[table]):3} columns")
    print(f"{'checkpoints':13} {check_weights(run):5} files")
    for problem in problems:
        print(problem, file=sys.stderr)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()

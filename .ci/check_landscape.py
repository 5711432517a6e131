"""Checks the landscape that the main job must end with: `check_landscape.py RUN`."""

import sys
from pathlib import Path

import duckdb

run = Path(sys.argv[1])


def rows(query):
    return duckdb.sql(query.format(run=run.as_posix())).fetchall()


last = rows("select max(checkpoint) from '{run}/landscapes/*.parquet'")[0][0]
assert last + 1 >= 40, f"{last + 1} checkpoints, wanted 40"

counts = dict(
    rows(
        f"select n_unstable, count(*) from '{{run}}/fixed_points/*.parquet' where checkpoint = {last} group by n_unstable"
    )
)
assert counts == {0: 8, 1: 12, 2: 6, 3: 1}, f"fixed points by unstable directions: {counts}"

worst = rows(f"select max(q) from '{{run}}/fixed_points/*.parquet' where checkpoint = {last}")[0][0]
assert worst < 1e-24, f"largest q {worst}"

index = rows(f"select index_sum from '{{run}}/landscapes/*.parquet' where checkpoint = {last}")
assert index == [(1,)], f"index sums {index}"

silent = rows("select step, index_sum from '{run}/landscapes/*.parquet' where index_sum <> 1 and warning is null")
assert not silent, f"wrong index sums without a warning: {silent}"

accuracy = rows(
    "select avg(accuracy) from (select accuracy from '{run}/steps/*.parquet' order by step desc limit 50)"
)[0][0]
assert accuracy >= 0.99, f"accuracy {accuracy}"

corners = rows(
    f"select count(distinct list_transform(readout, lambda x: x > 0)) from '{{run}}/fixed_points/*.parquet' "
    f"where checkpoint = {last} and n_unstable = 0"
)[0][0]
assert corners == 8, f"the stable points hold {corners} of 8 memories"

warned = rows("select count(*) from '{run}/landscapes/*.parquet' where warning is not null")[0][0]
print(
    f"{last + 1} checkpoints, {warned} with a warning; at the last 27 fixed points, 8/12/6/1, index sum +1, "
    f"q at most {worst:.1e}, accuracy {accuracy:.4f}"
)

uncertified = rows("select count(*) from '{run}/fixed_points/*.parquet' where radius is null")[0][0]
assert uncertified == 0, f"{uncertified} fixed points without a certificate"

# Every pair of fixed points that is there at the end and was not at the beginning was born in a located fold.
first_last = rows(
    "select arg_min(n_fixed, checkpoint), arg_max(n_fixed, checkpoint) from '{run}/landscapes/*.parquet'"
)[0]
born, unlocated = rows("select sum(pair_change), count(*) filter (status <> 'located') from '{run}/events.parquet'")[0]
assert first_last[1] - first_last[0] == 2 * born, f"from {first_last[0]} to {first_last[1]} points by {born} pairs"
assert unlocated == 0, f"{unlocated} events that could not be located"
branches = rows(
    f"select count(*), count(distinct branch), count(*) filter (point is null) from '{{run}}/branches.parquet' "
    f"where checkpoint = {last}"
)[0]
assert branches == (27, 27, 0), f"branches at the last checkpoint: {branches}"
orphans = rows(
    "select count(*) from (select branch, arg_min(checkpoint, checkpoint) as first, arg_min(born_with, checkpoint) as twin "
    "from '{run}/branches.parquet' group by branch) where first > 0 and twin is null"
)[0][0]
assert orphans == 0, f"{orphans} branches that begin without a partner"
types = [str(type_) for type_ in duckdb.read_parquet(f"{run.as_posix()}/events.parquet").types]
assert types.count("UINTEGER[]") == 1 and types.count("DOUBLE[]") == 1, f"columns of events: {types}"
print(f"{born} pairs of fixed points were born in located folds")

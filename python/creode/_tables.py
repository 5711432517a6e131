"""Parquet files that the library writes into memory, as tables."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.parquet as pq


def table(file: bytes) -> pa.Table:
    """The table of one Parquet file; units and descriptions of the columns come along as metadata of its fields."""
    return pq.read_table(pa.BufferReader(file))


def joined(files: Iterable[bytes]) -> pa.Table:
    """The rows of several files one after the other. A column that files of earlier versions lack is null in their rows."""
    return pa.concat_tables([table(file) for file in files], promote_options="default")


def with_metadata(of: pa.Table, **texts: str) -> pa.Table:
    """A table with more in the metadata of its schema, under ``creode.NAME``."""
    more = {f"creode.{name}": text for name, text in texts.items()}
    return of.replace_schema_metadata({**(of.schema.metadata or {}), **more})

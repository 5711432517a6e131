"""Arrays of other libraries, without importing any of them: what is there is asked for what it can do."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np


def as_numpy(value: Any, name: str = "it") -> np.ndarray:
    """The numbers of an array or tensor as a NumPy array of float32 or float64, without a copy where they are so in memory.

    Tensors on another device are fetched. Half precision and integers become float64, which holds them exactly.
    """
    if hasattr(value, "detach"):
        value = value.detach()
        if getattr(value, "device", None) is not None and value.device.type != "cpu":
            value = value.cpu()
        try:
            value = value.numpy()
        except TypeError:  # bfloat16, which NumPy does not know.
            value = value.float().numpy()
    array = np.asarray(value)
    if array.dtype in (np.float32, np.float64):
        return array
    if array.dtype.kind in "OSUc":
        raise TypeError(f"{name} holds {array.dtype}, and no real numbers")
    return array.astype(np.float64)


def arrays_of(source: Any) -> dict[str, Any]:
    """The named arrays of a module (its ``state_dict``), a dictionary, or any nesting of dictionaries, lists and data classes,
    whose names are then joined with dots."""
    if callable(getattr(source, "state_dict", None)):
        source = source.state_dict()
    return dict(_leaves(source, ""))


def _leaves(node: Any, name: str) -> Iterator[tuple[str, Any]]:
    children = _children(node)
    if children is not None:
        for key, child in children:
            yield from _leaves(child, f"{name}.{key}" if name else str(key))
    elif _is_array(node):
        yield name or "array", node
    elif isinstance(node, (list, tuple)) and node:
        yield name or "array", np.asarray(node)


def _is_array(node: Any) -> bool:
    return hasattr(node, "__array__") or hasattr(node, "detach")


def _children(node: Any) -> Iterable[tuple[Any, Any]] | None:
    """The parts of a node that is no array and no list of numbers, by name."""
    if _is_array(node):
        return None
    if isinstance(node, Mapping):
        return node.items()
    if dataclasses.is_dataclass(node) and not isinstance(node, type):
        return [(field.name, getattr(node, field.name, None)) for field in dataclasses.fields(node)]
    if hasattr(node, "_asdict"):
        return node._asdict().items()
    if isinstance(node, (list, tuple)) and not _is_numbers(node):
        return enumerate(node)
    return None


def _is_numbers(node: Any) -> bool:
    """Whether a list, or a list of lists, holds nothing but numbers."""
    if isinstance(node, (list, tuple)):
        return bool(node) and all(_is_numbers(child) for child in node)
    return isinstance(node, (int, float))


def nonlinearity_of(module: Any) -> str | None:
    """The nonlinearity that the recurrent layers of a PyTorch module are built with, if they agree on one."""
    parts = module.modules() if callable(getattr(module, "modules", None)) else [module]
    found = {
        part.nonlinearity
        for part in parts
        if isinstance(getattr(part, "nonlinearity", None), str) and hasattr(part, "hidden_size")
    }
    return found.pop() if len(found) == 1 else None

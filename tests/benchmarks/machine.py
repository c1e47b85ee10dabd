"""The machine and the package versions that figures were measured with."""

import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

MATRIX_FLAGS = ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_int8")

PACKAGES = (
    "chapter-and-verse",
    "onnxruntime",
    "faiss-cpu",
    "numpy",
    "tokenizers",
    "torch",
    "transformers",
    "sentence-transformers",
    "haystack-ai",
    "langchain-community",
    "txtai",
)


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine of a measurement.

    Attributes:
        processor: As the system names it.
        cores: That this process may use.
        flags: Of the processor, those that speed up matrix products.
        memory: Bytes.
        system: Operating system and Python.
        versions: Of the packages that are installed, by name.
    """

    processor: str
    cores: int
    flags: tuple[str, ...]
    memory: int
    system: str
    versions: dict[str, str]


def this_machine() -> Machine:
    """The machine that this runs on."""
    processor = _processor()
    return Machine(
        processor=processor.get("model name", platform.processor() or platform.machine()),
        cores=len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count() or 1,
        flags=tuple(flag for flag in MATRIX_FLAGS if flag in processor.get("flags", "").split()),
        memory=psutil.virtual_memory().total,
        system=f"{platform.platform()}, Python {platform.python_version()}",
        versions={name: found for name in PACKAGES if (found := _version(name))},
    )


def _processor() -> dict[str, str]:
    """The first entry of ``/proc/cpuinfo``; empty where there is none."""
    path = Path("/proc/cpuinfo")
    if not path.is_file():
        return {}
    first = path.read_text(encoding="utf-8").split("\n\n")[0]
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None

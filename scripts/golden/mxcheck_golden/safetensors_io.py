"""Reading and writing safetensors with nothing but numpy, so that the bytes are ours to fix.

Names are sorted, the data follows in that order without gaps, and the header is padded with spaces
to a multiple of eight: equal tensors and metadata give equal files.
"""

import json
import os
import struct

import numpy as np

from . import dtypes

_HEADER_LIMIT = 100 << 20


def encode(tensors: dict[str, np.ndarray], metadata: dict[str, str] | None = None) -> bytes:
    """The bytes of a file holding the tensors."""
    header: dict[str, object] = {"__metadata__": dict(metadata or {})}
    chunks, offset = [], 0
    for name in sorted(tensors):
        tag, array = dtypes.storable(tensors[name])
        data = np.ascontiguousarray(array).tobytes()
        header[name] = {
            "dtype": tag,
            "shape": list(array.shape),
            "data_offsets": [offset, offset + len(data)],
        }
        chunks.append(data)
        offset += len(data)
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(chunks)


def decode(blob: bytes) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The tensors and the metadata of a file's bytes."""
    if len(blob) < 8:
        raise ValueError("shorter than a safetensors header length")
    (length,) = struct.unpack("<Q", blob[:8])
    if length > min(_HEADER_LIMIT, len(blob) - 8):
        raise ValueError("the header is longer than the file")
    header = json.loads(blob[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    body = blob[8 + length :]
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        dtype = dtypes.TAGS[entry["dtype"]]
        shape = tuple(entry["shape"])
        if end - begin != dtype.itemsize * int(np.prod(shape, dtype=np.int64)) or end > len(body):
            raise ValueError(f"{name}: offsets {begin}..{end} do not fit {shape}")
        tensors[name] = np.frombuffer(body[begin:end], dtype=dtype).reshape(shape)
    return tensors, metadata


def write(path: str, tensors: dict[str, np.ndarray], metadata: dict[str, str] | None = None) -> bytes:
    """Writes the file under a temporary name, renames it, and returns its bytes."""
    blob = encode(tensors, metadata)
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    temporary = f"{path}.tmp{os.getpid()}"
    with open(temporary, "wb") as file:
        file.write(blob)
    os.replace(temporary, path)
    return blob


def read(path: str) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    with open(path, "rb") as file:
        return decode(file.read())

"""Files that describe an arena, read into contents by collection; one form a module."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from knowledge_base.importers import areas, own, template
from knowledge_base.importers.arena import Arena
from schemas.errors import ImportRejected

Files = Mapping[str, str]
"""Text by path inside the folder that is imported."""

READERS = (own.read, areas.read, template.read)
"""Each reads the files that are of its form, and leaves the others."""

SUFFIXES = (".yaml", ".yml", ".json", ".md")
MAX_FILES = 200
MAX_BYTES = 32 * 2**20


def read(files: Files) -> Arena:
    """The arena that some files describe.

    Raises:
        ImportRejected: none of them is of a form we read, or one is broken.
    """
    found = Arena()
    for reader in READERS:
        found.add(reader(files))
    if not found.contents:
        raise ImportRejected(f"none of {', '.join(sorted(files)) or 'no file'} describes an arena")
    return found


def files_in(path: Path) -> Files:
    """The readable files of a folder, or the one file.

    Raises:
        ImportRejected: nothing is there, or it is no text.
    """
    if path.is_dir():
        found = [f for f in sorted(path.rglob("*")) if f.is_file() and f.suffix in SUFFIXES]
        return {str(f.relative_to(path)): _text(str(f), f.read_bytes()) for f in found}
    if not path.is_file():
        raise ImportRejected(f"there is no {path}", hint="Give a file or a folder.")
    return files_of(path.name, path.read_bytes())


def files_of(name: str, data: bytes) -> Files:
    """The files of an upload: one file, or a zip of several.

    Raises:
        ImportRejected: the zip is broken or too large, or a file is no text.
    """
    if not name.lower().endswith(".zip"):
        return {PurePosixPath(name).name: _text(name, data)}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            rows = [i for i in archive.infolist() if PurePosixPath(i.filename).suffix in SUFFIXES]
            if len(rows) > MAX_FILES or sum(row.file_size for row in rows) > MAX_BYTES:
                raise ImportRejected(f"{name} holds more than {MAX_FILES} files or 32 MiB")
            return {row.filename: _text(row.filename, archive.read(row)) for row in rows}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
        raise ImportRejected(f"{name} is no zip that can be read: {error}") from None


def _text(name: str, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImportRejected(f"{name} is not UTF-8: {error}") from None

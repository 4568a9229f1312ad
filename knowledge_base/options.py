"""What the knowledge base can be told, as a frozen model that settings embed; nothing heavy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

DEFAULT_ARENA = Path(__file__).parent / "data" / "arena"


class KnowledgeOptions(BaseModel):
    """Where knowledge is kept, what it starts from, and how sure a match must be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Annotated[Path, Field(description="Folder of the embedded Chroma store.")] = Path(
        "var/knowledge"
    )
    chroma_url: Annotated[
        str | None,
        Field(description="A Chroma server in place of the embedded store, for several processes."),
    ] = None
    embedder: Annotated[
        Path | None,
        Field(
            description="A sentence-transformers folder. BERTs run in llama.cpp, others need the "
            "library. Unset: all-MiniLM-L6-v2, as installed."
        ),
    ] = None
    arena: Annotated[
        Path, Field(description="YAML file or folder that a new store is filled from.")
    ] = DEFAULT_ARENA
    time_zone: Annotated[str, Field(description="The robot's time zone, as in Europe/Berlin.")] = (
        "UTC"
    )
    accept: Annotated[
        float, Field(description="Least score at which words are known.", ge=0, le=1)
    ] = 0.6
    margin: Annotated[
        float,
        Field(description="Lead over the next candidate below which words are ambiguous.", ge=0),
    ] = 0.05

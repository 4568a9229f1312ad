"""What the robot knows: read, look up, change, import, export. Changes are live at once."""

from __future__ import annotations

import asyncio
import io
import zipfile
from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Response, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from app.dependencies import Knowledge
from knowledge_base import CollectionInfo, Entry, ImportReport
from schemas.api import Text
from schemas.grounding import Candidate

router = APIRouter(prefix="/v1/knowledge", tags=["knowledge"])

IMPORT_PATH = "/v1/knowledge/import"

IfMatch = Annotated[
    str | None, Header(description="The entry's ETag: refuse with 409 if it changed since.")
]


class KnowledgeQuery(BaseModel):
    """Words to look up."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Text
    limit: Annotated[int, Field(ge=1, le=100)] = 5


@router.get("")
async def collections(knowledge: Knowledge) -> list[CollectionInfo]:
    """The collections: how many entries, and which embedder made their vectors."""
    return knowledge.collections()


@router.get(
    "/export",
    response_class=Response,
    responses={200: {"content": {"application/yaml": {}}, "description": "The arena's YAML."}},
)
async def export(knowledge: Knowledge) -> Response:
    """Everything the robot knows, as YAML that import reads."""
    text = await asyncio.to_thread(knowledge.export)
    return Response(text, media_type="application/yaml")


@router.post("/import")
async def import_files(knowledge: Knowledge, files: list[UploadFile]) -> ImportReport:
    """Add what the files describe: our YAML, an areas.json, a competition template or its zip."""
    name, data = await _one(files)
    return await asyncio.to_thread(knowledge.import_upload, name, data)


@router.get("/{collection}")
async def entries(collection: str, knowledge: Knowledge) -> list[Entry]:
    """Every entry of a collection."""
    return knowledge.entries(collection)


@router.post("/{collection}/query")
async def query(collection: str, body: KnowledgeQuery, knowledge: Knowledge) -> list[Candidate]:
    """What some words may mean, best first."""
    return await asyncio.to_thread(knowledge.query, collection, body.text, body.limit)


@router.get("/{collection}/{entry_id}")
async def entry(collection: str, entry_id: str, knowledge: Knowledge, response: Response) -> Entry:
    """One entry; its version is the ``ETag``."""
    found = knowledge.get(collection, entry_id)
    response.headers["ETag"] = f'"{found.etag}"'
    return found


@router.put("/{collection}/{entry_id}")
async def put(
    collection: str,
    entry_id: str,
    fields: Annotated[dict[str, Any], Body(description="The entry's fields, without its id.")],
    knowledge: Knowledge,
    response: Response,
    if_match: IfMatch = None,
) -> Entry:
    """Create or change an entry; it is understood from the next utterance on."""
    tag = _tag(if_match)
    stored = await asyncio.to_thread(knowledge.put, collection, entry_id, fields, tag)
    response.headers["ETag"] = f'"{stored.etag}"'
    return stored


@router.delete("/{collection}/{entry_id}", status_code=204)
async def delete(
    collection: str, entry_id: str, knowledge: Knowledge, if_match: IfMatch = None
) -> None:
    """Forget an entry."""
    await asyncio.to_thread(knowledge.delete, collection, entry_id, _tag(if_match))


def _tag(if_match: str | None) -> str | None:
    return None if if_match in (None, "*") else if_match.removeprefix("W/").strip('"')


async def _one(files: list[UploadFile]) -> tuple[str, bytes]:
    """A single upload as it is; a folder's files as the zip they would make."""
    if len(files) == 1:
        return files[0].filename or "upload", await files[0].read()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for file in files:
            archive.writestr(file.filename or "upload", await file.read())
    return "upload.zip", buffer.getvalue()

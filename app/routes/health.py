"""Is it alive, is it ready, how is it doing."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from app.dependencies import ReadyParts, ServiceOf

router = APIRouter(tags=["health"])


@router.head("/health", include_in_schema=False)
@router.get("/health")
async def health() -> dict[str, str]:
    """Answers as long as the process serves HTTP."""
    return {"status": "alive"}


@router.head("/ready", include_in_schema=False)
@router.get("/ready")
async def ready(parts: ReadyParts) -> dict[str, str]:
    """Answers once model and knowledge base are loaded; 503 with the reason until then."""
    return {"status": "ready", "model": parts.parts.model.name}


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses={200: {"description": "Prometheus text."}},
)
async def metrics(service: ServiceOf) -> Response:
    """Counters and histograms for Prometheus."""
    return Response(generate_latest(service.metrics.registry), media_type=CONTENT_TYPE_LATEST)

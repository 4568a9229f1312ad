"""What the robot knows, and how its words are tied to it."""

from __future__ import annotations

from knowledge_base.collections import CollectionInfo
from knowledge_base.entry import Entry
from knowledge_base.knowledge import ImportReport, KnowledgeBase
from knowledge_base.options import KnowledgeOptions

__all__ = ["CollectionInfo", "Entry", "ImportReport", "KnowledgeBase", "KnowledgeOptions"]

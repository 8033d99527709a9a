"""Speech, transcriptions and translations."""

from __future__ import annotations

from mutagent.integrations.shapes.audio import TranscriptionEvents, targets_of

TARGETS = targets_of("openai", "openai.resources.audio", TranscriptionEvents)

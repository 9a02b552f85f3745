"""What a field says of itself."""

from typing import Any

Described = dict[str, Any]
"""Keywords of JSON Schema (draft 2020-12)."""

"""For development: each mail becomes a file, and a line in the log says where."""

import asyncio
import logging
from pathlib import Path

from schedules.channels import Mail, Unreachable

log = logging.getLogger(__name__)


class FileChannel:
    """Writes `<Message-ID>.eml` into `directory`; the same mail again replaces its file."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def send(self, mail: Mail) -> None:
        """Write the file. Raises `Unreachable` when the directory cannot be written."""
        path = self._directory / f"{mail.message_id}.eml"
        try:
            await asyncio.to_thread(self._write, path, mail.content)
        except OSError as error:
            raise Unreachable(f"cannot write {path}", error.strerror) from error
        log.info("mail written", extra={"file": str(path)})

    def _write(self, path: Path, content: bytes) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    async def close(self) -> None:
        """There is nothing to close."""

"""What needs torch is done by child processes: `python -m clockpizza.portrait CKPT --out FILE.npz`.

A portrait is kept under a name that tells the file it is of (path, size, time of change), so that it is made once.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from clockpizza import __version__
from clockpizza.cuts import EDITION
from clockpizza.errors import BadInput, ClockpizzaError, visible
from clockpizza.portrait import SCHEMA
from clockpizza.store.layout import make_folder
from clockpizza.worker.launch import module_path
from tui.settings import cache_folder

MOST_KEPT = 100  # portraits
LONGEST_LINE = 4096  # bytes that a child may say at once

Progress = Callable[[str, float], None]  # a few words, and the share that is done


class Portraits:
    """Makes portraits of checkpoints, one at a time, and keeps them.

    Args:
        folder: where they are kept.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or cache_folder() / "portraits"
        self._turn = asyncio.Lock()

    def file(self, checkpoint: Path) -> Path:
        """Where the portrait of a file as it is now lies, or would.

        Raises:
            BadInput: there is no such file.
        """
        try:
            path = checkpoint.resolve(strict=True)
            status = path.stat()
        except OSError as error:
            raise BadInput(visible(f"{checkpoint}: cannot be read: {error.strerror}")) from error
        identity = f"{__version__}\0{EDITION}\0{SCHEMA}\0{path}\0{status.st_size}\0{status.st_mtime_ns}"
        return self.folder / f"{hashlib.sha256(identity.encode(errors='surrogateescape')).hexdigest()[:32]}.npz"

    async def make(self, checkpoint: Path, progress: Progress) -> Path:
        """The portrait of a checkpoint: at once where there is one, else when a child has made it.

        Cancelling ends the child.

        Raises:
            BadInput: the file is no checkpoint, in the child's words.
            ClockpizzaError: the child ended otherwise, or the cache cannot be written.
        """
        found = self.file(checkpoint)
        if found.exists():
            return found
        progress("waits for another one to be measured", 0.0)
        async with self._turn:
            if not found.exists():
                make_folder(self.folder)
                progress("loads torch", 0.0)
                await self._run(checkpoint, found, progress)
                self._prune()
        return found

    async def _run(self, checkpoint: Path, out: Path, progress: Progress) -> None:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "clockpizza.portrait", str(checkpoint.absolute()), "--out", str(out)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **module_path()},
            limit=LONGEST_LINE,
        )
        assert child.stdout is not None and child.stderr is not None
        try:
            complaints = asyncio.create_task(child.stderr.read(16 * LONGEST_LINE))
            with suppress(ValueError):  # a line longer than any that it says
                async for line in child.stdout:
                    words, _, share = line.decode(errors="replace").strip().rpartition(" ")
                    with suppress(ValueError):
                        progress(visible(words), min(1.0, max(0.0, float(share))))
            complaint = (await complaints).decode(errors="replace").strip()
            code = await child.wait()
        finally:
            if child.returncode is None:
                with suppress(ProcessLookupError):
                    child.kill()
                await asyncio.shield(child.wait())
        if code or not out.exists():
            last = visible(complaint.splitlines()[-1]) if complaint else f"the helper process ended with code {code}"
            raise BadInput(last) if code == BadInput.exit_code else ClockpizzaError(last)

    def _prune(self) -> None:
        """Remove the portraits that were made longest ago."""
        with suppress(OSError):
            kept = sorted(self.folder.glob("*.npz"), key=os.path.getmtime)
            for old in kept[:-MOST_KEPT]:
                old.unlink(missing_ok=True)

"""The scenes that this server offers: a file named at the start, or the one that ships."""

from __future__ import annotations

from pathlib import Path

from app.lecture.scenes import MAXIMUM_TEXT, SceneFileError, Scenes, parse_scenes

SHIPPED = Path(__file__).with_name("scenes.md")


def load_scenes(path: str | Path | None = None) -> Scenes:
    """The scenes in a file (by default those that ship). SceneFileError with one sentence where they cannot be had."""
    file = Path(path) if path else SHIPPED
    try:
        with file.open("rb") as source:
            content = source.read(4 * MAXIMUM_TEXT + 4)
        return parse_scenes(content.decode("utf-8"))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SceneFileError(f"The scene file {file} cannot be read ({reason}).") from None
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise SceneFileError(f"Line {line} of the scene file {file}: this is not UTF-8 text.") from None
    except ValueError as error:  # a path that no system takes, or what the parser says
        if isinstance(error, SceneFileError):
            raise
        raise SceneFileError(f"The scene file cannot be read ({error}).") from None

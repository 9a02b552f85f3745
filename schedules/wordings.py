"""Templates by name: the product's own, and before them those of the installation."""

import logging
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    DictLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    Template,
    select_autoescape,
)

log = logging.getLogger(__name__)

BUILT_IN = Path(__file__).with_name("templates")


class Wordings:
    """Fills templates: files `*.txt` and `*.html`, and the words of each `<language>.toml`.

    A word is a template too, `<language>/<its name>`. What `directory` has replaces what is built
    in, piece by piece. A piece of it that fails is replaced by the built-in one, which is logged
    once; `complaints` keeps why, by its name. It can build on what it replaces, `built-in/<name>`.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self.complaints: dict[str, str] = {}
        built_in = _words(BUILT_IN, self.complain)
        self._built_in = _Fillers(_loader(BUILT_IN, built_in))
        self._own: _Fillers | None = None
        self.languages = _languages(built_in)
        if directory is not None:
            own = _words(directory, self.complain)
            self.languages |= _languages(own)
            there = self._built_in.loader
            self._own = _Fillers(_loader(directory, own), there, PrefixLoader({"built-in": there}))

    def fill(self, names: Sequence[str], context: Mapping[str, Any]) -> str:
        """The first of `names` that there is, filled. Raises jinja2's `TemplateError`."""
        if self._own:
            found = None
            try:
                found = self._own.template(names)
                return found.render(context)
            except Exception as error:  # noqa: BLE001 - templates can raise anything
                named = found.name if found else getattr(error, "name", None)
                self.complain(named or names[0], error)
        return self._built_in.template(names).render(context)

    def complain(self, name: str, error: Exception) -> None:
        """Note what fails, and log it the first time."""
        if name not in self.complaints:
            self.complaints[name] = f"{type(error).__name__}: {error}"
            log.warning(
                "a template fails, the built-in one stands in: 'bookingd check' says why",
                extra={"template": name, "error": type(error).__name__},
            )


class _Fillers:
    """Compiled templates of one search path."""

    def __init__(self, *loaders: BaseLoader) -> None:
        self.loader = ChoiceLoader(loaders)
        self._environment = Environment(
            loader=self.loader,
            undefined=StrictUndefined,
            auto_reload=False,
            autoescape=select_autoescape(["html"]),
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._found: dict[Sequence[str], Template] = {}

    def template(self, names: Sequence[str]) -> Template:
        """The first that there is; Jinja2 keeps what it found, but not what it did not."""
        if names not in self._found:
            self._found[names] = self._environment.select_template(list(names))
        return self._found[names]


def _loader(directory: Path, words: dict[str, str]) -> BaseLoader:
    return ChoiceLoader([FileSystemLoader(directory), DictLoader(words)])


def _words(directory: Path, complain: Callable[[str, Exception], None]) -> dict[str, str]:
    """The words of all languages, by `<language>/<name>`."""
    found: dict[str, str] = {}
    for file in sorted(directory.glob("*.toml")):
        try:
            content = tomllib.loads(file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            complain(file.name, error)
        else:
            found |= {f"{file.stem}/{name}": str(word) for name, word in _flat(content)}
    return found


def _flat(content: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for name, value in content.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{inner}", word) for inner, word in _flat(value))
        else:
            yield name, value


def _languages(words: Mapping[str, str]) -> frozenset[str]:
    return frozenset(name.partition("/")[0] for name in words)

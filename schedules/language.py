"""Language tags (RFC 5646)."""

from collections.abc import Iterator


def shortened(tag: str) -> Iterator[str]:
    """The tag, and what it falls back to, subtag by subtag (RFC 4647, section 3.4).

    `zh-Hant-CN-x-old` to `zh-Hant-CN`, `zh-Hant`, `zh`: a subtag of one letter begins something,
    and goes with it.
    """
    subtags = tag.replace("_", "-").split("-")
    while subtags:
        yield "-".join(subtags)
        subtags.pop()
        if subtags and len(subtags[-1]) == 1:
            subtags.pop()

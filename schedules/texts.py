"""What a mail says: subject, text and HTML, in the language of whom it is for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from schedules.language import shortened
from schedules.moments import moments
from schedules.wordings import Wordings
from storage.model import Audience, Booking, Due, MessageKind

FALLBACK = "en"
"""The language that has every word."""

LABELS = (
    "what", "when", "before", "reason", "name", "email", "company", "phone", "inquiry", "reference",
    "manage", "yes", "no",
)  # fmt: skip

TIMES = ("start_time", "end_time")

Link = Callable[[Booking], str]


@dataclass(frozen=True, slots=True)
class Text:
    """One mail in words.

    `event` is what a calendar calls the appointment, `location` where it is, if anybody says so.
    """

    subject: str
    plain: str
    html: str
    event: str
    location: str


class Texts:
    """Fills the templates of a message.

    A customer reads the language and the zone of the booking, where it names them and we have
    them; everybody else those of the house.
    """

    def __init__(
        self,
        *,
        time_zone: str,
        locale: str,
        directory: Path | None = None,
        link: Link | None = None,
    ) -> None:
        self._wordings = Wordings(directory)
        self._time_zone = time_zone
        self._locale = locale
        self._link = link
        self._known = {language.lower(): language for language in self.languages}
        if self._language(locale) is None:
            self._wordings.complain(f"{locale}.toml", LookupError("no such words"))
        self._labels: dict[str, dict[str, str]] = {}

    @property
    def languages(self) -> frozenset[str]:
        """Those that there are words of."""
        return self._wordings.languages

    @property
    def complaints(self) -> dict[str, str]:
        """By the name of a template that failed so far, why."""
        return self._wordings.complaints

    def zone(self, due: Due) -> str:
        """The zone that times are told in."""
        return (_customers(due) and due.booking.time_zone) or self._time_zone

    def text(self, due: Due) -> Text:
        """Raises jinja2's `TemplateError`."""
        tag, language = self._tongue(due)
        about = f"{due.message.kind}.{due.message.audience}"
        context = self._context(due, tag, language)
        for word in ("title", "text"):
            context[word] = self._word(language, f"{about}.{word}", context)
        return Text(
            subject=self._word(language, f"{about}.subject", context),
            plain=self._page(language, about, "txt", context),
            html=self._page(language, about, "html", context),
            event=self._word(language, "event", context),
            location=self._word(language, "location", context),
        )

    def _tongue(self, due: Due) -> tuple[str, str]:
        """The language tag (RFC 5646) to write dates by, and the language to write in."""
        wanted = due.booking.locale if _customers(due) else None
        for tag in (wanted, self._locale):
            if tag and (language := self._language(tag)):
                return tag, language
        return FALLBACK, FALLBACK

    def _language(self, tag: str) -> str | None:
        """The nearest to `tag` that there are words of."""
        return next(
            (self._known[one] for one in shortened(tag.lower()) if one in self._known), None
        )

    def _context(self, due: Due, tag: str, language: str) -> dict[str, Any]:
        booking = due.booking
        context: dict[str, Any] = {
            "booking": booking,
            "kind": str(due.message.kind),
            "audience": str(due.message.audience),
            "language": language,
            "label": self._labels_of(language),
            "service": due.service,
            "resource": due.resource,
            "link": self._link(booking) if self._link and _customers(due) and booking.live else "",
        }
        news = _news(due)
        context["reason"] = news.get("reason")
        context |= self._slot(booking.start_time, booking.end_time, context, due, tag)
        named = ", ".join(filter(None, (context["zone"], context["offset"])))
        context["when"] = f"{context['date']}, {context['time']} ({named})"
        context["before"] = self._before(news, context, due, tag)
        context["what"] = self._word(language, "what", context) if due.service else ""
        context["greeting"] = self._word(language, "greeting", context)
        return context

    def _slot(
        self, start: datetime, end: datetime, context: dict[str, Any], due: Due, tag: str
    ) -> dict[str, str]:
        """A start and an end in words."""
        language = context["language"]
        usual = self._word(language, "dates", context)
        told = asdict(moments(start, end, self.zone(due), tag=tag, otherwise=usual))
        return told | {"time": self._word(language, "span", context | told)}

    def _before(
        self, news: Mapping[str, Any], context: dict[str, Any], due: Due, tag: str
    ) -> str | None:
        """When it was to be, of a booking that was moved."""
        was = {name: datetime.fromisoformat(news[name][0]) for name in TIMES if name in news}
        if not was:
            return None
        start, end = (was.get(name, getattr(due.booking, name)) for name in TIMES)
        told = self._slot(start, end, context, due, tag)
        return f"{told['date']}, {told['time']}"

    def _labels_of(self, language: str) -> dict[str, str]:
        if language not in self._labels:
            self._labels[language] = {
                name: self._word(language, f"label.{name}", {}) for name in LABELS
            }
        return self._labels[language]

    def _word(self, language: str, name: str, context: dict[str, Any]) -> str:
        return self._wordings.fill((f"{language}/{name}", f"{FALLBACK}/{name}"), context)

    def _page(self, language: str, about: str, kind: str, context: dict[str, Any]) -> str:
        names: Sequence[str] = (f"{language}/{about}.{kind}", f"{about}.{kind}", f"mail.{kind}")
        return self._wordings.fill(names, context)


def _news(due: Due) -> Mapping[str, Any]:
    """What the event has to tell besides the booking; to a reminder it is no news."""
    return {} if due.message.kind is MessageKind.REMINDER else due.detail


def _customers(due: Due) -> bool:
    return due.message.audience is Audience.CUSTOMER

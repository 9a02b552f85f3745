"""What mails say: languages, zones, HTML, and templates of the installation's own."""

import logging
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from jinja2 import TemplateError

from schedules.samples import KINDS, samples
from schedules.texts import LABELS, Text, Texts
from schedules.wordings import BUILT_IN, Wordings
from storage.model import Audience, Booking, BookingStatus, Due, MessageKind
from tests.records import a_booking, a_due

BOOKING = "019cadc6-9a80-7558-84b4-9ac4daed665b"
CUSTOMER, ADMIN = Audience.CUSTOMER, Audience.ADMIN
GERMAN = "Montag, 30. März 2026, 15:05 bis 16:05 Uhr (Europe/Berlin, UTC+02:00)"
BRITISH = "Monday, 30 March 2026, 15:05 to 16:05 (Europe/Berlin, UTC+02:00)"
START = datetime(2026, 3, 30, 13, 5, tzinfo=UTC)
AMERICAN = "Monday, March 30, 2026, 3:05 PM to 4:05 PM (Europe/Berlin, UTC+02:00)"


def texts(**fields: Any) -> Texts:
    return Texts(**{"time_zone": "Europe/Berlin", "locale": "en"} | fields)


def text(due: Due, **fields: Any) -> Text:
    return texts(**fields).text(due)


def due(*, kind: MessageKind = MessageKind.CONFIRMED, audience: Audience = CUSTOMER, **fields: Any):
    return a_due(a_booking(id=BOOKING, start=START, **fields), kind=kind, audience=audience)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The directory of an installation's own templates."""
    return tmp_path


def write(directory: Path, **files: str) -> None:
    """`de__toml` is de.toml, `de__a__txt` de.a.txt."""
    for name, content in files.items():
        (directory / name.replace("__", ".")).write_text(content)


@pytest.mark.parametrize(
    ("locale", "house", "when"),
    [
        (None, "en", BRITISH),
        ("en", "de", BRITISH),
        ("en-US", "de", AMERICAN),
        ("de", "en", GERMAN),
        ("de-AT", "en", GERMAN),
        ("DE-1996-x1", "en", GERMAN),
        ("de-QX", "en", GERMAN),
        ("en-US-x-twain", "de", AMERICAN),
        ("en-Latn-US-QX", "de", AMERICAN),
        ("de-x-en", "en", GERMAN),
        ("fr", "de", GERMAN),
        (None, "fr", BRITISH),
    ],
)  # fmt: skip
def test_the_customer_reads_their_language_where_there_is_one(
    locale: str | None, house: str, when: str
):
    assert f": {when}\n" in text(due(locale=locale), locale=house).plain


def test_everybody_else_reads_the_language_and_the_zone_of_the_house():
    abroad = {"locale": "en", "time_zone": "America/New_York"}
    admins = text(due(audience=ADMIN, **abroad), locale="de")
    assert GERMAN in admins.plain
    customers = text(due(**abroad), locale="de")
    assert "09:05 to 10:05 (America/New_York, UTC-04:00)" in customers.plain


def test_every_language_has_every_word():
    names = {
        file.stem: {name.partition("/")[2] for name in _words(file.stem)}
        for file in BUILT_IN.glob("*.toml")
    }
    assert names["de"] == names["en"]
    wanted = {f"{kind}.{audience}.{word}" for kind, audience in KINDS
              for word in ("subject", "title", "text")}  # fmt: skip
    wanted |= {"dates", "greeting", "span", "what", "event", "location"}
    wanted |= {f"label.{label}" for label in LABELS}
    assert names["en"] == wanted


def _words(language: str) -> list[str]:
    loader = Wordings()._built_in.loader
    return [name for name in loader.list_templates() if name.startswith(f"{language}/")]


def test_a_language_of_an_installation_may_be_that_of_one_country(own: Path):
    (own / "pt.toml").write_text('greeting = "Bom dia,"')
    (own / "pt-BR.toml").write_text('greeting = "Oi,"')
    for locale, greeting in (("pt-br-x-rio", "Oi,"), ("pt-PT", "Bom dia,"), ("pt", "Bom dia,")):
        assert text(due(locale=locale), directory=own).plain.startswith(greeting)


def with_detail(kind: MessageKind, audience: Audience = CUSTOMER, **detail: Any) -> Due:
    """A message of an event that tells besides what changed, or why."""
    return replace(due(kind=kind, audience=audience), detail=detail)


def was(start: str) -> list[str]:
    return [start, START.isoformat()]


@pytest.mark.parametrize("kind", [MessageKind.CHANGED, MessageKind.RECEIVED])
@pytest.mark.parametrize("audience", [CUSTOMER, ADMIN])
def test_whoever_is_told_of_a_move_is_told_when_it_was_to_be(kind: MessageKind, audience: Audience):
    earlier = {"start_time": was("2026-03-27T14:05:00Z"), "end_time": was("2026-03-27T15:05:00Z")}
    said = text(with_detail(kind, audience, **earlier))
    assert f"When: {BRITISH}\nBefore: Friday, 27 March 2026, 15:05 to 16:05\n" in said.plain
    assert ">Before: Friday, 27 March 2026, 15:05 to 16:05<" in said.html


def test_a_booking_of_another_length_began_when_it_does():
    said = text(with_detail(MessageKind.CHANGED, end_time=was("2026-03-30T13:35:00Z")), locale="de")
    assert "\nVorher: Montag, 30. März 2026, 15:05 bis 15:35 Uhr\n" in said.plain


def test_a_reminder_and_a_change_of_something_else_say_nothing_of_before():
    moved = with_detail(MessageKind.REMINDER, start_time=was("2026-03-27T14:05:00Z"))
    for one in (moved, with_detail(MessageKind.CHANGED, name=["Ada", "Grace"])):
        said = text(one)
        assert "Before" not in said.plain + said.html


def test_answers_of_yes_and_no_are_in_the_language_of_the_mail():
    answers = {"Allergien?": "no", "Erster Besuch": "yes", "Farbe": "no idea"}
    said = text(due(answers=answers), locale="de")
    assert "\nAllergien? nein\nErster Besuch: ja\nFarbe: no idea\n" in said.plain
    for answer in ("nein", "ja", "no idea"):
        assert f">{answer}</span>" in said.html
    assert "\nAllergien? no\n" in text(due(answers=answers)).plain


def test_the_administrator_alone_is_told_why_it_is_cancelled():
    why = "I have caught a <cold>.\nSorry."
    told = text(with_detail(MessageKind.CANCELLED, ADMIN, reason=why))
    assert f"\nReason: {why}\n" in told.plain
    assert "I have caught a &lt;cold&gt;.\nSorry." in told.html
    customers = text(with_detail(MessageKind.CANCELLED, CUSTOMER, reason=why))
    assert "cold" not in customers.plain + customers.html


@pytest.mark.parametrize(
    ("service", "resource", "what"),
    [("Haircut", "Anna", "Haircut (Anna)"), ("Haircut", None, "Haircut")],
)
def test_a_mail_says_what_was_booked_where_that_is_known(
    service: str, resource: str | None, what: str
):
    named = replace(due(), service=service, resource=resource)
    found = text(named)
    assert found.subject.startswith("Confirmed: Haircut, Monday, 30 March")
    assert f"What: {what}\nWhen: " in found.plain
    assert f">{what}<" in found.html
    assert (found.event, found.location) == (what, "")
    assert f"Was: {what}\nWann: " in text(named, locale="de").plain


def test_where_it_is_not_known_nothing_is_missing():
    found = text(due())
    assert found.subject.startswith("Confirmed: Monday")
    assert "What:" not in found.plain
    assert found.event == "Appointment"
    assert text(due(), locale="de").event == "Termin"


def test_an_installation_says_in_its_own_words_what_it_is_and_where(own: Path):
    write(own, en__toml='what = "{{ service }} with {{ resource }}"\nlocation = "Main Street 1"')
    found = text(replace(due(), service="Haircut", resource="Anna"), directory=own)
    assert (found.event, found.location) == ("Haircut with Anna", "Main Street 1")


@pytest.mark.parametrize("locale", ["en", "de"])
def test_no_two_mails_say_the_same(locale: str):
    found = [text(sample, locale=locale) for sample in samples(locale)]
    assert len({each.subject for each in found}) == len(found)
    assert len({each.plain for each in found}) == len({each.html for each in found}) == len(found)


class Tags(HTMLParser):
    """What the HTML is made of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: dict[str, list[str]] = {}
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in {"meta", "br"}:
            self.open.append(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("locale", ["en", "de"])
@pytest.mark.parametrize("number", range(len(KINDS)))
def test_the_html_is_what_any_mail_program_shows(locale: str, number: int):
    html = text(list(samples(locale))[number], locale=locale).html
    found = Tags(html)
    assert found.open == []
    assert not {"img", "script", "link", "form", "iframe", "svg", "table"} & set(found.tags)
    assert "src" not in found.attributes
    assert "url(" not in html
    assert found.attributes["lang"] == [locale]
    assert "prefers-color-scheme: dark" in html
    assert '<meta name="color-scheme" content="light dark">' in html
    assert html.startswith("<!DOCTYPE html>")


def test_a_long_form_makes_no_html_that_is_cut_off():
    # Gmail cuts a mail off at 102 KB.
    big = due(inquiry="<" * 5000, answers={f"{n}" * 40: "x" * 1000 for n in range(20)})
    assert len(text(big).html.encode()) < 100_000


@pytest.mark.parametrize("field", ["name", "email", "company", "phone", "inquiry"])
def test_what_a_customer_writes_is_text_in_the_html_and_untouched_in_the_text(field: str):
    hostile = "<img src=x onerror=alert(1)>{{ 7*7 }}\"'&"
    found = text(due(**{field: hostile}))
    assert "<img" not in found.html
    assert "&lt;img src=x onerror=alert(1)&gt;{{ 7*7 }}&#34;&#39;&amp;" in found.html
    assert hostile in found.plain


def test_questions_and_answers_are_text_too():
    found = text(due(answers={"<b>Why?": "</p><script>x"}))
    assert "<b>" not in found.html
    assert "<script>" not in found.html


LINK = "https://booking.example.org/manage#"


def link(booking: Booking) -> str:
    return f"{LINK}{booking.id}-{booking.version}"


@pytest.mark.parametrize("locale", ["en", "de"])
@pytest.mark.parametrize(("kind", "audience"), KINDS)
def test_a_customer_has_a_link_to_what_can_still_be_changed(
    locale: str, kind: MessageKind, audience: Audience
):
    status = BookingStatus.CANCELLED if kind is MessageKind.CANCELLED else BookingStatus.PENDING
    told = due(kind=kind, audience=audience, locale=locale, status=status, version=3)
    found = text(told, link=link)
    has_one = audience is CUSTOMER and kind is not MessageKind.CANCELLED
    assert (f"<{LINK}{BOOKING}-3>\n" in found.plain) == has_one
    assert (f'<a href="{LINK}{BOOKING}-3"' in found.html) == has_one
    assert (LINK in found.plain + found.html) == has_one


def test_a_template_may_put_the_link_elsewhere(own: Path):
    block = "{% block link %}{% endblock %}{% block footer %}To {{ link }}{% endblock %}"
    write(own, mail__txt='{% extends "built-in/mail.txt" %}' + block)
    found = text(due(), directory=own, link=link).plain
    assert f"To {LINK}{BOOKING}-1" in found
    assert found.count(LINK) == 1


def test_words_of_the_house_replace_single_ones(own: Path):
    write(own, en__toml='[confirmed.customer]\nsubject = "See you {{ date }}, {{ booking.name }}"')
    found = text(due(), directory=own)
    assert found.subject == "See you Monday, 30 March 2026, Ada Example"
    assert "Your appointment is confirmed" in found.html
    assert text(due(kind=MessageKind.REMINDER), directory=own).subject.startswith("Reminder: ")


def test_words_of_the_house_are_escaped_in_html(own: Path):
    write(own, en__toml='[confirmed.customer]\ntext = "{{ booking.name }} & <b>us</b>"')
    found = text(due(name="<i>"), directory=own)
    assert "&lt;i&gt; &amp; &lt;b&gt;us&lt;/b&gt;" in found.html
    assert "<i> & <b>us</b>" in found.plain


def test_another_language_needs_only_a_file_and_english_helps_out(own: Path):
    write(own, fr__toml='dates = "fr"\nspan = "{{ start }} à {{ end }}"\n'
          '[confirmed.customer]\ntitle = "Votre rendez-vous est confirmé"')  # fmt: skip
    found = text(due(locale="fr-CA"), directory=own)
    assert "Votre rendez-vous est confirmé" in found.html
    assert "lundi 30 mars 2026, 15 h 05 à 16 h 05" in found.plain
    assert "Name: Ada Example" in found.plain
    assert '<html lang="fr">' in found.html


@pytest.mark.parametrize("dates", ["", "xx", "no such language", "{{ 1 / 0 }}"])
def test_dates_of_a_language_that_there_is_not_are_told_nevertheless(own: Path, dates: str):
    write(own, fr__toml=f'dates = "{dates}"')
    assert BRITISH in text(due(locale="fr-QX"), directory=own).plain


@pytest.mark.parametrize(
    ("file", "replaced"),
    [
        (
            "mail__txt",
            set(product(("en", "de"), ("confirmed", "changed"))),
        ),
        ("confirmed__customer__txt", {("en", "confirmed"), ("de", "confirmed")}),
    ],
)
def test_a_template_replaces_one_mail_or_all(own: Path, file: str, replaced: set[Any]):
    write(own, **{file: "Mine. {{ title }} {{ when }} {{ label.name }}"})
    for language in ("en", "de"):
        for kind in ("confirmed", "changed"):
            found = text(due(kind=MessageKind(kind), locale=language), directory=own)
            assert found.plain.startswith("Mine.") == ((language, kind) in replaced)
            assert not found.html.startswith("Mine.")


def test_a_template_replaces_one_mail_of_one_language(own: Path):
    (own / "de").mkdir()
    (own / "de" / "confirmed.customer.html").write_text("<p>Meins</p>")
    assert text(due(locale="de"), directory=own).html == "<p>Meins</p>"
    assert text(due(locale="en"), directory=own).html.startswith("<!DOCTYPE")


@pytest.mark.parametrize("file", ["mail__html", "confirmed__customer__html"])
def test_a_template_may_change_a_block_of_the_built_in_one(own: Path, file: str):
    footer = "{% block footer %}Main Street 1{% endblock %}"
    write(own, **{file: '{% extends "built-in/mail.html" %}' + footer})
    found = text(due(), directory=own).html
    assert "Main Street 1" in found
    assert "Your appointment is confirmed" in found
    assert "Reference" not in found


BROKEN = {
    "syntax": "{% if %}",
    "undefined": "{{ bookng.name }}",
    "attribute": "{{ booking.nme }}",
    "fault": "{{ 1 / 0 }}",
    "missing": '{% extends "gone.html" %}',
}


@pytest.mark.parametrize("content", [*BROKEN.values(), '{% extends "mail.html" %}'])
def test_a_broken_template_is_replaced_and_told_once(
    own: Path, content: str, caplog: pytest.LogCaptureFixture
):
    write(own, mail__html=content)
    found = texts(directory=own)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert found.text(due()) == text(due())
    assert len(caplog.records) == 1
    assert list(found.complaints) == ["mail.html"]


def test_the_log_of_a_broken_template_names_no_customer(
    own: Path, caplog: pytest.LogCaptureFixture
):
    write(own, mail__html="{{ booking.answers[booking.name] }}")
    texts(directory=own).text(due())
    [record] = caplog.records
    assert "Ada" not in str(vars(record))


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_broken_word_is_replaced_alone(own: Path, content: str):
    quoted = content.replace('"', "'")
    write(own, en__toml=f'event = "Visit"\n[confirmed.customer]\nsubject = "{quoted}"')
    found = texts(directory=own)
    assert found.text(due()) == replace(text(due()), event="Visit")
    assert len(found.complaints) == 1


@pytest.mark.parametrize("content", ["[confirmed.customer", "\xff\xfe", "a = 1\na = 2"])
def test_words_that_cannot_be_read_are_told_and_the_built_in_ones_stand_in(own: Path, content: str):
    (own / "en.toml").write_bytes(content.encode("latin-1"))
    found = texts(directory=own)
    assert list(found.complaints) == ["en.toml"]
    assert found.text(due()) == text(due())


def test_a_house_of_a_language_without_words_is_told_so():
    assert list(texts(locale="fr").complaints) == ["fr.toml"]
    assert texts(locale="de-CH").complaints == {}


def test_what_is_built_in_does_not_hide_its_faults(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(TemplateError):
        Wordings().fill(("gone.html",), {})

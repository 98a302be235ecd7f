"""What `oyez.toml` may say. The descriptions here are the reference documentation of every key.

Reading the file, and saying which line of it is wrong, is in `service.oyez_toml`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import time
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from collectors.http import HttpSettings
from collectors.query import QueryText
from collectors.source import find
from service import schedule
from service.secret import SecretReference, is_reference

Language = Literal["fr", "en"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Name = Annotated[str, Field(min_length=1, max_length=200)]


def _channel(value: str) -> str:
    """An address that alerts and reports can be sent to, or a reference to one."""
    scheme, separator, rest = value.partition(":")
    if not is_reference(value) and not (separator and scheme and rest and " " not in scheme):
        raise ValueError(
            'a channel is "mailto:someone@example.org", "https://…" (signed webhook), an Apprise address, '
            "or env:NAME / file:PATH where one of these is kept"
        )
    return value


Channel = Annotated[str, AfterValidator(_channel)]


class Section(BaseModel):
    """Base of every part of the file: unknown keys are refused, nothing changes once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StorageConfig(Section):
    """Where everything is kept."""

    url: str | None = Field(
        default=None,
        description="Database address: sqlite:///PATH or postgresql://…, or env:NAME / file:PATH where it is "
        "kept. Default: oyez.db in the home folder.",
    )


class NlpConfig(Section):
    """The opinion model."""

    model: str | None = Field(
        default=None,
        description="Another opinion model: a folder, or the id of a downloaded one of the Hugging Face hub, "
        "with a 5-star or a 3-class head (needs the extra `torch`). Default: the one delivered.",
    )
    languages: list[Language] = Field(
        default=["fr", "en"],
        min_length=1,
        description="Languages that texts are taken to be in: each text is read as one of these.",
    )
    batch_size: int = Field(default=256, ge=1, le=4096, description="Mentions annotated between two commits.")


class BrandConfig(Section):
    """A brand that is listened to, a competitor's included."""

    name: Name = Field(description="The brand's name, unique.")
    aliases: list[Name] = Field(default=[], description="Other ways to write it, products that stand for it.")
    about: str = Field(
        default="",
        max_length=200,
        description="One line on what it is and does, for your colleagues and for telling it from its homonyms.",
    )
    homonyms: bool = Field(
        default=False,
        description="Set it where the name also means something else (a fruit, a town, a family): every text "
        "taken for the brand only because it names it is then judged, and counts only if it is about it.",
    )
    query: QueryText | None = Field(
        default=None,
        description='What a text must say to be about it: words, "phrases", AND, OR, NOT, NEAR/5, livr* and '
        "(parentheses). Searches ask for it, and texts of sources of several brands are told apart by it. "
        "Default: its name and aliases, with `context` and `excluded`.",
    )
    context: list[Name] = Field(
        default=[],
        description="If set, a text from a search or a source of several brands must hold one of these, too.",
    )
    excluded: list[Name] = Field(
        default=[], description="A text from such a source with one of these is not about it."
    )
    competitors: list[Name] = Field(
        default=[], description="Brands it is compared with; each one a brand of this file."
    )
    satisfied_from: float = Field(
        default=0.75,
        gt=0,
        le=1,
        description="Lowest answer that counts as satisfied in CSAT, from 0 (worst) to 1 (best): 0.75 is 4 of 5 "
        "stars and 8 of 10.",
    )

    @model_validator(mode="after")
    def _one_query(self) -> BrandConfig:
        if self.query and (self.context or self.excluded):
            raise ValueError("query says it all: write context and excluded into it, as AND (…) and NOT (…)")
        return self


class SourceConfig(Section):
    """A place where people write."""

    name: Name = Field(description="Your name for it, unique.")
    kind: str = Field(description="Kind of source: see `oyez sources kinds`.")
    brands: list[Name] = Field(
        default=[],
        description="Brands it is about. One: every post is about it. Several, or none (all brands): those "
        "that the text names.",
    )
    schedule: str = Field(
        default="every 30 minutes",
        description='How often to look: "every 30 minutes", "every day at 06:30", or five crontab fields.',
    )
    options: dict[str, Any] = Field(
        default={}, description="What this kind needs: see `oyez sources kinds KIND`."
    )

    accept_terms: bool = Field(
        default=False,
        description="Read it although its kind is off by default; `oyez sources kinds` says why it is.",
    )

    @property
    def off_because(self) -> str:
        """Why it is not read: its kind is off by default and nobody accepted the terms. Empty where it is read.

        Raises SourceError where there is no such kind.
        """
        return "" if self.accept_terms else find(self.kind).off_because

    @field_validator("schedule")
    @classmethod
    def _known_schedule(cls, value: str) -> str:
        schedule.parse(value)
        return value


class AlertConfig(Section):
    """A rule that calls for attention."""

    name: Name = Field(description="Your name for the rule, unique.")
    rule: Literal["negative_mention", "spike", "gone_quiet"] = Field(
        description="negative_mention: one text that is bad for the brand. spike: far more of them than usual. "
        "gone_quiet: a source of the brand that says oddly little."
    )
    brands: list[Name] = Field(default=[], description="Brands it watches; none means all.")
    to: list[Channel] = Field(
        default=[],
        description='Where it is sent: "mailto:…", "https://…" (signed webhook), an Apprise address, or env:NAME '
        "/ file:PATH where one of these is kept. Empty: shown in the pages and by `oyez alerts` only.",
    )
    language: Language | None = Field(
        default=None, description="Language of the message; default: [web] language."
    )
    negative_from: float = Field(
        default=0.8,
        gt=0,
        le=1,
        description="negative_mention: probability of a negative text from which it is told.",
    )
    max_age_days: int = Field(
        default=7,
        ge=1,
        le=3650,
        description="negative_mention: texts published longer ago, as a first import finds, are not told.",
    )
    baseline_days: int = Field(default=28, ge=7, le=365, description="spike: days that say what is usual.")
    at_least: int = Field(default=5, ge=2, description="spike: fewest negative mentions in a day to be told.")


class ReportConfig(Section):
    """A report sent by itself."""

    brand: Name = Field(description="The brand it is about.")
    weekday: Weekday = Field(default="monday", description="Day on which the past week's report is sent.")
    time: str = Field(default="08:00", description="Time of that day, HH:MM, in [web] timezone.")
    language: Language | None = Field(
        default=None, description="Language of the report; default: [web] language."
    )
    to: list[Channel] = Field(default=[], description="Where it is sent: see the alerts' `to`. Empty: kept only.")

    @field_validator("time")
    @classmethod
    def _clock_time(cls, value: str) -> str:
        try:
            time.fromisoformat(value)
        except ValueError:
            raise ValueError(f'{value!r} is not a time; expected HH:MM, such as "08:00"') from None
        return value


class PrivacyConfig(Section):
    """What is kept of people."""

    keep_names: bool = Field(
        default=False, description="Keep authors' names in clear instead of a keyed pseudonym."
    )
    mask: bool = Field(
        default=True, description="Hide e-mail addresses, phone and contract numbers in what is exported."
    )
    raw_days: int = Field(
        default=7,
        ge=0,
        le=3650,
        description="Days that answers with something new in them are kept as received, authors' names and "
        "profile links in clear, to replay a parser that was wrong; 0 keeps none.",
    )


class WebConfig(Section):
    """The pages served by `oyez serve`."""

    host: str = Field(
        default="127.0.0.1", description="Address to listen on; beyond loopback only with allow_network."
    )
    port: int = Field(default=8742, ge=0, le=65535, description="Port to listen on.")
    allow_network: bool = Field(
        default=False,
        description="Listen beyond loopback although there is no sign-in yet: only behind a proxy that asks who "
        "comes.",
    )
    timezone: str = Field(
        default="Europe/Paris", description="Zone in which schedules are read and times are shown."
    )
    language: Language = Field(
        default="en", description="Language of the pages, and of alerts and reports by default."
    )
    url: str | None = Field(
        default=None, description="Address of the pages as readers reach them, for links in messages."
    )

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f'{value!r} is not a time zone; expected a name such as "Europe/Paris" or "UTC"')
        return value

    @property
    def zone(self) -> ZoneInfo:
        """The time zone itself."""
        return ZoneInfo(self.timezone)


class MailConfig(Section):
    """The mail server that sends alerts and reports."""

    host: str = Field(default="localhost", description="SMTP server.")
    port: int = Field(default=25, ge=1, le=65535, description="Its port: 25, 465 (tls) or 587 (starttls).")
    security: Literal["none", "starttls", "tls"] = Field(
        default="none", description="How the connection is protected."
    )
    user: str | None = Field(default=None, description="Account, if the server asks for one.")
    password: SecretReference | None = Field(default=None, description="Its password, as env:NAME or file:PATH.")
    sender: str = Field(default="Oyez <oyez@localhost>", description="What stands in From.")
    timeout: float = Field(default=20, gt=0, le=300, description="Seconds to wait for the server.")

    @model_validator(mode="after")
    def _password_protected(self) -> MailConfig:
        if self.password and self.security == "none" and self.host not in ("localhost", "127.0.0.1", "::1"):
            raise ValueError('a password is not sent in clear: set security = "starttls" or "tls"')
        return self


class WebhookConfig(Section):
    """How webhooks are signed."""

    secret: SecretReference | None = Field(
        default=None,
        description="Key of the HMAC-SHA256 signature, as env:NAME or file:PATH. Without one, none is sent.",
    )


class Config(Section):
    """The whole file."""

    storage: StorageConfig = Field(default=StorageConfig(), description="Where everything is kept.")
    nlp: NlpConfig = Field(default=NlpConfig(), description="The opinion model.")
    brands: list[BrandConfig] = Field(default=[], description="Brands that are listened to.")
    sources: list[SourceConfig] = Field(default=[], description="Places where people write.")
    alerts: list[AlertConfig] = Field(default=[], description="Rules that call for attention.")
    reports: list[ReportConfig] = Field(default=[], description="Reports sent by themselves.")
    privacy: PrivacyConfig = Field(default=PrivacyConfig(), description="What is kept of people.")
    web: WebConfig = Field(default=WebConfig(), description="The pages served by `oyez serve`.")
    mail: MailConfig = Field(default=MailConfig(), description="The mail server that sends alerts and reports.")
    webhook: WebhookConfig = Field(
        default=WebhookConfig(),
        description="How webhooks are signed. One on a private address needs its host in `[http]` allowed_hosts.",
    )
    http: HttpSettings = Field(default=HttpSettings(), description="How pages are fetched.")

    def brand(self, name: str) -> BrandConfig | None:
        """The brand of that name, whatever its case."""
        return next((brand for brand in self.brands if brand.name.casefold() == name.casefold()), None)

    def brand_names(self, chosen: Iterable[str] = ()) -> list[str]:
        """The names in `chosen`, or all of them when it is empty."""
        return list(chosen) or [brand.name for brand in self.brands]

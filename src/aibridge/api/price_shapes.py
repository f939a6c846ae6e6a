"""The public contract of the deployment's own prices: requests and answers."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import AwareDatetime, BeforeValidator, Field

from aibridge.api.account_bodies import Body, moment_text
from aibridge.api.shapes import Moment, Shape
from aibridge.pricing.book import MAX_NAME
from aibridge.records import ProviderType
from aibridge.store.prices import SetPrice

MAX_RATE = 10**12
"""A million dollars for a million tokens: more is a slip of the keyboard."""
MAX_CONTEXTS = 16
"""Sizes of context with rates of their own. Providers have two or three."""

_VISIBLE = r"^[^\x00-\x1f\x7f]+$"

Rate = Annotated[
    int | None,
    Field(ge=0, le=MAX_RATE, examples=[3_000_000], description="micro-dollars per million tokens; null costs nothing"),
]
Since = Annotated[
    AwareDatetime | None,
    BeforeValidator(moment_text),
    Field(examples=["2026-01-31T00:00:00Z"], description="when it begins to apply; null: always"),
]
Model = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_NAME,
        pattern=_VISIBLE,
        examples=["claude-sonnet-4-5"],
        description="as requests name it, in any case; also applies to the model's other names in the lists",
    ),
]
Instance = Annotated[
    str | None,
    Field(
        min_length=1,
        max_length=256,
        pattern=_VISIBLE,
        examples=[None],
        description="for one configured instance, taking precedence over `provider`; not together with it",
    ),
]
Type = Annotated[
    ProviderType | None,
    Field(examples=["anthropic"], description="for all instances of a type; not with `provider_name`"),
]


class RatesBody(Body):
    """What a million tokens of each kind cost."""

    above: int = Field(
        0,
        ge=0,
        le=MAX_RATE,
        examples=[0],
        description="tokens of context, including caches, above which these rates apply to the whole request",
    )
    input: Rate = None
    output: Rate = None
    cache_read: Rate = None
    cache_write: Rate = None
    cache_write_1h: Rate = Field(None, description="for tokens written for one hour; null: same as `cache_write`")


class PriceBody(Body):
    """A price that shall hold. It replaces one for the same from the same moment on."""

    provider: Type = None
    provider_name: Instance = None
    model: Model
    since: Since = None
    rates: list[RatesBody] = Field(
        min_length=1,
        max_length=MAX_CONTEXTS,
        description="by context size, the first above 0; most models have one",
        examples=[[{"input": 3_000_000, "output": 15_000_000, "cache_read": 300_000, "cache_write": 3_750_000}]],
    )


class Rates(Shape):
    """What a million tokens of each kind cost, in micro-dollars; null costs nothing."""

    above: int = Field(examples=[0], description="tokens of context above which these apply to the whole request")
    input: Rate
    output: Rate
    cache_read: Rate
    cache_write: Rate
    cache_write_1h: Rate


class Price(Shape):
    """A price that the deployment has set."""

    provider: ProviderType | None = Field(examples=["anthropic"], description="null: it is for one instance")
    provider_name: str | None = Field(examples=[None], description="null: it is for a provider type")
    model: str = Field(examples=["claude-sonnet-4-5"], description="in lower case")
    since: Moment | None = Field(description="null: always")
    rates: list[Rates]
    set_by: str = Field(examples=["dana"], description="a username, or the account and host that ran the command")
    set_at: datetime

    @classmethod
    def of(cls, found: SetPrice) -> Self:
        """As it is shown."""
        price = found.price
        return cls(
            provider=ProviderType(price.provider) if price.provider else None,
            provider_name=price.provider_name or None,
            model=price.model,
            since=price.since,
            rates=[Rates.model_validate(rates) for rates in price.rates],
            set_by=found.set_by,
            set_at=found.set_at,
        )


class PriceList(Shape):
    """The deployment's own prices."""

    prices: list[Price]
    total: int = Field(examples=[1])
    count: int = Field(examples=[1], description="the same number as `total`")

"""What somebody should look at, above everything else."""

from collections.abc import Iterator, Sequence

import msgspec

from aibridge.store.usage import Ranked
from aibridge.web.formats import plural
from aibridge.web.linking import Links
from aibridge.web.parts import Facts

MOST_NAMED = 3
"""Models that an alert names."""

WITHOUT_TOKENS = "of which the provider reported no tokens"
"""Why a request has no cost although its model has a price."""


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence with a way out."""

    text: str
    action: str
    href: str
    """Both empty: there is nothing to click."""


def alerts(models: Sequence[Ranked], facts: Facts, link: Links, *, unpriced: int) -> list[Alert]:
    """Models without a price, providers without a key that anybody could use.

    `unpriced`: all requests that the estimated cost leaves out, whatever the reason.
    """
    return [*_unpriced(models, link, unpriced), *_keyless(facts)]


def _unpriced(models: Sequence[Ranked], link: Links, all_of_them: int) -> Iterator[Alert]:
    # Where some of a model's requests have a cost it has a price: the others were cut before their tokens were told.
    found = [group for group in models if group.key and group.unpriced and not group.cost_micros]
    if not found:
        return
    names = [group.key for group in found[:MOST_NAMED]]
    more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    requests = sum(group.unpriced for group in found)
    whose, these = ("its", "this model's") if len(found) == 1 else ("their", "these models'")
    others = all_of_them - requests
    yield Alert(
        text=f"No price is known for {', '.join(names)}{more}:"
        f" the estimated cost leaves out {whose} {plural(requests, 'request')}"
        + (f", and {others:,} more {WITHOUT_TOKENS}." if others > 0 else "."),
        action=f"Show {these} requests",
        href=link(by=None, model=[group.key for group in found]),
    )


def _keyless(facts: Facts) -> Iterator[Alert]:
    for provider in facts.providers:
        if not provider.has_key and not facts.allow_byok:
            yield Alert(
                text=f"Nobody can use the provider {provider.name}: it has no key, and users may not bring their own.",
                action="",
                href="",
            )

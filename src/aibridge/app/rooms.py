"""Builds the packages of one worker, giving each what it needs of the settings: they never read settings themselves."""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import FastAPI
from starlette.applications import Starlette

from aibridge import __version__
from aibridge.api.application import create_api
from aibridge.api.parts import ApiParts
from aibridge.app.telemetry import delivery_to
from aibridge.auth.identify import Identifier
from aibridge.auth.last_used import LastUsed
from aibridge.auth.passwords import PasswordDesk
from aibridge.capture import words_of
from aibridge.config import ProviderSettings, Settings
from aibridge.gateway.admission import Admission
from aibridge.gateway.application import Gateway
from aibridge.gateway.body import Bodies
from aibridge.gateway.providers import Provider
from aibridge.gateway.routes import Routes
from aibridge.gateway.upstream import Target, UpstreamClient
from aibridge.ops.health import Readiness
from aibridge.ops.metrics import Metrics
from aibridge.ops.telemetry import Reporter
from aibridge.recording.discretion import Discretion
from aibridge.recording.recorder import Recorder
from aibridge.redaction.redactor import Redactor
from aibridge.store.pool import Store
from aibridge.web.application import create_web
from aibridge.web.live import Live
from aibridge.web.parts import Facts, ProviderFact, WebParts


def data_plane(
    settings: Settings,
    store: Store,
    *,
    identifier: Identifier,
    last_used: LastUsed,
    recorder: Recorder,
    upstream: UpstreamClient,
    bodies: Bodies,
    metrics: Metrics,
    gateway_id: UUID,
) -> Gateway:
    """What carries requests to the providers and puts them on record."""
    redactor = Redactor(settings.redact) if settings.redact else None
    return Gateway(
        admission=Admission(
            routes=Routes(_provider(provider, redactor) for provider in settings.providers),
            identifier=identifier,
            allow_byok=settings.allow_byok,
            owns_response=store.reader.owns_response,
        ),
        last_used=last_used,
        recorder=recorder,
        upstream=upstream,
        bodies=bodies,
        metrics=metrics,
        gateway_id=gateway_id,
        log_requests=settings.log_requests,
    )


def api_over(store: Store, *, identifier: Identifier, last_used: LastUsed, passwords: PasswordDesk) -> FastAPI:
    """The API over the record."""
    return create_api(
        ApiParts(
            identifier=identifier,
            last_used=last_used,
            people=store.people,
            prices=store.prices,
            passwords=passwords,
            records=store.reader,
            exports=store.exports,
            version=__version__,
        )
    )


def pages_over(
    store: Store, settings: Settings, *, passwords: PasswordDesk, readiness: Readiness, live: Live
) -> Starlette:
    """The pages over the record."""
    return create_web(
        WebParts(
            reader=store.reader,
            exports=store.exports,
            people=store.people,
            sign_ins=store.sign_ins,
            roster=store.roster,
            pulse=store.pulse,
            keeping=store.keeping,
            passwords=passwords,
            readiness=readiness,
            live=live,
            facts=_facts(settings),
        )
    )


def reporter_to(url: str | None, store: Store, upstream: UpstreamClient) -> Reporter | None:
    """Sends the hourly reports to this URL; None when telemetry is off."""
    if url is None:
        return None
    return Reporter(store.telemetry, delivery_to(url, upstream), clock=lambda: datetime.now(UTC), version=__version__)


def _provider(settings: ProviderSettings, redactor: Redactor | None) -> Provider:
    return Provider(
        name=settings.name,
        type=settings.type,
        target=Target.parse(settings.base_url),
        key=settings.key.reveal(),
        include_usage=settings.include_usage,
        discretion=Discretion(settings.capture, redactor),
    )


def _facts(settings: Settings) -> Facts:
    return Facts(
        access_url=settings.access_url,
        trusted_proxies=settings.trusted_proxies,
        providers=tuple(
            ProviderFact(
                name=each.name,
                type=each.type.value,
                has_key=bool(each.key),
                captures=words_of(each.capture),
            )
            for each in settings.providers
        ),
        allow_byok=settings.allow_byok,
        retention=settings.retention,
        version=__version__,
    )

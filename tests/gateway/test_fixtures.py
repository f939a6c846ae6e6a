"""Every recorded exchange through the whole gateway: exact bytes in both directions, the right facts on the record."""

import json

import pytest

from support.fixtures import Recording, every_recording
from support.gateway import PROVIDER_KEY
from support.replay import upstream
from support.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")


@every_recording
@pytest.mark.parametrize("seed", [1, 2])
async def test_the_client_gets_the_providers_bytes_and_the_provider_the_clients(
    recording: Recording, seed: int, stage: Stage
) -> None:
    provider, gateway = stage.play(upstream(recording, seed=seed)), stage.gateway
    key = gateway.user.token
    if recording.request is None:
        url = f"{gateway.url}/api/v2/aibridge/{recording.provider}{recording.path}?limit=5"
        answer = await gateway.http.get(url, headers={"x-api-key": key})
    else:
        answer = await gateway.post(recording.path + "?beta=true", recording.request, provider=recording.provider)
    assert answer.content == recording.answer.body
    assert answer.status_code == recording.answer.status
    received = await provider.received()
    assert received.body == (recording.request or b"")
    assert PROVIDER_KEY.encode() in b" ".join(value for _, value in received.headers)
    assert not any(b"aib_" in value for _, value in received.headers)
    if recording.request is None:
        assert await gateway.interceptions() == []
        return
    record = await gateway.only()
    assert record["model"] == json.loads(recording.request)["model"]
    assert record["body_sha256_sent"] == record["body_sha256_received"]
    assert record["mutations"] == []
    failed = recording.answer.status >= 400 or ("error" in recording.name and recording.streaming)
    assert record["outcome"] in ({"failed"} if recording.answer.status >= 400 else {"completed", "failed"}), failed

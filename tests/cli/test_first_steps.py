"""What a newcomer reads at the very first start, and nobody later."""

import signal
from pathlib import Path

import httpx

from aibridge.store.pool import open_store
from support.life.leftovers import swept

NOBODY = "Nobody has an account yet."


async def test_the_first_start_says_what_to_do_and_a_later_one_does_not(tmp_path: Path) -> None:
    with swept(tmp_path / "home") as home:
        first = await home.serving("http://127.0.0.1:9")
        text = first.log.read_text()
        for words in (NOBODY, "users create", "tokens create", "ANTHROPIC_BASE_URL"):
            assert words in text
        link = next(line for line in text.splitlines() if "/welcome?token=" in line)
        async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
            page = await http.get(link, headers={"accept": "text/html"})
            assert (page.status_code, "Create the first administrator" in page.text) == (200, True)
        async with open_store(home.dsn) as store:
            await store.people.create_user("ada")
        async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
            assert (await http.get(link)).status_code == 401
        first.send(signal.SIGTERM)
        assert await first.ended() == 0
        later = await home.serving("http://127.0.0.1:9")
        assert NOBODY not in later.log.read_text()
        later.send(signal.SIGTERM)
        assert await later.ended() == 0

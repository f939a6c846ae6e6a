"""One session as an auditor reads it over HTTP. What threads and origins are is tested in the store's room."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from aibridge.records import Begun, Role
from aibridge.store.pool import Store
from support.auditing import carried
from support.rows import at, begun, call, prompt, thought, usage

SESSIONS = "/aibridge/sessions"
Join = Callable[..., Awaitable[Any]]


async def roots(store: Store, person: Any, count: int = 3, session: str = "s", *, since: float = 0) -> list[Begun]:
    """A session of so many threads, a minute apart."""
    return [
        await carried(store, begun(person.id, client_session_id=session, started_at=at(since + 60 * number)))
        for number in range(count)
    ]


def threads(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [thread["id"] for thread in answer.json()["threads"]]


async def test_a_thread_with_its_steps(join: Join, store: Store) -> None:
    """A root with two calls and a thought, and what answers one of them."""
    dana = await join("dana")
    root = begun(dana.id, client_session_id="s", user_prompt=prompt("Why?"))
    counted = {"cache_read_input": 20, "nested": {"more": 1}, "text": "no number"}
    await carried(
        store,
        root,
        token_usage=usage(metadata=counted),
        tool_usages=(call("c1", tool="Bash"), call("c2", tool="Read", created_at=at(1))),
        model_thoughts=(thought("Look first."),),
    )
    child = begun(dana.id, client_session_id="s", started_at=at(30), correlating_tool_call_id="c1")
    await carried(store, child, token_usage=usage(input_tokens=200, metadata=counted))
    found = (await dana.get(f"{SESSIONS}/s")).json()
    (thread,) = found["threads"]
    assert (found["thread_count"], found["interceptions"], found["tool_calls"]) == (1, 2, 2)
    assert (found["page_started_at"], found["page_ended_at"]) == ("2026-06-01T12:00:00Z", "2026-06-01T12:00:31Z")
    assert (thread["id"], thread["prompt"]) == (str(root.id), "Why?")
    assert (
        thread["token_usage"]
        == found["token_usage_summary"]
        == {
            "input_tokens": 300,
            "output_tokens": 100,
            "cache_read_input_tokens": 40,
            "cache_write_input_tokens": 20,
            "metadata": {"cache_read_input": 40, "nested.more": 2},
        }
    )
    first, second = thread["steps"]
    assert [each["tool"] for each in first["tool_calls"]] == ["Bash", "Read"]
    assert [each["text"] for each in first["thinking"]] == ["Look first."]
    assert (second["thread_parent_id"], second["tool_calls"], second["thinking"]) == (str(root.id), [], [])
    assert (first["duration_us"], first["time_to_first_byte_us"]) == (1_000_000, 1500)


@pytest.mark.parametrize(
    "name",
    [
        "a/b", "/", "//", "a//b/", "50%", "%2F", "what?", "a#b", "two words", " ", "\N{ROCKET}", "é", "e\u0301", "a\nb",
        "\n",         "<script>", "a;b", "a+b", "=1", "interceptions", "x" * 256, "'", '"', "\\", "\u202e",
    ],
)  # fmt: skip
async def test_any_id_can_be_asked_for(join: Join, store: Store, name: str) -> None:
    """Percent-encoded as a whole, whatever clients call their sessions."""
    dana = await join("dana")
    await carried(store, begun(dana.id, client_session_id=name))
    answer = await dana.get(f"{SESSIONS}/{quote(name, safe='')}")
    assert answer.status_code == 200, answer.text
    assert answer.json()["id"] == name


async def test_by_the_id_of_an_interception(join: Join, store: Store) -> None:
    """A session without a name of its own bears that of its root."""
    dana = await join("dana")
    root = await carried(store, begun(dana.id, credential_kind="byok", credential_hint="sk-a...efgh"))
    found = (await dana.get(f"{SESSIONS}/{root.id}")).json()
    assert found["threads"][0]["credential_kind"] == "byok"
    assert found["threads"][0]["credential_hint"] == "sk-a...efgh"


async def test_what_one_may_not_see_looks_missing(join: Join, store: Store) -> None:
    """Not a byte tells another's session from one that never was; in flight it is not there yet."""
    dana, eve, owner = await join("dana"), await join("eve"), await join("olga", Role.OWNER)
    await carried(store, begun(eve.id, client_session_id="hers"))
    await store.write_begun([begun(dana.id, client_session_id="open")])
    missing = await dana.get(f"{SESSIONS}/never")
    assert (missing.status_code, missing.json()) == (404, {"message": "Session not found."})
    for path in ("hers", f"hers?initiator={eve.id}", "open", f"hers?initiator={uuid4()}", "a%00b"):
        answer = await dana.get(f"{SESSIONS}/{path}")
        assert (answer.status_code, answer.content) == (404, missing.content)
    assert (await owner.get(f"{SESSIONS}/hers")).status_code == 200


async def test_two_people_with_one_id(join: Join, store: Store) -> None:
    """Never mixed: the newest-active is shown, or whose is asked for by id, by name or as `me`."""
    owner, dana = await join("olga", Role.OWNER), await join("dana")
    (old,) = await roots(store, owner, 1, since=-60)
    new = await roots(store, dana, 2)
    newest = [str(each.id) for each in new]
    assert threads(await owner.get(f"{SESSIONS}/s")) == newest
    for initiator in ("dana", str(dana.id)):
        assert threads(await owner.get(f"{SESSIONS}/s", initiator=initiator)) == newest
    for initiator in ("me", "olga", str(owner.id)):
        assert threads(await owner.get(f"{SESSIONS}/s", initiator=initiator)) == [str(old.id)]
    assert threads(await dana.get(f"{SESSIONS}/s")) == newest


@pytest.mark.parametrize("name", ["nobody", "olga", "Dana", "", "a\0b", "x" * 300])
async def test_an_initiator_whom_one_may_not_see(join: Join, name: str) -> None:
    """Someone else and nobody look alike."""
    dana, _ = await join("dana"), await join("olga", Role.OWNER)
    answer = await dana.get(f"{SESSIONS}/s", initiator=name)
    assert answer.status_code == 400
    who = f'user "{name}" either does not exist, or you are unauthorized to view them'
    assert answer.json() == {
        "message": "Invalid initiator query parameter.",
        "validations": [{"field": "initiator", "detail": f'Query param "initiator" has invalid value: {who}'}],
    }


async def test_pages_of_threads(join: Join, store: Store) -> None:
    """In order of their starts; behind the last there is nothing; before a cursor stand those next to it."""
    dana = await join("dana")
    one, two, three = [str(each.id) for each in await roots(store, dana)]

    async def page(**parameters: Any) -> list[str]:
        return threads(await dana.get(f"{SESSIONS}/s", **parameters))

    assert await page() == [one, two, three]
    assert await page(limit=1) == [one]
    assert await page(limit=1, after_id=one) == [two]
    assert await page(after_id=one) == [two, three]
    assert await page(before_id=three) == [one, two]
    assert await page(before_id=three, limit=1) == [two]
    assert await page(before_id=one) == []
    empty = (await dana.get(f"{SESSIONS}/s", after_id=three)).json()
    assert (empty["threads"], empty["page_started_at"], empty["page_ended_at"]) == ([], None, None)
    assert (empty["thread_count"], empty["started_at"]) == (3, "2026-06-01T12:00:00Z")


@pytest.mark.parametrize(
    ("asked", "message", "field"),
    [
        ({"after_id": "x"}, "Invalid after_id query parameter.", "after_id"),
        ({"after_id": ""}, "Invalid after_id query parameter.", "after_id"),
        ({"before_id": "x"}, "Invalid before_id query parameter.", "before_id"),
        ({"limit": "0"}, "Invalid limit query parameter.", "limit"),
        ({"limit": "201"}, "Invalid limit query parameter.", "limit"),
        ({"limit": "-1"}, "Invalid limit query parameter.", "limit"),
        ({"limit": "many"}, "Invalid limit query parameter.", "limit"),
        ({"limit": "1.5"}, "Invalid limit query parameter.", "limit"),
        ({"limit": ""}, "Invalid limit query parameter.", "limit"),
        ({"limit": "٣"}, "Invalid limit query parameter.", "limit"),
        ({"limit": "9" * 5000}, "Invalid limit query parameter.", "limit"),
    ],
)
async def test_wrong_pages_are_named(join: Join, asked: dict[str, str], message: str, field: str) -> None:
    """Also where there is no such session: the request is looked at first."""
    answer = await (await join("dana")).get(f"{SESSIONS}/s", **asked)
    assert answer.status_code == 400
    assert answer.json()["message"] == message
    assert [each["field"] for each in answer.json()["validations"]] == [field]


async def test_two_hundred_is_a_limit(join: Join, store: Store) -> None:
    dana = await join("dana")
    await roots(store, dana, 2)
    assert len(threads(await dana.get(f"{SESSIONS}/s", limit=200))) == 2
    assert len(threads(await dana.get(f"{SESSIONS}/s", limit="001"))) == 1


async def test_both_cursors(join: Join) -> None:
    dana = await join("dana")
    answer = await dana.get(f"{SESSIONS}/s", after_id=str(uuid4()), before_id=str(uuid4()))
    assert answer.status_code == 400
    assert answer.json()["message"] == "Cannot use both after_id and before_id in the same request."


async def test_cursors_that_are_none(join: Join, store: Store) -> None:
    """Unknown, another person's, and one of another session, which is told apart only where it may be seen."""
    dana, eve = await join("dana"), await join("eve")
    await roots(store, dana)
    (elsewhere,) = await roots(store, dana, 1, "other")
    (hers,) = await roots(store, eve, 1)
    unknown = uuid4()
    for cursor in ("after_id", "before_id"):
        for id_, reason in (
            (unknown, "not found"),
            (hers.id, "not found"),
            (elsewhere.id, "does not belong to session s"),
        ):
            answer = await dana.get(f"{SESSIONS}/s", **{cursor: str(id_)})
            detail = f"{cursor}: interception {id_} {reason}: invalid pagination cursor"
            assert answer.status_code == 400
            assert answer.json() == {
                "message": "Invalid pagination cursor.",
                "detail": detail,
                "validations": [{"field": cursor, "detail": detail}],
            }


async def test_no_id_at_all(join: Join) -> None:
    answer = await (await join("dana")).get(f"{SESSIONS}/")
    assert answer.status_code == 400
    assert answer.json()["message"] == "Missing session_id path parameter."

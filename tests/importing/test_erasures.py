"""What somebody has had erased here does not come back with the next import."""

from uuid import UUID

from aibridge.importing.report import Fate
from aibridge.recording.ids import uuid7
from aibridge.store.connections import Connection
from aibridge.store.pool import Store
from support.coder_database import CoderDatabase, Import
from support.rollups import exact
from support.rows import NOON


async def erase(store: Store, user_id: UUID, session_id: str | None = None) -> None:
    erasure = uuid7(0)
    await store.keeping.begin_erasure(erasure, by="test", user_id=user_id, session_id=session_id)
    if session_id is None:
        await store.keeping.erase_of_user(erasure, user_id)
    else:
        await store.keeping.erase_of_session(erasure, session_id, user_id)
    await store.keeping.end_erasure(erasure)


async def ids(psql: Connection) -> set[UUID]:
    return {row["id"] for row in await psql.fetch("SELECT id FROM aibridge_interceptions")}


async def test_a_session_that_was_erased_stays_erased(
    coder: CoderDatabase, ada: UUID, store: Store, run_import: Import, psql: Connection
) -> None:
    gone = await coder.interception(ada, client_session_id="secret")
    await coder.prompt(gone, "p")
    alone = await coder.interception(ada)
    kept = await coder.interception(ada, client_session_id="other")
    namesake = await coder.interception(await coder.user("bob"), client_session_id="secret")
    await run_import()
    await erase(store, ada, "secret")
    await erase(store, ada, str(alone))
    report = await run_import()
    assert report.interceptions.skipped == {Fate.ERASED: 2}
    assert await ids(psql) == {kept, namesake}
    await exact(psql)


async def test_a_person_who_was_erased_stays_erased(
    coder: CoderDatabase, ada: UUID, store: Store, run_import: Import, psql: Connection
) -> None:
    await coder.interception(ada)
    await run_import()
    await erase(store, ada)
    assert (await run_import()).interceptions.skipped == {Fate.ERASED: 1}
    assert await ids(psql) == set()


async def test_what_was_asked_after_an_erasure_is_imported(
    coder: CoderDatabase, ada: UUID, store: Store, run_import: Import, psql: Connection
) -> None:
    await run_import()
    await erase(store, ada)
    await psql.execute("UPDATE aibridge_erasures SET begun_at = $1", NOON)
    later = await coder.interception(ada)
    await run_import()
    assert await ids(psql) == {later}

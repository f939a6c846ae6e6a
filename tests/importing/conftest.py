"""A Coder deployment to import from, and the import into this test's own record."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from aibridge.importing.coder import import_coder
from aibridge.importing.report import Report
from aibridge.store.coder import open_coder
from aibridge.store.importing import open_importer
from support.coder_database import CoderDatabase, Import


@pytest.fixture
async def coder(empty_database: str) -> AsyncIterator[CoderDatabase]:
    made = await CoderDatabase.make(empty_database)
    yield made
    await made.connection.close()


@pytest.fixture
async def ada(coder: CoderDatabase) -> UUID:
    """Someone who asks there."""
    return await coder.user("ada", name="Ada")


@pytest.fixture
def run_import(coder: CoderDatabase, database: str) -> Import:
    async def run() -> Report:
        async with open_coder(coder.dsn) as source, open_importer(database) as importer:
            return await import_coder(source, importer)

    return run

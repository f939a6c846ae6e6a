"""Importing a Coder deployment: oldest first, a page in one snapshot, each batch in one transaction.

Nothing is kept about how far an import came: what is on record already is told by its id. So an import that was broken
off is simply run again, and one that runs again later adds what came since.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from aibridge.errors import RowsRefused
from aibridge.importing.interceptions import PROVIDERS, imported
from aibridge.importing.people import People
from aibridge.importing.prices import priced
from aibridge.importing.report import Fate, Report
from aibridge.ops.prices.costs import shipped
from aibridge.pricing import PriceBook
from aibridge.store.coder import CoderInterception, CoderSource, Kind, Weight
from aibridge.store.importing import Imported, Importer

PAGE = 1000
"""Interceptions read at once, without their children."""
BATCH_ROWS = 250
"""Interceptions written at once: their sessions are held meanwhile, for a few dozen milliseconds."""
BATCH_BYTES = 8 * 2**20
"""Bytes of text read and written at once; an interception that has more comes alone."""

START = (datetime(1, 1, 1, tzinfo=UTC), UUID(int=0))

Weights = Mapping[UUID, Mapping[Kind, Weight]]
Progress = Callable[[int, int], None]
"""Hears how many interceptions have been dealt with, and how many there are."""


async def import_coder(source: CoderSource, importer: Importer, progress: Progress = lambda _, __: None) -> Report:
    """Add all of `source` that is not on record here, and tell what was done.

    Raises `StoreUnavailable` when either database is lost; what was added until then stays.
    """
    report = Report()
    people = People(source, importer, report)
    await people.bring()
    total = await source.number()
    run = _Import(source, importer, people, report, PriceBook(shipped(), await importer.own_prices()))
    after = START
    progress(0, total)
    while (last := await run.page(after)) is not None:
        after = last
        progress(report.interceptions.read, max(total, report.interceptions.read))
    return report


class _Import:
    def __init__(
        self, source: CoderSource, importer: Importer, people: People, report: Report, book: PriceBook
    ) -> None:
        self._source = source
        self._importer = importer
        self._people = people
        self._report = report
        self._book = book

    async def page(self, after: tuple[datetime, UUID]) -> tuple[datetime, UUID] | None:
        """Import one page; return where the next begins, or None at the end."""
        async with self._source.snapshot():
            rows = await self._source.interceptions(after=after, limit=PAGE)
            if not rows:
                return None
            ids = [row.id for row in rows]
            weights = await self._source.weights(ids)
            initiators = await self._people.find({row.initiator_id for row in rows})
            known = await self._importer.known_interceptions(ids)
            wanted = [row for row in rows if self._is_wanted(row, initiators, known, weights)]
            for batch in batches(wanted, weights):
                await self._add(batch, initiators, weights)
        return rows[-1].started_at, rows[-1].id

    def _is_wanted(
        self, row: CoderInterception, initiators: Collection[UUID], known: Collection[UUID], weights: Weights
    ) -> bool:
        fate = Fate.THERE if row.id in known else _obstacle(row, initiators)
        if fate is None:
            return True
        if fate is Fate.UNKNOWN_USER:
            self._report.strangers[row.initiator_id] += 1
        if fate is Fate.UNKNOWN_PROVIDER:
            self._report.note("unknown provider", row.id, row.provider)
        self._enter(row.id, fate, weights)
        return False

    async def _add(self, batch: Sequence[CoderInterception], initiators: Mapping[UUID, UUID], weights: Weights) -> None:
        children = await self._source.children([row.id for row in batch])
        found = [imported(row, children[row.id], initiator_id=initiators[row.initiator_id]) for row in batch]
        rows = [priced(row, self._book) for row in found]
        erased = await self._importer.erased(rows)
        for row_id in erased:
            self._enter(row_id, Fate.ERASED, weights)
        await self._write([row for row in rows if row.id not in erased], weights)

    async def _write(self, rows: Sequence[Imported], weights: Weights) -> None:
        """Write them; when a value is refused, halves of them, until the refused one is alone."""
        if not rows:
            return
        try:
            added = await self._importer.write(rows)
        except RowsRefused as error:
            await self._write_less(rows, weights, error)
            return
        for row in rows:
            self._enter(row.id, Fate.ADDED if row.id in added else Fate.THERE, weights)

    async def _write_less(self, rows: Sequence[Imported], weights: Weights, error: RowsRefused) -> None:
        if len(rows) == 1:
            self._report.note("refused", rows[0].id, str(error))
            self._enter(rows[0].id, Fate.REFUSED, weights)
            return
        middle = len(rows) // 2
        await self._write(rows[:middle], weights)
        await self._write(rows[middle:], weights)

    def _enter(self, interception_id: UUID, fate: Fate, weights: Weights) -> None:
        self._report.interception(fate, weights.get(interception_id, {}))


def batches(rows: Sequence[CoderInterception], weights: Weights) -> Iterator[Sequence[CoderInterception]]:
    """Cut `rows`, so that each batch is bounded in rows and, unless one row alone has more, in bytes of text."""
    batch: list[CoderInterception] = []
    held = 0
    for row in rows:
        size = sum(weight.bytes for weight in weights.get(row.id, {}).values())
        if batch and (len(batch) == BATCH_ROWS or held + size > BATCH_BYTES):
            yield batch
            batch, held = [], 0
        batch.append(row)
        held += size
    if batch:
        yield batch


def _obstacle(row: CoderInterception, initiators: Collection[UUID]) -> Fate | None:
    if row.ended_at is None:
        return Fate.IN_FLIGHT
    if row.provider not in PROVIDERS:
        return Fate.UNKNOWN_PROVIDER
    return None if row.initiator_id in initiators else Fate.UNKNOWN_USER

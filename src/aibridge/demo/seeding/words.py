"""What is said: prompts, thoughts and arguments, put together from what people and models at work say."""

import random
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from string import Formatter

from msgspec.json import encode

from aibridge.demo.seeding.chance import pick

SERVICES = (
    *("harbor-api", "quay-web", "tide-infra", "manifest-parser", "berth-planner", "customs-gateway", "billing-worker"),
    *("tracker", "rates-service", "crew-portal", "dock-scheduler", "event-relay", "auth-proxy", "search-indexer"),
)
FILES = (
    *("src/routes/bookings.py", "src/models/manifest.rs", "internal/queue/consumer.go", "web/src/DatePicker.tsx"),
    *("src/pricing/rounding.py", "deploy/helm/values.yaml", "src/db/migrations/0042_berths.sql", "lib/retry.ts"),
    *("tests/test_arrivals.py", "cmd/server/main.go", "src/auth/session.rb", "app/workers/invoice_job.rb"),
    *("packages/ui/Table.tsx", "src/parser/lexer.rs", "terraform/network.tf", ".github/workflows/release.yml"),
    *("src/cache/lru.cpp", "include/ring_buffer.hpp", "src/telemetry/exporter.py", "api/openapi.yaml"),
)
NAMES = (
    *("parse_manifest", "BookingService", "retry_with_backoff", "useDebounce", "round_half_even", "LruCache"),
    *("consume_batch", "SessionStore", "render_table", "calculate_demurrage", "validate_token", "InvoiceJob"),
    *("to_utc", "merge_ranges", "open_pool", "on_disconnect", "TariffTable", "diff_schedules", "lock_berth"),
)
SHIPS = tuple(
    f"{first}{middle}{last}"
    for first in (
        "Ald",
        "Bra",
        "Cor",
        "Dun",
        "Elm",
        "Fal",
        "Gry",
        "Hav",
        "Ing",
        "Jor",
        "Kes",
        "Lor",
        "Mor",
        "Nor",
        "Osk",
    )
    for middle in ("a", "be", "co", "da", "er", "fi", "gu", "ha", "il", "jo", "ka", "lu", "mi", "no", "or", "pa", "qui")
    for last in ("dane", "fjord", "gate", "holm", "kirk", "land", "mark", "ness", "port", "sund", "vik", "wold")
)
"""Words that hardly anybody uses: a search finds few."""
TICKETS = tuple(f"HAR-{number}" for number in range(1_000, 21_000))
TROUBLES = (
    *("fails about once in twenty runs", "is off by one hour after the clocks change", "returns 500 on an empty list"),
    *("takes forty seconds on large inputs", "leaks a connection when the client goes away", "drops the last row"),
    *("deadlocks when two workers start together", "panics on an empty cargo line", "rounds half a cent the wrong way"),
    *("shows yesterday's rates until it is restarted", "ignores the timeout that is configured"),
    *("writes the same event twice after a retry", "sorts names with umlauts to the end"),
)
WISHES = (
    *(
        "Find out why and fix it.",
        "Write a failing test first, then fix it.",
        "Explain what happens, change nothing yet.",
    ),
    *("Please keep the public interface as it is.", "Keep the change small, I want to review it today."),
    *(
        "Do the same as in {service}.",
        "Start with {file}.",
        "Have a look at {name} first.",
        "Run the tests afterwards.",
    ),
    *("Add a line to the changelog as well.", "Do not touch the generated files.", "No new dependencies, please."),
    *("Check that it still works on PostgreSQL 14.", "Then open a pull request with a short description."),
    *("It is {ticket}.", "Use the manifest of the {ship} to reproduce it."),
)
ERRANDS = (
    "{name} in {file} {trouble}.",
    "In {service}, {name} {trouble}.",
    "Since the last release of {service} the job behind {name} {trouble}.",
    "Refactor {name} so that it no longer depends on {other}.",
    "Add pagination to {name} in {service}, with a stable order and a cursor.",
    "Review the changes on this branch, especially {file}.",
    "Move {name} from {file} to a module of its own and add tests for the edges.",
    "Write documentation for {name}: what it takes, what it returns, what it raises.",
    "Make {name} faster. The profile says that {other} takes most of the time.",
    "Upgrade the dependencies of {service} and see what breaks.",
    "Why does {file} import {other}? Can we get rid of it?",
    "Customers report that {service} {trouble}; support has three tickets about it.",
    "Translate the error messages in {file} and keep the placeholders.",
)
FOLLOW_UPS = (
    *("Yes, go ahead.", "Now do the same for {name}.", "That is not what I meant: {name} must not change."),
    *("The tests fail now, have another look at {file}.", "Good. Commit it with a message that says why."),
    *("Undo the last change and try without {other}.", "What about concurrent calls of {name}?", "continue"),
)
OUTPUT = (
    """\
Traceback (most recent call last):
  File "{file}", line {line}, in {name}
    return {other}(value)
TypeError: unsupported operand type(s) for -: 'NoneType' and 'datetime.timedelta'""",
    """\
thread 'main' panicked at {file}:{line}:9:
index out of bounds: the len is 0 but the index is 0
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace""",
    "FAIL {file} > {name}\nAssertionError: expected 1042.50 to equal 1042.51\n    at {file}:{line}:24",
    "2026-10-14T07:12:{line} WARN {service} {name}: retry 3 of 3 failed, giving up: connection reset by peer",
    "panic: runtime error: invalid memory address or nil pointer dereference\n{file}:{line} +0x1d {name}",
)
OBSERVATIONS = (
    "The failure comes from {name}: it takes the local time where the caller has already converted to UTC.",
    "I should look at {file} before I change anything, because {other} is used there too.",
    "The test passes alone and fails in the suite, so some state is shared between them, probably in {name}.",
    "There are two callers of {name}. The one in {service} relies on the old order, so I will keep it.",
    "Let me run the tests first to see what the present behaviour is.",
    "{other} holds the lock while it waits for the network, which explains that it {trouble}.",
    "The user wants a small change. I will touch {file} only.",
    "The migration adds a column with a default, so it needs no rewrite of the table.",
    "This is the same pattern as in {service}; I can follow what was done there.",
    "The search found nothing, so the name may be built at run time. I will look for its parts.",
    "{ticket} tells of the same, with the {ship} at the pier; it was closed without a fix.",
    "Line {line} of {file} catches every exception and goes on; the real error is lost there.",
)
CLAIMS = (
    *("Next I will check the tests.", "That should be enough.", "I will verify it with a small script.", ""),
    *("If that is right, the log must show two entries.", "An alternative would be to change the caller.", ""),
)
COMMANDS = (
    *("pytest -x -q {file}", "cargo test {name}", "git diff --stat", "git log --oneline -n 12 -- {file}", "ls -la src"),
    *("go test ./... -run {name}", "npm test -- --run {file}", "rg -n '{name}' --type py", "make lint", "git status"),
    *("kubectl -n {service} logs deploy/{service} --tail=200", "sed -n '{line},+40p' {file}", "docker compose ps"),
    *("gh issue view {ticket} --comments", "rg -i '{ship}' tests/fixtures"),
    *("psql -c 'EXPLAIN ANALYZE SELECT * FROM bookings WHERE berth_id = {line}'", "cat {file}"),
)
REASONS = (
    *("Run the tests of this module", "Show what has changed", "Look for other callers", "Check the style"),
    *("See whether the service is up", "Read the part in question", "List the files"),
)
_CHOICES: Mapping[str, Sequence[str]] = {
    "service": SERVICES,
    "file": FILES,
    "name": NAMES,
    "other": NAMES,
    "trouble": TROUBLES,
    "ship": SHIPS,
    "ticket": TICKETS,
    "line": [str(line) for line in range(10, 490)],
}
PATCHES = (
    "    if not {other}:\n        return None\n",
    "    with lock:\n        {name}({other})\n",
    "def {name}(value: int) -> int:\n    return max(0, value - {line})\n",
    "  const {name} = useMemo(() => {other}(rows), [rows]);\n",
    "    pub fn {name}(&self) -> Result<(), Error> {{\n        self.{other}().map_err(Error::from)\n    }}\n",
)


@cache
def _blanks(template: str) -> tuple[tuple[str, Sequence[str]], ...]:
    """What is to be put into a template, and what there is to choose from."""
    names = {name for _, name, _, _ in Formatter().parse(template) if name}
    return tuple((name, choices) for name, choices in _CHOICES.items() if name in names)


def filled(chance: random.Random, template: str) -> str:
    """The template with names of things put in."""
    return template.format(**{name: pick(chance, choices) for name, choices in _blanks(template)})


def prompt(chance: random.Random, *, opening: bool) -> str:
    """What a person asks, 40 to 2,000 characters; short words in between when it is not the `opening`."""
    if not opening and chance.random() < 0.45:
        return filled(chance, pick(chance, FOLLOW_UPS))
    parts = [filled(chance, pick(chance, ERRANDS))]
    wishes = 1 + int(chance.random() * 3)
    parts += (filled(chance, pick(chance, WISHES)) for _ in range(wishes))
    said = " ".join(parts)
    if chance.random() < 0.22:
        pasted = "\n".join(filled(chance, pick(chance, OUTPUT)) for _ in range(1 + int(chance.random() ** 2 * 8)))
        said = f"{said}\n\n```\n{pasted}\n```"
    return said[:2000]


def errand(chance: random.Random) -> str:
    """What an agent tells a subagent to do."""
    return filled(chance, pick(chance, ERRANDS))


def thought(chance: random.Random) -> str:
    """Why a model does what it does next."""
    said = filled(chance, pick(chance, OBSERVATIONS))
    if chance.random() < 0.5:
        said = f"{said} {filled(chance, pick(chance, OBSERVATIONS))}"
    return f"{said} {pick(chance, CLAIMS)}".rstrip()


def handed_on(chance: random.Random, errand: str) -> str:
    """What a tool that starts a subagent is called with: JSON, with the `errand` word for word."""
    return encode({"description": pick(chance, REASONS), "prompt": errand, "subagent_type": "general-purpose"}).decode()


def _command(chance: random.Random) -> object:
    return {"command": filled(chance, pick(chance, COMMANDS)), "description": pick(chance, REASONS)}


def _shell(chance: random.Random) -> object:
    return {
        "command": ["bash", "-lc", filled(chance, pick(chance, COMMANDS))],
        "workdir": f"/src/{pick(chance, SERVICES)}",
    }


def _path(chance: random.Random) -> object:
    return {
        "file_path": f"/home/dev/{pick(chance, SERVICES)}/{pick(chance, FILES)}",
        "offset": int(chance.random() * 400),
    }


def _edit(chance: random.Random) -> object:
    old, new = (filled(chance, pick(chance, PATCHES)) for _ in range(2))
    return {
        "file_path": f"/home/dev/{pick(chance, SERVICES)}/{pick(chance, FILES)}",
        "old_string": old,
        "new_string": new,
    }


def _search(chance: random.Random) -> object:
    return {"pattern": pick(chance, NAMES), "path": "src", "output_mode": "content"}


def _plan(chance: random.Random) -> object:
    return {
        "todos": [
            {"content": pick(chance, REASONS), "status": pick(chance, ("pending", "completed"))} for _ in range(3)
        ]
    }


def _call(chance: random.Random) -> object:
    return {"query": filled(chance, "{service} {name}"), "id": int(chance.random() * 100_000)}


Arguments = Callable[[random.Random], object]

_ARGUMENTS: Sequence[tuple[Arguments, tuple[str, ...]]] = (
    (_command, ("Bash", "bash", "run_in_terminal", "exec_command")),
    (_shell, ("shell",)),
    (_path, ("Read", "read", "read_file", "view_image", "get_errors", "list_dir")),
    (_edit, ("Edit", "edit", "MultiEdit", "Write", "write", "replace_string_in_file", "create_file")),
    (_search, ("Grep", "grep", "Glob", "glob", "grep_search", "semantic_search")),
    (_plan, ("TodoWrite", "todowrite", "update_plan")),
)
_BY_TOOL = {tool: arguments for arguments, tools in _ARGUMENTS for tool in tools}


def arguments(chance: random.Random, tool: str) -> str:
    """What a tool is called with: JSON, or the text of a patch."""
    if tool == "apply_patch":
        patch = filled(chance, pick(chance, PATCHES)).replace("\n", "\n+")
        return f"*** Begin Patch\n*** Update File: {pick(chance, FILES)}\n@@\n+{patch}\n*** End Patch"
    return encode(_BY_TOOL.get(tool, _call)(chance)).decode()

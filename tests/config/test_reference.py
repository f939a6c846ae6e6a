"""The page about the settings cannot lie."""

from pathlib import Path

from aibridge.config.reference import reference


def test_the_page_is_what_the_code_says() -> None:
    """Make it anew with `python -m aibridge.config.reference > docs/settings.md`."""
    page = Path(__file__).resolve().parents[2] / "docs" / "settings.md"
    assert page.read_text() == reference()

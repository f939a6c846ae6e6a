"""Secrets of cookies and the tokens of forms."""

from aibridge.auth.browsers import form_token, is_form_token, mint_secret, sha256_of


def test_a_form_belongs_to_its_cookie() -> None:
    mine, other = mint_secret(), mint_secret()
    token = form_token(mine)
    assert is_form_token(mine, token)
    assert not is_form_token(other, token)


def test_no_two_pages_carry_the_same() -> None:
    """So that the length of compressed answers tells nothing."""
    secret = mint_secret()
    assert len({form_token(secret) for _ in range(20)}) == 20


def test_what_is_no_token() -> None:
    secret = mint_secret()
    token = form_token(secret)
    for given in ("", "x", token[:-4], token + "AAAA", token.swapcase(), "é" * 88, "=" * 88, secret):
        assert not is_form_token(secret, given)


def test_any_cookie_can_be_looked_for() -> None:
    """Whatever a browser sends."""
    assert len(sha256_of("\udcff\x00é")) == 32

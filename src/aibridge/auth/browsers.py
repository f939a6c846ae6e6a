"""What a signed-in browser holds: a secret in its cookie, and in its forms a token made of it. Pure but for randomness.

Only the SHA-256 of the secret is kept, as with tokens: it is 256 random bits. The token of a form is an HMAC under that
secret, so that it needs no keeping either, and is masked again for each page (against guessing it from the length of
compressed answers: https://breachattack.com).
"""

import base64
import binascii
import hashlib
import hmac
import secrets

SECRET_BYTES = 32
_FORM = b"aibridge form"


def mint_secret() -> str:
    """Make a new secret for a cookie or a link."""
    return secrets.token_urlsafe(SECRET_BYTES)


def sha256_of(secret: str) -> bytes:
    """What is kept of a secret: 32 bytes."""
    return hashlib.sha256(secret.encode(errors="replace")).digest()


def form_token(secret: str) -> str:
    """Make the token for one page's forms."""
    pad = secrets.token_bytes(SECRET_BYTES)
    return base64.urlsafe_b64encode(pad + _mixed(pad, _proof(secret))).decode()


def is_form_token(secret: str, given: str) -> bool:
    """Return whether a form's token was made for this cookie."""
    try:
        raw = base64.b64decode(given.encode(errors="replace"), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return False
    pad, mixed = raw[:SECRET_BYTES], raw[SECRET_BYTES:]
    return len(mixed) == SECRET_BYTES and hmac.compare_digest(_mixed(pad, mixed), _proof(secret))


def _proof(secret: str) -> bytes:
    return hmac.digest(secret.encode(), _FORM, "sha256")


def _mixed(pad: bytes, proof: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(pad, proof, strict=True))

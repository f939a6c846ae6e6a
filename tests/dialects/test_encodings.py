import gzip
import random
import sys
import tracemalloc
import zlib

import brotli
import pytest

from aibridge.dialects.encodings import PIECE, decode_body, open_decoder
from aibridge.errors import EncodingBroken, EncodingOverflow, RequestRefused
from support.answers import pieces

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TEXT = b"".join(b"line %d of some text\n" % number for number in range(5000))
NOISE = random.Random(1).randbytes(30_000)


def raw_deflate(plain: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(plain) + packer.flush()


PACKED = {
    "identity": lambda plain: plain,
    "": lambda plain: plain,
    "gzip": gzip.compress,
    " X-GZIP ": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": raw_deflate,
    "br": brotli.compress,
    "zstd": zstd.compress,
}
COMPRESSED = ["gzip", "deflate", "Deflate", "br", "zstd"]


@pytest.mark.parametrize("encoding", COMPRESSED)
@pytest.mark.parametrize("most", [3 * PIECE, PIECE, PIECE + 1])
def test_what_is_left_inside_when_all_input_is_used_up_comes_out_too(encoding: str, most: int) -> None:
    assert decode_body(encoding, [PACKED[encoding](bytes(most))]) == bytes(most)


@pytest.mark.parametrize("encoding", PACKED)
@pytest.mark.parametrize("plain", [b"", b"x", TEXT[:9000], NOISE], ids=len)
@pytest.mark.parametrize("seed", range(4))
def test_a_body_comes_out_as_it_went_in(encoding: str, plain: bytes, seed: int) -> None:
    assert decode_body(encoding, pieces(PACKED[encoding](plain), seed)) == plain


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("zstd", zstd.compress)])
def test_several_members_are_one_body(encoding: str, pack: object) -> None:
    packed = PACKED[encoding](b"one ") + PACKED[encoding](b"two ") + PACKED[encoding](b"")
    for seed in range(8):
        assert decode_body(encoding, pieces(packed, seed)) == b"one two "


def test_padding_behind_gzip_is_no_member() -> None:
    assert decode_body("gzip", [gzip.compress(b"x") + bytes(8), bytes(8)]) == b"x"


@pytest.mark.parametrize("encoding", ["deflate", "br"])
def test_what_follows_the_end_is_ignored(encoding: str) -> None:
    assert decode_body(encoding, [PACKED[encoding](TEXT), b"more"]) == TEXT


@pytest.mark.parametrize("encoding", COMPRESSED)
def test_a_cut_body_is_broken(encoding: str) -> None:
    packed = PACKED[encoding](NOISE)
    with pytest.raises(RequestRefused) as refused:
        decode_body(encoding, [packed[:-9]])
    assert refused.value.status == 400


@pytest.mark.parametrize("encoding", COMPRESSED)
def test_an_empty_body_is_empty(encoding: str) -> None:
    assert decode_body(encoding, []) == b""
    assert decode_body(encoding, [b""]) == b""


def test_one_byte_is_no_deflate() -> None:
    with pytest.raises(RequestRefused):
        decode_body("deflate", [b"\x78"])


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "deflate"])
def test_a_body_of_another_kind_is_broken(encoding: str) -> None:
    with pytest.raises(RequestRefused) as refused:
        decode_body(encoding, [b'{"model": "not compressed at all"}'])
    assert refused.value.status == 400


@pytest.mark.parametrize("encoding", ["compress", "gzip, br", "zstd,zstd", "aes128gcm"])
def test_an_unknown_or_stacked_encoding_is_refused(encoding: str) -> None:
    assert open_decoder(encoding) is None
    with pytest.raises(RequestRefused) as refused:
        decode_body(encoding, [b"x"])
    assert refused.value.status == 415


@pytest.mark.parametrize("encoding", PACKED)
def test_the_limit_is_exact(encoding: str) -> None:
    packed = PACKED[encoding](TEXT)
    assert decode_body(encoding, [packed], limit=len(TEXT)) == TEXT
    with pytest.raises(RequestRefused) as refused:
        decode_body(encoding, [packed], limit=len(TEXT) - 1)
    assert refused.value.status == 413


@pytest.mark.parametrize("encoding", COMPRESSED)
def test_a_bomb_is_defused_before_it_fills_the_memory(encoding: str) -> None:
    bomb = PACKED[encoding](bytes(40 * 2**20))
    decoder = open_decoder(encoding, limit=20 * 2**20)
    assert decoder is not None
    tracemalloc.start()
    with pytest.raises(EncodingOverflow):
        sum(map(len, decoder.decode(bomb)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * 2**20


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_what_was_flushed_comes_out_at_once(encoding: str) -> None:
    """A compressed stream of events is heard as it comes."""
    decoder = open_decoder(encoding)
    assert decoder is not None
    if encoding == "br":
        brotli_packer = brotli.Compressor()
        flushed = brotli_packer.process(b"data: 1\n\n") + brotli_packer.flush()
    elif encoding == "zstd":
        zstd_packer = zstd.ZstdCompressor()
        flushed = zstd_packer.compress(b"data: 1\n\n", zstd_packer.FLUSH_BLOCK)
    else:
        packer = zlib.compressobj(wbits=31 if encoding == "gzip" else 15)
        flushed = packer.compress(b"data: 1\n\n") + packer.flush(zlib.Z_SYNC_FLUSH)
    assert b"".join(decoder.decode(flushed)) == b"data: 1\n\n"
    with pytest.raises(EncodingBroken):
        decoder.finish()


def test_a_window_beyond_what_the_standard_asks_of_a_receiver_is_refused() -> None:
    greedy = zstd.compress(bytes(64 * 2**20), options={zstd.CompressionParameter.window_log: 27})
    with pytest.raises(RequestRefused):
        decode_body("zstd", [greedy])

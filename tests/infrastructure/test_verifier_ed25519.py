"""The Ed25519 of the independent verifier: RFC 8032's vectors, and whatever else the library signs or refuses."""

import os

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from verifier import hookledger_verify as verifier

# RFC 8032, section 7.1: public key, message, signature.
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24"
        "655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aee"
        "b00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28d"
        "c027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("key", "message", "signature"), VECTORS)
def test_the_vectors_of_rfc_8032_fit_and_nothing_beside_them(key: str, message: str, signature: str) -> None:
    public, said, signed = bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature)
    assert verifier.signature_fits(public, said, signed)
    assert not verifier.signature_fits(public, said + b"x", signed)
    assert not verifier.signature_fits(public, said, signed[:-1] + bytes([signed[-1] ^ 1]))


def test_the_same_scalar_beyond_the_order_is_no_second_signature() -> None:
    key, message, signed = (bytes.fromhex(each) for each in VECTORS[1])
    beyond = int.from_bytes(signed[32:], "little") + verifier.L
    assert not verifier.signature_fits(key, message, signed[:32] + beyond.to_bytes(32, "little"))


@pytest.mark.parametrize("length", [0, 31, 33, 63, 65])
def test_what_has_another_length_fits_nothing(length: int) -> None:
    key, message, signed = (bytes.fromhex(each) for each in VECTORS[1])
    assert not verifier.signature_fits(key, message, (signed + b"\0")[:length])
    assert not verifier.signature_fits((key + b"\0" * 33)[:length], message, signed)


@settings(max_examples=15, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=300), st.integers(0, 511))
def test_it_agrees_with_the_library(seed: bytes, message: bytes, bit: int) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = private.public_key().public_bytes_raw(), private.sign(message)
    spoilt = bytearray(signature)
    spoilt[bit // 8] ^= 1 << bit % 8
    assert verifier.signature_fits(public, message, signature)
    assert not verifier.signature_fits(public, message, bytes(spoilt))


def test_random_bytes_sign_nothing() -> None:
    assert not any(verifier.signature_fits(os.urandom(32), b"", os.urandom(64)) for _ in range(20))

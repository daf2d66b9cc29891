"""The chain and its leaves: vectors that hold for ever, and no two events with the same leaf."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from domain import chain

ROW = (25, "webhook-ü", 1, "WebhookReceived", b'{"v":1}\n{}\nbody')

ROWS = st.tuples(
    st.integers(-(2**63), 2**63 - 1), st.text(), st.integers(-(2**63), 2**63 - 1), st.text(), st.binary(max_size=50)
)


def test_a_leaf_is_computed_as_documented() -> None:
    """Byte by byte, as docs/auditing.md says."""
    written = b"hookledger/leaf/1\n" + (25).to_bytes(8, "big") + (1).to_bytes(8, "big")
    written += (10).to_bytes(4, "big") + (15).to_bytes(4, "big") + b"webhook-\xc3\xbcWebhookReceived"
    assert chain.leaf(*ROW) == hashlib.sha256(written + hashlib.sha256(ROW[4]).digest()).digest()


def test_the_vectors_hold_for_ever() -> None:
    leaf = chain.leaf(*ROW)
    assert leaf.hex() == "5e66a6dc735f3a11161d3aa38861472ce4bb196117bcb955fa4e10328b49ab18"
    assert chain.folded([leaf, leaf]).hex() == "8a9d904e43c582a3088baef0cad1584940d78a442169b8aaa96f52a9ff6d9928"


def test_the_chain_begins_with_nothing_and_grows_by_links() -> None:
    leaf = chain.leaf(*ROW)
    assert chain.folded([]) == bytes(32)
    head = chain.extended(chain.extended(bytes(32), leaf), leaf)
    assert head == chain.folded([leaf, leaf]) == chain.folded([leaf], chain.folded([leaf]))
    assert chain.extended(bytes(32), leaf) == hashlib.sha256(b"hookledger/link/1\n" + bytes(32) + leaf).digest()


@given(ROWS, ROWS)
def test_two_events_have_the_same_leaf_only_if_they_are_the_same(one: chain.Row, other: chain.Row) -> None:
    assert (chain.leaf(*one) == chain.leaf(*other)) == (one == other)


@given(st.text(), st.text(min_size=1))
def test_what_moves_from_stream_to_topic_changes_the_leaf(stream: str, moved: str) -> None:
    assert chain.leaf(1, stream + moved, 1, "", b"") != chain.leaf(1, stream, 1, moved, b"")

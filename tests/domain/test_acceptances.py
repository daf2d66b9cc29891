"""What a sender gets with a 2xx."""

from domain import acceptances, chain

ROWS = [("webhook-a", 1, "WebhookReceived", b"a"), ("webhook-b", 1, "WebhookReceived", b"b")]


def test_of_one_event_it_is_the_leaf() -> None:
    leaf = chain.leaf(12, *ROWS[0]).hex()
    assert str(acceptances.of(ROWS[:1], 12)) == f'12;digest="{leaf}"'


def test_of_several_it_is_a_chain_over_them_alone() -> None:
    head = chain.folded([chain.leaf(11, *ROWS[0]), chain.leaf(12, *ROWS[1])]).hex()
    assert str(acceptances.of(ROWS, 12)) == f'12;events=2;digest="{head}"'

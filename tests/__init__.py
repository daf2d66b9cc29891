"""The tests of Hookledger, by layer."""

"""Headers that hold a signed time and signatures in one, such as `t=1700000000,v1=…`: two layouts, read strictly."""

import attrs

from infrastructure.signatures import hmacs, timestamps, verifying
from infrastructure.signatures.verifying import Headers, Presented, Unverifiable

MOST_SIGNATURES = 10
_SIZE = hmacs.DIGEST_SIZES["sha256"]


@attrs.frozen
class StampedList:
    """One time in seconds and up to ten hex signatures in any order, each as `name=value`, without spaces.

    `joint` stands between time and body in what is signed. With `others`, entries under other names are passed over.
    """

    header: str
    time: str
    signature: str
    separator: str
    joint: bytes
    others: bool

    def read(self, headers: Headers, body: bytes, query: str) -> Presented:
        """Read the header. Raises `Unverifiable`."""
        times, texts = self._fields(verifying.present(headers, self.header))
        if not times:
            raise Unverifiable("timestamp_missing", f"the header {self.header} has no {self.time}=")
        time = ",".join(times)  # two of them are no number, so they are refused
        timestamp = timestamps.seconds(time, self.header)
        if not texts:
            message = f"the header {self.header} has no {self.signature}="
            raise Unverifiable("signature_missing", message, timestamp)
        signatures = tuple([hmacs.HEX.read(text, _SIZE, self.header, timestamp) for text in texts])
        return Presented(signatures, b"%b%b%b" % (time.encode(), self.joint, body), timestamp)

    def _fields(self, value: str) -> tuple[list[str], list[str]]:
        """Split the header into its times and its signatures."""
        items = value.split(self.separator, MOST_SIGNATURES + 1)
        if len(items) > MOST_SIGNATURES + 1:
            raise self._malformed(f"has more than {MOST_SIGNATURES} signatures")
        times: list[str] = []
        signatures: list[str] = []
        for item in items:
            name, equals, text = item.partition("=")
            if name == self.signature:
                signatures.append(text)
            elif name == self.time:
                times.append(text)
            elif not (self.others and equals and name.isalnum()):
                # A header sent twice is joined by ", ": skipping " t" as an unknown name would accept the pair.
                raise self._malformed(f"is not a list of {self.time}= and {self.signature}= without spaces")
        return times, signatures

    def _malformed(self, message: str) -> Unverifiable:
        return Unverifiable("signature_malformed", f"the header {self.header} {message}")


@attrs.frozen
class StampedPair:
    """One time in milliseconds, a comma and one signature, in this order: `t=1700000000000,v1=…`.

    The bytes signed are the time, a dot and the body. With `spaced`, one space may follow the comma.
    """

    header: str
    signature: str
    encoding: hmacs.Encoding
    spaced: bool = False

    def read(self, headers: Headers, body: bytes, query: str) -> Presented:
        """Read the header. Raises `Unverifiable`."""
        first, _, second = verifying.present(headers, self.header).partition(",")
        if not first.startswith("t="):
            raise Unverifiable("timestamp_missing", f"the header {self.header} does not begin with t=")
        time = first[2:]
        timestamp = timestamps.milliseconds(time, self.header)
        if self.spaced:
            second = second.removeprefix(" ")
        name = f"{self.signature}="
        if not second.startswith(name):
            message = f"the header {self.header} has no {name} after the time and a comma"
            raise Unverifiable("signature_missing", message, timestamp)
        text = self.encoding.read(second[len(name) :], _SIZE, self.header, timestamp)
        return Presented((text,), b"%b.%b" % (time.encode(), body), timestamp)

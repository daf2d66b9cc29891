"""Scripts do what their authors expect, and the same again for the same call."""

import base64
import hashlib
import hmac
import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import pytest
import stripe
from hypothesis import given, settings
from hypothesis import strategies as st

from application.ports import Scripts
from domain import scripts
from domain.json_values import Json
from infrastructure.scripts.sandbox import QuickJsScripts, ScriptUnusable
from tests.infrastructure.scripting import AT, RAW_BODY, SCRIPTS, SECRET, SIGNATURE, VERIFY, call, run, value

SHARED_HEADER = """
function main(ctx) {
  const header = Object.keys(ctx.headers).find((name) => name.toLowerCase() === "x-webhook-secret");
  return { verified: timingSafeEqual(ctx.headers[header], ctx.vars.CUSTOM_HTTP_SIGNING_SECRET) };
}
"""

STRIPE = """
const TOLERANCE = 300;

async function main(ctx) {
  const encoder = new TextEncoder();
  const fields = (ctx.headers["stripe-signature"] ?? "").split(",").map((field) => field.split("="));
  const timestamp = fields.find(([name]) => name === "t")?.[1];
  const signatures = fields.filter(([name]) => name === "v1").map(([, hex]) => Uint8Array.fromHex(hex));
  if (!timestamp || Math.abs(Date.now() / 1000 - Number(timestamp)) > TOLERANCE) return { verified: false };
  const algorithm = { name: "HMAC", hash: { name: "SHA-256" } };
  const key = await crypto.subtle.importKey("raw", encoder.encode(ctx.vars.SECRET), algorithm, false, ["verify"]);
  const signed = encoder.encode(`${timestamp}.${ctx.rawBody}`);
  const checks = signatures.map((signature) => crypto.subtle.verify("HMAC", key, signature, signed));
  return { verified: (await Promise.all(checks)).some((genuine) => genuine) };
}
"""

NORMALIZED_EVENT = """
const main = ({ body }) => ({
  normalized_event: `${body.schema}.${body.table}:${body.type}`,
  item_idempotency_key: `${body.record.id}_${body.record.updated_at}`,
});
"""


def test_the_sandbox_is_what_the_port_asks_for() -> None:
    port: Scripts = SCRIPTS
    assert port.run("function main() { return {}; }", call()) == scripts.Result()


@pytest.mark.parametrize(
    ("headers", "verified"),
    [
        ({"x-webhook-secret": SECRET}, True),
        ({"X-Webhook-Secret": SECRET}, True),
        ({"x-webhook-secret": SECRET + "x"}, False),
        ({"x-webhook-secret": ""}, False),
        ({}, False),
    ],
)
def test_a_shared_secret_is_compared(headers: dict[str, str], verified: bool) -> None:
    result = run(SHARED_HEADER, call(headers=headers, variables={"CUSTOM_HTTP_SIGNING_SECRET": SECRET}))
    assert result == scripts.Result(output={"verified": verified}, verified=verified)


def test_a_secret_of_digits_is_compared_as_text() -> None:
    given_ = call(headers={"x-webhook-secret": "123456"}, variables={"CUSTOM_HTTP_SIGNING_SECRET": 123456})
    assert run(SHARED_HEADER, given_).verified is True


def test_a_secret_that_was_never_set_verifies_nothing() -> None:
    assert run(SHARED_HEADER, call(headers={}, variables={})).verified is False


def test_what_stripe_signs_is_verified() -> None:
    timestamp = int(AT.timestamp())
    signature = stripe.WebhookSignature._compute_signature(f"{timestamp}.{RAW_BODY.decode()}", SECRET)
    header = f"t={timestamp},v1={'0' * 64},v1={signature}"
    assert run(STRIPE, call(headers={"stripe-signature": header})).verified is True
    assert run(STRIPE, call(headers={"stripe-signature": header}, raw_body=RAW_BODY + b" ")).verified is False
    assert run(STRIPE, call(headers={"stripe-signature": header}, variables={"SECRET": "another"})).verified is False
    late = datetime.fromtimestamp(timestamp + 301, UTC)
    assert run(STRIPE, call(headers={"stripe-signature": header}, at=late)).verified is False


def test_a_script_derives_values_for_mappings() -> None:
    body: Json = {"schema": "auth", "table": "users", "type": "INSERT", "record": {"id": 7, "updated_at": "2026-02-03"}}
    result = run(NORMALIZED_EVENT, call(body=body))
    assert result.output == {"normalized_event": "auth.users:INSERT", "item_idempotency_key": "7_2026-02-03"}
    assert scripts.verdict(result).status == "unverified"


@pytest.mark.parametrize(
    "source",
    [
        "function main() { return { a: 1 }; }",
        "async function main() { return { a: 1 }; }",
        "const main = () => ({ a: 1 });",
        "let main = async () => ({ a: await 1 });",
        "var main = function () { return { a: 1 }; };",
        "main = () => ({ a: 1 });",
        "globalThis.main = () => ({ a: 1 });",
        "export function main() { return { a: 1 }; }",
        "export const main = () => ({ a: 1 });",
        "function main() { return { a: 1 }; }\nexport { main };",
        "const handle = () => ({ a: 1 });\nexport { handle as main };",
        "export default function () { return { a: 1 }; }",
        "export default async function main() { return { a: 1 }; }",
        "export default { main() { return { a: 1 }; } };",
        "module.exports = () => ({ a: 1 });",
        "module.exports = { main: () => ({ a: 1 }) };",
        "module.exports.main = () => ({ a: 1 });",
        "exports.main = () => ({ a: 1 });",
        "const a = await Promise.resolve(1);\nexport const main = () => ({ a });",
    ],
)
def test_main_may_be_defined_in_many_ways(source: str) -> None:
    SCRIPTS.check(source)
    assert run(source).output == {"a": 1}


def test_ctx_is_what_was_received() -> None:
    body: Json = MappingProxyType({"n": 1, "list": (1, 2.5, None, True), "text": "Zoë’s 😀"})
    given_ = call(body=body, headers={"x-a": "1"}, variables={"A": [{"b": None}]})
    assert value("ctx", given_) == {
        "vars": {"A": [{"b": None}]},
        "body": {"n": 1, "list": [1, 2.5, None, True], "text": "Zoë’s 😀"},
        "headers": {"x-a": "1"},
        "rawBody": RAW_BODY.decode(),
    }


def test_a_body_that_is_no_json_is_null_beside_its_text() -> None:
    assert value("[ctx.body, ctx.rawBody]", call(body=None, raw_body=b"a=1&b=\x00")) == [None, "a=1&b=\0"]


def test_keys_of_the_body_that_mean_something_to_javascript_are_mere_keys() -> None:
    body: Json = {"__proto__": {"verified": True}, "constructor": 1, "toString": 2}
    result = run("function main({ body }) { return { ...body, own: body.verified === undefined }; }", call(body=body))
    assert result.output == {"__proto__": {"verified": True}, "constructor": 1, "toString": 2, "own": True}
    assert result.verified is None


def test_numbers_beyond_javascript_are_rounded_as_everywhere_in_javascript() -> None:
    assert value("ctx.body.map(String)", call(body=[2**53, 2**64, -(2**70), 10**30])) == [
        "9007199254740992",
        "18446744073709552000",
        "-1.1805916207174113e+21",
        "1e+30",
    ]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("2 ** 53", 2**53),
        ("-(2 ** 53)", -(2**53)),
        ("1.5", 1.5),
        ("1e300", 1e300),
        ("-0", 0),
        ("5e-324", 5e-324),
        ("[1, undefined, () => 1, Symbol(), NaN, -Infinity, null]", [1, None, None, None, None, None, None]),
        ("{ a: undefined, b: () => 1, c: Symbol(), d: NaN, [Symbol()]: 1 }", {"d": None}),
        ("new Date(0)", "1970-01-01T00:00:00.000Z"),
        ("new Date(NaN)", None),
        ("[[], {}, '', '\\u2028\\u0007\\\\\"']", [[], {}, "", '\u2028\x07\\"']),
        ("new Map([[1, 2]])", {}),
        ("new Uint8Array([1, 2])", {"0": 1, "1": 2}),
        ("[1, , 3]", [1, None, 3]),
    ],
)
def test_results_are_json_as_javascript_writes_it(expression: str, expected: Json) -> None:
    written = value(f"({expression})")
    assert written == expected
    assert type(written) is type(expected)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**53), 2**53)
        | st.floats(-(2**53), 2**53)
        | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
        ),
        max_leaves=20,
    )
)
@settings(max_examples=100, deadline=None)
def test_values_come_back_as_they_went_in(body: Json) -> None:
    assert value("ctx.body", call(body=body)) == body


@given(st.binary(max_size=300), st.binary(min_size=1, max_size=200))
@settings(max_examples=40, deadline=None)
def test_digests_and_signatures_are_right(content: bytes, key: bytes) -> None:
    expression = """(async () => {
      const content = Uint8Array.fromBase64(ctx.body.content), results = [];
      for (const hash of ["SHA-1", "SHA-256", "SHA-384", "SHA-512"]) {
        const raw = Uint8Array.fromBase64(ctx.body.key);
        const key = await crypto.subtle.importKey("raw", raw.buffer, { name: "HMAC", hash }, false, ["sign", "verify"]);
        const mac = await crypto.subtle.sign("HMAC", key, content);
        const digest = await crypto.subtle.digest({ name: hash }, content);
        results.push([new Uint8Array(digest).toHex(), new Uint8Array(mac).toHex(),
          await crypto.subtle.verify({ name: "hmac" }, key, mac, content),
          await crypto.subtle.verify("HMAC", key, mac.slice(1), content)]);
      }
      return results;
    })()"""
    body = {"content": base64.b64encode(content).decode(), "key": base64.b64encode(key).decode()}
    assert value(expression, call(body=body)) == [
        [hashlib.new(name, content).hexdigest(), hmac.digest(key, content, name).hex(), True, False]
        for name in ("sha1", "sha256", "sha384", "sha512")
    ]


def test_a_part_of_a_buffer_is_that_part() -> None:
    part = "new Uint8Array([1, 2, 3, 4]).subarray(1, 3)"
    hexed = "(digest) => new Uint8Array(digest).toHex()"
    assert value(f"crypto.subtle.digest('SHA-1', {part}).then({hexed})") == hashlib.sha1(b"\x02\x03").hexdigest()


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("timingSafeEqual('a', 'a')", True),
        ("crypto.timingSafeEqual('a', 'b')", False),
        ("crypto.subtle.timingSafeEqual('a', 'ab')", False),
        ("timingSafeEqual('é', new TextEncoder().encode('é'))", True),
        ("timingSafeEqual(new Uint8Array([1]).buffer, new Uint8Array([1]))", True),
        ("timingSafeEqual('', '')", True),
        ("timingSafeEqual(undefined, undefined)", False),
        ("timingSafeEqual(null, 'null')", False),
        ("timingSafeEqual({}, {})", False),
        ("timingSafeEqual('1', 1)", True),
        ("new TextDecoder().decode(new TextEncoder().encode('Zoë’s 😀\\ud800'))", "Zoë’s 😀�"),
        ("new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61, 0xff]))", "a�"),
        ("new TextDecoder('UTF-8', { fatal: false }).encoding", "utf-8"),
        ("atob(btoa('a\\xff'))", "aÿ"),
        ("new Uint8Array([1, 255]).toHex() + Uint8Array.fromHex('61ff').toBase64()", "01ffYf8="),
        ("encodeURIComponent('ä b')", "%C3%A4%20b"),
        ("console.log('a', console) ?? 'silent'", "silent"),
    ],
)
def test_what_is_offered_works(expression: str, expected: Json) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([0xff]))", "not UTF-8"),
        ("new TextDecoder('latin1')", "only UTF-8"),
        ("atob('%')", "InvalidCharacterError"),
        ("crypto.subtle.digest('MD5', new Uint8Array())", "must be SHA-1, SHA-256"),
        ("crypto.subtle.digest('SHA-1', 'text')", "new TextEncoder"),
        ("crypto.subtle.importKey('jwk', {}, 'HMAC', false, ['sign'])", 'must be "raw"'),
        ("crypto.subtle.importKey('raw', new Uint8Array(1), 'AES-GCM', false, ['sign'])", "must be HMAC"),
        (
            "crypto.subtle.importKey('raw', new Uint8Array(1), { name: 'HMAC', hash: 'SHA-1' }, false, ['sign'])"
            ".then((key) => crypto.subtle.verify('HMAC', key, new Uint8Array(20), new Uint8Array()))",
            'usage "verify"',
        ),
    ],
)
def test_what_is_used_wrongly_says_so(expression: str, words: str) -> None:
    result = run(f"async function main(ctx) {{ return {{ value: await ({expression}) }}; }}")
    assert words in (result.error or "")


def test_the_clock_stands_at_the_time_of_the_call() -> None:
    assert value("[Date.now(), new Date().toISOString(), new Date().getTimezoneOffset()]") == [
        1770106500123,
        "2026-02-03T08:15:00.123Z",
        0,
    ]


CHANCE = """function main() {
  return { chance: [Math.random(), crypto.randomUUID(), crypto.getRandomValues(new Uint8Array(4)).toHex()],
    map: [...new Map(Object.entries({ b: 1, a: 2, 1: 3 }))] };
}"""


def test_the_same_call_has_the_same_result_in_another_process_even_by_chance() -> None:
    assert QuickJsScripts().run(CHANCE, call()) == run(CHANCE) == run(CHANCE)


def test_another_call_meets_other_chances() -> None:
    chances = {
        json.dumps(run(CHANCE, given_).output["chance"])
        for given_ in (call(), call(raw_body=b"{}"), call(at=datetime(2026, 1, 1, tzinfo=UTC)))
    }
    assert len(chances) == 3


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("function main(ctx) {\n  return ctx.;\n}", "line 2, column 14"),
        ("export function main(ctx) {\n  return {};\n}\n]", "line 4"),
        ("import fs from 'fs';\nexport function main() {}", "could not load module 'fs'"),
        ("", "defines no function main"),
        ("const main = 1;", "defines no function main"),
        ("function Main() {}", "define or export main(ctx)"),
        ("export function handler() {}", "defines no function main"),
        ("module.exports = null;", "defines no function main"),
        ("const a = 1;\nthrow new Error('at once');", "Error: at once (line 2"),
        ("for (;;);", "more than 50 ms"),
        ("await 1; const main = () => ({});", "defines no function main"),
        ("await new Promise(() => {}); export const main = () => ({});", "never settles"),
        ("const kept = new Uint8Array(9 << 20); function main() { return {}; }", "before main is called"),
        ("function main() { return {}; }" + " " * scripts.LONGEST_SOURCE, "65,566 bytes, and a script may have 65,536"),
        ("function main() { return {}; } //" + "é" * 32_760, "bytes, and a script may have 65,536"),
        ("\ud800", "SyntaxError"),
    ],
)
def test_what_cannot_be_called_is_refused_when_it_is_saved(source: str, words: str) -> None:
    with pytest.raises(ScriptUnusable) as refused:
        SCRIPTS.check(source)
    assert str(refused.value).startswith("the script cannot be used: ")
    assert words in str(refused.value)
    assert words in (run(source).error or "")


def test_a_script_of_the_greatest_length_is_taken() -> None:
    functions = "".join(f"const f{i:04} = (a, b) => a + b * {i};\n" for i in range(1_700))
    source = f"{functions}function main() {{ return {{ a: f1699(1, 2) }}; }}"
    source += " " * (scripts.LONGEST_SOURCE - len(source))
    SCRIPTS.check(source)
    assert run(source).output == {"a": 3399}


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("null.x;", "TypeError: cannot read property 'x' of null (line 2, column 1)"),
        ("nothing();", "ReferenceError: nothing is not defined (line 2, column 1)"),
        ("throw new RangeError('far');", "RangeError: far (line 2, column 11)"),
        ("throw new (class Own extends Error { name = 'Own'; })('mine');", "Own: mine (line 2"),
        ("throw { message: 'plain' };", "Error: plain"),
        ("throw 'text';", "threw text"),
        ("throw new Error('one\\ntwo\\t three');", "Error: one two three (line 2, column 11)"),
        ("await Promise.reject(new Error('later'));", "Error: later (line 2"),
        ("JSON.parse('{');", "SyntaxError: "),
    ],
)
def test_errors_say_what_and_where(statement: str, error: str) -> None:
    result = run(f"async function main(ctx) {{\n{statement} }}")
    assert (result.error or "").startswith(error)
    assert scripts.verdict(result).status == "failed"


def test_errors_are_short() -> None:
    assert len(run("function main() { throw new Error('x'.repeat(1e5)); }").error or "") < 350


def test_a_large_body_is_read_within_the_limits() -> None:
    body: Json = {"rows": [{"id": i, "name": f"name {i}", "at": i * 1.5} for i in range(19_000)]}
    raw_body = json.dumps(body, separators=(",", ":")).encode()
    assert 800_000 < len(raw_body) < 1_048_576
    assert value("[ctx.body.rows.length, ctx.rawBody.length]", call(body=body, raw_body=raw_body)) == [
        19_000,
        len(raw_body),
    ]


def test_a_body_beyond_all_memory_is_an_error() -> None:
    assert "32 MiB" in (run("function main() { return {}; }", call(raw_body=b"x" * 40_000_000)).error or "")


def test_many_threads_run_many_scripts_at_once() -> None:
    def once(number: int) -> bool:
        if number % 5 == 0:
            return "more than" in (run(f"function main() {{ /* {number} */ for (;;); }}").error or "")
        if number % 2:
            return run(VERIFY).verified is True
        return run(VERIFY, call(headers={"x-signature": SIGNATURE[::-1]})).verified is False

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(once, range(80)))


def test_the_engine_is_not_loaded_before_the_first_script() -> None:
    code = (
        "import sys, infrastructure.composition, infrastructure.scripts.sandbox as sandbox\n"
        "sandbox.QuickJsScripts()\n"
        "assert 'wasmtime' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


EXAMPLES = re.findall(r"```js\n(.+?)```", Path("docs/scripts.md").read_text(), re.DOTALL)


def test_the_examples_of_the_documentation_do_what_it_says() -> None:
    shared_secret, signature, event, key = EXAMPLES
    variables = {"CUSTOM_HTTP_SIGNING_SECRET": SECRET, "SIGNING_SECRET": SECRET}
    assert run(shared_secret, call(headers={"x-webhook-secret": SECRET}, variables=variables)).verified is True
    assert run(shared_secret, call(headers={}, variables={})).verified is False
    timestamp = str(int(AT.timestamp()))
    mac = hmac.digest(SECRET.encode(), f"{timestamp}.".encode() + RAW_BODY, hashlib.sha256).hex()
    headers = {"x-timestamp": timestamp, "x-signature": mac}
    assert run(signature, call(headers=headers, variables=variables)).verified is True
    assert run(signature, call(headers={**headers, "x-timestamp": "1"}, variables=variables)).verified is False
    assert run(signature, call(headers={**headers, "x-signature": ""}, variables=variables)).verified is False
    assert run(signature, call(headers={}, variables=variables)).verified is False
    body: Json = {"schema": "auth", "table": "users", "type": "DELETE", "record": {"id": 7, "updated_at": "now"}}
    assert run(event, call(body=body)).output == {"normalized_event": "auth.users:DELETE"}
    assert run(key, call(body=body)).output == {"item_idempotency_key": "7_now"}

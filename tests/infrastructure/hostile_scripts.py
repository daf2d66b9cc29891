"""Scripts that mean harm, each with what must come of it: words of the error, or the output that tells it was vain."""

from collections.abc import Mapping

from domain.json_values import Json

TOO_LONG = "more than 50 ms"
MEMORY = "more than 32 MiB"
DEEP = "nested too deeply"


def main(body: str, head: str = "function main(ctx)") -> str:
    """A script whose main has this body."""
    return f"{head} {{ {body} }}"


def asynchronous(body: str) -> str:
    return main(body, "async function main(ctx)")


ENDED: Mapping[str, tuple[str, str]] = {
    # Time, in the interpreter and in native code.
    "an endless loop": (main("for (;;);"), TOO_LONG),
    "an endless loop that catches everything": (
        main("for (;;) try { for (;;); } catch {} finally { continue; }"),
        TOO_LONG,
    ),
    "an endless loop at the top": ("for (;;);", TOO_LONG),
    "an endless generator": (main("function* g() { for (;;) yield 1; } for (const x of g());"), TOO_LONG),
    "an endless iterator spread": (
        main("const o = { [Symbol.iterator]: () => ({ next: () => ({ done: false }) }) }; Math.max(...o);"),
        "more than",
    ),
    "a generator that refuses to return": (
        main("function* g() { try { yield 1; } finally { for (;;); } } for (const x of g()) break;"),
        TOO_LONG,
    ),
    "catastrophic backtracking": (main("return { r: /^(a+)+$/.test('a'.repeat(40) + 'b') };"), TOO_LONG),
    "catastrophic backtracking with references": (main(r"return { r: /(x+x+)+\1y/.test('x'.repeat(200)) };"), TOO_LONG),
    "catastrophic lookahead": (main("return { r: /(?=(a*)*b)a*a*a*a*c/.test('a'.repeat(5000)) };"), TOO_LONG),
    "an endless comparator": (main("[3, 2, 1].sort(() => { for (;;); });"), TOO_LONG),
    "a large sort": (main("return { n: Array.from({ length: 3e5 }, (_, i) => -i).sort().length };"), "more than"),
    "a replacer that never ends": (main("'aaaa'.replace(/a/g, () => { for (;;); });"), TOO_LONG),
    "a search in vain, again and again": (
        main("const s = 'a'.repeat(1e5); for (;;) s.indexOf('a'.repeat(5e4) + 'b');"),
        TOO_LONG,
    ),
    "a power of BigInt": (main("return { n: String(7n ** 1000000n).length };"), TOO_LONG),
    "a product of BigInts": (main("let n = 3n; for (;;) n *= n;"), "more than"),
    "BigInt to text": (main("return { n: (1n << 900000n).toString().length };"), TOO_LONG),
    "JSON of a huge value": (
        main("const a = Array(2e5).fill({ a: 1, b: [1, 2] }); for (;;) JSON.stringify(a);"),
        "more than",
    ),
    "JSON parsed again and again": (
        main("const t = '[' + '1,'.repeat(1e5) + '1]'; for (;;) JSON.parse(t);"),
        "more than",
    ),
    "a reviver that never ends": (main("JSON.parse('[1]', () => { for (;;); });"), TOO_LONG),
    "fill of a giant sparse array": (main("Array.prototype.fill.call({ length: 2 ** 53 - 1 }, 0);"), "more than"),
    "join of a giant sparse array": (main("const a = []; a.length = 4294967295; a.join('x');"), "more than"),
    "includes in a giant array-like": (main("Array.prototype.includes.call({ length: 2 ** 53 - 1 }, 1);"), TOO_LONG),
    "a date parsed for ever": (main("for (;;) Date.parse('Tue, 03 Feb 2026 08:15:00 GMT');"), TOO_LONG),
    "normalisation of much text": (
        main("const s = '\\u1E9B\\u0323'.repeat(1e5); for (;;) s.normalize('NFKD');"),
        "more than",
    ),
    # Memory.
    "arrays without end": (main("const a = []; for (;;) a.push(new Array(1e5).fill(1.5));"), "more than"),
    "a doubled text": (main("let s = 'x'; for (;;) { s += s; s.charCodeAt(5); }"), "invalid string length|" + MEMORY),
    "a repeated text": (main("return { s: 'x'.repeat(2 ** 30 - 1).length };"), MEMORY),
    "a padded text": (main("return { s: 'x'.padStart(2 ** 29, 'ab').length };"), MEMORY),
    "one giant buffer": (main("return { n: new ArrayBuffer(2 ** 30).byteLength };"), MEMORY),
    "many buffers": (main("const a = []; for (;;) a.push(new Uint8Array(1 << 20).fill(1));"), "more than"),
    "a buffer beyond all addresses": (main("new ArrayBuffer(2 ** 40);"), "invalid array buffer length"),
    "a growing buffer": (
        main("const b = new ArrayBuffer(0, { maxByteLength: 2 ** 30 }); b.resize(2 ** 30); return {};"),
        MEMORY,
    ),
    "buffers thrown away": (main("for (;;) new Uint8Array(4 << 20).fill(1);"), "more than"),
    "a failed allocation that is caught": (
        main("try { new ArrayBuffer(1e9); } catch {} return { verified: true };"),
        MEMORY,
    ),
    "closures without end": (main("let f = () => 1; for (;;) { const g = f; f = () => g; }"), "more than"),
    "names of properties without end": (main("const o = {}; for (let i = 0; ; i++) o['k' + i] = i;"), "more than"),
    "symbols without end": (main("const m = new Map(); for (;;) m.set(Symbol('x'), {});"), "more than"),
    "flattening a deep array": (
        main("let a = [1]; for (let i = 0; i < 1e5; i++) a = [a]; a.flat(Infinity);"),
        "more than|" + DEEP,
    ),
    # Depth.
    "endless recursion": (main("const f = () => f() + 1; f();"), DEEP),
    "endless recursion of text": (main("const o = { toString: () => `${o}` }; `${o}`;"), "Maximum call stack|" + DEEP),
    "a deep JSON text": (main("JSON.parse('['.repeat(1e5));"), DEEP),
    "a deep source": (main("eval('('.repeat(5e4));"), DEEP),
    "a deep regular expression": (main("new RegExp('('.repeat(6e4));"), "too many captures"),
    "a chain of proxies": (main("let p = {}; for (let i = 0; i < 2e4; i++) p = new Proxy(p, {}); p.x;"), DEEP),
    # Promises.
    "a storm of microtasks": (asynchronous("for (;;) await null;"), TOO_LONG),
    "microtasks that breed": (
        asynchronous("const f = () => { queueMicrotask(f); queueMicrotask(f); }; f(); await new Promise(() => {});"),
        "more than",
    ),
    "a promise that never settles": (asynchronous("await new Promise(() => {});"), "never settles"),
    "a thenable that never settles": (asynchronous("await { then() {} };"), "never settles"),
    "a thenable that breeds": (
        asynchronous("const t = () => ({ then(r) { r(t()); } }); return t();"),
        TOO_LONG,
    ),
    "a thenable that never returns": (asynchronous("return { then() { for (;;); } };"), TOO_LONG),
    "a promise that awaits itself": (
        "let p; async function main() { await null; await p; } const m = main; main = () => (p = m());",
        "never settles",
    ),
    # The result.
    "a getter that lies": (main("return { get verified() { return true; } };"), "verified is a getter"),
    "a getter that never returns": (main("return { get verified() { for (;;); } };"), "verified is a getter"),
    "a getter within an array": (
        main("const a = []; Object.defineProperty(a, 0, { get: () => 1, enumerable: true }); return { a };"),
        "result's a is a getter",
    ),
    "a proxy as result": (main("return new Proxy({}, { get: () => true });"), "returned a Proxy"),
    "a proxy within the result": (main("return { a: new Proxy({}, { ownKeys() { for (;;); } }) };"), "a is a Proxy"),
    "a promise within the result": (
        main("return { verified: Promise.resolve(true) };"),
        "verified is a promise; await it",
    ),
    "a result that holds itself": (main("const a = {}; a.a = a; a.b = a; return a;"), "nested in over 64 levels"),
    "a deep result": (
        main("let a = {}; for (let i = 0; i < 64; i++) a = { a }; return a;"),
        "nested in over 64 levels",
    ),
    "a huge result": (main("return { a: 'x'.repeat(65536) };"), "more than 64 KiB"),
    "a result that multiplies": (
        main("let a = 'xxxxxxxx'; for (let i = 0; i < 40; i++) a = [a, a]; return { a };"),
        "more than 64 KiB",
    ),
    "a result of nulls": (main("const a = []; a.length = 4294967295; return { a };"), "more than 64 KiB"),
    "a result of escapes": (main("return { a: '\\0'.repeat(20000) };"), "more than 64 KiB"),
    "a BigInt": (main("return { a: 1n };"), "a is a BigInt"),
    "a list": (main("return [true];"), "returned an array"),
    "a function": (main("const f = () => 1; f.verified = true; return f;"), "returned a function"),
    "nothing": (main(""), "returned nothing"),
    "a boolean": (main("return true;"), "returned a boolean"),
    # Errors.
    "a thrown text": (main("throw 'no';"), "threw no"),
    "a thrown symbol": (main("throw Symbol('no');"), "threw a symbol"),
    "a thrown nothing": (main("throw undefined;"), "threw undefined"),
    "a thrown object without a prototype": (main("throw Object.create(null);"), "without a message"),
    "an error whose message never comes": (main("throw { get message() { for (;;); } };"), TOO_LONG),
    "an error whose message throws": (main("throw { get message() { throw this; } };"), "without a message"),
    "an error whose message is no text": (
        main("const e = new Error('x'); e.message = { toString() { for (;;); } }; throw e;"),
        "without a message",
    ),
    "an error with a long message": (main("throw new Error('x'.repeat(1e6));"), "Error: xxx"),
    "an error that prepares its trace for ever": (
        main("Error.prepareStackTrace = () => { for (;;); }; null.x;"),
        TOO_LONG,
    ),
    "an error that is a proxy": (main("throw new Proxy(new Error('x'), { get() { for (;;); } });"), TOO_LONG),
    # The way out.
    "a module of the host": (asynchronous("await import('fs');"), "could not load module"),
    "a file": (main("return { a: require('fs') };"), "require is not defined"),
    "the environment": (main("return { a: process.env };"), "process is not defined"),
    "the network": (asynchronous("await fetch('http://127.0.0.1/');"), "fetch is not defined"),
    "a timer": (asynchronous("await new Promise((r) => setTimeout(r, 1));"), "setTimeout is not defined"),
    "WebAssembly": (main("return { a: new WebAssembly.Memory({ initial: 1 }) };"), "WebAssembly is not defined"),
    "waiting for another thread": (
        main("Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);"),
        "not defined",
    ),
    # Cryptography.
    "many digests": (
        asynchronous("for (let i = 0; i < 65; i++) await crypto.subtle.digest('SHA-1', new Uint8Array(1));"),
        "more than 64 digests",
    ),
    "many digests, all caught": (
        asynchronous(
            "for (let i = 0; i < 65; i++) await crypto.subtle.digest('SHA-1', new Uint8Array(1)).catch(() => 0);"
            "return { verified: true };"
        ),
        "more than 64 digests",
    ),
    "digests of much": (
        asynchronous("const a = new Uint8Array(6 << 20); for (;;) await crypto.subtle.digest('SHA-512', a);"),
        "more than",
    ),
    "a digest of a buffer that is gone": (
        asynchronous("const a = new Uint8Array(8); a.buffer.transfer(); await crypto.subtle.digest('SHA-1', a);"),
        "TypeError",
    ),
    "a digest of a buffer that has shrunk": (
        asynchronous(
            "const b = new ArrayBuffer(64, { maxByteLength: 64 }); const a = new Uint8Array(b, 32, 32); b.resize(1);"
            "await crypto.subtle.digest('SHA-1', a);"
        ),
        "TypeError",
    ),
    "a key without bytes": (
        asynchronous(
            "await crypto.subtle.importKey('raw', new Uint8Array(0), { name: 'HMAC', hash: 'SHA-1' }, false, ['sign']);"
        ),
        "the key is empty",
    ),
    "a forged key": (
        asynchronous("await crypto.subtle.sign('HMAC', { __proto__: { hash: 1 } }, new Uint8Array(1));"),
        "must come from crypto.subtle.importKey",
    ),
}

VAIN: Mapping[str, tuple[str, Mapping[str, Json]]] = {
    "pollution of the prototype": (main("Object.prototype.verified = true; return {};"), {}),
    "an inherited verdict": (main("return Object.create({ verified: true });"), {}),
    "a class with an inherited verdict": (main("class A { get verified() { return true; } } return new A();"), {}),
    "a hidden verdict": (main("return Object.defineProperty({ a: 1 }, 'verified', { value: true });"), {"a": 1}),
    "a verdict under a symbol": (main("return { [Symbol('verified')]: true };"), {}),
    "toJSON": (main("return { a: 1, toJSON: () => ({ verified: true }) };"), {"a": 1}),
    "toJSON that never returns": (main("return { a: { toJSON() { for (;;); } } };"), {"a": {}}),
    "toJSON of a date": (
        main("Date.prototype.toISOString = Date.prototype.toJSON = () => 'x'; return { a: new Date(0) };"),
        {"a": "1970-01-01T00:00:00.000Z"},
    ),
    "a replaced JSON": (
        main(
            "JSON.stringify = () => '{\"verified\":true}'; globalThis.JSON = { stringify: JSON.stringify }; return {};"
        ),
        {},
    ),
    "a replaced Promise": (
        asynchronous(
            "globalThis.Promise = class { static resolve() { return { verified: true }; } };"
            "await null; return { a: 1 };"
        ),
        {"a": 1},
    ),
    "a replaced then": (
        asynchronous("Promise.prototype.then = function (f) { f({ verified: true }); }; return { a: 1 };"),
        {"a": 1},
    ),
    "replaced arrays": (
        main(
            "Array.prototype.map = Array.prototype.join = Array.prototype[Symbol.iterator] = () => 'verified';"
            "Array.isArray = () => false; Object.keys = () => ['verified']; return { a: [1, 2] };"
        ),
        {"a": [1, 2]},
    ),
    "a verdict that is almost true": (main("return { verified: 'true' };"), {"verified": "true"}),
    "a verdict that is one": (main("return { verified: 1 };"), {"verified": 1}),
    "a verdict in a box": (main("return { verified: new Boolean(true) };"), {"verified": {}}),
    "what converts itself": (
        main("return { a: { [Symbol.toPrimitive]() { for (;;); }, valueOf() { for (;;); } } };"),
        {"a": {}},
    ),
    "a thenable from a main that is not async": (main("return { then(r) { r({ verified: true }); } };"), {}),
    "a prototype in the result": (
        main('return JSON.parse(\'{"__proto__": {"verified": true}}\');'),
        {"__proto__": {"verified": True}},
    ),
    "a key that ends the object": (main('return { \'"},"verified":true,{"\': 1 };'), {'"},"verified":true,{"': 1}),
    "half a character": (main("return { '\\ud800': '\\udc00\\ud83d' };"), {"�": "��"}),
    "text that ends early": (main("return { a: 'a\\0b' };"), {"a": "a\0b"}),
    "Function": (main("return { a: typeof new Function('return this.process')() };"), {"a": "undefined"}),
    "constructors of functions": (
        main("return { a: typeof main.constructor.constructor('return globalThis.require')() };"),
        {"a": "undefined"},
    ),
    "indirect eval": (
        main("return { a: (0, eval)('typeof native + typeof std + typeof os + typeof gc') };"),
        {"a": "undefined" * 4},
    ),
    "a replaced comparison": (
        main(
            "String.prototype.valueOf = Object.prototype.valueOf = () => 'x'; Object.prototype.length = 0;"
            "return { a: timingSafeEqual('a', 'b') };"
        ),
        {"a": False},
    ),
    "two absences": (
        main("return { a: timingSafeEqual(ctx.headers.none, ctx.vars.NONE), b: timingSafeEqual() };"),
        {"a": False, "b": False},
    ),
    "the clock": (
        main(
            "const a = Date.now(); for (let i = 0; i < 1e4; i++); return { a: Date.now() - a, b: typeof performance };"
        ),
        {"a": 0, "b": "undefined"},
    ),
}

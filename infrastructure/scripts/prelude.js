// What a script finds beside the language itself. It runs once, before any script, with the functions of shim.c, which
// nothing else can reach; so whatever a script replaces later, these keep working as written here.
(native) => {
  "use strict";
  const algorithms = { "SHA-1": [1, 20], "SHA-256": [2, 32], "SHA-384": [3, 48], "SHA-512": [4, 64] };
  for (const name in algorithms) Object.setPrototypeOf(algorithms[name], null);
  Object.setPrototypeOf(algorithms, null);

  const { hash, copy, encode, decode, equal, random, fill } = native;
  const { toISOString } = Date.prototype;
  const { toUpperCase } = String.prototype;
  const { includes } = Array.prototype;
  const { apply } = Reflect;

  const nameOf = (algorithm) => (typeof algorithm === "object" && algorithm !== null ? algorithm.name : algorithm);

  const hashOf = (algorithm) => {
    const name = nameOf(algorithm);
    const found = typeof name === "string" ? algorithms[apply(toUpperCase, name, [])] : undefined;
    if (!found) throw new TypeError("the hash must be SHA-1, SHA-256, SHA-384 or SHA-512");
    return found;
  };

  const checkHmac = (algorithm) => {
    const name = nameOf(algorithm);
    if (typeof name !== "string" || apply(toUpperCase, name, []) !== "HMAC") {
      throw new TypeError("the algorithm must be HMAC");
    }
  };

  class CryptoKey {
    #bytes;
    #hash;
    #usages;

    constructor(bytes, hash, usages) {
      this.#bytes = bytes;
      this.#hash = hash;
      this.#usages = usages;
    }

    static sign(key, usage, data) {
      if (typeof key !== "object" || key === null || !(#bytes in key)) {
        throw new TypeError("the key must come from crypto.subtle.importKey");
      }
      if (!apply(includes, key.#usages, [usage])) throw new TypeError(`importKey was not asked for the usage "${usage}"`);
      return hash(key.#hash[0], key.#hash[1], data, key.#bytes);
    }
  }
  const { sign } = CryptoKey;

  const subtle = {
    async importKey(format, bytes, algorithm, extractable, usages) {
      if (format !== "raw") throw new TypeError('the format must be "raw"');
      checkHmac(algorithm);
      const key = copy(bytes, "the key");
      if (key.length === 0) throw new TypeError("the key is empty");
      return new CryptoKey(key, hashOf(algorithm.hash), [...usages]);
    },
    async sign(algorithm, key, data) {
      checkHmac(algorithm);
      return sign(key, "sign", data);
    },
    async verify(algorithm, key, signature, data) {
      checkHmac(algorithm);
      return equal(copy(signature, "the signature"), sign(key, "verify", data));
    },
    async digest(algorithm, data) {
      const found = hashOf(algorithm);
      return hash(found[0], found[1], data);
    },
    timingSafeEqual: (a, b) => equal(a, b),
  };

  const crypto = {
    subtle,
    timingSafeEqual: (a, b) => equal(a, b),
    getRandomValues: (view) => fill(view),
    randomUUID() {
      const bytes = fill(new Uint8Array(16));
      bytes[6] = (bytes[6] & 0x0f) | 0x40;
      bytes[8] = (bytes[8] & 0x3f) | 0x80;
      return bytes.toHex().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
    },
  };

  class TextEncoder {
    get encoding() {
      return "utf-8";
    }
    encode(text = "") {
      return encode(`${text}`);
    }
  }

  class TextDecoder {
    #fatal;

    constructor(label = "utf-8", { fatal = false } = {}) {
      if (!/^utf-?8$/i.test(label)) throw new RangeError("only UTF-8 can be decoded");
      this.#fatal = !!fatal;
    }
    get encoding() {
      return "utf-8";
    }
    get fatal() {
      return this.#fatal;
    }
    decode(bytes) {
      return bytes === undefined ? "" : decode(bytes, this.#fatal);
    }
  }

  const silent = () => undefined;
  const console = {};
  const silenced = "assert debug dir error group groupEnd info log table time timeEnd trace warn";
  for (const name of silenced.split(" ")) console[name] = silent;

  const module = { exports: {} };
  const { timingSafeEqual } = crypto;
  const offer = (object, name, value) =>
    Object.defineProperty(object, name, { value, writable: true, configurable: true, enumerable: false });
  const offered = { crypto, timingSafeEqual, console, TextEncoder, TextDecoder, module, exports: module.exports };
  for (const name in offered) offer(globalThis, name, offered[name]);
  offer(Math, "random", () => random());
  return toISOString;
};

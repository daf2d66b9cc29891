/* What the WebAssembly module offers around QuickJS: one context, one loaded script, one call at a time.
 *
 * Its only import is the hash of some bytes. Nothing is freed after a call: the host puts the memory back to what it
 * was when the script had been loaded. What a script returned is read by QuickJS's own functions, never through
 * objects of JavaScript that the script can replace, and without calling anything of its own.
 */
#include <malloc.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "quickjs.h"

#define EXPORT(name) __attribute__((export_name(#name)))
#define SCRIPT "script.js"

/* Write the digest of the data or, with a key, its HMAC. A key size of -1 means no key. */
__attribute__((import_module("host"), import_name("hash"))) extern void
host_hash(int32_t algorithm, const uint8_t *key, int32_t key_size, const uint8_t *data, int32_t size, uint8_t *digest);

enum { JS_STACK = 192 * 1024, COLLECT_FROM = 8 * 1024 * 1024 };
enum { LONGEST_RESULT = 64 * 1024, MOST_LEVELS = 64, LONGEST_MESSAGE = 2048, LONGEST_NAME = 64 };
enum { MOST_HASHES = 64, MOST_HASHED_BYTES = 16 * 1024 * 1024, LONGEST_DIGEST = 64 };

/* How it ended; the host knows the numbers and has words for each. */
typedef enum {
    DONE,
    THREW,
    UNSETTLED,
    NO_PLAIN_OBJECT,
    NO_MAIN,
    OUT_OF_MEMORY,
    RESULT_TOO_LONG,
    TOO_MANY_HASHES,
    TOO_MUCH_HASHED
} Status;

/* What the host reads afterwards. The text is the result as JSON, or what went wrong. */
static struct {
    uint32_t status;
    const char *text;
    uint32_t size;
    int32_t line;
    int32_t column;
    uintptr_t high_water;
    char *inbox;
    uint32_t inbox_size;
} report;

/* What the host hands in: a text with a NUL behind it and, for a call, the raw body, the time and the seed. */
typedef struct {
    int64_t at_ms;
    uint64_t seed;
    uint32_t size;
    uint32_t raw_size;
    char text[];
} Input;

static JSRuntime *runtime;
static JSContext *context;
static JSValue main_function;
static JSValue to_iso_string;
static int64_t clock_ms;
static uint64_t chance;
static uint32_t hashes, hashed_bytes;
static Status limit;
static char message[LONGEST_MESSAGE];
static _Alignas(8) char inbox[16 * 1024];
static char *result;
static size_t result_size;

/* Memory, time and chance. */

/* How far the heap was ever used, so that the host knows how much of it there is to put back. */
static void *reached(void *block) {
    if (block == NULL) {
        limit = OUT_OF_MEMORY;
        return NULL;
    }
    uintptr_t end = (uintptr_t)block + malloc_usable_size(block);
    if (end > report.high_water)
        report.high_water = end;
    return block;
}

static void *allocate(void *opaque, size_t size) {
    return reached(malloc(size));
}

static void *allocate_zeroed(void *opaque, size_t count, size_t size) {
    return reached(calloc(count, size));
}

static void *reallocate(void *opaque, void *block, size_t size) {
    if (size == 0) {
        free(block);
        return NULL;
    }
    return reached(realloc(block, size));
}

static void release(void *opaque, void *block) {
    free(block);
}

static size_t usable(const void *block) {
    return malloc_usable_size((void *)block);
}

static const JSMallocFunctions heap = {allocate_zeroed, allocate, release, reallocate, usable};

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    now->tv_sec = clock_ms / 1000;
    now->tv_usec = clock_ms % 1000 * 1000;
    return 0;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    now->tv_sec = clock_ms / 1000;
    now->tv_nsec = clock_ms % 1000 * 1000000;
    return 0;
}

/* The C library would write to files of the host; it has none. */
enum { NO_SUCH_CALL = 52 };

#define NO_FILES(name, ...)                                                                                            \
    int32_t __imported_wasi_snapshot_preview1_##name(__VA_ARGS__) {                                                    \
        return NO_SUCH_CALL;                                                                                           \
    }

NO_FILES(fd_close, int32_t file)
NO_FILES(fd_fdstat_get, int32_t file, int32_t stat)
NO_FILES(fd_seek, int32_t file, int64_t offset, int32_t whence, int32_t position)
NO_FILES(fd_write, int32_t file, int32_t vectors, int32_t count, int32_t written)

/* SplitMix64. */
static uint64_t next_chance(void) {
    uint64_t z = chance += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

/* What the prelude is given. */

/* The bytes of an ArrayBuffer; NULL where it has none, which is an exception unless it is empty. */
static bool bytes_of_buffer(JSContext *ctx, JSValueConst buffer, uint8_t **bytes, size_t *size) {
    *bytes = JS_GetArrayBuffer(ctx, size, buffer);
    return *bytes != NULL || !JS_HasException(ctx);
}

static bool bytes_of_view(JSContext *ctx, JSValueConst view, uint8_t **bytes, size_t *size) {
    size_t offset, width, whole = 0;
    JSValue buffer = JS_GetTypedArrayBuffer(ctx, view, &offset, size, &width);
    if (JS_IsException(buffer) || !bytes_of_buffer(ctx, buffer, bytes, &whole))
        return false;
    if (offset > whole || *size > whole - offset) {
        JS_ThrowTypeError(ctx, "the buffer of a typed array has shrunk");
        return false;
    }
    *bytes += offset;
    return true;
}

static bool bytes_of(JSContext *ctx, JSValueConst value, const char *what, uint8_t **bytes, size_t *size) {
    *size = 0;
    if (JS_IsArrayBuffer(value))
        return bytes_of_buffer(ctx, value, bytes, size);
    if (JS_GetTypedArrayType(value) >= 0)
        return bytes_of_view(ctx, value, bytes, size);
    JS_ThrowTypeError(ctx, "%s must be an ArrayBuffer or a typed array; new TextEncoder().encode(text) makes one",
                      what);
    return false;
}

static bool may_hash(JSContext *ctx, size_t size) {
    hashes += 1;
    hashed_bytes = size < MOST_HASHED_BYTES ? hashed_bytes + size : MOST_HASHED_BYTES + 1;
    if (hashes > MOST_HASHES)
        limit = TOO_MANY_HASHES;
    else if (hashed_bytes > MOST_HASHED_BYTES)
        limit = TOO_MUCH_HASHED;
    else
        return true;
    JS_ThrowRangeError(ctx, "too much cryptography in one call");
    return false;
}

/* hash(algorithm, digest size, data[, key]) */
static JSValue native_hash(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
    uint8_t digest[LONGEST_DIGEST], *data, *key = NULL;
    size_t size, key_size = 0;
    int32_t algorithm, digest_size;
    JS_ToInt32(ctx, &algorithm, argv[0]);
    JS_ToInt32(ctx, &digest_size, argv[1]);
    if (!bytes_of(ctx, argv[2], "the data", &data, &size))
        return JS_EXCEPTION;
    bool keyed = argc > 3;
    if (keyed && !bytes_of(ctx, argv[3], "the key", &key, &key_size))
        return JS_EXCEPTION;
    if (!may_hash(ctx, size + key_size))
        return JS_EXCEPTION;
    host_hash(algorithm, key, keyed ? (int32_t)key_size : -1, data, size, digest);
    return JS_NewArrayBufferCopy(ctx, digest, digest_size);
}

/* copy(buffer or view, what it is) -> Uint8Array */
static JSValue native_copy(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
    uint8_t *bytes;
    size_t size;
    const char *what = JS_ToCString(ctx, argv[1]);
    if (what == NULL || !bytes_of(ctx, argv[0], what, &bytes, &size))
        return JS_EXCEPTION;
    return JS_NewUint8ArrayCopy(ctx, bytes, size);
}

/* In UTF-8 a lone surrogate stands as ED A0..BF xx; put U+FFFD there, as TextEncoder does. */
static void replace_surrogates(char *text, size_t size) {
    for (size_t i = 0; i + 2 < size; i++) {
        if ((uint8_t)text[i] == 0xed && (uint8_t)text[i + 1] >= 0xa0)
            memcpy(text + i, "\xef\xbf\xbd", 3);
    }
}

/* The UTF-8 of a string; QuickJS made it for this purpose, so that it may be changed. NULL after an exception. */
static char *utf8(JSContext *ctx, JSValueConst value, size_t *size) {
    char *text = (char *)JS_ToCStringLen(ctx, size, value);
    if (text != NULL)
        replace_surrogates(text, *size);
    return text;
}

/* encode(string) -> Uint8Array */
static JSValue native_encode(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
    size_t size;
    char *text = utf8(ctx, argv[0], &size);
    return text == NULL ? JS_EXCEPTION : JS_NewUint8ArrayCopy(ctx, (uint8_t *)text, size);
}

/* decode(buffer or view, whether malformed UTF-8 is an error) -> string */
static JSValue native_decode(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
    uint8_t *bytes;
    size_t size, again_size;
    if (!bytes_of(ctx, argv[0], "what is decoded", &bytes, &size))
        return JS_EXCEPTION;
    if (size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
        bytes += 3, size -= 3;
    JSValue string = JS_NewStringLen(ctx, (char *)bytes, size);
    if (JS_IsException(string) || !JS_ToBool(ctx, argv[1]))
        return string;
    char *again = utf8(ctx, string, &again_size);
    if (again == NULL)
        return JS_EXCEPTION;
    if (again_size != size || memcmp(again, bytes, size) != 0)
        return JS_ThrowTypeError(ctx, "what is decoded is not UTF-8");
    return string;
}

/* The bytes that count when two values are compared; false for what is neither text nor a number nor bytes. */
static bool comparable(JSContext *ctx, JSValueConst value, uint8_t **bytes, size_t *size) {
    if (JS_IsString(value) || JS_IsNumber(value)) {
        *bytes = (uint8_t *)utf8(ctx, value, size);
        return *bytes != NULL;
    }
    if (JS_IsArrayBuffer(value) || JS_GetTypedArrayType(value) >= 0)
        return bytes_of(ctx, value, "", bytes, size);
    return false;
}

/* equal(a, b): in a time that depends on the lengths alone. What is absent equals nothing, not even what is absent. */
static JSValue native_equal(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
    uint8_t *a, *b;
    size_t a_size, b_size;
    if (argc < 2 || !comparable(ctx, argv[0], &a, &a_size) || !comparable(ctx, argv[1], &b, &b_size))
        return JS_HasException(ctx) ? JS_EXCEPTION : JS_FALSE;
    if (a_size != b_size)
        return JS_FALSE;
    volatile uint8_t difference = 0;
    for (size_t i = 0; i < a_size; i++)
        difference |= a[i] ^ b[i];
    return JS_NewBool(ctx, difference == 0);
}

static JSValue native_random(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
    return JS_NewFloat64(ctx, (double)(next_chance() >> 11) * 0x1p-53);
}

/* fill(view) -> view */
static JSValue native_fill(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
    uint8_t *bytes;
    size_t size;
    if (!bytes_of(ctx, argv[0], "what is filled", &bytes, &size))
        return JS_EXCEPTION;
    for (size_t i = 0; i < size; i++)
        bytes[i] = next_chance() >> 56;
    return JS_DupValue(ctx, argv[0]);
}

static const JSCFunctionListEntry natives[] = {
    JS_CFUNC_DEF("hash", 3, native_hash),     JS_CFUNC_DEF("copy", 2, native_copy),
    JS_CFUNC_DEF("encode", 1, native_encode), JS_CFUNC_DEF("decode", 2, native_decode),
    JS_CFUNC_DEF("equal", 2, native_equal),   JS_CFUNC_DEF("random", 0, native_random),
    JS_CFUNC_DEF("fill", 1, native_fill),
};

/* What is reported. */

static void say(Status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    report.status = status;
    report.text = message;
    report.size = strlen(message);
}

/* A property that is a string, cut to `most` bytes; false where there is none. Getters run: within all limits. */
static bool text_property(JSValueConst object, const char *name, char *text, size_t most) {
    JSValue value = JS_GetPropertyStr(context, object, name);
    const char *found = JS_IsString(value) ? JS_ToCString(context, value) : NULL;
    JS_FreeValue(context, JS_GetException(context));
    snprintf(text, most, "%s", found == NULL ? "" : found);
    return found != NULL;
}

static void locate(JSValueConst error) {
    char stack[LONGEST_MESSAGE];
    text_property(error, "stack", stack, sizeof stack);
    const char *place = strstr(stack, SCRIPT ":");
    report.line = report.column = 0;
    if (place != NULL) {
        char *end;
        report.line = strtol(place + strlen(SCRIPT ":"), &end, 10);
        report.column = *end == ':' ? strtol(end + 1, NULL, 10) : 0;
    }
}

static void report_primitive(JSValueConst thrown) {
    const char *text = JS_IsSymbol(thrown) ? "a symbol" : JS_ToCString(context, thrown);
    say(THREW, "threw %.*s", LONGEST_MESSAGE / 2, text == NULL ? "something" : text);
}

static void report_exception(void) {
    char name[LONGEST_NAME], text[LONGEST_MESSAGE / 2];
    JSValue thrown = JS_GetException(context);
    report.line = report.column = 0;
    if (!JS_IsObject(thrown)) {
        report_primitive(thrown);
        return;
    }
    bool named = text_property(thrown, "name", name, sizeof name);
    if (text_property(thrown, "message", text, sizeof text))
        say(THREW, "%s: %s", named && *name != '\0' ? name : "Error", text);
    else
        say(THREW, "threw an object without a message");
    locate(thrown);
}

/* The result as JSON: own, enumerable data properties and nothing else. */

typedef enum { WRITTEN, LEFT_OUT, REFUSED } Written;

static Written write_value(JSValueConst value, const char *name, int level);

static Written refuse(const char *name, const char *what) {
    if (report.status == DONE)
        say(NO_PLAIN_OBJECT, "the result's %.*s %s", LONGEST_NAME, name, what);
    return REFUSED;
}

static Written append(const char *text, size_t size) {
    if (result_size + size > LONGEST_RESULT) {
        say(RESULT_TOO_LONG, "");
        return REFUSED;
    }
    memcpy(result + result_size, text, size);
    result_size += size;
    return WRITTEN;
}

static Written append_text(const char *text) {
    return append(text, strlen(text));
}

static Written append_character(char character) {
    char escaped[8];
    if (character == '"' || character == '\\')
        snprintf(escaped, sizeof escaped, "\\%c", character);
    else if ((uint8_t)character < 0x20)
        snprintf(escaped, sizeof escaped, "\\u%04x", character);
    else
        return append(&character, 1);
    return append_text(escaped);
}

static Written failed(const char *name) {
    report_exception();
    return REFUSED;
}

static Written write_string(JSValueConst value, const char *name) {
    size_t size;
    char *text = utf8(context, value, &size);
    if (text == NULL)
        return failed(name);
    Written written = append_text("\"");
    for (size_t i = 0; written == WRITTEN && i < size; i++)
        written = append_character(text[i]);
    return written == WRITTEN ? append_text("\"") : written;
}

static Written write_number(JSValueConst value, const char *name) {
    double number;
    JS_ToFloat64(context, &number, value);
    if (!isfinite(number))
        return append_text("null");
    const char *text = JS_ToCString(context, value);
    return text == NULL ? failed(name) : append_text(text);
}

/* One property's value. `descriptor` comes from JS_GetOwnProperty, which calls nothing of an ordinary object. */
static Written write_property(const JSPropertyDescriptor *descriptor, const char *name, int level) {
    if (descriptor->flags & JS_PROP_GETSET)
        return refuse(name, "is a getter; return the value itself");
    return write_value(descriptor->value, name, level);
}

static Written write_element(JSValueConst array, uint32_t index, const char *name, int level) {
    JSPropertyDescriptor descriptor;
    JSAtom key = JS_NewAtomUInt32(context, index);
    int found = key == JS_ATOM_NULL ? -1 : JS_GetOwnProperty(context, &descriptor, array, key);
    if (found < 0)
        return failed(name);
    Written written = found ? write_property(&descriptor, name, level) : LEFT_OUT;
    return written == LEFT_OUT ? append_text("null") : written;
}

static Written write_array(JSValueConst array, const char *name, int level) {
    int64_t length;
    if (JS_GetLength(context, array, &length) < 0)
        return failed(name);
    Written written = append_text("[");
    for (int64_t i = 0; written == WRITTEN && i < length; i++) {
        if (i > 0)
            written = append_text(",");
        if (written == WRITTEN)
            written = write_element(array, i, name, level);
    }
    return written == WRITTEN ? append_text("]") : written;
}

static Written write_member(JSValueConst object, JSAtom key, bool first, int level) {
    JSPropertyDescriptor descriptor;
    size_t before = result_size;
    const char *name = JS_AtomToCString(context, key);
    int found = name == NULL ? -1 : JS_GetOwnProperty(context, &descriptor, object, key);
    if (found <= 0)
        return found < 0 ? failed("") : LEFT_OUT;
    Written written = first ? WRITTEN : append_text(",");
    if (written == WRITTEN)
        written = write_string(JS_AtomToString(context, key), name);
    if (written == WRITTEN)
        written = append_text(":");
    if (written == WRITTEN)
        written = write_property(&descriptor, name, level);
    if (written == LEFT_OUT)
        result_size = before;
    return written;
}

static Written write_object(JSValueConst object, const char *name, int level) {
    JSPropertyEnum *keys;
    uint32_t count;
    bool first = true;
    if (JS_GetOwnPropertyNames(context, &keys, &count, object, JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY) < 0)
        return failed(name);
    Written written = append_text("{");
    for (uint32_t i = 0; written != REFUSED && i < count; i++) {
        written = write_member(object, keys[i].atom, first, level);
        first = first && written != WRITTEN;
    }
    return written == REFUSED ? REFUSED : append_text("}");
}

static Written write_date(JSValueConst date, const char *name) {
    JSValue text = JS_Call(context, to_iso_string, date, 0, NULL);
    if (JS_IsException(text)) {
        JS_FreeValue(context, JS_GetException(context));
        return append_text("null");
    }
    return write_string(text, name);
}

static Written write_reference(JSValueConst value, const char *name, int level) {
    if (JS_IsProxy(value))
        return refuse(name, "is a Proxy; return a plain object");
    if (JS_IsPromise(value))
        return refuse(name, "is a promise; await it");
    if (JS_IsFunction(context, value))
        return LEFT_OUT;
    if (level >= MOST_LEVELS)
        return refuse(name, "is nested in over 64 levels, or in itself");
    if (JS_IsDate(value))
        return write_date(value, name);
    return JS_IsArray(value) ? write_array(value, name, level + 1) : write_object(value, name, level + 1);
}

static Written write_value(JSValueConst value, const char *name, int level) {
    if (JS_IsObject(value))
        return write_reference(value, name, level);
    if (JS_IsString(value))
        return write_string(value, name);
    if (JS_IsNumber(value))
        return write_number(value, name);
    if (JS_IsBool(value))
        return append_text(JS_VALUE_GET_BOOL(value) ? "true" : "false");
    if (JS_IsNull(value))
        return append_text("null");
    if (JS_IsBigInt(value))
        return refuse(name, "is a BigInt; return a number or a string");
    return LEFT_OUT;
}

static const char *kind_of(JSValueConst value) {
    if (JS_IsProxy(value))
        return "a Proxy";
    if (JS_IsArray(value))
        return "an array";
    if (JS_IsFunction(context, value))
        return "a function";
    if (JS_IsUndefined(value))
        return "nothing";
    if (JS_IsNull(value))
        return "null";
    return JS_IsString(value) ? "a string" : JS_IsBool(value) ? "a boolean" : "no object";
}

static void report_result(JSValueConst value) {
    bool plain = JS_IsObject(value) && !JS_IsProxy(value) && !JS_IsArray(value) && !JS_IsFunction(context, value);
    if (!plain) {
        say(NO_PLAIN_OBJECT, "main returned %s; it has to return an object", kind_of(value));
        return;
    }
    report.status = DONE;
    result_size = 0;
    result = allocate(NULL, LONGEST_RESULT);
    if (result == NULL || write_object(value, "", 1) != WRITTEN)
        return;
    report.text = result;
    report.size = result_size;
}

/* Loading and calling. */

/* What a promise comes to, once the jobs it waits for are done; another value as it is. */
static bool settled(JSValue *value) {
    JSContext *job;
    while (JS_IsPromise(*value) && JS_PromiseState(context, *value) == JS_PROMISE_PENDING) {
        int ran = JS_ExecutePendingJob(runtime, &job);
        if (ran == 0) {
            say(UNSETTLED, "");
            return false;
        }
    }
    if (!JS_IsPromise(*value))
        return true;
    bool fulfilled = JS_PromiseState(context, *value) == JS_PROMISE_FULFILLED;
    *value = JS_PromiseResult(context, *value);
    if (!fulfilled) {
        JS_Throw(context, *value);
        report_exception();
    }
    return fulfilled;
}

static bool evaluated(JSValue compiled) {
    JSValue value = JS_EvalFunction(context, compiled);
    if (!JS_IsException(value))
        return settled(&value);
    report_exception();
    return false;
}

static JSValue compile(const char *source, size_t size, int kind) {
    return JS_Eval(context, source, size, SCRIPT, kind | JS_EVAL_FLAG_COMPILE_ONLY);
}

static bool is_before(int32_t line, int32_t column) {
    return line < report.line || (line == report.line && column < report.column);
}

/* The source as a script or, where only that compiles, as a module. Of two mistakes in what is written the one further
 * on is told; a module that cannot be had is always told. */
static JSValue compiled(const char *source, size_t size) {
    JSValue script = compile(source, size, JS_EVAL_TYPE_GLOBAL);
    if (!JS_IsException(script))
        return script;
    JSValue error_as_script = JS_GetException(context);
    locate(error_as_script);
    int32_t line = report.line, column = report.column;
    JSValue module = compile(source, size, JS_EVAL_TYPE_MODULE);
    if (!JS_IsException(module))
        return module;
    report_exception();
    if (report.line != 0 && !is_before(line, column)) {
        JS_Throw(context, error_as_script);
        report_exception();
    }
    return JS_EXCEPTION;
}

static const char FIND_MAIN[] = "typeof main === 'function' ? main"
                                " : typeof module !== 'object' || module === null ? undefined"
                                " : typeof module.exports === 'function' ? module.exports : module.exports?.main";

static JSValue exported(JSValueConst module) {
    JSValue names = JS_GetModuleNamespace(context, JS_VALUE_GET_PTR(module));
    JSValue found = JS_GetPropertyStr(context, names, "main");
    if (JS_IsFunction(context, found))
        return found;
    JSValue standard = JS_GetPropertyStr(context, names, "default");
    if (!JS_IsObject(standard) || JS_IsFunction(context, standard))
        return standard;
    return JS_GetPropertyStr(context, standard, "main");
}

static void found(JSValue function) {
    if (JS_IsException(function))
        report_exception();
    else if (!JS_IsFunction(context, function))
        say(NO_MAIN, "");
    else
        main_function = function;
}

static void start_report(void) {
    JS_UpdateStackTop(runtime);
    report.status = DONE;
    report.text = "";
    report.size = report.line = report.column = 0;
    limit = DONE;
}

/* A limit that was hit counts, even where the script caught the exception. */
static void *finish_report(void) {
    if (limit != DONE)
        say(limit, "");
    return &report;
}

/* Room for input that is longer than the inbox. */
EXPORT(alloc) void *alloc(size_t size) {
    return reached(malloc(size));
}

static void add_intrinsics(void) {
    JS_AddIntrinsicBaseObjects(context);
    JS_AddIntrinsicDate(context);
    JS_AddIntrinsicEval(context);
    JS_AddIntrinsicRegExp(context);
    JS_AddIntrinsicJSON(context);
    JS_AddIntrinsicProxy(context);
    JS_AddIntrinsicMapSet(context);
    JS_AddIntrinsicTypedArrays(context);
    JS_AddIntrinsicPromise(context);
    JS_AddIntrinsicBigInt(context);
    JS_AddIntrinsicWeakRef(context);
    JS_AddIntrinsicAToB(context);
}

/* Make the context and run the prelude, a function that takes the natives and returns Date's toISOString. */
EXPORT(boot) void *boot(const Input *prelude) {
    runtime = JS_NewRuntime2(&heap, NULL);
    context = JS_NewContextRaw(runtime);
    JS_SetMaxStackSize(runtime, JS_STACK);
    JS_SetGCThreshold(runtime, COLLECT_FROM);
    start_report();
    report.inbox = inbox;
    report.inbox_size = sizeof inbox;
    add_intrinsics();
    JSValue function = JS_Eval(context, prelude->text, prelude->size, "prelude.js", JS_EVAL_TYPE_GLOBAL);
    JSValue native = JS_NewObject(context);
    JS_SetPropertyFunctionList(context, native, natives, sizeof natives / sizeof *natives);
    to_iso_string = JS_Call(context, function, JS_UNDEFINED, 1, &native);
    if (JS_IsException(to_iso_string))
        report_exception();
    return finish_report();
}

EXPORT(load) void *load(const Input *source) {
    start_report();
    JSValue code = compiled(source->text, source->size);
    bool module = JS_VALUE_GET_TAG(code) == JS_TAG_MODULE;
    if (JS_IsException(code))
        return finish_report();
    report.line = report.column = 0;
    if (evaluated(JS_DupValue(context, code)))
        found(module ? exported(code)
                     : JS_Eval(context, FIND_MAIN, sizeof FIND_MAIN - 1, "main.js", JS_EVAL_TYPE_GLOBAL));
    return finish_report();
}

/* Call main with {vars, body, headers} as JSON and, after a NUL, the text of the request. */
EXPORT(call) void *call(const Input *input) {
    start_report();
    clock_ms = input->at_ms;
    chance = input->seed;
    hashes = hashed_bytes = 0;
    JSValue ctx = JS_ParseJSON(context, input->text, input->size, "ctx");
    JSValue raw = JS_NewStringLen(context, input->text + input->size + 1, input->raw_size);
    if (JS_IsException(ctx) || JS_DefinePropertyValueStr(context, ctx, "rawBody", raw, JS_PROP_C_W_E) < 0) {
        report_exception();
        return finish_report();
    }
    JSValue value = JS_Call(context, main_function, JS_UNDEFINED, 1, &ctx);
    if (JS_IsException(value))
        report_exception();
    else if (settled(&value))
        report_result(value);
    return finish_report();
}

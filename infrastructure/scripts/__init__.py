"""The scripts of sources, run by QuickJS in WebAssembly: `sandbox` is the one door, everything else stays behind it."""

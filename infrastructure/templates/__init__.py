"""The catalogue of templates: one data file per provider, read and checked once. `loading` is the one door to them."""

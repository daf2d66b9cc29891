"""How providers sign: one module per family, and `schemes` as the one door to them."""

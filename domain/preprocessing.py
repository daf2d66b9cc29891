"""Native preprocessing: pure functions that derive values which a plain path cannot reach, shown as `preprocess.*`."""

from collections.abc import Callable, Mapping

import attrs

from domain.json_values import Json
from domain.preprocessors import amplitude, cdp, clerk, polytomic, shopify, supabase, workos


@attrs.frozen
class Preprocessor:
    """What is derived from a body: `apply` does it and never raises, `outputs` says in words what each value is."""

    apply: Callable[[Mapping[str, Json]], dict[str, Json]]
    outputs: Mapping[str, str]


PREPROCESSORS: Mapping[str, Preprocessor] = {
    "amplitude": Preprocessor(amplitude.derive, amplitude.OUTPUTS),
    "cdp": Preprocessor(cdp.derive, cdp.OUTPUTS),
    "clerk": Preprocessor(clerk.derive, clerk.OUTPUTS),
    "legacy_cdp": Preprocessor(cdp.derive_legacy, cdp.LEGACY_OUTPUTS),
    "polytomic": Preprocessor(polytomic.derive, polytomic.OUTPUTS),
    "shopify": Preprocessor(shopify.derive, shopify.OUTPUTS),
    "supabase": Preprocessor(supabase.derive, supabase.OUTPUTS),
    "workos": Preprocessor(workos.derive, workos.OUTPUTS),
}
"""By the name that `settings.preprocessor` gives."""

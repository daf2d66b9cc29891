"""Templates from YAML files. All are read and checked when the catalogue is made; nothing is read afterwards."""

from collections.abc import Sequence
from importlib import resources
from importlib.resources.abc import Traversable

from application.templates import Template, TemplateUnknown
from domain.errors import Refused
from infrastructure.templates import definitions, documents

CATALOGUE = resources.files("infrastructure.templates") / "catalogue"
SUFFIX = ".yaml"


class TemplateFileInvalid(Refused):
    """A file of the catalogue is no template; the message names the file and, where one is at fault, the field."""


class YamlTemplates:
    """The templates in a folder of YAML files, those that come with the gateway unless told otherwise.

    Raises TemplateFileInvalid when it is made, for the first file that is wrong.
    """

    def __init__(self, catalogue: Traversable = CATALOGUE) -> None:
        files = sorted((file for file in catalogue.iterdir() if file.name.endswith(SUFFIX)), key=lambda file: file.name)
        if not files:
            # Most likely an installation without its data files: no template at all would only surprise later.
            raise TemplateFileInvalid(f"{catalogue} holds no template; install the package with its data files")
        templates = [_load(file) for file in files]
        self._by_key = {template.key: template for template in templates}
        self._by_name = tuple(sorted(templates, key=lambda template: template.provider.name.casefold()))

    def get(self, key: str) -> Template:
        """The template called `key`; TemplateUnknown otherwise."""
        template = self._by_key.get(key)
        if template is None:
            raise TemplateUnknown(f"there is no template {key!r:.80}; the templates are {', '.join(self._by_key)}")
        return template

    def all(self) -> Sequence[Template]:
        """Every template, by name of provider."""
        return self._by_name


def _load(file: Traversable) -> Template:
    try:
        return definitions.parse(documents.read(file.read_text("utf-8")), key=file.name.removesuffix(SUFFIX))
    except Refused as problem:
        raise TemplateFileInvalid(f"{file.name}: {problem}", field=problem.field) from problem

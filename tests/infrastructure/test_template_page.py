"""The page about the sources says what the templates say."""

import pytest

from application.templates import Template
from infrastructure.templates import page
from infrastructure.templates.loading import YamlTemplates

TEMPLATES = YamlTemplates().all()


def test_the_page_is_what_the_templates_make_of_it() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.render(TEMPLATES), "run make docs"


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.key)
def test_the_page_tells_of_every_template_how_it_is_set_up(template: Template) -> None:
    written = page.render([template])
    assert f"## {template.provider.name}\n" in written
    assert template.provider.webhook_docs_url in written
    assert all(sentence in written for sentence in (*template.setup, *template.checklist))
    assert all(f"`{mapping['event_type']}`" in written for mapping in template.default_mappings)


def test_links_of_the_overview_lead_to_the_headings() -> None:
    assert "[HTTP (legacy)](#http-legacy)" in page.render(TEMPLATES)
    assert "\n## HTTP (legacy)\n" in page.render(TEMPLATES)

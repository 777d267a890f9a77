"""The one way from a template to a page."""

from typing import Any

import jinja2
from markupsafe import Markup


def rendered(template: str, **values: Any) -> str:
    """Return a page: a template with its values, the style and the script of every page.

    Values are escaped, and a name that the template wants and does not get is an error; CSS,
    JavaScript and what the template calls `svg` are ours and stay as they are.

    Args:
        template: file in `templates/`.
        values: by the template's names.

    Raises:
        jinja2.UndefinedError: for a value that is missing.
    """
    loader = jinja2.PackageLoader("attnjax.report", "templates")
    environment = jinja2.Environment(
        loader=loader,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = (
        Markup(loader.get_source(environment, name)[0]) for name in ("report.css", "report.js")
    )
    page = environment.get_template(template)
    return page.render(style=style, script=script, svg=Markup, **values)

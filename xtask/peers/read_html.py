"""html5lib reads every page of a folder: errors, and elements that could do or load something."""

import json
import pathlib
import sys

import html5lib

found = {}
for file in sorted(pathlib.Path(sys.argv[1]).glob("*.html")):
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    tree = parser.parse(file.read_text())
    active = [
        element.tag
        for element in tree.iter()
        if isinstance(element.tag, str)
        and (
            element.tag in ("img", "iframe", "object", "embed", "style", "marquee")
            or (element.tag == "script" and not element.get("src", "").startswith("/assets/"))
            or any(name.startswith("on") for name in element.keys())
        )
    ]
    errors = [f"line {line}: {error}" for (line, _), error, _ in parser.errors]
    found[file.name] = {"errors": errors, "active": active}
print(json.dumps(found))

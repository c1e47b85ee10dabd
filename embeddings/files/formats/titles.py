"""Titles in the metadata of files: which of them say what the document is about.

Most programs write a title by themselves: the name of the file, of a template or of the program.
It would stand before every passage, where the first heading says more.
"""

import re

_SUFFIXES = (
    "docx?|docm|dotx?|odt|rtf|pages|wpd|wps|pptx?|pptm|potx?|ppsx?|odp|key|xlsx?|xlsm|xlsb|ods|csv|"
    "tsv|pdf|e?ps|dvi|tex|ltx|bib|indd|indb|qxp|qxd|fm|pmd|pub|vsdx?|ai|psd|svg|html?|xhtml|php|"
    "aspx?|jsp|cgi|xml|md|markdown|rst|txt|text|log|eml|msg|epub|mobi|jpe?g|png|gif|tiff?|bmp|zip|"
    "gz|exe|bin|dat|tmp|bak|prn|out|book|ipynb|mif|sgml?"
)
_PROGRAMS = (
    "microsoft (?:office )?(?:word|powerpoint|excel|publisher|visio)|wordperfect|pagemaker|"
    "openoffice|libreoffice|quarkxpress"
)
_PLACEHOLDERS = (
    "untitled(?: (?:document|page))?|no title|unknown|unnamed|anonymous|none|null|n/?a|"
    "undefined|title|subtitle|"
    "document title|title of (?:the )?document|"
    "(?:type |your |enter |insert |add )+(?:a |the |your )?(?:document )?title(?: here)?|"
    "click to (?:add|edit) .*title.*|"
    "(?:(?:new|my|test|word|html|pdf|blank|text) )?(?:document|doc)|"
    "(?:(?:new|my|test|powerpoint|microsoft powerpoint|blank) )?presentation|"
    "(?:new |blank )?(?:work)?book|(?:spread)?sheet|page|slide|web ?page|index|home|homepage|start|"
    "report|file|draft|final|final draft|rough draft|working draft|copy|template|test|temp|tmp|"
    "default|print|scan|scanned document|image|noname|new page|manuscript|paper|article|"
    "diapositiva|folie|dokument|kein titel|unbenannt|sans titre|sin título|senza titolo|"
    "présentation|präsentation|presentación|presentazione|документ|без названия"
)
_USELESS = re.compile(
    rf"[\W_]*"  # no letter and no digit
    rf"|[\W_]*(?:{_PLACEHOLDERS})[\W_]*+(?:(?:\d++|v\d++|of \d++)[\W_]*+)*+"
    rf"|(?:{_PROGRAMS})\s*(?:[-–—:].*)?"
    # A name of a file, perhaps with a folder and spaces.
    rf"|(?:[a-z]:\\|\\\\|file:|/)?\S*[^\s.]\.(?:{_SUFFIXES})[\s()\d]*"
    rf"|\S[^.!?]{{0,80}}\.(?:docx?|pptx?|xlsx?|odt|odp|ods|rtf|pdf|indd|qxd|fm|wpd|tex)"
    rf"|(?:[a-z]:\\|\\\\|file:/|/\w+/)\S*"
    rf"|[a-z][a-z+.-]*://\S*"
    # An address, alone or with a name.
    rf"|.{{0,60}}\S+@[\w-]+(?:\.[\w-]+)+.{{0,3}}"
    # Digits only, dates among them, but no year, which may be the title of a book.
    rf"|(?!\d{{4}}$)[\d\W_]+"
    # Numbers of files and scans: "scan0012", "IMG_2041", "10811-A", "a3f0-99c2-…".
    rf"|(?:img|dsc|scan|doc|document|page|slide|file|fax|copy|rpt|tmp|ver|rev)[\W_]*\d[\w-]*"
    rf"|[0-9a-f]{{8}}-?(?:[0-9a-f]{{4}}-?){{3}}[0-9a-f]{{12}}|[0-9a-f]{{16,}}",
    re.IGNORECASE,
)
_LONGEST = 300
"""More characters are never a file's name or a placeholder, and need not be looked at."""


def is_useful_title(title: str | None) -> bool:
    """Whether a title says what the document is about; else its first heading should be taken.

    >>> is_useful_title("Rules of the rowing club"), is_useful_title("Microsoft Word - x.doc")
    (True, False)
    >>> is_useful_title("10811.exe"), is_useful_title("(anonymous)"), is_useful_title("draft")
    (False, False, False)
    """
    title = " ".join((title or "")[: 2 * _LONGEST].split())
    return len(title) > _LONGEST or not _USELESS.fullmatch(title)


def useful_title(title: str | None) -> str | None:
    """The title if it is useful, else none.

    >>> useful_title("PowerPoint Presentation"), useful_title("Tides of Lofoten")
    (None, 'Tides of Lofoten')
    """
    return title if is_useful_title(title) else None

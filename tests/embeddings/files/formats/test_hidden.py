"""Text that nobody sees is not read; what looks like it and is seen, is."""

import io
import zipfile
from pathlib import Path

import docx
import pptx
import pytest
from docx.enum.text import WD_COLOR_INDEX
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import qn
from docx.shared import Pt, RGBColor
from fpdf import FPDF
from PIL import Image
from pptx.util import Inches

from embeddings.errors import UnreadableFile
from embeddings.files.formats import css, format_of
from embeddings.files.limits import Limits
from tests.embeddings.files.test_bad_inputs import (
    CATALOG,
    FONT,
    PAGES,
    PLAIN_PAGE,
    TEXT,
    pdf,
    stream,
)


def text_of(path: Path) -> str:
    format = format_of(path)
    assert format is not None
    return format.read(path, Limits()).text


# Web pages

HIDDEN = [
    '<p style="display:none">SECRET</p>',
    '<p style="DISPLAY : None !important; display: block">SECRET</p>',
    r'<p style="d\69splay:n\6f ne">SECRET</p>',
    '<p style="dis/**/play:none"></p><p style="display:/* */none">SECRET</p>',
    '<p style="visibility:hidden">SECRET</p>',
    '<div style="visibility:hidden"><p>SECRET</p></div>',
    '<p style="opacity:0">SECRET</p>',
    '<p style="opacity:.01">SECRET</p>',
    '<p style="font-size:0">SECRET</p>',
    '<p style="font-size:1px">SECRET</p>',
    '<div style="font-size:10%"><p style="font-size:0.5em">SECRET</p></div>',
    '<p style="font:0px Arial">SECRET</p>',
    '<p style="color:white">SECRET</p>',
    '<p style="color:#FFF">SECRET</p>',
    '<p style="color:rgb(254, 255, 255)">SECRET</p>',
    '<p style="color:rgba(0,0,0,0)">SECRET</p>',
    '<p style="color:transparent">SECRET</p>',
    '<font color="#ffffff">SECRET</font>',
    '<div style="color:white"><p style="color:inherit">SECRET</p></div>',
    '<div style="background:#333"><p style="color:#343434">SECRET</p></div>',
    '<div style="background:rgba(0,0,0,0)"><p style="color:white">SECRET</p></div>',
    '<table bgcolor="black"><tr><td><font color="black">SECRET</font></td></tr></table>',
    '<p style="position:absolute;left:-9999px">SECRET</p>',
    '<p style="position:fixed;top:-1000em">SECRET</p>',
    '<p style="text-indent:-99999px">SECRET</p>',
    '<p style="margin-left:-5000px">SECRET</p>',
    '<p style="transform:translateX(-9999px)">SECRET</p>',
    '<p style="transform:scale(0)">SECRET</p>',
    '<p style="position:absolute;clip:rect(0 0 0 0)">SECRET</p>',
    '<p style="position:absolute;clip:rect(1px, 1px, 1px, 1px)">SECRET</p>',
    '<p style="clip-path:inset(50%)">SECRET</p>',
    '<p style="width:1px;height:1px;overflow:hidden">SECRET</p>',
    '<p style="max-height:0;overflow-y:hidden">SECRET</p>',
    "<p hidden>SECRET</p>",
    '<p aria-hidden="true">SECRET</p>',
    "<template><p>SECRET</p></template>",
    '<style>.x{display:none}</style><p class="a x">SECRET</p>',
    '<style>#x{display:none}</style><p id="x">SECRET</p>',
    "<style>aside{display:none}</style><aside>SECRET</aside>",
    "<style>.sr-only{position:absolute;width:1px;height:1px;overflow:hidden}</style>"
    '<span class="sr-only">SECRET</span>',
    '<style>div .x{display:none}</style><div><section><p class="x">SECRET</p></section></div>',
    '<style>div > p.x{display:none}</style><div><p class="x">SECRET</p></div>',
    '<style>@media screen{.x{display:none}}</style><p class="x">SECRET</p>',
    '<style>@media print{.y{a:b}} .x{display:none}</style><p class="x">SECRET</p>',
    '<style>.x{color:#fff}.y{color:#000}</style><p class="y x" style="color:white">SECRET</p>',
    '<style>p{display:block}.x{display:none}p{display:block}</style><p class="x">SECRET</p>',
    '<style>.x{display:none!important}</style><p class="x" style="display:block">SECRET</p>',
    '<style>.\\78 {display:none}</style><p class="x">SECRET</p>',
    # Rules inside of rules, and of one element beside another.
    '<style>.m{.x{display:none}}</style><div class="m"><p class="x">SECRET</p></div>',
    '<style>.x{&.y{display:none}}</style><p class="x y">SECRET</p>',
    '<style>.x{& > p{display:none}}</style><div class="x"><p>SECRET</p></div>',
    '<style>.x{> p{display:none}}</style><div class="x"><p>SECRET</p></div>',
    '<style>.x{.m &{display:none}}</style><div class="m"><p class="x">SECRET</p></div>',
    '<style>.x{@media screen{display:none}}</style><p class="x">SECRET</p>',
    '<style>.x{color:red;@media screen{&{display:none}}}</style><p class="x">SECRET</p>',
    '<style>i + .x{display:none}</style><i></i><p class="x">SECRET</p>',
    '<style>i ~ .x{display:none}</style><i></i><b></b><p class="x">SECRET</p>',
    '<style>i[hidden] + .x{display:none}</style><i hidden></i><p class="x">SECRET</p>',
    "<style>[data-x]{display:none}</style><p data-x>SECRET</p>",
    "<style>[class~='x']{display:none}</style><p class='y x'>SECRET</p>",
    "<style>[class^=x i]{display:none}</style><p class='XY'>SECRET</p>",
    "<style>p[title$=x][lang|=en]{display:none}</style><p title=ax lang=en-GB>SECRET</p>",
    "<style>u > :first-child{display:none}</style><u><b>SECRET</b></u>",
    "<style>u > :last-child{display:none}</style><u><b></b><b>SECRET</b></u>",
    "<style>u > :nth-child(2n){display:none}</style><u><b></b><b>SECRET</b></u>",
    "<style>u > b:nth-of-type(1){display:none}</style><u><i></i><b>SECRET</b></u>",
    "<style>u:not(.open){display:none}</style><u>SECRET</u>",
    "<style>u:not(:hover, .open) b{display:none}</style><u><b>SECRET</b></u>",
    '<style>:is(.x, :bogus) b{display:none}</style><u class="x"><b>SECRET</b></u>',
    '<style>:where(.x){display:none}</style><u class="x">SECRET</u>',
    "<style>u > i b{display:none}</style><u><i><i><b>SECRET</b></i></i></u>",
    # Conditions.
    '<style>@media (min-width:1px){.x{display:none}}</style><p class="x">SECRET</p>',
    '<style>@media all{.x{display:none}}</style><p class="x">SECRET</p>',
    '<style>@media print, (width >= 40em){.x{display:none}}</style><p class="x">SECRET</p>',
    '<style>@media (100px < width < 9000px){.x{display:none}}</style><p class="x">SECRET</p>',
    '<style>@media not print{.x{display:none}}</style><p class="x">SECRET</p>',
    "<style>@media screen and (min-width:600px) and (orientation:landscape)"
    '{.x{display:none}}</style><p class="x">SECRET</p>',
    '<style>@media (prefers-color-scheme:light){.x{display:none}}</style><p class="x">SECRET</p>',
    '<style>@supports (display:grid){.x{display:none}}</style><p class="x">SECRET</p>',
    '<style>@layer a{.x{display:none}}</style><p class="x">SECRET</p>',
    "<style>@layer a,b;@layer b{.x{display:none}}@layer a{p.x{display:block}}</style>"
    '<p class="x">SECRET</p>',
    '<style media="screen">.x{display:none}</style><p class="x">SECRET</p>',
    # Values.
    '<p style="position:absolute;left:calc(-9999px)">SECRET</p>',
    '<p style="position:absolute;left:calc(-1 * (100% + 20000px))">SECRET</p>',
    '<p style="position:absolute;left:99999px">SECRET</p>',
    '<p style="position:absolute;inset:auto auto auto -9999px">SECRET</p>',
    '<p style="margin-left:99999px">SECRET</p>',
    '<p style="position:absolute;inset-inline-start:-9999px">SECRET</p>',
    '<p style="max-block-size:0;overflow:hidden">SECRET</p>',
    '<p style="margin:0 0 0 -9999px">SECRET</p>',
    '<p style="translate:-9999px">SECRET</p>',
    '<p style="translate:0 -9999px">SECRET</p>',
    '<p style="scale:0">SECRET</p>',
    '<p style="transform:rotate(3deg) scale(0)">SECRET</p>',
    '<p style="transform:matrix(0,0,0,0,0,0)">SECRET</p>',
    '<p style="filter:opacity(0)">SECRET</p>',
    '<p style="filter:blur(0) opacity(0%)">SECRET</p>',
    '<div style="opacity:.2"><p style="opacity:.2">SECRET</p></div>',
    '<p style="content-visibility:hidden">SECRET</p>',
    '<p style="clip-path:inset(0 100% 0 0)">SECRET</p>',
    '<p style="clip-path:polygon(0 0, 0 0, 0 0)">SECRET</p>',
    '<p style="font-size:1e-9px">SECRET</p>',
    '<p style="font-size:calc(1px - 1px)">SECRET</p>',
    '<p style="color:hsl(0, 0%, 100%)">SECRET</p>',
    '<p style="color:hsl(120deg 10% 99%)">SECRET</p>',
    '<p style="color:rgb(100% 100% 100%)">SECRET</p>',
    '<p style="color:oklch(1 0 0)">SECRET</p>',
    '<p style="color:mintcream">SECRET</p>',
    '<p style="color:Canvas">SECRET</p>',
    '<p style="color:rgba(255,255,255,.99)">SECRET</p>',
    '<p style="background:black;color:rgba(0,0,0,.5)">SECRET</p>',
    '<p style="background:red;color:transparent">SECRET</p>',
    '<p style="background:currentcolor">SECRET</p>',
    '<p style="-webkit-text-fill-color:white">SECRET</p>',
    '<p style="-webkit-text-fill-color:white"><b style="color:red">SECRET</b></p>',
    '<p style="background:url(a.png);background:white;color:white">SECRET</p>',
    "<style>.x{background:black}p.x{background-color:white}</style>"
    '<p class="x" style="color:white">SECRET</p>',
    '<p style="display:none;display:bogus">SECRET</p>',
    '<p style="color:white;color:bogus">SECRET</p>',
    '<div style="font-size:0"><p style="font-size:bogus">SECRET</p></div>',
    '<p style="opacity:0;transition:none 0s">SECRET</p>',
    '<p style="opacity:0;visibility:hidden;transition:all 1s">SECRET</p>',
    '<style>:root{--c:#fff}</style><p style="color:var(--c)">SECRET</p>',
    '<style>:root{--d:none}.x{display:var(--d)}</style><p class="x">SECRET</p>',
    '<div style="--a:var(--b);--b:none"><p style="display:var(--a)">SECRET</p></div>',
    '<p style="display:var(--a, none)">SECRET</p>',
    '<p style="--a:0;--A:1;opacity:var(--a)">SECRET</p>',
    # Spellings.
    """<style>.y{content:"/*"} .x{display:none} .y{content:"*/"}</style><p class="x">SECRET</p>""",
    "<style>.y{left:" + "1" * 9_000 + "px} .x{display:none}</style><p class=x>SECRET</p>",
    "<p style='left:" + "(" * 5_000 + ";'></p><p style='display:none'>SECRET</p>",
    "<style>:root{--a:" + "(" * 900 + ")" * 900 + "}.x{left:calc(var(--a));display:none}</style>"
    "<p class=x>SECRET</p>",
    """<style>.y{content:"}"} .x{display:none}</style><p class="x">SECRET</p>""",
    '<style><!-- .x{display:none} --></style><p class="x">SECRET</p>',
    '<style>@import "a.css"; .x{display:none}</style><p class="x">SECRET</p>',
    '<style>.y:hover, .x{display:none}</style><p class="x">SECRET</p>',
    '<style>:bogus{a:b} .x{display:none}</style><p class="x">SECRET</p>',
    "<style>.x{display:none}</style><style>@media print{.x{display:block}}</style>"
    '<p class="x">SECRET</p>',
    # Elements.
    "<dialog>SECRET</dialog>",
    "<div popover>SECRET</div>",
    '<style>.tab{display:none}</style><div class="tab">SECRET</div>',
    '<style>.t > div{max-height:0;overflow:hidden}</style><div class="t"><div>SECRET</div></div>',
]

SEEN = [
    "<details><summary>More</summary><p>SEEN</p></details>",
    '<p style="display:block">SEEN</p>',
    '<p style="opacity:0.9">SEEN</p>',
    '<div style="font-size:0"><p style="font-size:16px">SEEN</p></div>',
    '<div style="visibility:hidden"><p style="visibility:visible">SEEN</p></div>',
    '<p style="font-size:0.8em">SEEN</p>',
    '<p style="font:700 12px/1.5 Arial">SEEN</p>',
    '<div style="background:navy"><p style="color:white">SEEN</p></div>',
    '<div style="background:url(night.jpg)"><p style="color:white">SEEN</p></div>',
    '<div style="background:var(--night)"><p style="color:white">SEEN</p></div>',
    '<table bgcolor="black"><tr><td><font color="white">SEEN</font></td></tr></table>',
    '<div style="color:white"><p style="color:black">SEEN</p></div>',
    '<p style="left:-9999px">SEEN</p>',
    '<p style="margin-left:-100%">SEEN</p>',
    '<p style="position:absolute;left:120px">SEEN</p>',
    '<p style="transform:translate(-50%,-50%)">SEEN</p>',
    '<p style="width:1px">SEEN</p>',
    '<p style="height:100px;overflow:hidden">SEEN</p>',
    '<p aria-hidden="false">SEEN</p>',
    '<p hidden="until-found">SEEN</p>',
    '<style>.x{display:none}</style><p class="y">SEEN</p>',
    '<style>.x{display:none}p.x{display:block}</style><p class="x">SEEN</p>',
    '<style>.x{display:none}</style><p class="x" style="display:block">SEEN</p>',
    '<style>@media print{.x{display:none}}</style><p class="x">SEEN</p>',
    '<style>@media (max-width:600px){.x{display:none}}</style><p class="x">SEEN</p>',
    '<style>.x:hover{display:none}</style><p class="x">SEEN</p>',
    '<style>div > p.x{display:none}</style><div><section><p class="x">SEEN</p></section></div>',
    '<style>/* .x{display:none} */</style><p class="x">SEEN</p>',
    '<style>.x{color:white;background:teal}</style><p class="x">SEEN</p>',
    "<style>body{opacity:0}</style><p>SEEN</p>",
    '<p style="background:linear-gradient(red,blue);-webkit-background-clip:text;'
    'color:transparent">SEEN</p>',
    # Rules that are of something else.
    '<style>.m{.x{display:none}}</style><p class="x">SEEN</p>',
    '<style>.m{&.x{display:none}}</style><div class="m"><p class="x">SEEN</p></div>',
    '<style>.m{color:red;.y &{display:none}}</style><p class="m">SEEN</p>',
    '<style>.m::before{.x{display:none}}</style><div class="m"><p class="x">SEEN</p></div>',
    '<style>.x::before{display:none}</style><p class="x">SEEN</p>',
    '<style>i + .x{display:none}</style><i></i><b></b><p class="x">SEEN</p>',
    '<style>.x ~ i{display:none}</style><i></i><p class="x">SEEN</p>',
    "<style>[class~='x']{display:none}</style><p class='xy'>SEEN</p>",
    '<style>.x:not(.x){display:none}</style><p class="x">SEEN</p>',
    '<style>.x:not(:has(b)){display:none}</style><p class="x">SEEN</p>',
    '<style>.x:first-child{display:none}</style><p class="x">SEEN</p>',
    '<style>.x:nth-child(9){display:none}</style><p class="x">SEEN</p>',
    '<style>.x:is(:hover, :focus-within){display:none}</style><p class="x">SEEN</p>',
    "<style>u > i > b{display:none}</style><u><i><i><b>SEEN</b></i></i></u>",
    '<style>x|p, p &, .x > > p, p[a=]{display:none}</style><p class="x">SEEN</p>',
    '<style>@media screen and (max-width:600px){.x{display:none}}</style><p class="x">SEEN</p>',
    '<style>@media not screen{.x{display:none}}</style><p class="x">SEEN</p>',
    '<style>@media (bogus:1){.x{display:none}}</style><p class="x">SEEN</p>',
    '<style>@media not (bogus:1){.x{display:none}}</style><p class="x">SEEN</p>',
    '<style>@supports not (display:grid){.x{display:none}}</style><p class="x">SEEN</p>',
    '<style>@supports (-webkit-touch-callout:none){.x{display:none}}</style><p class="x">SEEN</p>',
    '<style>@container (width > 1px){.x{display:none}}</style><p class="x">SEEN</p>',
    '<style>@keyframes a{from{display:none} p{display:none}}</style><p class="x">SEEN</p>',
    '<style>@layer a{p.x{display:none}} .x{display:block}</style><p class="x">SEEN</p>',
    '<style media="print">.x{display:none}</style><p class="x">SEEN</p>',
    '<style type="text/x-template">.x{display:none}</style><p class="x">SEEN</p>',
    '<noscript><style>.x{display:none}</style></noscript><p class="x">SEEN</p>',
    """<style>.y{content:".x{display:none}"}</style><p class="x">SEEN</p>""",
    # Light text on a dark ground, and on what may be one.
    '<table><tr style="background:#222;color:#fff"><th>SEEN</th></tr></table>',
    '<style>.top{background:#036}.top b{color:white}</style><p class="top"><b>SEEN</b></p>',
    "<style>.top{background:linear-gradient(#000,#111)}</style>"
    '<p class="top"><b style="color:white">SEEN</b></p>',
    '<style>.top{background:#000 url("a.png") no-repeat 0 0 / cover;color:#fff}</style>'
    '<p class="top"><b>SEEN</b></p>',
    '<style>.top{background-image:url(a.png)}</style><p class="top" style="color:white">SEEN</p>',
    '<style>.top{background:hsl(210 50% 20%)}</style><p class="top" style="color:white">SEEN</p>',
    '<style>.top{background:rgba(0,0,0,.6)}</style><p class="top" style="color:white">SEEN</p>',
    "<style>:root{--c:#123}.top{background:var(--c)}</style>"
    '<p class="top" style="color:white">SEEN</p>',
    "<style>.a{background:white}.b.b{background:black}</style>"
    '<p class="a b" style="color:white">SEEN</p>',
    "<style>body{background:#111;color:#eee}</style><p>SEEN</p>",
    "<style>html{background:#111}body{color:#eee}</style><p>SEEN</p>",
    "<style>:root{color-scheme:dark}p{color:white}</style><p>SEEN</p>",
    "<style>@media (prefers-color-scheme:dark){body{background:#111;color:#eee}}</style>"
    "<p>SEEN</p>",
    "<style>body{color:#111}@media (prefers-color-scheme:dark){body{background:#111;color:#eee}}"
    "</style><p>SEEN</p>",
    '<div style="background:black;color:white"><p style="color:inherit">SEEN</p></div>',
    '<div style="color:white"><p style="background:black">SEEN</p></div>',
    '<div style="color:white"><a href="b">SEEN</a></div>',
    '<div style="color:yellow"><mark>SEEN</mark></div>',
    '<p bgcolor="000080"><font color="ffffff">SEEN</font></p>',
    '<div style="position:relative"><img src="a"><p style="position:absolute;color:white">SEEN</p>'
    "</div>",
    '<style>.x{color:white}.x::before{content:"";position:absolute;background:black}</style>'
    '<p class="x">SEEN</p>',
    '<p style="color:white;text-shadow:0 0 3px black">SEEN</p>',
    '<p style="background:linear-gradient(red,blue);-webkit-background-clip:text;'
    '-webkit-text-fill-color:transparent"><b>SEEN</b></p>',
    # What comes into view, or has another size than it seems.
    '<p style="opacity:0;animation:rise 1s forwards">SEEN</p>',
    '<style>.fade{opacity:0;transition:opacity .3s ease}</style><p class="fade">SEEN</p>',
    '<style>.reveal{opacity:0;transition-duration:400ms}</style><p class="reveal">SEEN</p>',
    '<div style="font-size:0"><p style="font-size:medium">SEEN</p></div>',
    '<div style="font-size:0"><p style="font-size:var(--size)">SEEN</p></div>',
    '<p style="font:italic bold .8em/1.2 Georgia, serif">SEEN</p>',
    '<p style="width:1px;min-width:100%;overflow:hidden">SEEN</p>',
    '<span style="width:1px;overflow:hidden">SEEN</span>',
    '<table><tr><td style="width:1px;overflow:hidden">SEEN</td></tr></table>',
    '<p style="position:absolute;top:99999px">SEEN</p>',
    '<p style="margin-left:calc(-100% - 20px)">SEEN</p>',
    '<p style="clip-path:polygon(0 0, 100% 0, 100% 100%)">SEEN</p>',
    '<p style="transform:translateX(20px) scale(1.1)">SEEN</p>',
    '<p style="display:var(--shown)">SEEN</p>',
    '<p style="opacity:bogus;opacity:1">SEEN</p>',
    "<dialog open>SEEN</dialog>",
    '<p hidden style="display:block">SEEN</p>',
    '<p><i aria-hidden="true">*</i>SEEN</p>',
]


@pytest.mark.parametrize("page", HIDDEN)
def test_hidden_text_of_a_page_is_not_read(tmp_path: Path, page: str) -> None:
    path = tmp_path / "a.html"
    path.write_text(f"<html><body><p>Before it.</p>{page}<p>After it.</p></body></html>")
    assert text_of(path).split() == ["Before", "it.", "After", "it."]


@pytest.mark.parametrize("page", SEEN)
def test_visible_text_of_a_page_is_read(tmp_path: Path, page: str) -> None:
    path = tmp_path / "a.html"
    path.write_text(f"<html><body><p>Before it.</p>{page}<p>After it.</p></body></html>")
    assert text_of(path).replace("More", "").split() == ["Before", "it.", "SEEN", "After", "it."]


def test_what_stands_behind_hidden_text_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text("<p>Fifty <b hidden>thousand</b>tons<i style='color:#fff'>!</i> of aid.</p>")
    assert text_of(path) == "Fifty tons of aid."


def test_page_hidden_until_a_script_has_run_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text(
        "<html style='visibility:hidden'><head><title>Aid</title></head>"
        "<body style='opacity:0;display:none' aria-hidden='true'><p>Fifty tons.</p></body></html>"
    )
    assert text_of(path) == "Fifty tons."


def page_with(rules: str, elements: str, count: int) -> str:
    """A page with as many rules as elements; both can say which one they are."""
    style = "".join(rules.replace("%", str(at)) for at in range(count))
    body = "".join(elements.replace("%", str(at)) for at in range(count))
    return f"<style>{style}.z .q{{display:none}}</style>{body}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rules", "elements"),
    [
        (".a.b%{color:red}", "<p class=a>x</p>"),
        (".a.b%{color:red}", "<p class='a b%'>x</p>"),
        (".c% .a{color:red}", "<p class=a>x</p>"),
        ("#c% > .a ~ p{color:red}", "<p class=a>x</p>"),
    ],
)
def test_rules_hold_behind_many_others(tmp_path: Path, rules: str, elements: str) -> None:
    page = page_with(rules, elements, 1_500)
    (tmp_path / "a.html").write_text(f"{page}<p>Seen.</p><div class=z><p class=q>SECRET</p></div>")
    assert text_of(tmp_path / "a.html").split()[-1] == "Seen."


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [
        page_with("p:not(.c%){top:0}", "<p>x</p>", 600),
        page_with("p:not(.x) ~ .x{left:0}", "<p class=x>x</p>", 600),
        "<style>" + "a,b{" * 40 + "color:red</style><p>x</p>",
        "<style>" + "a " * 200 + "{color:red}</style><p>x</p>",
        "<style>" + ":not(" * 30 + "a" + ")" * 30 + "{color:red}</style><p>x</p>",
        "<style>" + "a{color:red}" * 500_000 + "</style><p>x</p>",
    ],
    ids=["elements", "siblings", "nested", "long", "deep", "large"],
)
def test_page_whose_rules_are_too_many_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    monkeypatch.setattr(css, "MAX_STEPS", 100_000)
    (tmp_path / "a.html").write_text(page)
    with pytest.raises(UnreadableFile, match="style rules"):
        text_of(tmp_path / "a.html")


def test_hidden_text_of_a_book_is_not_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.epub", "w") as archive:
        archive.writestr(
            "META-INF/container.xml",
            "<container><rootfiles><rootfile full-path='b.opf'/></rootfiles></container>",
        )
        archive.writestr(
            "b.opf",
            "<package><manifest><item id='a' href='a.xhtml' media-type='application/xhtml+xml'/>"
            "</manifest><spine><itemref idref='a'/></spine></package>",
        )
        archive.writestr(
            "a.xhtml",
            '<html xmlns="http://www.w3.org/1999/xhtml"><head><style>.x{display:none}</style>'
            '</head><body><p class="x">SECRET</p><p>Fifty tons.</p></body></html>',
        )
    assert text_of(tmp_path / "a.epub") == "Fifty tons."


SHOWN = [
    '<div style="display:flex"><p style="width:0;flex:1;overflow:hidden">{}</p></div>',
    '<p style="margin:0 -9999px;padding:0 9999px;background:#ddd">{}</p>',
    '<div style="height:0;overflow:hidden;padding-bottom:56%"><p>{}</p></div>',
    '<div style="max-height:0;overflow:hidden;transition:max-height .3s">{}</div>',
    '<p style="clip:rect(0,0,0,0)">{}</p>',
    '<p style="position:relative;left:-2400px">{}</p>',
    '<p style="transform:translate3d(-1200px,0,0)">{}</p>',
    '<p style="transform:translateX(-100%)">{}</p>',
    '<p style="margin-left:-1100px">{}</p>',
    '<p style="color:#fff;-webkit-text-stroke:1px black">{}</p>',
    '<link rel="stylesheet" href="s.css"><p class="banner" style="color:#fff">{}</p>',
    '<style>@import "s.css";</style><p style="color:#fff">{}</p>',
]
"""What sliders, tables, banners and pages of other style sheets are made of."""


@pytest.mark.parametrize("page", SHOWN)
def test_text_that_may_be_seen_is_read(tmp_path: Path, page: str) -> None:
    (tmp_path / "a.html").write_text(f"<p>Fifty tons.</p>{page.format('They were sent.')}")
    assert "They were sent." in text_of(tmp_path / "a.html")


def test_page_saved_under_a_dialog_is_read(tmp_path: Path) -> None:
    text = "The bridge over the Ishim was opened in 1901 and closed in 1950."
    (tmp_path / "a.html").write_text(
        f'<body><div aria-hidden="true"><p>{text}</p></div><div><p>Accept?</p></div></body>'
    )
    assert text in text_of(tmp_path / "a.html")


# Word documents


def test_hidden_text_of_a_word_document_is_not_read(tmp_path: Path) -> None:
    source = docx.Document()
    paragraph = source.add_paragraph("Fifty ")
    paragraph.add_run("SECRET").font.hidden = True
    paragraph.add_run("SECRET").font.color.rgb = RGBColor(0xFF, 0xFF, 0xFF)
    paragraph.add_run("SECRET").font.size = Pt(1)
    style = source.styles.add_style("Unseen", 1)
    style.font.hidden = True
    based = source.styles.add_style("Based", 1)
    based.base_style = style
    source.add_paragraph("SECRET", style="Unseen")
    source.add_paragraph("SECRET", style="Based")
    paragraph.add_run("tons.")
    source.save(str(tmp_path / "a.docx"))
    assert text_of(tmp_path / "a.docx") == "Fifty tons."


def test_visible_text_of_a_word_document_is_read(tmp_path: Path) -> None:
    white = RGBColor(0xFF, 0xFF, 0xFF)
    source = docx.Document()
    paragraph = source.add_paragraph()
    shown = paragraph.add_run("one ")
    shown.font.hidden = False
    paragraph.add_run("two ").font.size = Pt(6)
    marked = paragraph.add_run("three ")
    marked.font.color.rgb, marked.font.highlight_color = white, WD_COLOR_INDEX.BLUE
    shade = f'<w:shd xmlns:w="{qn("w:p")[1:].partition("}")[0]}" w:val="clear" w:fill="000080"/>'
    shaded = paragraph.add_run("four ")
    shaded.font.color.rgb = white
    shaded._r.get_or_add_rPr().append(parse_xml(shade))
    whole = source.add_paragraph()
    whole.add_run("five").font.color.rgb = white
    whole._p.get_or_add_pPr().append(parse_xml(shade))
    table = source.add_table(1, 2)
    table.cell(0, 0).paragraphs[0].add_run("six").font.color.rgb = white
    style = source.styles.add_style("Unseen", 1)
    style.font.hidden = True
    source.add_paragraph(style="Unseen").add_run("seven").font.hidden = False
    source.save(str(tmp_path / "a.docx"))
    words = text_of(tmp_path / "a.docx").split()
    assert words == ["one", "two", "three", "four", "five", "six", "seven"]


def test_white_text_on_a_page_with_a_colour_is_read(tmp_path: Path) -> None:
    source = docx.Document()
    source.add_paragraph().add_run("Fifty tons.").font.color.rgb = RGBColor(0xFF, 0xFF, 0xFF)
    background = OxmlElement("w:background")
    background.set(qn("w:color"), "000080")
    source.element.insert(0, background)
    source.save(str(tmp_path / "a.docx"))
    assert text_of(tmp_path / "a.docx") == "Fifty tons."


# Presentations


def test_what_lies_beside_a_slide_is_not_read(tmp_path: Path) -> None:
    source = pptx.Presentation()
    width, height = source.slide_width, source.slide_height
    assert width is not None and height is not None
    slide = source.slides.add_slide(source.slide_layouts[6])
    for left, top, text in [
        (0, 0, "one"),
        (-Inches(3), 0, "SECRET"),
        (width, 0, "SECRET"),
        (0, height + Inches(1), "SECRET"),
        (0, -Inches(1), "SECRET"),
        (-Inches(1), Inches(1), "two"),
    ]:
        box = slide.shapes.add_textbox(left, top, Inches(2), Inches(1))
        box.text_frame.text = text
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(-Inches(9), 0, Inches(2), Inches(1)).text_frame.text = "three"
    hidden = source.slides.add_slide(source.slide_layouts[6])
    hidden._element.set("show", "0")
    hidden.shapes.add_textbox(0, 0, Inches(2), Inches(1)).text_frame.text = "four"
    source.save(str(tmp_path / "a.pptx"))
    assert text_of(tmp_path / "a.pptx").split() == ["one", "two", "three", "four"]


# PDF files

MARK = b"BT /F 12 Tf 72 650 Td (SECRET) Tj ET"


def page_of(content: bytes, tmp_path: Path) -> str:
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf(CATALOG, PAGES, PLAIN_PAGE, stream(TEXT + b" " + content), FONT))
    return text_of(path)


@pytest.mark.parametrize(
    "content",
    [
        MARK.replace(b"12 Tf", b"12 Tf 3 Tr"),
        MARK.replace(b"12 Tf", b"12 Tf 7 Tr"),
        b"1 1 1 rg " + MARK,
        b"1 g " + MARK,
        b"0 0 0 0 k " + MARK,
        MARK.replace(b"12 Tf", b"0.5 Tf"),
        b"q 0.01 0 0 0.01 0 0 cm " + MARK + b" Q",
        MARK.replace(b"72 650", b"-500 650"),
        MARK.replace(b"72 650", b"72 900"),
        MARK.replace(b"72 650", b"700 650"),
        # Black elsewhere, and white below it.
        b"0 g 300 100 50 50 re f 1 g 60 600 200 100 re f " + MARK,
        b"0 G 60 600 200 100 re S 1 g " + MARK,
    ],
)
def test_hidden_text_of_a_pdf_is_not_read(tmp_path: Path, content: bytes) -> None:
    assert page_of(content, tmp_path) == "Hello aid"


@pytest.mark.parametrize(
    "content",
    [
        MARK,
        b"0.9 g " + MARK,
        MARK.replace(b"12 Tf", b"4 Tf"),
        MARK.replace(b"12 Tf", b"1 Tf 12 0 0 12 72 650 Tm").replace(b"72 650 Td ", b""),
        b"q 20 0 0 20 0 0 cm BT /F 0.6 Tf 5 30 Td (SECRET) Tj ET Q",
        MARK.replace(b"12 Tf", b"12 Tf 1 Tr"),
        b"0 0 1 rg 60 600 200 100 re f 1 g " + MARK,
        b"0 0 1 RG 30 w 60 655 m 300 655 l S 1 g " + MARK,
        MARK.replace(b"12 Tf", b"12 Tf 7 Tr") + b" 0 0 1 rg 60 600 200 100 re f",
        MARK.replace(b"72 650", b"-10 650"),
    ],
)
def test_visible_text_of_a_pdf_is_read(tmp_path: Path, content: bytes) -> None:
    assert page_of(content, tmp_path).split() == ["Hello", "aid", "SECRET"]


def test_pdf_of_hidden_text_alone_has_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf(CATALOG, PAGES, PLAIN_PAGE, stream(b"1 g " + TEXT), FONT))
    with pytest.raises(UnreadableFile, match="has no text"):
        text_of(path)


def scan(*, share: float) -> bytes:
    """A page whose picture takes up a share of its width, with invisible text."""
    made = FPDF()
    made.add_page()
    picture = io.BytesIO()
    Image.new("RGB", (40, 40), "white").save(picture, "PNG")
    made.image(picture, 0, 0, w=share * made.w, h=made.h)
    made.set_font("Helvetica", size=12)
    with made.local_context(text_mode="INVISIBLE"):
        made.text(40, 60, "recognised")
    made.text(40, 80, "printed")
    return bytes(made.output())


@pytest.mark.parametrize(("share", "words"), [(1.0, ["recognised", "printed"]), (0.2, ["printed"])])
def test_invisible_text_is_read_where_a_page_was_scanned(
    tmp_path: Path, share: float, words: list[str]
) -> None:
    (tmp_path / "a.pdf").write_bytes(scan(share=share))
    assert text_of(tmp_path / "a.pdf").split() == words


# Markdown


@pytest.mark.parametrize(
    "text",
    [
        'Fifty <span style="display:none">SECRET</span>tons.',
        "Fifty <b hidden>SECRET <b>SECRET</b> SECRET</b>tons.",
        'Fifty <font color="white">SECRET</font>tons.',
        '<div style="display:none">SECRET</div>\n\nFifty tons.',
        "<div hidden>\n\nSECRET\n\n- SECRET\n- SECRET\n\n# SECRET\n\n</div>\n\nFifty tons.",
        "<p hidden>SECRET\n\nFifty tons.",
        "Fifty <template>SECRET</template>tons.",
        "Fifty tons.<!-- SECRET -->",
    ],
)
def test_hidden_text_of_markdown_is_not_read(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.md").write_text(text)
    assert text_of(tmp_path / "a.md") == "Fifty tons."


@pytest.mark.parametrize(
    "text",
    [
        'Fifty <span style="color:red">SEEN</span> tons.',
        "Fifty <b title='hidden'>SEEN</b> tons.",
        "<div>\n\nFifty SEEN tons.\n\n</div>",
        "<body style>Fifty SEEN</body> <html color></html> <a-b hidden=until-found></a-b>tons.",
        "Fifty `<b hidden>` SEEN tons.",
        '<img style="display:none">Fifty SEEN tons.',
        "<details>\n<summary>Fifty</summary>\n\nSEEN tons.\n\n</details>",
    ],
)
def test_visible_text_of_markdown_is_read(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.md").write_text(text)
    assert text_of(tmp_path / "a.md").replace("<b hidden> ", "").split() == [
        "Fifty",
        "SEEN",
        "tons.",
    ]

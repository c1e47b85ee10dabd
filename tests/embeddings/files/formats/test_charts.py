"""What charts of Office files become: tables with a row for each category."""

from lxml import etree

from embeddings.document import DocumentBuilder
from embeddings.files.formats.charts import add_chart

CHART = """
<chartSpace xmlns="http://schemas.openxmlformats.org/drawingml/2006/chart"><chart><plotArea>
<barChart><ser><tx><v>Guests</v></tx>
<cat><multiLvlStrRef><multiLvlStrCache>
<lvl><pt idx="0"><v>Q1</v></pt><pt idx="1"><v>Q2</v></pt><pt idx="2"><v>Q1</v></pt></lvl>
<lvl><pt idx="0"><v>2023</v></pt><pt idx="2"><v>2024</v></pt></lvl>
</multiLvlStrCache></multiLvlStrRef></cat>
<val><numRef><numCache>
<pt idx="0"><v>40</v></pt><pt idx="1"><v>60</v></pt><pt idx="2"><v>50</v></pt>
</numCache></numRef></val></ser></barChart></plotArea></chart></chartSpace>
"""


def test_levels_of_categories_end_with_the_last_category() -> None:
    builder = DocumentBuilder()
    assert add_chart(builder, etree.fromstring(CHART))
    table = builder.build("a").text.partition("\n\n")[2]
    assert table == "\tGuests\n2023 Q1\t40\n2023 Q2\t60\n2024 Q1\t50"

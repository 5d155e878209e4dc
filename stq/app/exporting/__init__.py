"""What `stq export` writes: a network that works without stq, with a card that says what it is.

`_network` is the module that is exported, `_formats` the files that it can lie in, `_card` and `_card_text` the card as
data and as a page, and `_export` the whole.
"""

from stq.app.exporting._export import ExportResult, export

__all__ = ["ExportResult", "export"]
